"""Workbooks: cells as a person typed them, sheets, headers of several lines, rows that are no rows."""

from __future__ import annotations

import datetime as dt
import io
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.contracts.model import Column, Drift
from jobs.readers.workbook import cell_text
from tests.unit.readers.made import contract, outcome, refusal
from tests.unit.readers.packing import rezipped

Sheets = dict[str, list[list[Any]]]


def xlsx(sheets: Sheets, merged: list[str] | None = None, hidden: tuple[str, ...] = ()) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        day, moment, hour = (book.add_format({"num_format": f}) for f in ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "hh:mm"))
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for r, row in enumerate(rows):
                for c, cell in enumerate(row):
                    kind = {dt.date: day, dt.datetime: moment, dt.time: hour}.get(type(cell))
                    sheet.write_datetime(r, c, cell, kind) if kind else sheet.write_string(r, c, cell) if isinstance(cell, str) and cell else sheet.write(r, c, cell)
            for cells in merged or ():
                first = cells.split(":")[0]
                sheet.merge_range(cells, str(rows[int(first[1:]) - 1][ord(first[0]) - 65]))
            if name in hidden:
                sheet.hide()
    return out.getvalue()


def far(row: int, place: int) -> bytes:
    """A small table, and one cell at this row and column, counted from 0."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("s")
        sheet.write_row(0, 0, ["id", "name"])
        sheet.write_row(1, 0, ["1", "a"])
        sheet.write_string(row, place, "x")
    return out.getvalue()


def ods(rows: dict[str, list[str | None]]) -> bytes:
    """By GDAL; its line breaks between elements, which office programs do not write and calamine does not take, are left out."""
    with tempfile.TemporaryDirectory() as folder:
        pyogrio.write_arrow(pa.table(rows), Path(folder) / "a.ods", driver="ODS", layer="t")
        return rezipped((Path(folder) / "a.ods").read_bytes(), lambda name, content: (name, content.replace(b">\n<", b"><")))


DAY, MOMENT = dt.date(2020, 2, 29), dt.datetime(2020, 2, 29, 13, 4, 5)


@pytest.mark.parametrize(
    ("column", "cell", "text"),
    [
        (Column("a", "a", "string"), "x", "x"),
        (Column("a", "a", "string"), "007", "007"),
        (Column("a", "a", "string"), 12.0, "12"),
        (Column("a", "a", "string"), -0.5, "-0.5"),
        (Column("a", "a", "integer"), 999_999_999_999_999, "999999999999999"),
        (Column("a", "a", "double"), 1e20, "1e+20"),
        (Column("a", "a", "decimal", scale=2), 12.5, "12.5"),
        (Column("a", "a", "boolean"), True, "True"),
        (Column("a", "a", "date"), DAY, "2020-02-29"),
        (Column("a", "a", "date", formats=("%d/%m/%Y",)), DAY, "29/02/2020"),
        (Column("a", "a", "date", formats=("%m/%Y",)), DAY, "2020-02-29"),
        (Column("a", "a", "timestamp"), MOMENT, "2020-02-29T13:04:05"),
        (Column("a", "a", "timestamp"), DAY, "2020-02-29T00:00:00"),
        (Column("a", "a", "string"), dt.time(13, 4), "13:04:00"),
    ],
)
def test_a_cell_is_what_a_person_typed(column: Column, cell: Any, text: str) -> None:
    assert outcome(contract([column], format="excel"), xlsx({"s": [["a"], [cell]]})).rows == [(text,)]


@pytest.mark.parametrize(("column", "cell"), [(Column("a", "a", "string"), 1e17 + 8), (Column("a", "a", "integer"), 1e15), (Column("a", "a", "decimal", scale=2), 1e13)])
def test_digits_a_cell_cannot_hold_are_refused(column: Column, cell: float) -> None:
    assert refusal(contract([column], format="excel"), xlsx({"s": [["a"], [cell]]})) == "lost_precision"


@pytest.mark.parametrize(
    ("reader", "sheets", "merged", "rows", "numbers", "skipped"),
    [
        ({}, {"s": [["a", "b"], ["1", "2"], [], ["3", None]]}, [], [("1", "2"), ("3", "")], [2, 4], (1, 0)),
        ({"preamble_lines": 1}, {"s": [["title"], [], ["a", "b"], ["1", "2"]]}, [], [("1", "2")], [4], (2, 0)),
        ({}, {"s": [["a", "b"], [2020, "2"]]}, [], [("2020", "2")], [2], (1, 0)),
        ({"sheet": "y"}, {"x": [["q"]], "y": [["a", "b"], ["1", "2"]]}, [], [("1", "2")], [2], (1, 0)),
        ({"header_lines": 2}, {"s": [["a", "b x"], ["a", ""], ["1", "2"]]}, [], None, [3], (2, 0)),
        ({"totals": "^合计", "group_rows": "^区", "repeated_header": True},
         {"s": [["a", "b"], ["区1"], ["1", "2"], ["a", "b"], ["3", "4"], [None, "合计 6"]]}, [], [("1", "2"), ("3", "4")], [3, 5], (3, 1)),
    ],
)  # fmt: skip
def test_rows_and_what_is_none(
    reader: dict[str, Any], sheets: Sheets, merged: list[str], rows: list[tuple[str, ...]] | None, numbers: list[int], skipped: tuple[int, int]
) -> None:
    columns = ["a", "b x" if rows is None else "b"]
    found = outcome(contract(columns, format="excel", **reader), xlsx(sheets, merged))
    assert found.rows == (rows or [("1", "2")])
    assert (found.records, (found.part.preamble, found.part.footnotes)) == (numbers, skipped)


def test_a_header_may_be_a_number_or_a_day() -> None:
    assert outcome(contract(["2020", "2020-02-29"], format="excel"), xlsx({"s": [[2020, DAY], ["1", "2"]]})).rows == [("1", "2")]


def test_headers_merged_over_columns_and_lines() -> None:
    sheet = [["区", "2020年", "", "2021年", "", "注"], ["", "男", "女", "男", "女", ""], ["东", "1", "2", "3", "4", "-"]]
    names = ["区", "2020年 男", "2020年 女", "2021年 男", "2021年 女", "注"]
    asked = contract([Column(f"c{i}", name, "string") for i, name in enumerate(names)], format="excel", header_lines=2)
    assert outcome(asked, xlsx({"s": sheet}, ["A1:A2", "B1:C1", "D1:E1", "F1:F2"])).rows == [("东", "1", "2", "3", "4", "-")]


def test_several_sheets_make_one_dataset() -> None:
    asked = contract([Column("a", "a", "string"), Column("s", "$sheet", "string")], format="excel", sheets=(r"20\d\d", "last"))
    found = outcome(asked, xlsx({"2020": [["a"], ["1"]], "notes": [["zz"]], "2021": [["a"], ["2"], ["3"]], "last": [["a"]]}, hidden=("2021",)))
    assert found.rows == [("1", "2020"), ("2", "2021"), ("3", "2021")]
    assert found.part.frame["_part"].to_list() == [0, 1, 1]
    assert found.part.drift == ("hidden sheet 2021",)
    assert refusal(asked, xlsx({"notes": [["a"]]})) == "missing_sheet"


def test_what_nobody_sees_is_said() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("s")
        for at, text in enumerate(["a", "1", "2"]):
            sheet.write_string(at, 0, text)
        sheet.write_formula(3, 0, "=1/0", None, "#DIV/0!")
        sheet.set_row(1, None, None, {"hidden": True})
    part = outcome(contract(["a"], format="excel"), xlsx({"s": [["a"], ["1"]]})).part
    assert part.drift == ()
    assert outcome(contract(["a"], format="excel"), out.getvalue()).part.drift == ("hidden rows: 1", "formulas that failed, read as empty cells: 1")
    assert outcome(contract(["a"], format="excel"), ods({"a": ["1"]})).part.drift == ("hidden rows: not known",)


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b"0" * (64 << 20))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"no workbook", "unreadable"),
        (b"", "unreadable"),
        (xlsx({"s": [["a"], ["1"]]})[:-40], "unreadable"),
        (xlsx({"s": [["a"], ["1"]]})[:200], "unreadable"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "unreadable"),
        (xlsx({"s": []}), "empty"),
        (xlsx({"s": [["b"], ["1"]]}), "missing_column"),
        (xlsx({"s": [["a", "b"], ["1", "2"]]}), "new_column"),
        (xlsx({"s": [["a", "a"], ["1", "2"]]}), "new_column"),
        (xlsx({"s": [["a", None], ["1", "2"]]}), "new_column"),
        (bomb(), "too_large"),
    ],
)
def test_what_is_no_agreed_workbook_is_refused(data: bytes, reason: str) -> None:
    assert refusal(contract(["a"], format="excel"), data) == reason


def test_a_new_column_that_is_allowed_is_left_out() -> None:
    found = outcome(contract(["a"], Drift(new_column="evolve"), format="excel"), xlsx({"s": [["a", "b"], ["1", 1e18]]}))
    assert (found.rows, found.part.drift) == ([("1",)], ("new column b",))


CELLS = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="_\ufffe\uffff"), max_size=8)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(CELLS | st.integers(-(10**14), 10**14), CELLS), max_size=12))
def test_rows_written_are_rows_read(rows: list[tuple[Any, str]]) -> None:
    found = outcome(contract(["a", "b"], format="excel"), xlsx({"s": [["a", "b"], *map(list, rows)]}))
    assert found.rows == [(str(a), b) for a, b in rows if (a, b) != ("", "")]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.text("ab中 <&", max_size=5), st.text("xyz1", min_size=1, max_size=5)), min_size=1, max_size=8))
def test_open_document_sheets(rows: list[tuple[str, str]]) -> None:
    data = ods({"a": [a for a, _ in rows], "b": [b for _, b in rows]})
    assert outcome(contract(["a", "b"], format="excel"), data).rows == rows


def test_what_a_formula_made_is_read_as_it_is_shown() -> None:
    """Excel keeps every bit of a result and shows 15 digits."""
    price = Column("price", "price", "decimal", precision=12, scale=2)
    assert cell_text(1.2100000000000002, price) == "1.21" and cell_text(0.1 + 0.2, None) == "0.3" and cell_text(0.1 + 0.2, Column("x", "x", "double")) == "0.30000000000000004"
