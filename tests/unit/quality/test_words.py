"""A rule in words, for every type that judges rows."""

from __future__ import annotations

import pytest

from jobs.quality.row_tests import ROW_TYPES
from jobs.quality.rules import Rule
from jobs.quality.words import WORDS, message_of


def rule(type_: str, **kwargs: object) -> Rule:
    meta = kwargs.pop("meta", {})
    return Rule("r", type_, kwargs, "critical", "row", "suite", meta)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (rule("expect_column_values_to_be_between", column="a", min_value=1, max_value=15), "must be at least 1 and at most 15"),
        (rule("expect_column_values_to_be_between", column="a", min_value=0, strict_min=True), "must be more than 0"),
        (rule("expect_column_value_lengths_to_be_between", column="a", max_value=8), "must be at most 8 characters long"),
        (rule("expect_column_values_to_be_in_set", column="a", value_set=list(range(14))), "must be one of: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more"),
        (rule("expect_column_values_to_not_be_null", column="a", meta={"message": {"zh": "必填", "en": "needed"}}), "needed"),
        (rule("expect_column_values_to_not_be_null", column="a", meta={"message": {"zh": "必填"}}), "必填"),
        (rule("expect_compound_columns_to_be_unique", column_list=["a", "b"]), "another row has the same a and b"),
    ],
)
def test_a_rule_is_said_in_words(made: Rule, said: str) -> None:
    assert message_of(made) == said


def test_every_type_that_judges_rows_has_words() -> None:
    assert set(ROW_TYPES) <= set(WORDS)
