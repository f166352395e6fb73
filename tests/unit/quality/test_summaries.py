"""What landing tells of whole columns: parts add up, and where they cannot, nothing is told."""

from __future__ import annotations

import datetime as dt
import math
import statistics
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.quality.compile import judge
from jobs.quality.measures import Measures
from jobs.quality.rules import Rule
from jobs.quality.summaries import COUNTED, FEW, UNKNOWN, told

FRAME = pl.DataFrame({
    "_record": [1, 2, 3, 4], "n": [4, -1, None, 3], "s": ["a", "b", "a", None], "d": [Decimal("0.10"), Decimal("0.20"), None, Decimal("-1.00")],
    "day": [dt.date(2024, 1, 1), None, dt.date(1999, 2, 1), None], "r": [0.1, float("nan"), 0.3, None], "q": [0.1, 0.2, 0.1, None],
})  # fmt: skip
ASKED = [
    Rule(str(i), type_, {"column": column}, "critical", "aggregate", "suite")
    for i, (type_, column) in enumerate([
        ("expect_column_max_to_be_between", "day"), ("expect_column_min_to_be_between", "n"), ("expect_column_sum_to_be_between", "n"), ("expect_column_sum_to_be_between", "d"),
        ("expect_column_mean_to_be_between", "r"), ("expect_column_max_to_be_between", "r"), ("expect_column_unique_value_count_to_be_between", "s"), ("expect_column_mean_to_be_between", "d"),
        ("expect_column_mean_to_be_between", "q"), ("expect_column_quantile_values_to_be_between", "n"),
    ])
]  # fmt: skip


def measures(*parts: pl.DataFrame, personal: tuple[str, ...] = ()) -> Measures:
    return Measures.from_json(sum((judge(part, ASKED, {}, personal).measures for part in parts), Measures()).to_json())


@pytest.mark.parametrize("parts", [(FRAME,), (FRAME[:1], FRAME[1:]), (FRAME[:0], FRAME[:3], FRAME[3:])])
@pytest.mark.parametrize(
    ("column", "metric", "value"),
    [
        ("day", "column.max", "2024-01-01"), ("day", "column.min", "1999-02-01"), ("n", "column.min", -1), ("n", "column.sum", 6.0), ("n", "column.mean", 2.0), ("d", "column.sum", -0.7), ("d", "column.mean", UNKNOWN),
        ("r", "column.mean", UNKNOWN), ("r", "column.max", UNKNOWN), ("r", "column.non_null_count", 3), ("s", "column.distinct_values.count", 2), ("s", "column.distinct_values", {"a", "b"}),
        ("s", "column_values.nonnull.unexpected_count", 1), ("s", "column.quantile_values", UNKNOWN), ("q", "column.sum", 0.4), ("q", "column.mean", float(Fraction(2, 3) * Fraction(0.1) + Fraction(0.2) / 3)), ("q", "column.median", 0.1),
        ("n", "column.median", 3.0), ("r", "column.median", UNKNOWN), ("s", "column.median", UNKNOWN),
    ],
)  # fmt: skip
def test_parts_add_up(parts: tuple[pl.DataFrame, ...], column: str, metric: str, value: Any) -> None:
    found = measures(*parts)
    assert told(found.columns[column], metric, {}, found.rows) == value


NUMBERS = st.lists(st.one_of(st.none(), st.integers(-3, 3), st.floats(-2, 2, allow_nan=False, width=16)), max_size=40)


@given(NUMBERS, st.integers(0, 40), st.lists(st.floats(0.01, 1), min_size=1, max_size=4))
def test_counts_tell_what_all_rows_in_order_would(numbers: list[float | None], cut: int, shares: list[float]) -> None:
    cells = [None if number is None else float(number) for number in numbers]
    parts = [pl.DataFrame({"_record": range(len(part)), "q": pl.Series(part, dtype=pl.Float64)}) for part in (cells[:cut], cells[cut:])]
    rules = [Rule(type_, type_, {"column": "q"}, "critical", "aggregate", "suite") for type_ in ("expect_column_median_to_be_between", "expect_column_sum_to_be_between")]
    found = Measures.from_json(sum((judge(part, rules, {}, ()).measures for part in parts), Measures()).to_json())
    there = sorted(cell for cell in cells if cell is not None)
    if not there:
        assert all(told(summary, "column.median", {}, found.rows) is UNKNOWN for summary in found.columns.values())
        return
    asked = {"quantiles": tuple(shares), "allow_relative_error": False}
    assert told(found.columns["q"], "column.quantile_values", asked, found.rows) == [there[math.ceil(share * len(there)) - 1] for share in shares]
    assert told(found.columns["q"], "column.median", {}, found.rows) == statistics.median(there)
    assert told(found.columns["q"], "column.sum", {}, found.rows) == math.fsum(there)
    assert told(found.columns["q"], "column.quantile_values", asked | {"allow_relative_error": 0.1}, found.rows) is UNKNOWN


def test_of_more_numbers_than_are_counted_nothing_is_told() -> None:
    many = pl.DataFrame({"_record": range(COUNTED + 1), "q": [float(i) for i in range(COUNTED + 1)]})
    rules = [Rule("1", "expect_column_median_to_be_between", {"column": "q"}, "critical", "aggregate", "suite")]
    for parts in ((many,), (many[:700], many[700:])):
        found = sum((judge(part, rules, {}, ()).measures for part in parts), Measures())
        assert told(found.columns["q"], "column.median", {}, found.rows) is UNKNOWN
    kept = judge(many[1:], rules, {}, ()).measures
    assert told(kept.columns["q"], "column.median", {}, kept.rows) == (COUNTED + 1) / 2


def test_sets_are_compared_only_with_values_of_their_type() -> None:
    summary = measures(FRAME).columns["s"]
    assert told(summary, "column.distinct_values.not_in_set.count", {"value_set": ["a"]}, 4) == 1
    assert told(summary, "column.distinct_values.missing_from_column", {"value_set": ["a", "z"]}, 4) == ["z"]
    assert told(summary, "column.distinct_values.not_in_set.count", {"value_set": ["a", 1]}, 4) is UNKNOWN


def test_many_values_large_numbers_and_persons_are_not_told() -> None:
    many = pl.DataFrame({"_record": range(FEW + 1), "s": [str(i) for i in range(FEW + 1)], "n": [1 << 53] * (FEW + 1)}).with_columns(
        pl.lit(Decimal("1.00")).alias("d"), pl.lit(dt.date(2024, 1, 1)).alias("day"), pl.lit(1.0).alias("r"), pl.lit(1.0).alias("q")
    )
    found = measures(many[:60], many[60:])
    assert told(found.columns["s"], "column.distinct_values.count", {}, found.rows) is UNKNOWN
    assert told(found.columns["n"], "column.sum", {}, found.rows) is UNKNOWN
    assert "s" not in measures(FRAME, personal=("s",)).columns
