"""Rows of a workbook, counted from its XML as another library sees them."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
import xlsxwriter

from jobs.readers.outcome import Refused
from jobs.readers.workbook import sheet_rows
from jobs.readers.workbook_count import count_workbook
from tests.unit.readers.made import contract
from tests.unit.readers.packing import rezipped

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


@pytest.mark.parametrize(("text", "rows"), [
    pytest.param(b"<t>x</t>", 3, id="a text"), pytest.param(b"<t> \n</t>", 2, id="blanks"), pytest.param(b'<t xml:space="preserve"> </t>', 3, id="blanks that are kept"),
    pytest.param("<t>\u3000</t>".encode(), 3, id="an ideographic space"), pytest.param(b"<r><t/></r><r><t>x</t></r>", 3, id="a text of two fonts"),
    pytest.param("<t></t><rPh><t>カ</t></rPh>".encode(), 2, id="how nothing is pronounced"), pytest.param(b"<t><!-- c -->x</t>", 3, id="a text with a comment"),
])  # fmt: skip
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "in the cell"])
def test_a_text_is_what_calamine_takes_for_one(text: bytes, rows: int, shared: bool) -> None:
    """Two libraries, one reading of the standard: where they differ a sound delivery would be refused."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": not shared, "in_memory": True}) as book:
        sheet = book.add_worksheet("rows")
        for at, value in enumerate(("name", "a", "instead")):
            sheet.write_string(at, 0, value)
    data = rezipped(out.getvalue(), lambda name, content: (name, content.replace(b"<t>instead</t>", text)))
    assert count_workbook(READER, data) == sum(sheet_rows(READER, data)) == rows


@pytest.mark.parametrize("name", ["xl/SharedStrings.xml", "xl/sharedStrings.xml"])
def test_shared_texts_are_found_however_their_name_is_written(name: str) -> None:
    data = rezipped(written(False), lambda member, content: (name if member == "xl/sharedStrings.xml" else member, content))
    assert count_workbook(READER, data) == sum(sheet_rows(READER, data)) == 2


def test_an_error_that_is_not_known_is_named() -> None:
    data = rezipped(written(False), lambda name, content: (name, content.replace(b"#DIV/0!", b"#SPILL!")))
    with pytest.raises(Refused, match="#SPILL!.*Mend it, or put a value in its place"):
        sheet_rows(READER, data)


@pytest.mark.parametrize("value", [b"<![CDATA[1.5]]>", b"<!-- a half more --> 1.5"], ids=["CDATA", "a comment"])
def test_a_value_that_the_reader_would_lose_is_refused(value: bytes) -> None:
    """Beside another cell, so that the count of rows would not tell."""
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["a", 1.5])
    book.save(out)
    data = rezipped(out.getvalue(), lambda name, content: (name, content.replace(b"<v>1.5</v>", b"<v>" + value + b"</v>")))
    with pytest.raises(Refused, match="which its reader would leave out"):
        count_workbook(READER, data)


def test_a_document_type_is_refused() -> None:
    data = rezipped(written(False), lambda name, content: (name, content.replace(b"<worksheet", b"<!DOCTYPE worksheet []><worksheet") if "sheet1.xml" in name else content))
    with pytest.raises(Refused, match="without a DOCTYPE"):
        count_workbook(READER, data)


def test_many_sheets_that_are_one_are_counted_once_and_told_each() -> None:
    """Two thousand names of ten thousand rows take as long as one."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True, "in_memory": True}) as book:
        sheet = book.add_worksheet("s0")
        for at in range(10_000):
            sheet.write_number(at, 0, at)
    names = b"".join(b'<sheet name="s%d" sheetId="%d" r:id="rId1"/>' % (at, at + 1) for at in range(2_000))
    data = rezipped(out.getvalue(), lambda name, content: (name, re.sub(rb"<sheet [^>]*/>", names, content) if name == "xl/workbook.xml" else content))
    assert count_workbook(contract(["0"], format="excel", sheets=(r"s\d+",)).reader, data) == 20_000_000
