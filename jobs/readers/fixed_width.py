"""Fixed width: every line has its columns at stated places, counted in characters or bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from jobs.contracts.model import Column, Contract, Reader
from jobs.readers.cells import Cells
from jobs.readers.count import LineCounter
from jobs.readers.delimited import decode
from jobs.readers.frames import Part, Ragged, captured_lines
from jobs.readers.lined import Place
from jobs.readers.outcome import Refused


@dataclass(frozen=True)
class Body:
    """`lines`: the rows, as bytes of the file's encoding; `numbers`: their line numbers; `header`, `trailer`: the other lines as text."""

    lines: pa.Array
    numbers: pl.Series
    header: tuple[str, ...]
    trailer: tuple[str, ...]


@dataclass(frozen=True)
class Ends:
    """The header and trailer records of a file, as text."""

    header: tuple[str, ...] = ()
    trailer: tuple[str, ...] = ()


def read_fixed_width(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    """A file in one piece.

    Raises Refused for bytes that are no text, columns that cut a character in two, a control count that is not the number of rows.
    """
    body = _body(data, contract.reader, Place())
    check_control(contract.reader, Ends(body.header, body.trailer), len(body.numbers))
    return _part(contract, body, constants, body.header)


def read_fixed_width_range(contract: Contract, data: bytes, constants: Mapping[str, str], place: Place, header: Sequence[str] = ()) -> tuple[Part, Ends]:
    """A byte range, and the header and trailer records in it. `header`: those of the file, where they do not stand in this range.

    Raises Refused for bytes that are no text and columns that cut a character in two; control counts are the caller's to check.
    """
    body = _body(data, contract.reader, place)
    return _part(contract, body, constants, body.header if place.first else header), Ends(body.header, body.trailer)


def read_header(head: bytes, reader: Reader) -> tuple[str, ...]:
    """The header records out of the first bytes of a file, for the ranges that they do not stand in."""
    return _body(head[: head.rfind(b"\n") + 1], reader, Place(last=False)).header


def check_control(reader: Reader, ends: Ends, rows: int) -> None:
    """The count that a header or trailer record gives must be the number of rows."""
    for pattern, lines in ((reader.header_record, ends.header), (reader.trailer_record, ends.trailer)):
        if pattern is None or "count" not in re.compile(pattern).groupindex:
            continue
        said = [m.group("count") for m in (re.search(pattern, line) for line in lines) if m and m.group("count")]
        if not said:
            raise Refused("control_count", f"No record like {pattern!r} says how many rows the file has. It may be cut off; send it again with its header and trailer records.")
        for count in said:
            if not count.strip().isdecimal() or int(count) != rows:
                raise Refused("control_count", f"A control record says {count.strip()} rows, but the file has {rows}. It may be cut off; send it again.")


def _part(contract: Contract, body: Body, constants: Mapping[str, str], header: Sequence[str]) -> Part:
    """Values without the blanks that fill them up. A line of another length is a rejected row."""
    reader = contract.reader
    constants = {**constants, **{f"$capture.{k}": v for k, v in captured_lines(contract, header).items()}}
    columns = [c for c in contract.columns if not c.source.startswith("$")]
    width = reader.record_length or max(c.start + c.length - 1 for c in columns)
    lines, lengths = _measured(body, reader)
    right = pl.Series(lengths, dtype=pl.Int64) == width
    kept = pc.filter(lines, pa.array(right.to_list(), pa.bool_())) if not right.all() else lines
    cells = {c.name: _cells(kept, c, reader) for c in columns}
    height = len(kept)
    values = [cells[c.name].alias(c.name) if c.name in cells else pl.Series(c.name, [constants.get(c.source)], dtype=pl.String).new_from_index(0, height) for c in contract.columns]
    frame = pl.DataFrame([*values, body.numbers.filter(right), pl.zeros(height, pl.Int32, eager=True).alias("_part")])
    ragged = tuple(_ragged(body, at, width, lengths[at], reader) for at in (~right).arg_true())
    return Part(Cells.of(frame), len(body.numbers), ragged, len(body.trailer), preamble=len(body.header))


def count_fixed_width(reader: Reader, data: bytes) -> int:
    """Lines that are not blank, by their bytes."""
    counter = LineCounter(None)
    if data:
        counter.feed(data)
    counter.finish()
    return counter.lines - counter.blank


def _body(data: bytes, reader: Reader, place: Place) -> Body:
    decode(data, reader.encoding, place.line, place.offset)  # names the line and the bytes that are no text
    lines = [line.removesuffix(b"\r") for line in (data.removeprefix(b"\xef\xbb\xbf") if place.first else data).split(b"\n")]
    full = [(number, line) for number, line in enumerate(lines, place.line) if line]
    start, stop = 0, len(full)
    while place.first and start < stop and _matches(full[start][1], reader.header_record, reader):
        start += 1
    while place.last and stop > start and _matches(full[stop - 1][1], reader.trailer_record, reader):
        stop -= 1
    numbers = pl.Series("_record", [number for number, _ in full[start:stop]], dtype=pl.Int64)
    texts = [decode(line, reader.encoding) for _, line in (*full[:start], *full[stop:])]
    return Body(pa.array([line for _, line in full[start:stop]], pa.large_binary()), numbers, tuple(texts[:start]), tuple(texts[start:]))


def _matches(line: bytes, pattern: str | None, reader: Reader) -> bool:
    return pattern is not None and re.search(pattern, decode(line, reader.encoding)) is not None


def _measured(body: Body, reader: Reader) -> tuple[pa.Array, Sequence[int]]:
    """The lines as what their positions count (text or bytes), and the length of each."""
    if reader.positions == "bytes":
        return body.lines, pc.binary_length(body.lines).to_pylist()
    lines = _decoded(body.lines, reader)
    return lines, pc.utf8_length(lines).to_pylist()


def _cells(lines: pa.Array, column: Column, reader: Reader) -> pl.Series:
    start, stop = column.start - 1, column.start - 1 + column.length
    if reader.positions == "characters":
        return _filled(pl.Series(pc.utf8_slice_codeunits(lines, start, stop)), reader)
    try:
        if start:
            _decoded(pc.binary_slice(lines, 0, start), reader)  # fails where a column starts inside a character, which might decode as another one
        return _filled(pl.Series(_decoded(pc.binary_slice(lines, start, stop), reader)), reader)
    except Refused:
        raise Refused("cut_character", f"Column {column.source!r} at bytes {column.start} to {stop} cuts a character in two. Check the places of the columns with the data desk.") from None


def _filled(cells: pl.Series, reader: Reader) -> pl.Series:
    """Blanks at the end only fill up."""
    return cells.cast(pl.String).str.strip_chars_end(" ")


def _decoded(lines: pa.Array, reader: Reader) -> pa.Array:
    """All lines at once: no encoding in use has a line end inside a character."""
    if not len(lines):
        return pa.array([], pa.large_string())
    return pa.array(decode(b"\n".join(lines.to_pylist()), reader.encoding).split("\n"), pa.large_string())


def _ragged(body: Body, at: int, expected: int, actual: int, reader: Reader) -> Ragged:
    return Ragged(int(body.numbers[at]), decode(body.lines[at].as_py(), reader.encoding), expected, actual, reader.positions)
