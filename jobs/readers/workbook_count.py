"""Counts the rows of a workbook without calamine, which reads them: of .xlsx and .ods from their XML.

For .xls and .xlsb there is no second library: calamine's own cells are counted, and a row that it loses is not found out.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from lxml import etree

from jobs.contracts.model import Reader
from jobs.readers.outcome import Refused
from jobs.readers.workbook import sheet_rows, wanted
from jobs.readers.workbook_parts import member, sheets
from jobs.readers.zipped import BROKEN_ZIP, refuse_bombs

SPACE = "{http://www.w3.org/XML/1998/namespace}space"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}p"


def count_workbook(reader: Reader, data: bytes) -> int:
    """Rows with a cell that is not empty, headers too, of the sheets the contract asks for."""
    refuse_bombs(data)
    members = _members(data)
    if "content.xml" in members:
        return _count_ods(reader, data)
    if "xl/workbook.xml" in {name.lower() for name in members}:
        return _count_xlsx(reader, data)
    return sum(sheet_rows(reader, data))


def _members(data: bytes) -> set[str]:
    try:
        return set(zipfile.ZipFile(io.BytesIO(data)).namelist())
    except BROKEN_ZIP:
        return set()


def _count_xlsx(reader: Reader, data: bytes) -> int:
    """Of the XML of its sheets, one row in memory at a time (ECMA-376 part 1, 18.3.1 and 18.4)."""
    try:
        book = zipfile.ZipFile(io.BytesIO(data))
        parts = _sheet_parts(book)
        empty = _empty_strings(book)
        return sum(_count_sheet(book, parts[name], empty) for name in wanted(reader, list(parts)))
    except (etree.XMLSyntaxError, KeyError, ValueError, *BROKEN_ZIP) as problem:
        raise Refused("unreadable", f"The rows of its sheets cannot be counted: {problem}. Save it again with an office program and send it.") from None


def _sheet_parts(book: zipfile.ZipFile) -> dict[str, str]:
    """Name of a sheet → the member that holds it, in their order. What is no worksheet (a chart) has none and no rows."""
    return {name: member(book, posixpath.normpath(posixpath.join("/xl", target))[1:]) if kind.endswith("/worksheet") else "" for name, kind, target in sheets(book)}


def _empty_strings(book: zipfile.ZipFile) -> set[int]:
    """Numbers of the shared strings without a character."""
    name = member(book, "xl/sharedStrings.xml")
    if name not in book.NameToInfo:
        return set()
    with book.open(name) as part:
        return {at for at, text in enumerate(_elements(part, "{*}si")) if not _tells(text)}


def _count_sheet(book: zipfile.ZipFile, part: str, empty: set[int]) -> int:
    if not part:
        return 0
    with book.open(part) as sheet:
        return sum(any(_holds(cell, empty) for cell in row) for row in _elements(sheet, "{*}row") if etree.QName(row.getparent()).localname == "sheetData")


def _elements(part: IO[bytes], tag: str) -> Iterator[Any]:
    """One after the other; what was looked at is forgotten."""
    for _, element in etree.iterparse(part, tag=tag, resolve_entities=False, no_network=True, huge_tree=True, remove_comments=True, remove_pis=True):
        yield element
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def _holds(cell: Any, empty: set[int]) -> bool:
    """A formula that failed (`e`) leaves a cell without a value."""
    kind = cell.get("t")
    if kind == "e":
        return False
    value = None if kind == "inlineStr" else cell.findtext("{*}v")
    if value:
        return kind != "s" or int(value) not in empty
    text = cell.find("{*}is")
    return text is not None and _tells(text)


def _tells(text: Any) -> bool:
    """Whether a text has a character: blanks that nobody says are to be kept are none, and how it is pronounced (`rPh`) is not part of it."""
    return any(t.text and (t.text.strip(" \t\r\n") or t.get(SPACE) == "preserve") for t in text.iter("{*}t") if etree.QName(t.getparent()).localname != "rPh")


def _count_ods(reader: Reader, data: bytes) -> int:
    """A row may stand for many equal ones (`number-rows-repeated`); a cell holds something when it has a text."""
    counts: dict[str, int] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)).open("content.xml") as content:
            name = ""
            for event, element in etree.iterparse(content, events=("start", "end"), tag=(f"{TABLE}table", f"{TABLE}table-row"), resolve_entities=False, no_network=True):
                if element.tag == f"{TABLE}table":
                    name = element.get(f"{TABLE}name") if event == "start" else name
                    counts.setdefault(name, 0)
                elif event == "end":
                    filled = any(p.text or len(p) for p in element.iter(TEXT))
                    counts[name] += int(element.get(f"{TABLE}number-rows-repeated", "1")) if filled else 0
                    element.clear()
    except (etree.XMLSyntaxError, *BROKEN_ZIP) as problem:
        raise Refused("unreadable", f"The rows of its content.xml cannot be counted: {problem}. Save it again with an office program and send it.") from None
    return sum(counts[name] for name in wanted(reader, list(counts)))
