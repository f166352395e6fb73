"""Old workbooks (.xls, BIFF8): sheets, merged headers, dates as serials, what formulas came to."""

from __future__ import annotations

import datetime as dt
import io
import struct
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import xlwt

from jobs.contracts.model import Column
from tests.unit.readers.made import CELLS, DAY, contract, outcome, refusal

STYLES = {dt.date: "yyyy-mm-dd", dt.datetime: "yyyy-mm-dd hh:mm:ss", dt.time: "hh:mm"}
FORMULA = 0x0006


def xls(sheets: Mapping[str, list[list[Any]]], merged: tuple[tuple[int, int, int, int], ...] = (), hidden: tuple[str, ...] = (), from_1904: bool = False) -> bytes:  # noqa: FBT001, FBT002
    """`merged`: (first row, last row, first column, last column), from 0, of every sheet."""
    book, out = xlwt.Workbook(), io.BytesIO()
    book.dates_1904 = from_1904
    for name, rows in sheets.items():
        sheet = book.add_sheet(name)
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                inside = any(top <= r <= bottom and left <= c <= right and (r, c) != (top, left) for top, bottom, left, right in merged)
                if cell is not None and not inside:
                    sheet.write(r, c, cell, xlwt.easyxf(num_format_str=STYLES[type(cell)])) if type(cell) in STYLES else sheet.write(r, c, cell)
        for top, bottom, left, right in merged:
            sheet.merge(top, bottom, left, right)
        sheet.visibility = int(name in hidden)
    book.save(out)
    return out.getvalue()


def computed(data: bytes, row: int, column: int, value: float) -> bytes:
    """The workbook with the value that a formula came to, which Excel stores beside it and xlwt leaves 0."""
    at = next(i for i in range(len(data) - 20) if struct.unpack_from("<H", data, i)[0] == FORMULA and struct.unpack_from("<HH", data, i + 4) == (row, column))
    return data[: at + 10] + struct.pack("<d", value) + data[at + 18 :]



@pytest.mark.parametrize(
    ("column", "cell", "text"),
    [
        *CELLS,
        (Column("a", "a", "string"), dt.time(13, 4), "13:04:00"),
    ],
)
def test_a_cell_is_what_a_person_typed(column: Column, cell: Any, text: str) -> None:
    found = outcome(contract([column], format="excel"), xls({"s": [["a"], [cell]]}))
    assert (found.rows, found.records) == ([(text,)], [2])


def test_days_of_the_1904_system_are_those_days() -> None:
    assert outcome(contract([Column("a", "a", "date")], format="excel"), xls({"s": [["a"], [DAY]]}, from_1904=True)).rows == [("2020-02-29",)]


def test_a_formula_is_what_it_came_to() -> None:
    book = xls({"s": [["a", "b"], [2.0, xlwt.Formula("A2*21")], [3.0, xlwt.Formula("A3*21")]]})
    book = computed(computed(book, 1, 1, 42.0), 2, 1, 63.5)
    assert outcome(contract([Column("a", "a", "integer"), Column("b", "b", "double")], format="excel"), book).rows == [("2", "42"), ("3", "63.5")]


def test_sheets_by_name_and_by_pattern() -> None:
    book = xls({"说明": [["报送说明"]], "2024": [["a"], ["x"]], "2025": [["a"], ["y"], [None], ["z"]]})
    one = outcome(contract(["a"], format="excel", sheet="2025"), book)
    assert (one.rows, one.records) == ([("y",), ("z",)], [2, 4])
    several = outcome(contract(["a", "$sheet"], format="excel", sheets=(r"20\d\d",)), book)
    assert several.rows == [("x", "2024"), ("y", "2025"), ("z", "2025")]
    assert refusal(contract(["a"], format="excel", sheet="2026"), book) == "missing_sheet"


def test_a_hidden_sheet_is_told_of() -> None:
    assert "hidden sheet 2025" in outcome(contract(["a"], format="excel", sheet="2025"), xls({"2024": [["a"]], "2025": [["a"], ["y"]]}, hidden=("2025",))).part.drift


def test_merged_headers_of_two_lines() -> None:
    rows = [["编号", "人口", None], [None, "男", "女"], ["1", 5.0, 6.0]]
    book = xls({"s": rows}, merged=((0, 1, 0, 0), (0, 0, 1, 2)))
    columns = [Column("id", "编号", "string"), Column("men", "人口 男", "integer"), Column("women", "人口 女", "integer")]
    assert outcome(contract(columns, format="excel", header_lines=2), book).rows == [("1", "5", "6")]


def test_a_number_that_lost_its_digits_is_refused() -> None:
    assert refusal(contract(["a"], format="excel"), xls({"s": [["a"], [1.1e17]]})) == "lost_precision"


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_a_workbook_that_is_cut_off_is_refused(share: float) -> None:
    book = xls({"s": [["a"], *([f"text {n}"] for n in range(400))]})
    assert refusal(contract(["a"], format="excel"), book[: int(len(book) * share)]) in ("unreadable", "missing_sheet", "empty")


def allocated(data: bytes, sector: int, following: int) -> bytes:
    """The workbook whose table of sectors says that this one goes on there."""
    at = (struct.unpack_from("<L", data, 76)[0] + 1) * 512 + 4 * sector
    return data[:at] + struct.pack("<L", following) + data[at + 4 :]


def claimed(data: bytes, kind: int, at: int, layout: str, *values: int) -> bytes:
    """The workbook whose last record of this kind says so, `at` bytes into its content; the records of xlwt begin after 512 bytes, and stand in one piece."""
    place, found = 512, 0
    while place < len(data) - 4 and struct.unpack_from("<HH", data, place) != (0, 0):
        found = place if struct.unpack_from("<H", data, place)[0] == kind else found
        place += 4 + struct.unpack_from("<H", data, place + 2)[0]
    at += found + 4
    return data[:at] + struct.pack(layout, *values) + data[at + struct.calcsize(layout) :]


SHARED, CELL, REACH = 0xFC, 0xFD, 0x200


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(lambda book: allocated(book, 0, 0), "unreadable", id="sectors that lead in a circle"),
        pytest.param(lambda book: allocated(book, 0, 0xFFFFFF), "unreadable", id="a sector far beyond the file"),
        pytest.param(lambda book: claimed(book, SHARED, 4, "<L", 0x7FFFFFFF), "unreadable", id="two thousand million shared texts"),
        pytest.param(lambda book: claimed(book, CELL, 0, "<HH", 0xFFFF, 0xFFFF), "too_large", id="a cell in a column that no sheet has"),
        pytest.param(lambda book: claimed(book, REACH, 4, "<L", 0x7FFFFFFF), "too_large", id="a sheet that says it has two thousand million rows"),
        pytest.param(lambda book: claimed(book, REACH, 0, "<L", 0xFF00), "too_large", id="a sheet that ends before it begins"),
    ],
)
def test_what_would_fill_all_memory_is_refused_before_it_is_read(spoil: Callable[[bytes], bytes], reason: str) -> None:
    """Its reader would not raise, but end the process: each of these did."""
    book = xls({"s": [["a"], ["x"]]})
    assert outcome(contract(["a"], format="excel"), book).rows == [("x",)]
    assert refusal(contract(["a"], format="excel"), spoil(book)) == reason


def test_a_large_workbook_whose_table_of_sectors_needs_more_room() -> None:
    """More than 109 sectors of it: from 7 MB on."""
    rows = [[f"{row} " + "x" * 400 for _ in range(10)] for row in range(1, 2000)]
    book = xls({"s": [["a", *"bcdefghij"], *[[f"{at}{text}" for at, text in enumerate(row)] for row in rows]]})
    assert len(book) > 7 << 20
    assert outcome(contract([*"abcdefghij"], format="excel"), book).rows[-1][0] == f"01999 {'x' * 400}"
