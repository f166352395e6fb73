"""Rows of a workbook, counted from its XML as another library sees them."""

from __future__ import annotations

import io

import openpyxl
import pytest
import xlsxwriter

from jobs.readers.outcome import Refused
from jobs.readers.workbook_count import count_workbook
from tests.unit.readers.made import contract

READER = contract(["name"], format="excel").reader


def written(constant_memory: bool) -> bytes:
    """Two rows that hold something of six: texts inside the cells or shared, an empty text, formulas whose value is a text, nothing or an error; and a chart beside the sheet."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": constant_memory, "in_memory": True}) as book:
        sheet, bold = book.add_worksheet("rows"), book.add_format({"bold": True})
        sheet.write_string(0, 0, "name")
        sheet.write_string(1, 0, "", bold)
        sheet.write_formula(2, 1, '=""', None, "")
        sheet.write_formula(3, 1, "=1/0", None, "#DIV/0!")
        sheet.write_blank(4, 0, None, bold)
        sheet.write_boolean(5, 2, False)
        if not constant_memory:
            chart = book.add_chart({"type": "line"})
            chart.add_series({"values": "=rows!$C$6:$C$6"})
            book.add_chartsheet("chart").set_chart(chart)
    return out.getvalue()


def by_openpyxl(data: bytes) -> int:
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    return sum(any(cell.value not in (None, "") and cell.data_type != "e" for cell in row) for row in book.worksheets[0].iter_rows())


@pytest.mark.parametrize("constant_memory", [True, False], ids=["texts in the cells", "shared texts, a chart"])
def test_rows_that_hold_something_are_counted(constant_memory: bool) -> None:
    data = written(constant_memory)
    assert count_workbook(READER, data) == by_openpyxl(data) == 2


def test_a_workbook_of_another_writer() -> None:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["a", None, 1.5])
    book.active.append([None, "", None])
    book.active.append([None, "字", None])
    book.save(out)
    assert count_workbook(READER, out.getvalue()) == by_openpyxl(out.getvalue()) == 2


def test_a_sheet_that_is_not_there_is_refused() -> None:
    data = written(False).replace(b"worksheets/sheet1.xml", b"worksheets/sheet9.xml")
    with pytest.raises(Refused, match="cannot be counted"):
        count_workbook(READER, data)
