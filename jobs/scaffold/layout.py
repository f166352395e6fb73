"""How a sample file has to be read: told from its content, as the contract will tell its reader."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from jobs.contracts.format_options import KNOWN
from jobs.contracts.model import Format, Reader
from jobs.platform.errors import LakeError
from jobs.readers.dbf_count import records_left
from jobs.readers.encoding import Probe, wide
from jobs.readers.outcome import Refused
from jobs.readers.shapes import shapefile_members
from jobs.readers.sniff import HEAD, WORDS
from jobs.scaffold.paths import check_name, outermost
from jobs.scaffold.xml_layout import xml_layout

DELIMITERS = ",;\t|"
LOOKED_AT = 1 << 20  # characters from which the dialect of a dump is told
SNIFFED = 1 << 16  # and the delimiter: the library takes time by the square of the text
DEPTH = 4  # levels of a JSON document in which rows are looked for
SQL = re.compile(r"^\s*(?:insert\s+(?:into\s+)?\S|create\s+table\s|copy\s[^\n]*\sfrom\s+stdin;)", re.I | re.M)
SQL_OPENS = re.compile(r"\s*(?:--|/\*|(?:insert|create|copy|set|use|drop|begin|start|lock|pragma|alter|select)\b)", re.I)
DIALECTS = {  # what only one kind of database writes
    "mysql": re.compile(r"^-- (?:MySQL|MariaDB) dump|^\s*insert\s+into\s+`", re.I | re.M), "postgres": re.compile(r"^-- PostgreSQL database dump|^copy\s[^\n]*\sfrom\s+stdin;", re.I | re.M),
    "tsql": re.compile(r"^\s*insert\s+(?:into\s+)?\[|^GO\s*$", re.I | re.M), "sqlite": re.compile(r"^pragma\s", re.I | re.M),
}  # fmt: skip
TYPED: dict[str, Format] = {"parquet": "parquet", "orc": "orc", "avro": "avro", "sqlite": "sqlite", "xlsx": "excel", "xlsb": "excel", "ods": "excel", "xls": "excel"}
FIXED = re.compile(r"\d|\s{2}")  # in a first line, which then is no header


@dataclass(frozen=True)
class Layout:
    """`sources`: the paths of its columns; None: it has headers. `remark`: what a person should decide about it."""

    reader: Reader
    sources: tuple[str, ...] | None = None
    remark: str = ""


def layout_of(name: str, kind: str, content: bytes, table: str | None) -> Layout:
    """`kind`: of the content; `table`: the one that is meant where there are several. Raises LakeError where the content does not tell its layout, Refused where it is damaged."""
    if kind == "empty":
        raise LakeError(f"{name} is empty", "give a file with rows")
    if kind in TYPED:
        return Layout(Reader(TYPED[kind]))
    if kind in TOLD:
        return TOLD[kind](name, content)
    if kind == "shapefile":
        return _shapefile(name, content, table)
    if kind not in ("text", "unknown"):
        raise LakeError(f"{name} is {WORDS[kind]}, of which no contract is made", "ask for the data in one of the formats of docs/reference/formats.md")
    text, encoding, guessed = decoded(name, content)
    if SQL_OPENS.match(text) and SQL.search(text[:LOOKED_AT]):
        dialect = next((dialect for dialect, words in DIALECTS.items() if words.search(text[:LOOKED_AT])), None)
        return Layout(Reader("sql", encoding=None if encoding == "utf-8" else encoding, dialect=dialect))
    return Layout(Reader("csv", encoding=encoding if guessed else None, delimiter=_delimiter(name, text[:SNIFFED])))


def with_table(layout: Layout, table: str, name: str) -> Layout:
    """Raises LakeError where the format has no tables."""
    if layout.reader.format not in KNOWN["table"][1]:
        raise LakeError(f"{name} has no tables to choose from", "leave --table out")
    return replace(layout, reader=replace(layout.reader, table=table))


def decoded(name: str, content: bytes) -> tuple[str, str, bool]:
    """Text, its encoding, and whether that had to be guessed, by what landing would guess."""
    probe = Probe(None)
    probe.feed(content)
    try:
        if form := wide(content[:HEAD], None):
            return content.decode(form).removeprefix("\ufeff"), form, False
        found = probe.found()
        return content.decode(found.name).removeprefix("\ufeff"), found.name, found.how == "detected"
    except (Refused, UnicodeDecodeError) as problem:
        raise LakeError(f"the encoding of {name} is not known: {problem}", "ask the department, or save it as UTF-8") from None


def _delimiter(name: str, text: str) -> str:
    """Raises LakeError for lines that only a person can cut into columns."""
    lines = [line for line in text.splitlines() if line]
    if len(lines) > 1 and len({len(line) for line in lines[:-1]}) == 1 and not any(mark in lines[0] for mark in DELIMITERS) and FIXED.search(lines[0]):
        how = "write the contract by hand: `format: fixedWidth` in `servers`, and `start` and `length` of every column from the department's description of the file; see docs/reference/contract.md"
        raise LakeError(f"every line of {name} has {len(lines[0])} characters and no delimiter: it seems to be of fixed width, and where its columns begin cannot be told from it", how)
    try:
        return csv.Sniffer().sniff(text, DELIMITERS).delimiter
    except csv.Error:
        return ","


def _json(name: str, content: bytes) -> Layout:
    """The longest array of objects in the document is taken for the rows."""
    text, encoding, guessed = decoded(name, content)
    found = max(_arrays(json.loads(text), ""), key=lambda pair: len(pair[1]), default=None)
    if found is None:
        raise LakeError(f"{name} holds no array of objects", "write the contract by hand: see `rowsAt` in docs/reference/contract.md")
    remark = f"the rows are the array at {found[0]}, the longest in the sample"
    return Layout(Reader("json", encoding=encoding if guessed else None, rows_at=(found[0],)), _members(found[1]), remark)


def _json_lines(name: str, content: bytes) -> Layout:
    text, encoding, guessed = decoded(name, content)
    rows = [json.loads(line) for line in text.split("\n") if line.strip()]
    return Layout(Reader("jsonl", encoding=encoding if guessed else None), _members([row for row in rows if isinstance(row, dict)]))


def _xml(name: str, content: bytes) -> Layout:
    says = b"encoding" in content[:100] or wide(content[:HEAD], None)
    _, encoding, guessed = ("", "", False) if says else decoded(name, content)
    reader, sources, beside = xml_layout(name, content, encoding if guessed else None)
    return Layout(reader, sources, f"a row is an element {reader.row_element}, of which {beside:,} stand side by side in the sample")


def _dbf(name: str, content: bytes) -> Layout:
    return Layout(Reader("dbf", encoding=_dbf_encoding(name, content)))


def _shapefile(name: str, content: bytes, table: str | None) -> Layout:
    """A .cpg beside the texts names their encoding."""
    members = shapefile_members(Reader("shapefile", table=table), content)
    return Layout(Reader("shapefile", encoding=None if "cpg" in members else _dbf_encoding(name, members["dbf"])))


def _dbf_encoding(name: str, table: bytes) -> str | None:
    """Of its texts, which say nothing about themselves; None where they are UTF-8. Blanks that only fill up would drown them."""
    _, encoding, guessed = decoded(name, b"\n".join(re.sub(rb" +", b" ", record.tobytes()) for record in records_left(table)))
    return encoding if guessed else None


TOLD: dict[str, Callable[[str, bytes], Layout]] = {"json": _json, "jsonl": _json_lines, "xml": _xml, "dbf": _dbf}


def _arrays(node: Any, path: str, depth: int = DEPTH) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(node, list) and node and all(isinstance(item, dict) for item in node):
        yield path or "$", node
    if isinstance(node, dict) and depth:
        for name, value in node.items():
            yield from _arrays(value, f"{path}.{name}" if path else name, depth - 1)


def _members(rows: list[dict[str, Any]]) -> tuple[str, ...]:
    found: dict[str, bool] = {}
    for row in rows:
        for path, holds in _scalars(row, ""):
            found[path] = found.get(path, False) or holds
    return outermost(found)


def _scalars(row: dict[str, Any], prefix: str) -> Iterator[tuple[str, bool]]:
    """(path, whether there is a value) of what is no object; lists are taken whole."""
    for name, value in row.items():
        if isinstance(value, dict) and value:
            yield from _scalars(value, f"{prefix}{check_name(name)}.")
        else:
            yield prefix + check_name(name), value is not None and value != {}
