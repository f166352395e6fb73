"""Options of a contract that its format does not have, or lacks. A lake that would pass over an option says so (law 4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

from jobs.contracts.model import Contract, Format, Reader

Place = tuple[str | int, ...]
TEXT, SHEETS = ("csv",), ("excel",)
ROWS = (*TEXT, *SHEETS)
OPENED = tuple(name for name in get_args(Format) if name != "attachment")
# option of the reader → its name in the contract and the formats that know it; the others are known to all
KNOWN: dict[str, tuple[str, tuple[str, ...]]] = {
    "preamble_lines": ("preambleLines", ROWS), "header_lines": ("headerLines", ROWS), "repeated_header": ("repeatedHeader", ROWS), "totals": ("totals", ROWS),
    "group_rows": ("groupRows", ROWS), "footnote": ("footnote", TEXT), "trailing_delimiter": ("trailingDelimiter", TEXT), "escape": ("escape", TEXT),
    "sheet": ("sheet", SHEETS), "sheets": ("sheets", SHEETS), "rows_at": ("rowsAt", ("json",)), "row_requires": ("rowRequires", ("json",)),
    "positions": ("positions", ("fixedWidth",)), "record_length": ("recordLength", ("fixedWidth",)), "header_record": ("headerRecord", ("fixedWidth",)),
    "trailer_record": ("trailerRecord", ("fixedWidth",)), "row_element": ("rowElement", ("xml",)), "namespaces": ("namespaces", ("xml",)),
    "table": ("table", ("sqlite", "sql", "shapefile")), "query": ("query", ("sqlite",)), "dialect": ("dialect", ("sql",)),
    "archive": ("archive", OPENED),
}  # fmt: skip
SHAPE = ("$geometry", "$projection")


def faults(contract: Contract) -> Iterator[tuple[Place, str]]:
    """(path inside the reader, or () for the reader itself; what is wrong and what to write instead)."""
    reader = contract.reader
    plain = Reader(reader.format)
    for option, (name, formats) in KNOWN.items():
        if reader.format not in formats and getattr(reader, option) != getattr(plain, option):
            yield (name,), f"{name} has no effect on {reader.format}: it is for {', '.join(formats)}"
    if any(capture.line for capture in reader.captures) and reader.format not in ("csv", "fixedWidth"):
        yield ("captures",), f"{reader.format} has no preamble lines; only `line: 0`, the path, can be captured"
    yield from _text(reader)
    yield from _numbers(reader)
    yield from _needed(contract)


def sources(reader: Reader) -> set[str]:
    """`$…` sources that only some formats have."""
    offered = {"excel": {"$sheet"}, "json": {"$row", "$doc.<path>"}, "jsonl": {"$row"}, "xml": {"$row"}, "shapefile": set(SHAPE)}
    return offered.get(reader.format, set())


def patterns(reader: Reader) -> Iterator[tuple[str, str]]:
    """(option, its regex), of those that are regexes."""
    for name, pattern in (("totals", reader.totals), ("groupRows", reader.group_rows), ("headerRecord", reader.header_record), ("trailerRecord", reader.trailer_record)):
        if pattern is not None:
            yield name, pattern
    for pattern in reader.sheets:
        yield "sheets", pattern


def _text(reader: Reader) -> Iterator[tuple[Place, str]]:
    if reader.format != "csv":
        return
    for name, character in (("quote", reader.quote), ("escape", reader.escape)):
        if character is not None and len(character.encode()) != 1:
            yield (name,), f"{name} is one ASCII character, not {character!r}"
    if reader.escape is not None and reader.escape == reader.quote:
        yield ("escape",), "a quote that is doubled needs no escape: leave it out"
    if not reader.delimiter or set(reader.delimiter) & {"\n", "\r", reader.quote or "\n"}:
        yield (), f"the delimiter {reader.delimiter!r} parts lines or opens quotes; write the characters that part the columns"
    elif len(reader.delimiter.encode()) > 1 and (reader.quote is not None or reader.escape is not None):
        yield (), f"the delimiter {reader.delimiter!r} is longer than one byte, so nothing can be quoted or escaped in this dump: say `quote: null` and no escape"


def _numbers(reader: Reader) -> Iterator[tuple[Place, str]]:
    if reader.header_lines < 1:
        yield ("headerLines",), "a header has at least one line"
    if reader.preamble_lines < 0:
        yield ("preambleLines",), "there cannot be fewer than 0 lines before the header"
    if reader.sheet is not None and reader.sheets:
        yield ("sheets",), "say `sheet` or `sheets`, not both"
    if reader.table is not None and reader.query is not None:
        yield ("query",), "say `table` or `query`, not both"
    if reader.query is not None and not re.match(r"\s*(select|with)\b", reader.query, re.IGNORECASE):
        yield ("query",), "a query is a SELECT"


def _needed(contract: Contract) -> Iterator[tuple[Place, str]]:
    reader = contract.reader
    if reader.format == "xml":
        yield from _xml(contract)
    if reader.format == "fixedWidth":
        yield from _places(contract)
    elif any(column.start or column.length for column in contract.columns):
        yield (), f"start and length of a column are for fixedWidth, not for {reader.format}"
    used = {column.source for column in contract.columns}
    if SHAPE[0] in used and SHAPE[1] not in used:
        yield (), "a geometry says nothing without its projection: add a column with physicalName $projection"


def _xml(contract: Contract) -> Iterator[tuple[Place, str]]:
    reader, known = contract.reader, {space.prefix for space in contract.reader.namespaces}
    if not reader.row_element:
        yield (), "an XML dataset needs `rowElement` in its reader: the name of the element that is a row"
    for name in (reader.row_element or "", *(step for column in contract.columns for step in column.source.split("."))):
        prefix, colon, _ = name.lstrip("@").partition(":")
        if colon and not name.startswith("$") and prefix not in known:
            yield ("namespaces",), f"{name!r} uses the prefix {prefix!r}, which is not among `namespaces`"


def _places(contract: Contract) -> Iterator[tuple[Place, str]]:
    placed = [column for column in contract.columns if not column.source.startswith("$")]
    if not placed:
        yield (), "a fixed-width dataset needs a column with `start` and `length`"
    for column in placed:
        if column.start < 1 or column.length < 1:
            yield (), f"column {column.name!r} needs `start` (from 1) and `length`: where it stands in the line"
    end = max((column.start + column.length - 1 for column in placed), default=0)
    if contract.reader.record_length is not None and contract.reader.record_length < end:
        yield ("recordLength",), f"the last column ends at {end}, after a line of {contract.reader.record_length}"


