"""land: raw copies → typed bronze rows, every one-row rule judged once, each delivery whole in exactly one commit."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import polars as pl
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from jobs.contracts.model import Contract, Reader
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings, load_settings
from jobs.platform.store import s3
from jobs.quality.answer_site import publish_answers
from jobs.quality.compile import REJECTIONS, judge
from jobs.quality.measures import Measures
from jobs.quality.rules import Rule
from jobs.readers import raw
from jobs.readers.content import Content, from_json
from jobs.readers.delimited import MOST_HEADER, Head, read_csv_part, read_head
from jobs.readers.formats import WAYS
from jobs.readers.formulas import formulas
from jobs.readers.frames import Part, captured_lines, captured_path
from jobs.readers.outcome import Refused
from jobs.readers.packed import Source, batches
from jobs.readers.streams import Ranged
from jobs.readers.values import typed
from jobs.tables import bronze
from jobs.tables.spread import spread

HEADS: dict[tuple[str, Reader], Head] = {}
MOST_HEADS = 100
FILE_ROWS = 1_000_000  # small deliveries of a task share Parquet files up to this many rows


@dataclass(frozen=True)
class Piece:
    """A byte range of a delivery; `lines` record lines stand before it. `whole`: the delivery has no other piece."""

    raw: raw.RawObject
    period: str
    name: str
    start: int
    end: int
    lines: int
    last: bool
    whole: bool
    content: Content = Content()


@dataclass
class Facts:
    """What landing found out about a delivery (or a piece of one; pieces add up)."""

    delivery: str
    rows: int = 0
    records: int = 0
    quarantined: int = 0
    preamble: int = 0
    footnotes: int = 0
    encoding: str = ""
    drift: list[str] = field(default_factory=list)
    reason: str | None = None
    message: str | None = None
    measures: str = ""
    odd: dict[str, int] = field(default_factory=dict)  # characters and cells that deserve a look


@dataclass(frozen=True)
class Landed:
    dataset: str
    deliveries: int
    records: int
    rows: int
    quarantined: int
    refused: tuple[tuple[str, str], ...]  # (file, message)


def run(spark: SparkSession, settings: Settings, contract: Contract, rules: Sequence[Rule], periods: Sequence[str] = ()) -> Landed:
    """Land every registered delivery that is not landed yet; a bad file leaves the batch, the others go on."""
    ledger, table = Ledger(settings), bronze.open_table(settings, contract)
    receipts = _waiting(ledger, table, contract, periods)
    with ThreadPoolExecutor(1) as beside:  # naming takes Spark a second, which the tasks do not wait for
        named = beside.submit(bronze.publish_name, spark, settings, contract)
        results = [json.loads(line) for line in spread(spark, *_work(receipts), _lander(contract, rules))]
        named.result()
    facts, files = _collect(results, receipts)
    good = {name: fact for name, fact in facts.items() if fact.reason is None}
    kept = [f for f in files if set(f["deliveries"]) <= set(good)]
    if good:
        bronze.commit(table, contract, kept, [asdict(fact) for fact in good.values()])
    noted = _rows(receipts, facts)
    publish_answers(settings, contract, rules, [row for row in noted if row["outcome"] == "rejected"])  # before the ledger: what it knows is not looked at again
    ledger.merge("deliveries", noted)
    refused = tuple((copy["name"], fact.message or "") for n, fact in facts.items() if fact.reason not in (None, "not_applicable") for copy in receipts[n]["copies"])
    records, rows, quarantined = (sum(getattr(fact, count) for fact in good.values()) for count in ("records", "rows", "quarantined"))
    return Landed(contract.dataset, len(good), records, rows, quarantined, refused)


def _waiting(ledger: Ledger, table: DeltaTable, contract: Contract, periods: Sequence[str]) -> dict[str, dict[str, Any]]:
    """delivery → its receipt, for those without an outcome. A delivery whose commit stands but whose ledger row was lost gets the row back."""
    rows = [row for row in ledger.deliveries(contract.dataset) if row["outcome"]]
    files, contents = {(row["delivery"], row["name"]) for row in rows}, {row["delivery"] for row in rows}
    receipts: dict[str, dict[str, Any]] = {}
    resent: list[dict[str, Any]] = []
    for receipt in ledger.rows("receipts", dataset=contract.dataset):
        if (receipt["delivery"], receipt["name"]) in files or (periods and receipt["period"] not in periods):
            continue
        if receipt["delivery"] in contents:
            resent.append(receipt)
        else:
            receipts.setdefault(receipt["delivery"], receipt | {"copies": []})["copies"].append(receipt)
    _note_resent(ledger, resent, rows)
    lost = [name for name in receipts if bronze.landed(table, name)]
    if lost:
        noted = bronze.notes(table)
        ledger.merge("deliveries", _rows(receipts, {name: Facts(**noted[name]) for name in lost}))
    return {name: receipt for name, receipt in receipts.items() if name not in lost}


def _work(receipts: dict[str, dict[str, Any]]) -> tuple[list[Piece], list[int]]:
    pieces = [piece for receipt in receipts.values() for piece in _pieces(receipt)]
    return pieces, [piece.end - piece.start for piece in pieces]


def _pieces(receipt: dict[str, Any]) -> list[Piece]:
    source = raw.RawObject(receipt["dataset"], receipt["delivery"], receipt["raw_key"], receipt["bytes"], receipt["encrypted"])
    ranges, content = json.loads(receipt["splits"])["ranges"], from_json(receipt.get("content"))
    if not content.in_order:
        content = replace(content, files=tuple(replace(f, ranges=()) for f in content.files))  # each piece knows its own
    return [Piece(source, receipt["period"], receipt["name"], s, e, n, i == len(ranges) - 1, len(ranges) == 1, content) for i, (s, e, n) in enumerate(ranges)]


def _lander(contract: Contract, rules: Sequence[Rule]) -> Any:
    personal = contract.personal_columns

    def land(pieces: Iterator[Piece]) -> Iterator[str]:
        settings = load_settings()
        client, bucket = s3(settings), settings.bucket("bronze")
        small: list[pl.DataFrame] = []
        for piece in pieces:
            for frame, facts, whole in _land_piece(settings, client, contract, rules, personal, piece):
                yield json.dumps({"facts": asdict(facts)}, ensure_ascii=False)
                if frame is None or frame.is_empty():
                    continue
                if whole:
                    small.append(frame)
                else:
                    yield _file(client, bucket, contract, frame)
            if sum(f.height for f in small) >= FILE_ROWS:
                yield _file(client, bucket, contract, pl.concat(small))
                small = []
        if small:
            yield _file(client, bucket, contract, pl.concat(small))

    return land


def _file(client: Any, bucket: str, contract: Contract, frame: pl.DataFrame) -> str:
    written = bronze.write_file(client, bucket, contract.table, frame, contract)
    return json.dumps({"file": written | {"deliveries": frame["_delivery"].unique().to_list()}})


def _land_piece(
    settings: Settings, client: Any, contract: Contract, rules: Sequence[Rule], personal: frozenset[str], piece: Piece
) -> Iterator[tuple[pl.DataFrame | None, Facts, bool]]:
    """Rows, what was found out, and whether these are all rows of the delivery. The last facts of a piece that is refused say why."""
    encoding = next((f.encoding.name for f in piece.content.files if f.encoding), contract.reader.encoding or "utf-8")
    given = 0
    try:
        for part, last in _read(settings, client, contract, piece):
            frame, measures, critical = _judged(contract, rules, personal, piece, part)
            odd = asdict(part.odd) | {"formulas": formulas(part.frame, contract)}
            yield (
                frame,
                Facts(piece.raw.delivery, frame.height, part.records, critical, part.preamble, part.footnotes, encoding, list(part.drift), None, None, measures.to_json(), odd),
                piece.whole and last and not given,
            )
            given += 1
    except Refused as problem:
        yield None, Facts(piece.raw.delivery, encoding=encoding, reason=problem.reason, message=problem.message), False


def _read(settings: Settings, client: Any, contract: Contract, piece: Piece) -> Iterator[tuple[Part, bool]]:
    """(rows as sent, whether they are the last) of a piece."""
    reader = contract.reader
    if piece.raw.size == 0:
        if reader.files_without_rows == "skip_empty":
            raise Refused("not_applicable", "a file of a sibling dataset")
        raise Refused("empty", "The file is empty (0 bytes). Send it again.")
    piece.content.require()
    constants = {"$period": piece.period, "$member": piece.name} | {f"$capture.{k}": v for k, v in captured_path(contract, piece.name).items()}
    if piece.content.in_order:
        yield from _read_in_order(settings, client, contract, piece, constants)
    elif reader.format == "csv":
        yield _read_csv(settings, client, contract, piece, constants), piece.last
    else:
        part = WAYS[reader.format].read(contract, raw.read(settings, client, piece.raw), constants)
        if part.records == 0:
            _no_rows(contract)
        yield part, True


def _read_in_order(settings: Settings, client: Any, contract: Contract, piece: Piece, constants: dict[str, str]) -> Iterator[tuple[Part, bool]]:
    stream = Ranged(partial(raw.read, settings, client, piece.raw), piece.raw.size)
    source, records = Source(stream, piece.raw.size, piece.name, constants), 0
    for batch in batches(contract, source, piece.content.files):
        records += batch.part.records
        if batch.last and records == 0:
            _no_rows(contract)
        yield batch.part, batch.last


def _no_rows(contract: Contract) -> None:
    if contract.reader.files_without_rows != "reject":
        raise Refused("not_applicable", "a file of a sibling dataset")
    raise Refused("no_rows", "The file can be read, but no row was found in it. Check that it is the agreed dump, and send it again.")


def _read_csv(settings: Settings, client: Any, contract: Contract, piece: Piece, constants: dict[str, str]) -> Part:
    found = next((f.encoding.name for f in piece.content.files if f.encoding), None)
    contract = replace(contract, reader=replace(contract.reader, encoding=contract.reader.encoding or found))
    reader, preamble, offset = contract.reader, 0, piece.start
    if piece.start == 0:
        data = raw.read(settings, client, piece.raw, 0, piece.end)
        head = read_head(data, reader)
        data, first, preamble, offset = data[head.length :], reader.preamble_lines + reader.header_lines + 1, head.records, head.length
    else:
        head = _head(settings, client, piece.raw, reader)
        data, first = raw.read(settings, client, piece.raw, piece.start, piece.end), piece.lines + 1
    constants |= {f"$capture.{k}": v for k, v in captured_lines(contract, head.preamble).items()}
    part = read_csv_part(contract, data, head, constants, first, piece.last, offset)
    if piece.whole and part.records == 0:
        _no_rows(contract)
    return replace(part, preamble=part.preamble + preamble)


def _head(settings: Settings, client: Any, source: raw.RawObject, reader: Reader) -> Head:
    """The head of a file for its later pieces; a worker reads it once, as the key names the content."""
    if (source.key, reader) not in HEADS:
        if len(HEADS) >= MOST_HEADS:
            HEADS.clear()
        HEADS[source.key, reader] = read_head(raw.read(settings, client, source, 0, MOST_HEADER), reader)
    return HEADS[source.key, reader]


def _judged(contract: Contract, rules: Sequence[Rule], personal: frozenset[str], piece: Piece, part: Part) -> tuple[pl.DataFrame, Measures, int]:
    """Typed rows with lineage, rejections and, where critical, what was sent."""
    values = typed(part.frame, contract)
    frame = values.frame.with_columns(part.frame["_record"], part.frame["_part"])
    judged = judge(frame, rules, values.failed, personal, values.messages, values.doubtful)
    sent = _sent(part.frame, judged.critical)
    frame = frame.with_columns(judged.rejections.alias("_rejections"), sent.alias("_raw"))
    if part.ragged:
        frame = pl.concat([frame, _ragged(frame, part)], how="vertical")
    frame = frame.with_columns(pl.lit(piece.raw.delivery).alias("_delivery"), pl.lit(piece.period).alias("_period"))
    return frame, judged.measures, int(judged.critical.sum()) + len(part.ragged)


def _sent(frame: pl.DataFrame, critical: pl.Series) -> pl.Series:
    """What was sent, as JSON, of the rows that are critical; null for the others."""
    columns = [c for c in frame.columns if not c.startswith("_")]
    sent = frame.filter(critical).select(pl.struct(pl.col(columns).cast(pl.String)).struct.json_encode().alias("_raw"))["_raw"]
    return pl.Series("_raw", [], dtype=pl.String).extend_constant(None, frame.height).scatter(critical.arg_true(), sent)


def _ragged(frame: pl.DataFrame, part: Part) -> pl.DataFrame:
    """Records with another number of fields than the header: no value can be trusted, the line itself is kept."""
    fields = "the line has {} {}, the header has {}: a delimiter or a quote is missing or too many"
    places = "the line has {} {}, its columns have {}: something is missing or too many"
    messages = [(fields if r.unit == "fields" else places).format(r.actual, r.unit, r.expected) for r in part.ragged]
    said = {"rule": bronze.RAGGED, "severity": "critical", "column": None, "value": None}
    rejections = pl.DataFrame({"message": messages}).select(pl.concat_list(pl.struct(*(pl.lit(v, pl.String).alias(k) for k, v in said.items()), "message"))).to_series()
    empty = pl.DataFrame({name: pl.Series([None] * len(part.ragged), dtype=kind) for name, kind in frame.schema.items()})
    return empty.with_columns(
        pl.Series("_record", [r.record for r in part.ragged], dtype=pl.Int64), pl.lit(0, pl.Int32).alias("_part"),
        pl.Series("_rejections", rejections, dtype=REJECTIONS), pl.Series("_raw", [r.text for r in part.ragged], dtype=pl.String),
    )  # fmt: skip


def _collect(results: list[dict[str, Any]], receipts: dict[str, dict[str, Any]]) -> tuple[dict[str, Facts], list[dict[str, Any]]]:
    pieces: dict[str, list[Facts]] = defaultdict(list)
    for result in results:
        if "facts" in result:
            pieces[result["facts"]["delivery"]].append(Facts(**result["facts"]))
    facts = {name: _conserved(_sum(parts), receipts[name]) for name, parts in pieces.items()}
    return facts, [result["file"] for result in results if "file" in result]


def _sum(parts: list[Facts]) -> Facts:
    bad = next((part for part in parts if part.reason), None)
    if bad:
        return bad
    measures = sum((Measures.from_json(part.measures) for part in parts), Measures())
    drift = sorted({event for part in parts for event in part.drift})
    odd = sum((Counter(part.odd) for part in parts), Counter())
    return Facts(
        parts[0].delivery, sum(p.rows for p in parts), sum(p.records for p in parts), sum(p.quarantined for p in parts), sum(p.preamble for p in parts),
        sum(p.footnotes for p in parts), parts[0].encoding, drift, None, None, measures.to_json(), dict(odd),
    )  # fmt: skip


def _conserved(facts: Facts, receipt: dict[str, Any]) -> Facts:
    """Law 1, at run time: what the parser read must be what the independent counter counted."""
    if facts.reason:
        return facts
    blank = json.loads(receipt["splits"])["blank"]
    expected = None if receipt["records"] is None else receipt["records"] - blank - facts.preamble - facts.footnotes
    if facts.records != expected:
        counted = f"{expected} by count" if expected is not None else f"the count failed: {receipt['count_error']}"
        message = f"The file was read as {facts.records} records, but holds {counted}. Quotes or line ends are likely broken; nothing was loaded. Send it again."
        return Facts(facts.delivery, reason="count_mismatch", message=message, encoding=facts.encoding)
    return facts


def _rows(receipts: dict[str, dict[str, Any]], facts: dict[str, Facts]) -> list[dict[str, Any]]:
    """Of ops.deliveries, for every file; of several files with one content the first by name carries the rows."""
    rows = []
    for name, fact in facts.items():
        copies = sorted(receipts[name]["copies"], key=lambda receipt: receipt["name"])
        rows.append(_row(copies[0], fact))
        rows += [_row(copy, fact if fact.reason else _resent(name, copies[0]["name"])) for copy in copies[1:]]
    return rows


def _resent(delivery: str, first: str) -> Facts:
    return Facts(delivery, reason="resent", message=f"The same content as {first}, which is loaded already; nothing was loaded twice.")


def _note_resent(ledger: Ledger, receipts: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]]) -> None:
    first = {row["delivery"]: row for row in reversed(rows)}
    noted = []
    for receipt in receipts:
        row = first[receipt["delivery"]]
        fact = Facts(receipt["delivery"], reason=row["reason"], message=row["message"]) if row["outcome"] == "rejected" else _resent(receipt["delivery"], row["name"])
        noted.append(_row(receipt, fact))
    if noted:
        ledger.merge("deliveries", noted)


def _row(receipt: dict[str, Any], fact: Facts) -> dict[str, Any]:
    now = dt.datetime.now(dt.UTC)
    outcome = {None: "landed", "not_applicable": "not_applicable", "resent": "resent"}.get(fact.reason, "rejected")
    return {
        "dataset": receipt["dataset"], "delivery": receipt["delivery"], "period": receipt["period"], "name": receipt["name"], "sha256": receipt["sha256"],
        "bytes": receipt["bytes"], "outcome": outcome, "reason": fact.reason, "message": fact.message, "encoding": fact.encoding, "records": receipt["records"],
        "records_read": fact.records, "skipped_preamble": fact.preamble, "skipped_footnotes": fact.footnotes, "skipped_blank": json.loads(receipt["splits"])["blank"],
        "rows": fact.rows, "quarantined": fact.quarantined, "measures": fact.measures, "drift": json.dumps(fact.drift, ensure_ascii=False), "landed_at": now,
        "checked": False, "updated_at": now, "content": from_json(receipt.get("content")).summary(fact.odd),
    }  # fmt: skip


def main() -> None:
    """By spark-submit: `jobs/land.py <dataset> [--period PERIOD]…`"""
    from jobs.cli.submit import submitted

    submitted("land")


if __name__ == "__main__":
    main()
