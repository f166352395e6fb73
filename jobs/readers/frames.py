"""What every reader makes of a part of a raw object: a frame with one column a contract column, as sent, and the record number of each row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from jobs.contracts.model import Column, Contract
from jobs.readers.cells import Cells
from jobs.readers.drift import Event, merged
from jobs.readers.encoding import Odd
from jobs.readers.outcome import Refused
from jobs.readers.unknown import observed, stacked


@dataclass(frozen=True)
class Ragged:
    """A record whose number of fields (of characters, in fixed width) is not the header's."""

    record: int
    text: str
    expected: int
    actual: int
    unit: str = "fields"
    wrong: str | None = None  # what is wrong, where it is not that number


@dataclass(frozen=True)
class Part:
    """`cells`: contract columns as sent, `_record`, `_part`. `records`: source records this part held, ragged ones included.

    `preamble`: counted records that are no rows and stand before rows (headers, repeated headers, group headings, header records);
    `footnotes`: those that follow rows (footnotes, totals, trailer records). So counted = records + preamble + footnotes.
    """

    cells: Cells
    records: int
    ragged: tuple[Ragged, ...] = ()
    footnotes: int = 0
    drift: tuple[str, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)  # contract column → header it came under
    preamble: int = 0
    odd: Odd = Odd()
    events: tuple[Event, ...] = ()
    beside: pl.DataFrame | None = None  # of `cells`, a row a row: what unknown columns hold, what is missing
    absent: frozenset[str] = frozenset()  # JSON, XML: columns whose member is in no row of this part

    @property
    def frame(self) -> pl.DataFrame:
        return self.cells.frame


def together(parts: Sequence[Part], frame: pl.DataFrame | None = None) -> Part:
    """Parts of one delivery as one. `frame`: their frames put together, where that takes more than to stack them."""
    return Part(
        Cells.of(pl.concat([p.frame for p in parts]) if frame is None else frame), sum(p.records for p in parts), tuple(r for p in parts for r in p.ragged), sum(p.footnotes for p in parts),
        tuple(sorted({event for p in parts for event in p.drift})), parts[0].origins, sum(p.preamble for p in parts),
        Odd(sum(p.odd.private_use for p in parts), sum(p.odd.replacement for p in parts)), tuple(merged(p.events for p in parts)), stacked([(p.beside, p.cells.height) for p in parts]),
        frozenset.intersection(*held) if (held := [p.absent for p in parts if p.cells.height]) else frozenset(),
    )  # fmt: skip


def captured_path(contract: Contract, name: str) -> dict[str, str]:
    """Groups found in the path; a path that does not match gives none."""
    found = [re.search(capture.pattern, name) for capture in contract.reader.captures if capture.line == 0]
    return {k: v for match in found if match for k, v in match.groupdict().items() if v is not None}


def captured_lines(contract: Contract, preamble: Sequence[str]) -> dict[str, str]:
    """Groups found in preamble lines. Raises Refused where a line that must match does not."""
    found: dict[str, str] = {}
    for capture in contract.reader.captures:
        if capture.line == 0:
            continue
        text = preamble[capture.line - 1] if capture.line <= len(preamble) else ""
        match = re.search(capture.pattern, text)
        if match is None:
            raise Refused("unexpected_preamble", f"Line {capture.line} should look like {capture.pattern!r}, but is {text[:80]!r}. Export the file again in the agreed form.")
        found |= {k: v for k, v in match.groupdict().items() if v is not None}
    return found


def framed(contract: Contract, table: pl.DataFrame, constants: Mapping[str, str], records: pl.Series | None = None, extra: Mapping[str, pl.Series] | None = None) -> Part:
    """A table with headers → a part. `records`: record number of each row (left out: 1, 2, 3 …); `extra`: row values of `$…` sources.

    Raises Refused where columns are missing or new and the contract does not allow it.
    """
    seen = observed(contract, table)
    columns = [_cells(column, table, seen.mapping, constants, extra or {}) for column in contract.columns]
    numbers = pl.Series("_record", range(1, table.height + 1), dtype=pl.Int64) if records is None else records.cast(pl.Int64).alias("_record")
    frame = pl.DataFrame([*columns, numbers, pl.zeros(table.height, pl.Int32, eager=True).alias("_part")])
    return Part(Cells.of(frame), table.height, drift=seen.words, origins=seen.mapping, events=seen.events, beside=seen.beside)


def _cells(column: Column, table: pl.DataFrame, mapping: Mapping[str, str], constants: Mapping[str, str], extra: Mapping[str, pl.Series]) -> pl.Series:
    if column.source in extra:
        return extra[column.source].alias(column.name)
    if column.name not in mapping:
        return pl.Series(column.name, [constants.get(column.source)], dtype=pl.String).new_from_index(0, table.height)
    cells = table[mapping[column.name]].alias(column.name)
    if isinstance(cells.dtype, (pl.Categorical, pl.Enum)):  # how Parquet keeps texts that repeat
        return cells.cast(pl.String)
    if cells.dtype.is_nested():
        return as_json(cells)
    if cells.dtype == pl.Binary:
        return cells.bin.encode("hex")
    if column.kind == "integer" and cells.dtype.is_float():
        return numbers_as_text(cells)  # a cast would cut 12.5 to 12 without a word
    return cells


def as_json(cells: pl.Series) -> pl.Series:
    """Lists and records as JSON text; a null stays null."""
    sent = cells.to_frame("v").select(pl.when(pl.col("v").is_not_null()).then(pl.struct("v").struct.json_encode().str.slice(5)).otherwise(None))
    return sent.to_series().str.head(-1).alias(cells.name)


def numbers_as_text(cells: pl.Series) -> pl.Series:
    """Floats as a person writes them: 12, not 12.0."""
    whole = cells.is_finite() & (cells == cells.round(0)) & (cells.abs() < 2**53)
    return cells.cast(pl.Int64, strict=False).cast(pl.String).zip_with(whole.fill_null(value=False), cells.cast(pl.String)).alias(cells.name)


def exact(cells: pl.Series, column: Column) -> pl.Series:
    """Numbers that a format keeps as binary floats → text. Raises Refused where a float cannot hold the digits the column has.

    A float holds 15 digits: of an 18-digit id the last ones are gone already when it is a number.
    """
    if not cells.dtype.is_float() or column.kind == "double":
        return cells
    lost = cells.abs() * 10**column.scale >= 1e15
    if lost.any():
        first = int(lost.arg_true()[0])
        raise Refused(
            "lost_precision",
            f"Row {first + 1} of {column.source!r} is the number {cells[first]!r}: it has more than 15 digits, so its last digits are lost. Send this column as text.",
        )
    return numbers_as_text(cells)


def distinct(names: Sequence[str]) -> list[str]:
    """A header met twice gets a suffix."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name}__{seen[name]}")
    return out
