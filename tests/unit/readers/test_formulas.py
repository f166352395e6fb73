"""Cells that a spreadsheet would run are counted, numbers and dashes are not, and nothing is changed."""

from __future__ import annotations

import polars as pl
import pytest

from jobs.contracts.model import Column, Contract, Reader
from jobs.readers.formulas import formulas

CONTRACT = Contract(
    "d", "n", "i", "1", "", "", "", "events", "d/n", ".*", Reader("csv"),
    (Column("id", "id", "integer"), Column("name", "name", "string"), Column("kind", "kind", "string", enum=("=a",))),
)  # fmt: skip


@pytest.mark.parametrize("cell", ["=1+1", "=cmd|' /C calc'!A0", "+SUM(A1)", "-2+3+cmd", "@SUM(1)", "-无", "+86-10-62512345", "=", "@", "-1a"])
def test_a_formula_is_counted(cell: str) -> None:
    assert formulas(pl.DataFrame({"id": ["1", "2"], "name": [cell, "a"]}), CONTRACT) == 1


@pytest.mark.parametrize("cell", ["", None, "a=1", "-", "--", "-1", "+1.5", "-1,234.50", "- 5", "-1.2e-3", "+12%", "-1'000", " =1", "1-2", "—"])
def test_a_number_or_a_dash_is_not(cell: str | None) -> None:
    assert formulas(pl.DataFrame({"id": ["=1", "2"], "name": [cell, "a"], "kind": ["=a", "=a"]}), CONTRACT) == 0


def test_columns_that_are_no_text_as_sent_are_left_alone() -> None:
    assert formulas(pl.DataFrame({"name": [1, 2]}), CONTRACT) == 0
