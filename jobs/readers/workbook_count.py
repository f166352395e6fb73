"""Counts the rows of a workbook without calamine, which reads them: of .xlsx and .ods from their XML.

For .xls and .xlsb there is no second library: calamine's own cells are counted, and a row that it loses is not found out.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from xml.parsers import expat

from lxml import etree

from jobs.contracts.model import Reader
from jobs.readers.outcome import Refused
from jobs.readers.workbook import sheet_rows, wanted
from jobs.readers.workbook_open import Tables
from jobs.readers.workbook_parts import member, sheets
from jobs.readers.workbook_xml import empty_texts, rows_that_hold
from jobs.readers.zipped import BROKEN_ZIP, refuse_bombs


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
    try:
        book = zipfile.ZipFile(io.BytesIO(data))
        parts = _sheet_parts(book)
        asked, empty = [parts[name] for name in wanted(reader, list(parts))], _empty_texts(book)
        rows = {part: _count_sheet(book, part, empty) for part in set(asked)}  # many may be one
        return sum(rows[part] for part in asked)
    except (etree.XMLSyntaxError, expat.ExpatError, *BROKEN_ZIP) as problem:
        raise Refused("unreadable", f"The rows of its sheets cannot be counted: {problem}. Save it again with an office program and send it.") from None


def _sheet_parts(book: zipfile.ZipFile) -> dict[str, str]:
    """Name of a sheet → the member that holds it, in their order. What is no worksheet (a chart) has none and no rows."""
    return {name: member(book, posixpath.normpath(posixpath.join("/xl", target))[1:]) if kind.endswith("/worksheet") else "" for name, kind, target in sheets(book)}


def _empty_texts(book: zipfile.ZipFile) -> set[int]:
    name = member(book, "xl/sharedStrings.xml")
    if name not in book.NameToInfo:
        return set()
    with book.open(name) as shared:
        return empty_texts(shared)


def _count_sheet(book: zipfile.ZipFile, part: str, empty: set[int]) -> int:
    if not part:
        return 0
    with book.open(part) as sheet:
        return rows_that_hold(sheet, empty)


def _count_ods(reader: Reader, data: bytes) -> int:
    """A row may stand for many equal ones; a cell holds something when it has a text."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)).open("content.xml") as content:
            rows = Tables(content).rows
    except (expat.ExpatError, *BROKEN_ZIP) as problem:
        raise Refused("unreadable", f"The rows of its content.xml cannot be counted: {problem}. Save it again with an office program and send it.") from None
    return sum(rows[name] for name in wanted(reader, list(rows)))
