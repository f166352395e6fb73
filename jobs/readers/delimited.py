"""Delimited text: one byte range of a file becomes an Arrow table of strings, every record with its number."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pcsv

from jobs.contracts.model import Reader
from jobs.readers.encoding import Odd, odd_characters
from jobs.readers.outcome import Refused

MOST_HEADER, MOST_COLUMNS = 1 << 20, 10_000  # bytes up to the end of the header line, and columns


@dataclass(frozen=True)
class Head:
    """The first lines of a file: what precedes the header, and the header's names as sent."""

    preamble: tuple[str, ...]
    names: tuple[str, ...]
    length: int  # bytes up to and with the header line
    trailing: bool = False  # the header ends with one more delimiter

    @property
    def skipped(self) -> int:
        """Lines of preamble and header that are not blank: blank lines are counted by themselves."""
        return 1 + sum(line != "" for line in self.preamble)


@dataclass(frozen=True)
class Ragged:
    """A record whose number of fields is not the header's."""

    record: int
    text: str
    expected: int
    actual: int


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
        record = first_record + data[: problem.start].count(b"\n")
        bad = data[problem.start : problem.start + 4].hex(" ")
        raise Refused(
            "wrong_encoding",
            f"The file is not {name}: near line {record}, at byte {offset + problem.start}, stand the bytes {bad}. Save it again as {name}, or tell the platform team its encoding.",
        ) from None


def read_head(data: bytes, reader: Reader) -> Head:
    """Preamble and header from the first bytes of a file.

    Raises Refused when there is no header line.
    """
    lines = data.split(b"\n", reader.preamble_lines + 1)
    if len(lines) <= reader.preamble_lines or not lines[reader.preamble_lines].strip():
        raise Refused("no_header", f"The file has no header in line {reader.preamble_lines + 1}. Send it with its column names.")
    if len(lines) == reader.preamble_lines + 1 and len(data) >= MOST_HEADER:
        raise Refused("header_too_long", f"Line {reader.preamble_lines + 1} should be the header, and does not end in the first {MOST_HEADER >> 10} KiB of the file. Line ends are missing; send the file again.")
    whole = b"\n".join(lines[: reader.preamble_lines + 1])
    text = decode(whole, reader.encoding)
    texts = [line.rstrip("\r") for line in text.removeprefix("\ufeff").split("\n")]
    if (most := texts[-1].count(reader.delimiter) + 1) > MOST_COLUMNS:
        raise Refused("too_many_columns", f"The header names {most} columns; at most {MOST_COLUMNS} can be read. Check the delimiter, or send the data in rows.")
    table = _parse(texts[-1].encode() + b"\n", reader, None).table
    names = [str(table.column(i)[0].as_py() or "") for i in range(table.num_columns)]
    trailing = reader.trailing_delimiter and len(names) > 1 and names[-1] == ""
    if trailing:
        names.pop()
    if reader.trim:
        names = [name.strip() for name in names]
    return Head(tuple(texts[:-1]), tuple(_distinct(names)), len(whole) + 1, trailing)


def read_range(data: bytes, reader: Reader, head: Head, first_record: int, last: bool, offset: int = 0) -> Parsed:
    """Records of one byte range without its head. `first_record` is the number of the first line here (1-based); blank lines have numbers too.
    `offset`: where in the file the range starts, for messages.

    Raises Refused for bytes that are not text in the contract's encoding or quoting that cannot be read.
    """
    if b"\x00" in data:
        raise Refused("nul_bytes", f"The file holds NUL bytes (first at byte {offset + data.index(0)}); it is damaged or not text. Send it again.")
    utf8, footnotes = _utf8(data, reader, first_record, last, offset)
    if not utf8[:4096].strip() and not utf8.strip():
        empty = pa.table({name: pa.array([], pa.string()) for name in head.names})
        return Parsed(empty, np.array([], dtype=np.int64), (), footnotes)
    names = [*head.names, "__trailing"] if head.trailing else list(head.names)
    rows = _parse(utf8, reader, names)
    numbers = _numbers(utf8, reader, rows.table.num_rows + len(rows.ragged), first_record)
    bad = np.array([row.record - 1 for row in rows.ragged], dtype=np.int64)
    ragged = tuple(Ragged(int(numbers[row.record - 1]), row.text, row.expected, row.actual) for row in rows.ragged)
    table = rows.table.drop_columns(["__trailing"]) if head.trailing else rows.table
    return Parsed(table, np.delete(numbers, bad), ragged, footnotes, odd_characters(utf8))


def _utf8(data: bytes, reader: Reader, first_record: int, last: bool, offset: int) -> tuple[bytes, int]:
    """The text as UTF-8 without its footnotes, and how many these were. ASCII is told from the rest at once and needs no decoding."""
    is_utf8, footnote = (reader.encoding or "utf-8").lower() in ("utf-8", "utf8"), reader.footnote if last else None
    if is_utf8 and not footnote and data.isascii():
        return data, 0
    text, footnotes = decode(data, reader.encoding, first_record, offset), 0
    if footnote:
        text, footnotes = _without_footnotes(text, footnote)
    return (data if is_utf8 and not footnotes else text.encode()), footnotes


def _numbers(data: bytes, reader: Reader, count: int, first: int) -> npt.NDArray[np.int64]:
    """Record numbers of the non-blank records; blank lines keep theirs, so a clerk finds the line."""
    if not _may_have_blank_lines(data, count):
        return np.arange(first, first + count, dtype=np.int64)
    lines = _record_lines(data, reader.quote)
    full = [i for i, line in enumerate(lines) if line.strip(b"\r\n")]
    if len(full) != count:
        raise Refused("count_mismatch", f"The text was read as {count} records, but holds {len(full)} lines: its lines end in different ways, or quotes are broken. Send it again.")
    return np.array(full, dtype=np.int64) + first


def _may_have_blank_lines(data: bytes, records: int) -> bool:
    """As many lines as records: none is blank, and no record has several. Otherwise a blank line may still be inside quotes."""
    if data.count(b"\n") + (not data.endswith(b"\n")) == records:
        return False
    return data.startswith((b"\n", b"\r\n")) or b"\n\n" in data or b"\n\r\n" in data


def _record_lines(data: bytes, quote: str | None) -> list[bytes]:
    lines: list[bytes] = []
    for line in data.splitlines(keepends=True) if b"\r" not in data.replace(b"\r\n", b"") else data.split(b"\n"):
        if quote and lines and lines[-1].count(quote.encode()) % 2:
            lines[-1] += line
        else:
            lines.append(line)
    return lines


def _parse(data: bytes, reader: Reader, names: list[str] | None) -> Parsed:
    ragged: list[Ragged] = []

    def note(row: pcsv.InvalidRow) -> str:
        ragged.append(Ragged(row.number or 0, row.text, row.expected_columns, row.actual_columns))
        return "skip"

    read = pcsv.ReadOptions(use_threads=False, block_size=max(len(data) + 1, 1 << 16), column_names=names, autogenerate_column_names=names is None)
    parse = pcsv.ParseOptions(
        delimiter=reader.delimiter, quote_char=reader.quote or False, double_quote=bool(reader.quote), newlines_in_values=bool(reader.quote), invalid_row_handler=note
    )
    types = {name: pa.string() for name in names or ()}
    convert = pcsv.ConvertOptions(check_utf8=False, column_types=types, strings_can_be_null=False, quoted_strings_can_be_null=False, null_values=[])
    if names is None:
        width = len(next(iter(_record_lines(data, None))).split(reader.delimiter.encode()))
        convert.column_types = {f"f{i}": pa.string() for i in range(width)}
    try:
        table = pcsv.read_csv(io.BytesIO(data), read, parse, convert)
    except pa.ArrowInvalid as problem:
        raise Refused("unreadable", f"The text cannot be read as rows of columns: {problem}. Check quotes and delimiters, and send it again.") from None
    return Parsed(table, np.array([], dtype=np.int64), tuple(ragged), 0)


def _without_footnotes(text: str, pattern: str) -> tuple[str, int]:
    lines = text.splitlines(keepends=True)
    end = len(lines)
    while end and (not lines[end - 1].strip() or re.search(pattern, lines[end - 1])):
        end -= 1
    dropped = [line for line in lines[end:] if line.strip()]
    return "".join(lines[:end]), len(dropped)


def _distinct(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name}__{seen[name]}")
    return out
