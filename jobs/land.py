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

from jobs.contracts.model import Contract
from jobs.deliveries.complete import GATED
from jobs.deliveries.manifest import is_manifest
from jobs.deliveries.waiting import ready
from jobs.ops.drift import drift_rows
from jobs.ops.ledger import Ledger
from jobs.platform.node_copy import forget
from jobs.platform.settings import Settings, load_settings
from jobs.platform.store import s3
from jobs.quality import drift
from jobs.quality.answer_site import publish_answers
from jobs.quality.compile import REJECTIONS, judge
from jobs.quality.keys import key_measures
from jobs.quality.measures import Measures
from jobs.quality.ragged import RAGGED, ragged_measures
from jobs.quality.rules import Rule, judging, on_trial
from jobs.quality.trial import counted
from jobs.readers import raw
from jobs.readers.cells import Cells
from jobs.readers.content import from_json
from jobs.readers.delivery import Piece, read_piece
from jobs.readers.drift import from_dicts, merged, to_dicts
from jobs.readers.formulas import formulas
from jobs.readers.frames import Part
from jobs.readers.outcome import Refused
from jobs.readers.values import typed
from jobs.tables import bronze, names
from jobs.tables.spread import spread

FILE_ROWS = 1_000_000  # small deliveries of a task share Parquet files up to this many rows


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
    events: list[dict[str, Any]] = field(default_factory=list)  # of drift


@dataclass(frozen=True)
class Landed:
    dataset: str
    deliveries: int
    records: int
    rows: int
    quarantined: int
    refused: tuple[tuple[str, str], ...]  # (file, message)


def run(spark: SparkSession, settings: Settings, contract: Contract, rules: Sequence[Rule], periods: Sequence[str] = (), again: bool = False) -> Landed:
    """Land every registered delivery that is not landed yet; a bad file leaves the batch, the others go on. `again`: those that were refused have another turn."""
    ledger, table = Ledger(settings), bronze.open_table(settings, contract)
    receipts, held_back = ready(ledger, contract, _waiting(ledger, table, contract, periods, again))
    with ThreadPoolExecutor(1) as beside:  # naming takes Spark a second, which the tasks do not wait for
        named = beside.submit(names.publish, spark, settings, contract)
        results = [json.loads(line) for line in spread(spark, *_work(receipts), _lander(contract, rules))]
        named.result()
    facts, files = _collect(contract, results, receipts)
    good = {name: fact for name, fact in facts.items() if fact.reason is None}
    kept = [f for f in files if set(f["deliveries"]) <= set(good)]
    if good:
        bronze.commit(table, contract, kept, [asdict(fact) for fact in good.values()])
    noted, drifted = [*held_back, *_rows(receipts, facts)], drift_rows(receipts, {name: fact.events for name, fact in facts.items()})
    asking = [row for row in noted if row["outcome"] in ("rejected", "waiting")]
    publish_answers(settings, contract, rules, asking, drift=drifted)  # before the ledger: what it knows is not looked at again
    ledger.merge("drift", drifted)
    ledger.merge("deliveries", noted)
    forget(settings, (receipts[name]["sha256"] for name in good))
    refused = tuple((copy["name"], fact.message or "") for n, fact in facts.items() if fact.reason not in (None, "not_applicable") for copy in receipts[n]["copies"])
    records, rows, quarantined = (sum(getattr(fact, count) for fact in good.values()) for count in ("records", "rows", "quarantined"))
    return Landed(contract.dataset, len(good), records, rows, quarantined, refused)


def _waiting(ledger: Ledger, table: DeltaTable, contract: Contract, periods: Sequence[str], again: bool) -> dict[str, dict[str, Any]]:
    """delivery → its receipt, for those without an outcome. A delivery whose commit stands but whose ledger row was lost gets the row back."""
    rows = [row for row in ledger.deliveries(contract.dataset) if row["outcome"] and row["reason"] not in GATED and not (again and row["outcome"] == "rejected")]
    files, contents = {(row["delivery"], row["name"]) for row in rows}, {row["delivery"] for row in rows}
    receipts: dict[str, dict[str, Any]] = {}
    resent: list[dict[str, Any]] = []
    for receipt in ledger.rows("receipts", dataset=contract.dataset):
        if (receipt["delivery"], receipt["name"]) in files or (periods and receipt["period"] not in periods) or is_manifest(contract, receipt["name"]):
            continue
        files.add((receipt["delivery"], receipt["name"]))  # sent again, it has a receipt of its own
        if receipt["delivery"] in contents:
            resent.append(receipt)
        else:
            receipts.setdefault(receipt["delivery"], receipt | {"copies": []})["copies"].append(receipt)
    _note_resent(ledger, resent, rows)
    lost = [name for name in receipts if bronze.landed(table, name)]
    if lost:
        noted = bronze.notes(table)
        facts = {name: Facts(**noted[name]) for name in lost}
        ledger.merge("drift", drift_rows(receipts, {name: fact.events for name, fact in facts.items()}))
        ledger.merge("deliveries", _rows(receipts, facts))
    return {name: receipt for name, receipt in receipts.items() if name not in lost}


def _work(receipts: dict[str, dict[str, Any]]) -> tuple[list[Piece], list[int]]:
    pieces = [piece for receipt in receipts.values() for piece in _pieces(receipt)]
    return pieces, [piece.end - piece.start for piece in pieces]


def _pieces(receipt: dict[str, Any]) -> list[Piece]:
    source = raw.RawObject(receipt["dataset"], receipt["delivery"], receipt["raw_key"], receipt["bytes"], receipt["encrypted"])
    ranges, content = json.loads(receipt["splits"])["ranges"], from_json(receipt.get("content"))
    if not content.in_order:
        content = replace(content, files=tuple(replace(f, ranges=()) for f in content.files))  # each piece knows its own
    counted = {name: receipt[name] for name in ("records", "splits", "count_error")} if len(ranges) == 1 else {}
    return [Piece(source, receipt["period"], receipt["name"], s, e, n, i == len(ranges) - 1, len(ranges) == 1, content, counted) for i, (s, e, n) in enumerate(ranges)]


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
        for part, last in read_piece(contract, partial(raw.read, settings, client, piece.raw), piece):
            whole = piece.whole and last and not given
            frame, measures, critical, events = _judged(contract, rules, personal, piece, part, whole)
            odd = asdict(part.odd) | {"formulas": formulas(part.cells, contract)}
            facts = Facts(piece.raw.delivery, frame.height, part.records, critical, part.preamble, part.footnotes, encoding, list(part.drift))
            facts = replace(facts, measures=measures.to_json(), odd=odd, events=events)
            if whole:  # rows of several deliveries share a file: what is refused must not be in it
                facts = _finished(contract, [facts], piece.counted)
            yield None if facts.reason else frame, facts, whole
            given += 1
    except Refused as problem:
        yield None, Facts(piece.raw.delivery, encoding=encoding, reason=problem.reason, message=problem.message, events=to_dicts(getattr(problem, "events", ()))), False


def _judged(
    contract: Contract, rules: Sequence[Rule], personal: frozenset[str], piece: Piece, part: Part, whole: bool
) -> tuple[pl.DataFrame, Measures, int, list[dict[str, Any]]]:
    """Typed rows with lineage, rejections and, where critical, what was sent; and what drifted. `whole`: these are all rows of the delivery, so that keys can be counted."""
    values = typed(part.cells, contract)
    frame = values.frame.with_columns(part.cells["_record"], part.cells["_part"])
    judged = judge(frame, judging(rules), values.failed, personal, values.messages, values.doubtful, contract.lenient, drift.of_rows(contract, part))
    measures = judged.measures.beside(counted(frame, on_trial(rules), personal) | ragged_measures(part.ragged, personal=bool(personal)))
    measures = replace(measures, keys=key_measures(frame, judging(rules), ~judged.critical)) if whole else measures
    sent = _sent(part.cells, judged.critical)
    frame = frame.with_columns(judged.rejections.alias("_rejections"), sent.alias("_raw"), drift.extra(contract, part, values).alias("_extra"))
    if part.ragged:
        frame = pl.concat([frame, _ragged(frame, part)], how="vertical")
    frame = frame.with_columns(pl.lit(piece.raw.delivery).alias("_delivery"), pl.lit(piece.period).alias("_period"))
    events = drift.seen(contract, part, values, judged.measures, several=not whole)
    return frame, measures, int(judged.critical.sum()) + len(part.ragged), to_dicts(events)


def _sent(cells: Cells, critical: pl.Series) -> pl.Series:
    """What was sent, as JSON, of the rows that are critical; null for the others."""
    columns = [c for c in cells.columns if not c.startswith("_")]
    sent = cells.filter(critical).select(pl.struct(pl.col(columns).cast(pl.String)).struct.json_encode().alias("_raw"))["_raw"]
    return pl.Series("_raw", [], dtype=pl.String).extend_constant(None, cells.height).scatter(critical.arg_true(), sent)


def _ragged(frame: pl.DataFrame, part: Part) -> pl.DataFrame:
    """Records with another number of fields than the header: no value can be trusted, the line itself is kept."""
    fields = "the line has {} {}, the header has {}: a delimiter or a quote is missing or too many"
    places = "the line has {} {}, its columns have {}: something is missing or too many"
    messages = [r.wrong or (fields if r.unit == "fields" else places).format(r.actual, r.unit, r.expected) for r in part.ragged]
    said = {"rule": RAGGED, "severity": "critical", "column": None, "value": None}
    rejections = pl.DataFrame({"message": messages}).select(pl.concat_list(pl.struct(*(pl.lit(v, pl.String).alias(k) for k, v in said.items()), "message"))).to_series()
    empty = pl.DataFrame({name: pl.Series([None] * len(part.ragged), dtype=kind) for name, kind in frame.schema.items()})
    return empty.with_columns(
        pl.Series("_record", [r.record for r in part.ragged], dtype=pl.Int64), pl.lit(0, pl.Int32).alias("_part"),
        pl.Series("_rejections", rejections, dtype=REJECTIONS), pl.Series("_raw", [r.text for r in part.ragged], dtype=pl.String),
    )  # fmt: skip


def _collect(contract: Contract, results: list[dict[str, Any]], receipts: dict[str, dict[str, Any]]) -> tuple[dict[str, Facts], list[dict[str, Any]]]:
    pieces: dict[str, list[Facts]] = defaultdict(list)
    for result in results:
        if "facts" in result:
            pieces[result["facts"]["delivery"]].append(Facts(**result["facts"]))
    facts = {name: _finished(contract, parts, receipts[name]) for name, parts in pieces.items()}
    return facts, [result["file"] for result in results if "file" in result]


def _sum(parts: list[Facts]) -> Facts:
    bad = next((part for part in parts if part.reason), None)
    if bad:
        return bad
    measures = sum((Measures.from_json(part.measures) for part in parts), Measures())
    words = sorted({event for part in parts for event in part.drift})
    odd = sum((Counter(part.odd) for part in parts), Counter())
    return Facts(
        parts[0].delivery, sum(p.rows for p in parts), sum(p.records for p in parts), sum(p.quarantined for p in parts), sum(p.preamble for p in parts),
        sum(p.footnotes for p in parts), parts[0].encoding, words, None, None, measures.to_json(), dict(odd),
        to_dicts(merged(from_dicts(part.events) for part in parts)),
    )  # fmt: skip


def _finished(contract: Contract, parts: list[Facts], counted: dict[str, Any]) -> Facts:
    """The facts of a whole delivery. `counted`: of its receipt."""
    facts = _sum(parts)
    if facts.reason:
        return facts
    said = drift.verdict(contract, facts.events)
    return Facts(facts.delivery, encoding=facts.encoding, **said) if said["reason"] else _conserved(replace(facts, **said), counted)


def _conserved(facts: Facts, receipt: dict[str, Any]) -> Facts:
    """Law 1, at run time: what the parser read must be what the independent counter counted."""
    if facts.reason:
        return facts
    blank = json.loads(receipt["splits"])["blank"]
    expected = None if receipt["records"] is None else receipt["records"] - blank - facts.preamble - facts.footnotes
    if facts.records != expected:
        counted = f"The file was read as {facts.records} records, but holds {expected} by count: its quotes, its line ends or its structure are likely broken."
        told = counted if expected is not None else f"The rows of the file cannot be counted. {receipt['count_error']}"
        return Facts(facts.delivery, reason="count_mismatch", message=f"{told} Nothing was loaded. Send it again.", encoding=facts.encoding)
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
