"""A JSON document: rows at one of the contract's paths, flattened by dotted paths, streamed by ijson so that no document has to fit in memory."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain
from typing import IO, Any

import ijson
import polars as pl

from jobs.contracts.model import Column, Contract, Reader
from jobs.readers.cells import Cells
from jobs.readers.frames import Part, together
from jobs.readers.json_text import MOST_NESTED, json_pieces, too_deep
from jobs.readers.members import absent, has_member, members
from jobs.readers.outcome import Refused
from jobs.readers.pieces import Pieces, chunks
from jobs.readers.streams import CHUNK

PART_BYTES = 8 << 20  # of the document in one part: its objects take ten times that in memory
MOST_DOCUMENT = 32 << 20  # bytes of a document that is one row, which has to be held
HELD = 8 << 20  # of a stream that cannot be read again, in memory; the rest waits on disk
STARTS, ENDS = ("start_map", "start_array"), ("end_map", "end_array")


@dataclass
class Layout:
    """What the document holds: where its rows are (ijson's prefix of one; `whole`: it is a row itself), and members that every row shows."""

    rows: str | None = None
    whole: bool = False
    shown: dict[str, Any] = field(default_factory=dict)


def read_json_part(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    """A document that is held already."""
    parts = list(json_parts(contract, io.BytesIO(data), constants))
    return together(parts)


def json_parts(contract: Contract, stream: Any, constants: Mapping[str, str]) -> Iterator[Part]:
    """Rows at the first path that exists, PART_BYTES of the document or a little more at a time. Raises Refused, also after some parts were given."""
    try:
        with tempfile.SpooledTemporaryFile(max_size=HELD) as kept:
            layout, again = _surveyed(contract, stream, kept)
            if layout.whole:
                yield _part(contract, [_held(again)], layout, constants, 1)
            elif layout.rows is None:
                yield _part(contract, [], layout, constants, 1)
            else:
                yield from _row_parts(contract, Pieces(again), layout, constants)
    except (ijson.JSONError, ValueError, RecursionError) as problem:
        raise Refused("unreadable", f"The file is not valid JSON: {_said(problem)}. It may be cut off; send it again.") from None


def _said(problem: Exception) -> str:
    return str(problem).splitlines()[0][:200] if str(problem) else "it ends too early"


def _surveyed(contract: Contract, stream: Any, kept: IO[bytes]) -> tuple[Layout, Iterator[bytes]]:
    """The layout, and the document from its beginning once more."""
    if stream.seekable():
        layout = _survey(contract, Pieces(json_pieces(contract.reader, stream)))
        stream.seek(0)
        return layout, json_pieces(contract.reader, stream)
    rest = json_pieces(contract.reader, stream)
    layout = _survey(contract, Pieces(_recorded(rest, kept)))
    kept.seek(0)
    return layout, chain(chunks(kept), rest)


def _recorded(pieces: Iterator[bytes], kept: IO[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        kept.write(piece)
        yield piece


def _survey(contract: Contract, document: Pieces) -> Layout:
    """Reads as far as is needed to know the layout: all of the document where something is missing in it."""
    reader = contract.reader
    asked = {s.removeprefix("$doc.") for column in contract.columns for s in (column.source, *column.fallback) if s.startswith("$doc.")}
    wanted = {path for path in asked if not any(path.startswith(f"{other}.") for other in asked)}
    shown: dict[str, Any] = {}
    arrays: set[str] = set()
    top: set[str] = set()
    building: tuple[str, ijson.ObjectBuilder] | None = None
    depth = 0
    for prefix, event, value in ijson.parse(document):
        depth += (event in STARTS) - (event in ENDS)
        if depth > MOST_NESTED:
            raise too_deep()
        if event == "start_array":
            arrays.add(prefix)
        elif event == "map_key" and prefix == "":
            top.add(value)
        if building is None and prefix in wanted and event != "map_key":
            building = prefix, ijson.ObjectBuilder()
        if building is not None:
            building[1].event(event, value)
            if prefix == building[0] and event not in (*STARTS, "map_key"):
                shown[building[0]], building = building[1].value, None
        if wanted <= shown.keys() and building is None and _found(reader, arrays, top, ended=False):
            break
    found = _found(reader, arrays, top, ended=True)
    return Layout(None if found in (None, "$") else found, found == "$", shown)


def _found(reader: Reader, arrays: set[str], top: set[str], *, ended: bool) -> str | None:
    """ijson's prefix of a row at the first path that exists, `$` for the document itself. None: there is none, or (unless `ended`) an earlier one may still come."""
    for path in reader.rows_at:
        if path == "$":
            if "" in arrays:
                return "item"
            if top and set(reader.row_requires) <= top:
                return "$"
        elif path in arrays:
            return f"{path}.item"
        if not ended:
            return None
    return None


def _held(pieces: Iterator[bytes]) -> Any:
    data = bytearray()
    for piece in pieces:
        data += piece
        if len(data) > MOST_DOCUMENT:
            raise Refused("record_too_long", f"The document is one row, and longer than {MOST_DOCUMENT >> 20} MiB. Send its parts as rows of an array.")
    return json.loads(data, parse_float=Decimal)


def _row_parts(contract: Contract, document: Pieces, layout: Layout, constants: Mapping[str, str]) -> Iterator[Part]:
    rows: list[Any] = []
    first, began = 1, 0
    for row in ijson.items(document, layout.rows, buf_size=CHUNK):
        rows.append(row)
        if document.count - began >= PART_BYTES:
            yield _part(contract, rows, layout, constants, first)
            first, began, rows = first + len(rows), document.count, []
    if rows or first == 1:
        yield _part(contract, rows, layout, constants, first)


def _part(contract: Contract, rows: list[Any], layout: Layout, constants: Mapping[str, str], first: int) -> Part:
    columns = [_cells(column, rows, layout, constants, first) for column in contract.columns]
    numbers = pl.Series("_record", range(first, first + len(rows)), dtype=pl.Int64)
    seen = members(contract, lambda: rows, len(rows))
    frame = pl.DataFrame([*columns, numbers, pl.zeros(len(rows), pl.Int32, eager=True).alias("_part")])
    lacking = absent(contract, frame, lambda paths: any(has_member(row, path) for row in rows for path in paths))
    return Part(Cells.of(frame), len(rows), drift=seen.words, events=seen.events, beside=seen.beside, absent=lacking)


def _cells(column: Column, rows: list[Any], layout: Layout, constants: Mapping[str, str], first: int) -> pl.Series:
    values = _values(column, rows, layout.shown, constants)
    try:
        return pl.Series(column.name, values, dtype=pl.String)
    except UnicodeEncodeError:
        record = next(at for at, value in enumerate(values, first) if _halved(value or ""))
        raise Refused("unreadable", f"Row {record} has half a character in {column.source!r}: a \\ud800 to \\udfff without its other half. Write the text again and send it.") from None


def _halved(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _at(node: Any, path: str) -> Any:
    for step in path.split("."):
        node = node.get(step) if isinstance(node, dict) else None
    return node


def _member(shown: Mapping[str, Any], path: str) -> Any:
    """`shown` has the outermost of the members that are wanted."""
    if path in shown:
        return shown[path]
    return next((_at(value, path.removeprefix(f"{outer}.")) for outer, value in shown.items() if path.startswith(f"{outer}.")), None)


def _values(column: Column, rows: list[Any], shown: Mapping[str, Any], constants: Mapping[str, str]) -> list[str | None]:
    """A member of its own, which nearly every column is, without a call a row."""
    if column.fallback or column.source.startswith("$") or "." in column.source:
        return [_value(column, row, shown, constants) for row in rows]
    name = column.source
    found = [row.get(name) if type(row) is dict else None for row in rows]
    return [(value or None) if type(value) is str else None if value is None else _text(value) for value in found]


def _value(column: Column, row: Any, shown: Mapping[str, Any], constants: Mapping[str, str]) -> str | None:
    for source in (column.source, *column.fallback):
        if source == "$row":
            value = row
        elif source.startswith("$doc."):
            value = _member(shown, source.removeprefix("$doc."))
        elif source.startswith("$"):
            value = constants.get(source)
        else:
            value = _at(row, source)
        if value not in (None, ""):
            return _text(value)
    return None


def _text(value: Any) -> str:
    """A number as it was written, but for its exponent."""
    if isinstance(value, str):
        return value
    return str(value) if type(value) in (Decimal, int) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=float)
