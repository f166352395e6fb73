"""What landing tells of whole columns: parts add up, and where they cannot, nothing is told."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from jobs.quality.compile import judge
from jobs.quality.measures import Measures
from jobs.quality.rules import Rule
from jobs.quality.summaries import FEW, UNKNOWN, told

FRAME = pl.DataFrame({
    "_record": [1, 2, 3, 4], "n": [4, -1, None, 3], "s": ["a", "b", "a", None], "d": [Decimal("0.10"), Decimal("0.20"), None, Decimal("-1.00")],
    "day": [dt.date(2024, 1, 1), None, dt.date(1999, 2, 1), None], "r": [0.1, float("nan"), 0.3, None],
})  # fmt: skip
ASKED = [
    Rule(str(i), type_, {"column": column}, "critical", "aggregate", "suite")
    for i, (type_, column) in enumerate([
        ("expect_column_max_to_be_between", "day"), ("expect_column_min_to_be_between", "n"), ("expect_column_sum_to_be_between", "n"), ("expect_column_sum_to_be_between", "d"),
        ("expect_column_mean_to_be_between", "r"), ("expect_column_max_to_be_between", "r"), ("expect_column_unique_value_count_to_be_between", "s"), ("expect_column_mean_to_be_between", "d"),
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
        ("s", "column_values.nonnull.unexpected_count", 1), ("s", "column.quantile_values", UNKNOWN),
    ],
)  # fmt: skip
def test_parts_add_up(parts: tuple[pl.DataFrame, ...], column: str, metric: str, value: Any) -> None:
    found = measures(*parts)
    assert told(found.columns[column], metric, {}, found.rows) == value


def test_sets_are_compared_only_with_values_of_their_type() -> None:
    summary = measures(FRAME).columns["s"]
    assert told(summary, "column.distinct_values.not_in_set.count", {"value_set": ["a"]}, 4) == 1
    assert told(summary, "column.distinct_values.missing_from_column", {"value_set": ["a", "z"]}, 4) == ["z"]
    assert told(summary, "column.distinct_values.not_in_set.count", {"value_set": ["a", 1]}, 4) is UNKNOWN


def test_many_values_large_numbers_and_persons_are_not_told() -> None:
    many = pl.DataFrame({"_record": range(FEW + 1), "s": [str(i) for i in range(FEW + 1)], "n": [1 << 53] * (FEW + 1)}).with_columns(
        pl.lit(Decimal("1.00")).alias("d"), pl.lit(dt.date(2024, 1, 1)).alias("day"), pl.lit(1.0).alias("r")
    )
    found = measures(many[:60], many[60:])
    assert told(found.columns["s"], "column.distinct_values.count", {}, found.rows) is UNKNOWN
    assert told(found.columns["n"], "column.sum", {}, found.rows) is UNKNOWN
    assert "s" not in measures(FRAME, personal=("s",)).columns
