"""Delimited text: one byte range of a file becomes an Arrow table of strings, every record with its number."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, AnyStr

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.csv as pcsv

from jobs.contracts.model import Contract, Reader
from jobs.readers.cells import Cells
from jobs.readers.count import NEWLINE
from jobs.readers.encoding import BLOCK, Odd, odd_characters
from jobs.readers.frames import Part, Ragged, captured_lines, distinct
from jobs.readers.headers import joined
from jobs.readers.outcome import Refused
from jobs.readers.quotes import WRONG, broken_records
from jobs.readers.skipped import Skips, may_skip, skips
from jobs.readers.unknown import observed

MOST_HEADER, MOST_COLUMNS = 1 << 20, 10_000  # bytes up to the end of the header, and columns
PARSED = 512 << 10  # bytes that Arrow cuts into texts at once
UNIT = "\x1f"  # the unit separator: made to part fields, and hardly ever sent


@dataclass(frozen=True)
class Head:
    """The first lines of a file: what precedes the header, and the header's names as sent."""

    preamble: tuple[str, ...]
    names: tuple[str, ...]
    length: int  # bytes up to and with the header
    trailing: bool = False  # the header ends with one more delimiter
    lines: tuple[tuple[str, ...], ...] = ()  # cells of each header line as sent
    records: int = 1  # lines up to and with the header that are not blank


@dataclass(frozen=True)
class Parsed:
    """`table`: one string column a header (a header met twice gets a suffix); `records`: the source record number of each row."""

    table: pa.Table
    records: npt.NDArray[np.int64]
    ragged: tuple[Ragged, ...]
    footnotes: int
    odd: Odd = Odd()


def decode(data: bytes, encoding: str | None, first_record: int = 1, offset: int = 0) -> str:
    """Text of `data`, or Refused naming the place and the bytes. Nothing is replaced or dropped."""
    name = encoding or "utf-8"
    try:
        return data.decode(name)
    except UnicodeDecodeError as problem:
        record = first_record + data[: problem.start].decode(name, "ignore").count("\n")  # in UTF-16 the byte of a line end is in characters too
        bad = data[problem.start : problem.start + 4].hex(" ")
        raise Refused(
            "wrong_encoding",
            f"The file is not {name}: near line {record}, at byte {offset + problem.start}, stand the bytes {bad}. Save it again as {name}, or tell the platform team its encoding.",
        ) from None


def read_head(data: bytes, reader: Reader) -> Head:
    """Preamble and header from the first bytes of a file, at most MOST_HEADER of them.

    Raises Refused when there is no header line, it does not end, or it has too many columns.
    """
    start, stop = reader.preamble_lines, reader.preamble_lines + reader.header_lines
    lines = data[:MOST_HEADER].split(b"\n", stop)
    if len(lines) <= stop and len(data) >= MOST_HEADER:
        _refuse_many_columns(lines[start:][-1:], reader.delimiter.encode())
        raise Refused("header_too_long", f"Line {len(lines)} belongs to the header or stands before it, and does not end in the first {MOST_HEADER >> 10} KiB of the file. Line ends are missing; send the file again.")
    for number in range(start, stop):
        if len(lines) <= number or not lines[number].strip():
            raise Refused("no_header", f"The file has no header in line {number + 1}. Send it with its column names.")
    whole = b"\n".join(lines[:stop])
    if b"\x00" in whole:
        raise _nuls(whole.index(0))
    text = decode(whole, reader.encoding)
    if "\0" in text:
        raise Refused("nul_bytes", f"The header holds NUL bytes (first at character {text.index(chr(0))}); the file is damaged or not text. Send it again.")
    texts = [line.rstrip("\r") for line in text.removeprefix("\ufeff").split("\n")]
    if start == 0 and not texts[0].strip():
        raise Refused("no_header", "The file has no header in line 1, only a byte order mark. Send it with its column names.")
    _refuse_many_columns(texts[start:], reader.delimiter)
    header = [_header_cells(line, reader) for line in texts[start:]]
    trailing = reader.trailing_delimiter and all(len(cells) > 1 and cells[-1] == "" for cells in header)
    if trailing:
        header = [cells[:-1] for cells in header]
    names = joined(header)
    if reader.trim:
        names = [name.strip() for name in names]
    filled = sum(line not in (b"", b"\r") for line in lines[:start]) + reader.header_lines  # blank lines are counted by themselves
    return Head(tuple(texts[:start]), tuple(distinct(names)), len(whole) + 1, trailing, tuple(tuple(cells) for cells in header), filled)


def _nuls(first: int) -> Refused:
    return Refused("nul_bytes", f"The file holds NUL bytes (first at byte {first}); it is damaged or not text. Send it again.")


def _refuse_many_columns(lines: Sequence[AnyStr], delimiter: AnyStr) -> None:
    most = max((line.count(delimiter) for line in lines), default=0) + 1
    if most > MOST_COLUMNS:
        raise Refused("too_many_columns", f"The header names at least {most} columns; no more than {MOST_COLUMNS} can be read. Check the delimiter, or send the data in rows.")


def _header_cells(line: str, reader: Reader) -> list[str]:
    parsed = _parse(line.encode() + b"\n", reader, None)
    table = parsed.table
    if table.num_rows + len(parsed.ragged) > 1:  # a lone carriage return: what follows it would be lost without a word
        raise Refused("unreadable", "The header's line holds more than one line: lines end with a carriage return alone, as on an old Macintosh. Save the file with other line ends and send it again.")
    return [str(table.column(i)[0].as_py() or "") for i in range(table.num_columns)]


def read_range(data: bytes, reader: Reader, head: Head, first_record: int, last: bool, offset: int = 0) -> Parsed:
    """Records of one byte range without its head. `first_record` is the number of the first line here (1-based); blank lines have numbers too.
    `offset`: where in the file the range starts, for messages.

    Raises Refused for bytes that are not text in the contract's encoding or quoting that cannot be read.
    """
    if b"\x00" in data:
        raise _nuls(offset + data.index(0))
    utf8, footnotes = _utf8(data, reader, first_record, last, offset)
    if not utf8[:4096].strip() and not utf8.strip():
        empty = pa.table({name: pa.array([], pa.string()) for name in head.names})
        return Parsed(empty, np.array([], dtype=np.int64), (), footnotes)
    names = [*head.names, "__trailing"] if head.trailing else list(head.names)
    rows = _parse(utf8, reader, names)
    numbers = _numbers(utf8, reader, rows.table.num_rows + len(rows.ragged), first_record)
    rows = _without_broken(rows, utf8, reader)
    bad = np.array([row.record - 1 for row in rows.ragged], dtype=np.int64)
    ragged = tuple(replace(row, record=int(numbers[row.record - 1])) for row in rows.ragged)
    table = rows.table.drop_columns(["__trailing"]) if head.trailing else rows.table
    return Parsed(table, np.delete(numbers, bad), ragged, footnotes, odd_characters(utf8))


def _without_broken(rows: Parsed, utf8: bytes, reader: Reader) -> Parsed:
    """Rows whose quotes leave open where a field ends are rejected like those of another width."""
    broken, count = broken_records(utf8, reader.delimiter, reader.quote, reader.escape)
    if not broken:
        return rows
    kept = np.delete(np.arange(rows.table.num_rows + len(rows.ragged)), [row.record - 1 for row in rows.ragged])  # which record each row of the table is
    if count != len(kept) + len(rows.ragged):
        raise Refused("count_mismatch", f"The text was read as {len(kept) + len(rows.ragged)} records, but holds {count}: its quotes are broken. Send it again.")
    width, bad = rows.table.num_columns, np.isin(kept, list(broken))
    ragged = [Ragged(int(at) + 1, broken[int(at)].decode(), width, width, wrong=WRONG) for at in kept[bad]]
    return replace(rows, table=rows.table.filter(pa.array(~bad)), ragged=tuple(sorted((*rows.ragged, *ragged), key=lambda row: row.record)))


def read_whole(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    """A file in one piece, its head too."""
    reader = contract.reader
    head = read_head(data, reader)
    constants = {**constants, **{f"$capture.{k}": v for k, v in captured_lines(contract, head.preamble).items()}}
    part = read_csv_part(contract, data[head.length :], head, constants, reader.preamble_lines + reader.header_lines + 1, last=True, offset=head.length)
    return replace(part, preamble=part.preamble + head.records)


def read_csv_part(contract: Contract, data: bytes, head: Head, constants: Mapping[str, str], first_record: int, last: bool, offset: int = 0) -> Part:
    """One byte range of delimited text that starts at byte `offset`. `constants`: values of `$capture…` and `$period`."""
    parsed = read_range(data, contract.reader, head, first_record, last, offset)
    table, skipped = Cells(dict(zip(parsed.table.column_names, parsed.table.columns, strict=True))), Skips()
    if may_skip(contract.reader):
        skipped = skips(table.frame, contract.reader, head.lines)
        table = Cells.of(skipped.left(table.frame))
    ragged, headings, totals = _ragged_rows(parsed.ragged, contract.reader)
    records = skipped.left(pl.Series("_record", parsed.records, dtype=pl.Int64))
    seen = observed(contract, table)
    cells = _unpivoted(contract, table, seen.mapping, constants, records) if contract.reader.unpivot else _selected(contract, table, seen.mapping, constants, records, 0)
    beside = None if seen.beside is None else pl.concat([seen.beside] * max(cells.height // max(table.height, 1), 1))
    footnotes = parsed.footnotes + skipped.totals + totals
    return Part(cells, len(records) + len(ragged), ragged, footnotes, seen.words, seen.mapping, skipped.headings + headings, parsed.odd, seen.events, beside)


def _ragged_rows(ragged: tuple[Ragged, ...], reader: Reader) -> tuple[tuple[Ragged, ...], int, int]:
    """Totals and group headings often lack the delimiters that the rows have: what is left without them, and how many of each there were."""
    if not ragged or not (reader.totals or reader.group_rows):
        return ragged, 0, 0
    table = pl.DataFrame([[cell.strip(f" \t{reader.quote or ''}") for cell in row.text.split(_delimiter(reader)) if cell.strip()][:1] or [""] for row in ragged], ["first"], orient="row")
    skipped = skips(table, replace(reader, repeated_header=False), ())
    return tuple(ragged[at] for at in skipped.left(pl.Series(range(len(ragged)), dtype=pl.Int64))), skipped.headings, skipped.totals


def _selected(contract: Contract, table: Cells, mapping: Mapping[str, str], constants: Mapping[str, str], records: pl.Series, part: int) -> Cells:
    def everywhere(value: Any, kind: pl.DataType) -> pl.Series:
        return pl.Series([value], dtype=kind).new_from_index(0, len(records))

    cells = {c.name: table.column(mapping[c.name]) if mapping.get(c.name) else everywhere(constants.get(c.source), pl.String()) for c in contract.columns}
    return Cells({**cells, "_record": records, "_part": everywhere(part, pl.Int32())})


def _unpivoted(contract: Contract, table: Cells, mapping: Mapping[str, str], constants: Mapping[str, str], records: pl.Series) -> Cells:
    unpivot = contract.reader.unpivot
    assert unpivot is not None
    headers = [h for h in table.columns if re.fullmatch(unpivot.headers, h)]
    if not headers:
        raise Refused("no_value_columns", f"No column is named like {unpivot.headers!r}. Send the file with its value columns.")
    parts = []
    for number, header in enumerate(headers):
        groups = re.fullmatch(unpivot.headers, header).groupdict()  # type: ignore[union-attr]
        here = dict(constants) | {f"$unpivot.{k}": v for k, v in groups.items()}
        cells = dict(mapping) | {c.name: header for c in contract.columns if c.source == "$unpivot.value"}
        parts.append(_selected(contract, table, cells, here, records, number).frame)
    return Cells.of(pl.concat(parts))


def _utf8(data: bytes, reader: Reader, first_record: int, last: bool, offset: int) -> tuple[bytes, int]:
    """The text as UTF-8 without its footnotes, and how many these were. ASCII is told from the rest at once and needs no decoding."""
    is_utf8, footnote = (reader.encoding or "utf-8").lower() in ("utf-8", "utf8"), reader.footnote if last else None
    if is_utf8 and not footnote and data.isascii():
        return data, 0
    if not footnote:
        utf8 = _recoded(data, reader.encoding or "utf-8")
        return decode(data, reader.encoding, first_record, offset).encode() if utf8 is None else data if is_utf8 else utf8, 0
    text, footnotes = _without_footnotes(decode(data, reader.encoding, first_record, offset), footnote)
    return (data if is_utf8 and not footnotes else text.encode()), footnotes


def _recoded(data: bytes, encoding: str) -> bytes | None:
    """The text as UTF-8, None where it is not of the encoding. Block by block, as Python's text of a whole piece is twice its size and fits no cache."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        return b"".join(decoder.decode(data[at : at + BLOCK], at + BLOCK >= len(data)).encode() for at in range(0, len(data), BLOCK))
    except UnicodeDecodeError:
        return None


def _numbers(data: bytes, reader: Reader, count: int, first: int) -> npt.NDArray[np.int64]:
    """Record numbers of the non-blank records; blank lines keep theirs, so a clerk finds the line."""
    if not _may_have_blank_lines(data, count):
        return np.arange(first, first + count, dtype=np.int64)
    lines = _record_lines(data, reader.quote, reader.escape)
    full = [i for i, line in enumerate(lines) if line.strip(b"\r\n")]
    if len(full) != count:
        raise Refused("count_mismatch", f"The text was read as {count} records, but holds {len(full)} lines: its lines end in different ways, or quotes are broken. Send it again.")
    return np.array(full, dtype=np.int64) + first


def _may_have_blank_lines(data: bytes, records: int) -> bool:
    """As many lines as records: none is blank, and no record has several. Otherwise a blank line may still be inside quotes."""
    if _line_ends(data) + (not data.endswith(b"\n")) == records:
        return False
    return data.startswith((b"\n", b"\r\n")) or b"\n\n" in data or b"\n\r\n" in data


def _line_ends(data: bytes) -> int:
    """Four times as fast as to count them by `bytes.count`: they stand close together."""
    held = np.frombuffer(data, dtype=np.uint8)
    return sum(int(np.count_nonzero(held[at : at + BLOCK] == NEWLINE)) for at in range(0, len(held), BLOCK))


def _record_lines(data: bytes, quote: str | None, escape: str | None) -> list[bytes]:
    lines: list[bytes] = []
    for line in data.splitlines(keepends=True) if b"\r" not in data.replace(b"\r\n", b"") else data.split(b"\n"):
        if lines and _goes_on(lines[-1], quote, escape):
            lines[-1] += line
        else:
            lines.append(line)
    return lines


def _goes_on(line: bytes, quote: str | None, escape: str | None) -> bool:
    """A line end inside quotes or after an escape ends no record."""
    if escape:
        line = re.sub(re.escape(escape.encode()) + rb"[^\n]", b"", line)
        if line.endswith(escape.encode() + b"\n"):
            return True
    return bool(quote and line.count(quote.encode()) % 2)


def _parse(data: bytes, reader: Reader, names: list[str] | None) -> Parsed:
    """Block by block, as what is cut and copied then stays in the processor's cache; at once, where a record is longer than a block (or cannot be read at all)."""
    try:
        return _parsed(data, reader, names, PARSED)
    except Refused:
        return _parsed(data, reader, names, len(data) + 1)


def _parsed(data: bytes, reader: Reader, names: list[str] | None, block: int) -> Parsed:
    ragged: list[Ragged] = []

    def note(row: pcsv.InvalidRow) -> str:
        ragged.append(Ragged(row.number or 0, row.text, row.expected_columns, row.actual_columns))
        return "skip"

    if len(reader.delimiter.encode()) > 1:
        data = _one_byte(data, reader.delimiter)
    read = pcsv.ReadOptions(use_threads=False, block_size=block, column_names=names, autogenerate_column_names=names is None)
    parse = pcsv.ParseOptions(
        delimiter=_delimiter(reader), quote_char=reader.quote or False, double_quote=bool(reader.quote), escape_char=reader.escape or False,
        newlines_in_values=bool(reader.quote or reader.escape), invalid_row_handler=note,
    )
    types = {name: pa.string() for name in names or ()}
    convert = pcsv.ConvertOptions(check_utf8=False, column_types=types, strings_can_be_null=False, quoted_strings_can_be_null=False, null_values=[])
    if names is None:
        width = len(next(iter(_record_lines(data, None, None))).split(_delimiter(reader).encode()))
        convert.column_types = {f"f{i}": pa.string() for i in range(width)}
    try:
        table = pcsv.read_csv(io.BytesIO(data), read, parse, convert)
    except pa.ArrowInvalid as problem:
        raise Refused("unreadable", f"The text cannot be read as rows of columns: {problem}. Check quotes and delimiters, and send it again.") from None
    return Parsed(table, np.array([], dtype=np.int64), tuple(ragged), 0)


def _delimiter(reader: Reader) -> str:
    return reader.delimiter if len(reader.delimiter.encode()) == 1 else UNIT


def _one_byte(data: bytes, delimiter: str) -> bytes:
    """Arrow splits at one byte. A longer delimiter becomes one that the text does not hold; the contract says that nothing is quoted."""
    if UNIT.encode() in data:
        raise Refused("unreadable", f"The text holds the control character 0x1F, so {delimiter!r} cannot stand for one delimiter. Take it out and send it again.")
    return data.replace(delimiter.encode(), UNIT.encode())


def _without_footnotes(text: str, pattern: str) -> tuple[str, int]:
    lines = text.splitlines(keepends=True)
    end = len(lines)
    while end and (not lines[end - 1].strip() or re.search(pattern, lines[end - 1])):
        end -= 1
    dropped = [line for line in lines[end:] if line.strip()]
    return "".join(lines[:end]), len(dropped)
