"""Counts the rows of a workbook without calamine, which reads them: .xlsx by openpyxl, .ods from its XML.

For .xls and .xlsb there is no second library: calamine's own cells are counted, and a row that it loses is not found out.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

from jobs.contracts.model import Reader
from jobs.readers.outcome import Refused
from jobs.readers.workbook import sheet_rows, wanted
from jobs.readers.zipped import BROKEN_ZIP, refuse_bombs

TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}p"


def count_workbook(reader: Reader, data: bytes) -> int:
    """Rows with a cell that is not empty, headers too, of the sheets the contract asks for."""
    refuse_bombs(data)
    members = _members(data)
    if "content.xml" in members:
        return _count_ods(reader, data)
    if "xl/workbook.xml" in members:
        return _count_xlsx(reader, data)
    return sum(sheet_rows(reader, data))


def _members(data: bytes) -> set[str]:
    try:
        return set(zipfile.ZipFile(io.BytesIO(data)).namelist())
    except BROKEN_ZIP:
        return set()


def _count_xlsx(reader: Reader, data: bytes) -> int:
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheets = [book[name] for name in wanted(reader, book.sheetnames)]
        for sheet in sheets:
            sheet.reset_dimensions()  # or every row is filled up to where the file says that its last column is
        return sum(any(_holds(cell) for cell in row) for sheet in sheets for row in sheet.iter_rows())
    except (*BROKEN_ZIP, SyntaxError, TypeError, AttributeError) as problem:
        raise Refused("unreadable", f"openpyxl cannot count its rows: {problem}") from None


def _holds(cell: Any) -> bool:
    """A formula that failed (`e`) leaves a cell without a value."""
    return cell.value is not None and cell.value != "" and cell.data_type != "e"


def _count_ods(reader: Reader, data: bytes) -> int:
    """A row may stand for many equal ones (`number-rows-repeated`); a cell holds something when it has a text."""
    from lxml import etree

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
        raise Refused("unreadable", f"its content.xml cannot be counted: {problem}") from None
    return sum(counts[name] for name in wanted(reader, list(counts)))
