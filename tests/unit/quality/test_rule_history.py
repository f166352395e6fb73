"""The history of rules: every definition once, and the ones that judged at a moment."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jobs.cli.rule_history import moment_of
from jobs.contracts.model import Contract, Reader
from jobs.quality.history import in_force, judged, judges_of, seen, versions
from jobs.quality.rules import Rule

CONTRACT = Contract("test", "t", "t", "1.0.0", "t", "", "test", "events", "test/t", r".*\.csv", Reader("csv"), ())


def day(number: int) -> dt.datetime:
    return dt.datetime(2026, 3, number, tzinfo=dt.UTC)


def rule(most: int, *, trial: bool = False) -> Rule:
    return Rule("between:amount", "expect_column_values_to_be_between", {"column": "amount", "max_value": most}, "critical", "row", "suite", {"status": "trial"} if trial else {})


def checked(*steps: tuple[int, str, list[Rule]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of ops.rules and ops.judgements after checks on a day, of a delivery, by rules; each found 2 bad rows of 10."""
    rules: dict[tuple[str, ...], dict[str, Any]] = {}
    judgements: dict[tuple[str, ...], dict[str, Any]] = {}
    for number, delivery, mine in steps:
        rules |= {(r["rule"], r["fingerprint"], r["status"]): r for r in seen(CONTRACT, mine, rules.values(), day(number))}
        results = [{"dataset": "test.t", "delivery": delivery, "rule": r.id, "fingerprint": r.fingerprint, "engine": "trial" if r.trial else "fused", "severity": r.severity,
                    "evaluated": 10, "unexpected": 2, "success": False} for r in mine]  # fmt: skip
        judgements |= {(r["delivery"], r["rule"], r["fingerprint"], r["engine"]): r for r in judged(results, judgements.values(), day(number))}
    return list(rules.values()), list(judgements.values())


def test_a_changed_rule_is_a_second_version_that_says_what_changed() -> None:
    rules, judgements = checked((1, "a", [rule(10)]), (3, "b", [rule(20)]), (4, "c", [rule(20)]))
    first, second = versions(rules, judgements)
    assert (first.changed, first.deliveries, first.first_seen, first.last_seen) == ("", 1, day(1), day(1))
    assert (second.changed, second.deliveries, second.unexpected, second.first_seen, second.last_seen) == ("max_value: 10 → 20", 2, 4, day(3), day(4))


def test_a_rule_taken_up_after_its_trial_is_a_version_of_the_same_fingerprint() -> None:
    rules, judgements = checked((1, "a", [rule(10, trial=True)]), (2, "b", [rule(10)]))
    assert [(v.status, v.fingerprint == rule(10).fingerprint, v.deliveries) for v in versions(rules, judgements)] == [("trial", True, 1), ("judges", True, 1)]
    assert versions(rules, judgements)[1].changed == "status: trial → judges"


@pytest.mark.parametrize(("moment", "most"), [(1, [10]), (2, [10]), (3, [20]), (4, [20]), (5, [10]), (9, [])])
def test_the_rules_in_force_are_those_of_the_last_check(moment: int, most: list[int]) -> None:
    other = Rule("not_null:amount", "expect_column_values_to_not_be_null", {"column": "amount"}, "critical", "row", "suite")
    rules, judgements = checked((1, "a", [rule(10)]), (3, "b", [rule(20)]), (5, "c", [rule(10)]), (8, "d", [other]))
    found = in_force(rules, judgements, day(moment))
    assert [v.definition["kwargs"]["max_value"] for v in found if "max_value" in v.definition["kwargs"]] == most
    assert len(found) == 1


def test_nothing_is_in_force_before_the_first_check() -> None:
    assert in_force(*checked((3, "a", [rule(10)])), day(2)) == []


def test_a_delivery_that_is_checked_again_keeps_what_judged_it_first() -> None:
    rules, judgements = checked((1, "a", [rule(10)]), (2, "a", [rule(20)]), (3, "a", [rule(20)]))
    told = [(row["first_at"], row["last_at"], definition["kwargs"]["max_value"]) for row, definition in judges_of(rules, judgements, "a")]
    assert told == [(day(1), day(1), 10), (day(2), day(3), 20)]
    assert judges_of(rules, judgements, "b") == []


@pytest.mark.parametrize(("text", "moment"), [
    ("2026-03-02", dt.datetime(2026, 3, 2, 23, 59, 59, 999999, dt.UTC)), ("2026-03-02T10:00", dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)), ("0a1b2c", None),
])  # fmt: skip
def test_a_day_is_asked_about_as_it_ended(text: str, moment: dt.datetime | None) -> None:
    assert moment_of(text) == moment
