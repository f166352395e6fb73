"""What landing counts of keys. That Spark and Great Expectations count the same is in tests/integration/test_two_judges.py."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from jobs.quality.keys import countable, key_measures
from jobs.quality.measures import Measures, RuleMeasure
from jobs.quality.rules import Rule

ROWS = pl.DataFrame({
    "a": ["x", "x", "x", None, None, "y"], "b": [1, 1, None, None, None, 2], "real": [0.0, -0.0, None, None, None, 2.0],
})  # fmt: skip
VALID = pl.Series([True, True, True, True, True, True])


def rule(columns: list[str], **kwargs: Any) -> Rule:
    type_, said = ("expect_column_values_to_be_unique", {"column": columns[0]}) if len(columns) == 1 else ("expect_compound_columns_to_be_unique", {"column_list": columns})
    return Rule("key", type_, said | kwargs, "critical", "rows", "contract")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (rule(["a"]), RuleMeasure(4, 2, 3, shared=3)),
        (rule(["a", "b"]), RuleMeasure(4, 2, 2, shared=2)),
        (rule(["a", "b"], ignore_row_if="any_value_is_missing"), RuleMeasure(3, 3, 2, shared=2)),
        (rule(["a", "b"], ignore_row_if="never"), RuleMeasure(6, 0, 4, shared=2)),
        (rule(["a", "a"]), RuleMeasure(4, 2, 3, shared=3)),
    ],
)
def test_repeats_of_a_key(asked: Rule, expected: RuleMeasure) -> None:
    assert key_measures(ROWS, [asked], VALID) == {"key": expected}


def test_rows_that_are_rejected_anyway_share_no_key_with_valid_ones() -> None:
    assert key_measures(ROWS, [rule(["a"])], pl.Series([True, False, False, True, True, True]))["key"] == RuleMeasure(4, 2, 3, shared=0)


def test_no_rows_and_what_is_left_to_spark() -> None:
    assert key_measures(ROWS[:0], [rule(["a"])], VALID[:0]) == {"key": RuleMeasure()}
    assert key_measures(ROWS, [rule(["real"])], VALID) == {}
    assert countable([rule(["a"], row_condition="b > 0", condition_parser="spark")]) == ()


def test_keys_are_kept_beside_the_other_measures() -> None:
    one = Measures(6, {"other": RuleMeasure(6)}, keys=key_measures(ROWS, [rule(["a"])], VALID))
    assert Measures.from_json(one.to_json()) == one
    assert (one + one).keys == {"key": RuleMeasure(8, 4, 6, shared=6)}
    assert set(one.all) == {"other", "key"}
