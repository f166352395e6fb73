"""Rules on trial: counted while landing, never judging, and never in the way of the others."""

from __future__ import annotations

import dataclasses
from typing import Any

import polars as pl
import pytest

from jobs.contracts.model import Column, Contract, Reader
from jobs.quality.measures import Measures, RuleMeasure
from jobs.quality.rules import Rule, judging, on_trial
from jobs.quality.trial import Tried, counted, would_hold
from jobs.quality.trial_run import counts_of

CONTRACT = Contract(
    "test", "t", "t", "1.0.0", "t", "", "test", "events", "test/t", r".*\.csv", Reader("csv"),
    (Column("id", "id", "integer"), Column("name", "name", "string", classification="personal")), tolerated_rejected_share=0.3,
)  # fmt: skip
FRAME = pl.DataFrame({"_record": [1, 2, 3, 4], "id": [1, 20, 30, None], "name": ["ann", "ben", None, "d"], "_rejected": [False, True, False, False]})


def rule(type_: str = "expect_column_values_to_be_between", severity: Any = "critical", scope: Any = "row", status: str = "trial", **kwargs: Any) -> Rule:
    return Rule(f"{type_}:{kwargs.get('column')}", type_, kwargs, severity, scope, "suite", {"status": status} if status else {})


SMALL = rule(column="id", max_value=10)
WRONG = rule(column="nosuch", max_value=10)
NAMED = rule("expect_column_value_lengths_to_be_between", column="name", min_value=2)


def test_a_rule_is_on_trial_by_its_status_and_keeps_its_fingerprint_when_it_is_taken_up() -> None:
    taken_up = dataclasses.replace(SMALL, meta={})
    assert (on_trial([SMALL, taken_up]), judging([SMALL, taken_up])) == ((SMALL,), (taken_up,))
    assert SMALL.fingerprint == taken_up.fingerprint


@pytest.mark.parametrize("change", [{"severity": "warning"}, {"kwargs": {"column": "id", "max_value": 11}}, {"kwargs": {"column": "id", "max_value": 10, "mostly": 0.9}},
                                    {"kwargs": {"column": "id", "max_value": 10, "row_condition": "id > 3"}}, {"type": "expect_column_max_to_be_between"}])  # fmt: skip
def test_what_a_rule_demands_is_in_its_fingerprint(change: dict[str, Any]) -> None:
    assert dataclasses.replace(SMALL, **change).fingerprint != SMALL.fingerprint


def test_the_order_of_arguments_and_the_words_are_not_in_its_fingerprint() -> None:
    assert dataclasses.replace(SMALL, kwargs={"max_value": 10, "column": "id"}, meta={"message": "small"}).fingerprint == SMALL.fingerprint


def test_what_a_rule_on_trial_would_reject_is_counted_beside_one_that_raises() -> None:
    found = counted(FRAME, [SMALL, WRONG, NAMED], CONTRACT.personal_columns)
    assert found[SMALL.id] == RuleMeasure(3, 1, 2, ((2, "20"), (3, "30")))
    assert found[NAMED.id] == RuleMeasure(3, 1, 1, ((4, "•••"),))
    assert found[WRONG.id].problem is not None
    assert "ColumnNotFound" in found[WRONG.id].problem or "KeyError" in found[WRONG.id].problem


def test_a_problem_stays_when_pieces_add_up_and_are_read_again() -> None:
    pieces = [Measures(4, {WRONG.id: RuleMeasure(problem="it raised")}), Measures(4, {WRONG.id: RuleMeasure(4, 0, 1)})]
    assert Measures.from_json(sum(pieces, Measures()).to_json()).rules[WRONG.id].problem == "it raised"


def test_over_history_the_rows_that_nothing_else_rejects_are_told_apart() -> None:
    found = counts_of(FRAME, SMALL, CONTRACT.personal_columns)
    assert (found["evaluated"], found["unexpected"], found["newly"], found["problem"]) == (3, 2, 1, None)
    assert found["sample"] == [{"record": 2, "value": "20"}, {"record": 3, "value": "30"}]
    assert counts_of(FRAME, WRONG, CONTRACT.personal_columns)["problem"]


ROW = {"rows": 10, "quarantined": 2, "quarantined_rows": None}
MOSTLY = rule(column="id", max_value=10, mostly=0.8)
TOTAL = rule("expect_table_row_count_to_be_between", scope="aggregate", min_value=100)


@pytest.mark.parametrize(
    ("tried", "why"),
    [
        (Tried("d", SMALL, 10, 1, 1, False), None),
        (Tried("d", SMALL, 10, 5, 2, False), "40.0% of the rows would be rejected, the contract tolerates 30.0%"),
        (Tried("d", dataclasses.replace(SMALL, severity="warning"), 10, 5, 2, False), None),
        (Tried("d", MOSTLY, 10, 2, 0, True), None),
        (Tried("d", MOSTLY, 10, 3, 0, False), "it holds for too few rows: 3 of 10 fail, at least 80% must hold"),
        (Tried("d", TOTAL, None, None, None, False, "10"), "it fails: observed 10"),
        (Tried("d", TOTAL, None, None, None, True, "100"), None),
        (Tried("d", TOTAL, problem="it raised"), None),
    ],
)
def test_a_delivery_would_be_held_for_what_would_hold_it(tried: Tried, why: str | None) -> None:
    assert would_hold(CONTRACT, tried, ROW) == why


def test_an_error_quotes_no_personal_value() -> None:
    frame = FRAME.with_columns(name=pl.Series(["zeynep", "ben", None, "d"]))
    wrong = rule(column="name", max_value="10")
    assert "zeynep" not in str(counted(frame, [wrong], CONTRACT.personal_columns)[wrong.id].problem)
