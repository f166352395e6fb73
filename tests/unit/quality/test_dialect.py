"""Which rules are judged while landing, and why the others are not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jobs.contracts.model import Column
from jobs.quality.dialect import DECISIONS, unfused
from jobs.quality.row_tests import ROW_TYPES

KINDS = ("string", "integer", "decimal", "double", "boolean", "date", "timestamp", "json")
COLUMNS = {kind: Column(kind, kind, kind, precision=18, scale=2) for kind in KINDS} | {"money": Column("money", "money", "decimal", precision=12, scale=4)}  # type: ignore[arg-type]

FUSED: list[tuple[str, dict[str, Any]]] = [
    ("expect_column_values_to_not_be_null", {"column": "date"}), ("expect_column_values_to_be_between", {"column": "integer", "min_value": 1.5}),
    ("expect_column_values_to_be_between", {"column": "decimal", "min_value": 1, "strict_min": True, "mostly": 0.9}),
    ("expect_column_values_to_be_between", {"column": "date", "min_value": "2000-01-01", "max_value": dt.date(2030, 1, 1)}),
    ("expect_column_values_to_be_between", {"column": "timestamp", "min_value": "2000-01-01T00:00:00+08:00", "max_value": "2030-01-01"}),
    ("expect_column_values_to_be_in_set", {"column": "string", "value_set": ["a", "1"]}), ("expect_column_values_to_be_in_set", {"column": "integer", "value_set": [1, -2]}),
    ("expect_column_values_to_not_be_in_set", {"column": "boolean", "value_set": [True]}), ("expect_column_values_to_match_regex", {"column": "json", "regex": r"^\["}),
    ("expect_column_value_lengths_to_equal", {"column": "string", "value": 3}), ("expect_column_pair_values_to_be_equal", {"column_A": "date", "column_B": "date"}),
]  # fmt: skip
UNFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("expect_column_values_to_be_between", {"column": "string", "min_value": 1}, "string"), ("expect_column_values_to_be_between", {"column": "boolean", "min_value": 0}, "boolean"),
    ("expect_column_values_to_be_between", {"column": "date", "min_value": "2000-01-01T00:00:00"}, "date"), ("expect_column_values_to_be_between", {"column": "date", "min_value": "1999-02-30"}, "date"),
    ("expect_column_values_to_be_between", {"column": "integer", "min_value": "1"}, "integer"), ("expect_column_values_to_be_between", {"column": "integer"}, "no bound"),
    ("expect_column_values_to_be_in_set", {"column": "string", "value_set": ["a", 1]}, "string"), ("expect_column_values_to_be_in_set", {"column": "integer", "value_set": [1, True]}, "integer"),
    ("expect_column_values_to_be_in_set", {"column": "integer", "value_set": [1 << 63]}, "integer"), ("expect_column_values_to_be_in_set", {"column": "string", "value_set": ["a", None]}, "string"),
    ("expect_column_values_to_be_in_set", {"column": "decimal", "value_set": [1.5]}, "decimal"), ("expect_column_values_to_be_in_set", {"column": "string", "value_set": []}, "no set"),
    ("expect_column_values_to_match_regex", {"column": "string", "regex": "a(?=b)"}, "regex"), ("expect_column_values_to_not_match_regex", {"column": "integer", "regex": "1"}, "integer"),
    ("expect_column_value_lengths_to_be_between", {"column": "double", "max_value": 3}, "double"), ("expect_column_value_lengths_to_be_between", {"column": "string", "max_value": 3.5}, "whole"),
    ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "decimal", "column_B": "money"}, "decimal"),
    ("expect_column_pair_values_to_be_equal", {"column_A": "string", "column_B": "integer"}, "integer"),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "kwargs"), FUSED)
def test_judged_while_landing(type_: str, kwargs: dict[str, Any]) -> None:
    assert unfused(type_, kwargs, COLUMNS) is None


@pytest.mark.parametrize(("type_", "kwargs", "said"), UNFUSED)
def test_left_to_spark_with_a_reason(type_: str, kwargs: dict[str, Any], said: str) -> None:
    assert said in (unfused(type_, kwargs, COLUMNS) or "")


def test_every_type_that_has_arguments_is_decided_about() -> None:
    assert set(ROW_TYPES) - set(DECISIONS) == {"expect_column_values_to_not_be_null", "expect_column_values_to_be_null"}
