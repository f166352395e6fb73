"""Columns of a dump that the contract does not know: their values kept as sent, or what becomes of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from jobs.contracts.model import Contract
from jobs.readers.cells import Cells
from jobs.readers.drift import Drifted, Event, Headers, compared, header_events, refuse_frozen

EXTRA, LACKING = "_extra", "_lacking"
BESIDE: dict[str, pl.DataType] = {EXTRA: pl.String(), LACKING: pl.String()}
GUESSED, LOOKED_AT = 40, 1_000  # new columns of which a type is guessed, and values that are looked at for it
MOST_NAME, MOST_KEPT = 300, 512 << 20  # characters of a header, and bytes of all headers that are written out beside the values of one piece


@dataclass(frozen=True)
class Observed:
    """`beside`: a row a row of the dump: `_extra` (JSON, header → value as sent, null where there is none), `_lacking` (missing columns that reject the row)."""

    mapping: dict[str, str]
    words: tuple[str, ...]
    events: tuple[Event, ...]
    beside: pl.DataFrame | None


def observed(contract: Contract, table: pl.DataFrame | Cells) -> Observed:
    """What drifted in a table with headers, by the contract's policy. Raises Drifted where it refuses the file."""
    headers = compared(contract, table.columns)
    events = [_counted(event, table) for event in header_events(contract, headers, table.height)]
    if headers.unknown:
        events = _with_types(events, pl.DataFrame([table[name].head(LOOKED_AT) for name in headers.unknown[:GUESSED]]))
    refuse_frozen(contract, headers, table.columns, events)
    return Observed(headers.mapping, headers.words(), tuple(events), _beside(contract, headers, table, events))


def _beside(contract: Contract, headers: Headers, table: pl.DataFrame | Cells, events: Sequence[Event]) -> pl.DataFrame | None:
    keeps, policy = contract.drift.new_column in ("evolve", "discard_row"), contract.drift
    lacking = [c.source for c in headers.missing] if policy.missing_column == "discard_row" else []
    if not (keeps and headers.unknown) and not lacking:
        return None
    extra = kept(table, headers.unknown, events) if keeps else pl.Series(EXTRA, [], dtype=pl.String).extend_constant(None, table.height)
    return pl.DataFrame([extra, pl.Series(LACKING, [], dtype=pl.String).extend_constant(", ".join(lacking) or None, table.height)])


def kept(table: pl.DataFrame | Cells, headers: Sequence[str], events: Sequence[Event] = ()) -> pl.Series:
    """JSON object a row of the values that are there; null where none is. Raises Drifted for headers that are no names."""
    _refuse_hostile(table, headers, events)
    return objects({header: as_text(table[header]) for header in headers}, table.height)


def objects(columns: dict[str, pl.Series], height: int) -> pl.Series:
    """Texts by name → one JSON object a row of those that are neither null nor empty; null where none is."""
    if not columns:
        return pl.Series(EXTRA, [], dtype=pl.String).extend_constant(None, height)
    frame = pl.DataFrame([cells.alias(f"c{at}") for at, cells in enumerate(columns.values())])
    joined = pl.concat_str([_member(pl.col(f"c{at}"), name) for at, name in enumerate(columns)], separator=",", ignore_nulls=True)
    return frame.select(pl.when(joined != "").then(pl.concat_str([pl.lit("{"), joined, pl.lit("}")])).alias(EXTRA))[EXTRA]


def _member(value: pl.Expr, name: str) -> pl.Expr:
    """`"name":"value"`, null where there is no value."""
    return pl.when(value.is_not_null() & (value != "")).then(pl.struct(value.alias(name)).struct.json_encode().str.head(-1).str.slice(1))


def joined(a: pl.Series, b: pl.Series) -> pl.Series:
    """Two JSON objects a row → one with the members of both."""
    one, two = pl.col("a"), pl.col("b")
    both = pl.concat_str([one.str.head(-1), pl.lit(","), two.str.slice(1)])
    return pl.DataFrame([a.alias("a"), b.alias("b")]).select(pl.when(one.is_null()).then(two).when(two.is_null()).then(one).otherwise(both).alias(EXTRA))[EXTRA]


def as_text(cells: pl.Series) -> pl.Series:
    """As sent, where the format has types as a person would write it: lists and records as JSON, bytes in hexadecimal, 12 and not 12.0."""
    from jobs.readers.frames import as_json, numbers_as_text

    cells = cells.alias("sent")  # a header such as ^a$ would be a pattern to Polars
    if cells.dtype.is_nested():
        return as_json(cells)
    if cells.dtype == pl.Binary:
        return cells.bin.encode("hex")
    return numbers_as_text(cells) if cells.dtype.is_float() else cells.cast(pl.String)


def stacked(parts: Sequence[tuple[pl.DataFrame | None, int]]) -> pl.DataFrame | None:
    """What stands beside several frames of these heights."""
    if all(beside is None for beside, _ in parts):
        return None
    return pl.concat([pl.DataFrame(schema=BESIDE).clear(height) if beside is None else beside for beside, height in parts])


def _refuse_hostile(table: pl.DataFrame | Cells, headers: Sequence[str], events: Sequence[Event]) -> None:
    """A name is written out for every value: names as long as texts would make a small file a very large one."""
    values = {event.header: event.found for event in events if event.kind == "new_column"}
    longest = max((len(header) for header in headers), default=0)
    if longest > MOST_NAME or sum(len(header.encode()) * values.get(header, table.height) for header in headers) > MOST_KEPT:
        message = f"The file has {len(headers)} columns that are not in the contract, with names of up to {longest} characters: its header is likely broken. Send it again."
        raise Drifted("new_column", message, events)


def _counted(event: Event, table: pl.DataFrame | Cells) -> Event:
    if event.kind != "new_column":
        return event
    cells = table[event.header].alias("sent")
    found = len(cells) - cells.null_count() - (int((cells == "").sum()) if cells.dtype == pl.String else 0)
    return replace(event, found=found)


def _with_types(events: Sequence[Event], unknown: pl.DataFrame) -> list[Event]:
    types = looks_like(pl.DataFrame([as_text(unknown[name]).alias(name) for name in unknown.columns]))
    return [replace(e, detail={"type": types[e.header]}) if e.kind == "new_column" and types.get(e.header) else e for e in events]


def looks_like(texts: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """What the texts of each column look like, by the profile that `lake new` makes; a column without values is left out."""
    from jobs.scaffold.profile import column_profiles  # its tables of pinyin are loaded only when there is something to name

    found = {}
    for column in column_profiles(texts):
        if column.distinct:
            found[column.header] = {"logicalType": column.kind, "physicalType": column.physical, "formats": list(column.formats), "personal": column.personal}
    return found
