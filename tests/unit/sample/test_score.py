"""The comparison with the truth finds every kind of difference, and none where there is none."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.sample.city.score import scored

EXPECTED = {
    "dataset": "a.b", "period": "2025-01", "name": "x.csv", "sha256": "1", "outcome": "landed", "reason": None, "rows": 10, "quarantined": 2, "silver": 7, "duplicate": 1,
    "superseded": 0, "held": 0, "replaced": False,
}  # fmt: skip
FOUND = EXPECTED | {"delivery": "d", "quarantined_rows": 2}
FAULT = {"sha256": "1", "rule": "in_set:sex", "rows": 2}
CHECK = {"delivery": "d", "rule": "in_set:sex", "severity": "critical", "column": "sex", "type": "expect_column_values_to_be_in_set", "unexpected": 2}


def differences(expected: dict[str, Any] = EXPECTED, found: list[dict[str, Any]] | None = None, checks: list[dict[str, Any]] | None = None) -> list[str]:
    score = scored("a.b", [expected], [FAULT], [FOUND] if found is None else found, [CHECK] if checks is None else checks)
    return [f"{d.what}: {d.expected} / {d.found}" for d in score.differences]


def test_nothing_differs_where_the_lake_is_right() -> None:
    assert differences() == []


@pytest.mark.parametrize("what", ["rows", "quarantined", "silver", "duplicate", "superseded", "held"])
def test_one_row_more_is_a_difference(what: str) -> None:
    column = "quarantined_rows" if what == "quarantined" else what
    assert differences(found=[FOUND | {column: EXPECTED[what] + 1}]) == [f"{what}: {EXPECTED[what]} / {EXPECTED[what] + 1}"]


def test_rows_whose_key_says_two_things_are_counted_after_check_and_of_what_is_held_before() -> None:
    conflicts = [FAULT, FAULT | {"rule": "compound_columns_to_be_unique:a+b", "rows": 4}]
    expected, found = EXPECTED | {"quarantined": 6, "silver": 3}, FOUND | {"quarantined": 2, "quarantined_rows": 6, "silver": 3}
    assert scored("a.b", [expected], conflicts, [found], [CHECK]).differences == ()
    held = {"outcome": "held", "held": 10, "silver": 0, "duplicate": 0}
    assert differences(EXPECTED | held, found=[FOUND | held | {"quarantined_rows": 0}]) == []


def test_a_missing_and_an_unknown_file_are_differences() -> None:
    assert differences(found=[]) == ["file: landed / not there"]
    assert differences(found=[FOUND, FOUND | {"name": "y.csv"}]) == ["file: not sent / landed"]
    assert differences(found=[FOUND, FOUND | {"name": "y.csv", "period": "2019-05"}]) == []  # of another publisher, from another time


def test_what_a_correction_replaces_may_be_absent() -> None:
    assert differences(EXPECTED | {"replaced": True}, found=[]) == []


def test_another_outcome_or_reason_is_a_difference() -> None:
    assert differences(found=[FOUND | {"outcome": "rejected", "reason": "empty"}]) == ["outcome: landed / rejected", "reason: None / empty"]


def test_rows_rejected_by_another_rule_are_a_difference() -> None:
    assert differences(checks=[CHECK | {"rule": "match_regex:id"}]) == ["rule in_set:sex: 2 / 0", "rule match_regex:id: 0 / 2"]


def test_a_value_that_cannot_be_cast_is_missing_too_and_no_other() -> None:
    fault, cast = FAULT | {"rule": "castable:born_on"}, CHECK | {"rule": "castable:born_on"}
    for missing, wrong in ((2, 0), (0, 0), (3, 1)):
        checks = [cast, CHECK | {"rule": "not_be_null:born_on", "unexpected": missing}]
        assert len(scored("a.b", [EXPECTED], [fault], [FOUND], checks).differences) == wrong
