"""Binary workbooks (.xlsb): cells as a person typed them, sheets, days, what formulas came to, and cells too far away."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.contracts.model import Column
from tests.unit.readers.made import CELLS, DAY, contract, outcome, refusal
from tests.unit.readers.xlsb import Error, Formula, xlsb


@pytest.mark.parametrize(
    ("column", "cell", "text"),
    [
        *CELLS,
        (Column("a", "a", "double"), Formula(63.5), "63.5"),
        (Column("a", "a", "string"), Formula("合计"), "合计"),
    ],
)
def test_a_cell_is_what_a_person_typed(column: Column, cell: Any, text: str) -> None:
    found = outcome(contract([column], format="excel"), xlsb({"s": [["a"], [cell]]}))
    assert (found.rows, found.records) == ([(text,)], [2])


def test_days_of_the_1904_system_are_those_days() -> None:
    assert outcome(contract([Column("a", "a", "date")], format="excel"), xlsb({"s": [["a"], [DAY]]}, from_1904=True)).rows == [("2020-02-29",)]


def test_sheets_by_name_and_by_pattern() -> None:
    book = xlsb({"说明": [["报送说明"]], "2024": [["a"], ["x"]], "2025": [["a"], ["y"], [None], ["z"]]})
    one = outcome(contract(["a"], format="excel", sheet="2025"), book)
    assert (one.rows, one.records) == ([("y",), ("z",)], [2, 4])
    several = outcome(contract(["a", "$sheet"], format="excel", sheets=(r"20\d\d",)), book)
    assert several.rows == [("x", "2024"), ("y", "2025"), ("z", "2025")]
    assert refusal(contract(["a"], format="excel", sheet="2026"), book) == "missing_sheet"


def test_what_is_hidden_is_told_of_as_far_as_it_is_known() -> None:
    found = outcome(contract(["a"], format="excel", sheet="2025"), xlsb({"2024": [["a"]], "2025": [["a"], ["y"]]}, hidden=("2025",)))
    assert found.part.drift == ("hidden sheet 2025", "hidden rows: not known")


def test_a_formula_that_failed_is_an_empty_cell() -> None:
    assert outcome(contract(["a", "b"], format="excel"), xlsb({"s": [["a", "b"], [Error("#N/A"), "x"]]})).rows == [("", "x")]


def test_a_number_that_lost_its_digits_is_refused() -> None:
    assert refusal(contract(["a"], format="excel"), xlsb({"s": [["a"], [1.1e17]]})) == "lost_precision"


@pytest.mark.parametrize("corner", [(1_048_575, 16_383), (300_000, 200)])
def test_a_cell_far_away_is_refused(corner: tuple[int, int]) -> None:
    assert refusal(contract(["a"], format="excel"), xlsb({"s": [["a"], ["x"]]}, corner=corner)) == "too_large"


def test_a_long_table_is_not_far_away() -> None:
    found = outcome(contract(["a"], format="excel"), xlsb({"s": [["a"], ["x"]]}, corner=(60_000, 0)))
    assert (found.rows, found.records) == ([("x",), ("x",)], [2, 60_001])


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_a_workbook_that_is_cut_off_is_refused(share: float) -> None:
    book = xlsb({"s": [["a"], *([f"text {n}"] for n in range(400))]})
    assert refusal(contract(["a"], format="excel"), book[: int(len(book) * share)]) == "unreadable"
