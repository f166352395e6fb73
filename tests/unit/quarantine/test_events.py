"""A step's identity, the order of events, the rules they name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jobs.cli.quarantine import require_narrow, selection_of
from jobs.platform.errors import LakeError, signed
from jobs.quality.rules import Rule
from jobs.quarantine.events import Outcome, Step, event_row, fingerprints, in_order, next_number
from jobs.quarantine.selecting import Selection

STEP = Step("release", "Ann", "seen on paper", Selection(rule="between:amount", periods=("2024",)))
RULE = Rule("between:amount", "expect_column_values_to_be_between", {"column": "amount", "min_value": 0}, "critical", "row", "contract")


def test_the_same_step_at_the_same_place_is_the_same_event() -> None:
    same = Step("release", "Ann", "seen on paper", Selection(rule="between:amount", periods=("2024",)))
    assert STEP.event("a.b", 1) == same.event("a.b", 1)
    others = [STEP.event("a.b", 2), STEP.event("a.c", 1), replace(STEP, by="Bo").event("a.b", 1), replace(STEP, because="x").event("a.b", 1)]
    others += [replace(STEP, selection=Selection(rule="between:amount")).event("a.b", 1), replace(STEP, source="amount = 1").event("a.b", 1)]
    assert len({STEP.event("a.b", 1), *others}) == 7


def test_events_stand_in_the_order_of_their_numbers_and_a_look_is_none() -> None:
    rows = [{"event": "b", "number": 2, "action": "fix"}, {"event": "c", "number": 0, "action": "look"}, {"event": "z", "number": 1, "action": "fix"}, {"event": "a", "number": 2, "action": "fix"}]
    assert [row["event"] for row in in_order(rows)] == ["z", "a", "b"]
    assert (next_number(rows), next_number([])) == (3, 1)


def test_an_event_names_its_rules_as_they_were() -> None:
    row = event_row("a.b", 1, STEP, Outcome(5, 3, {"between:amount": 5}, {"castable:amount": 2}), [RULE])
    assert (row["rows"], row["passing"], row["quarantined"], row["applied"]) == (5, 3, 2, False)
    found = fingerprints([RULE], ["between:amount", "castable:amount", "ragged", "old"])
    assert found["between:amount"] == RULE.fingerprint
    assert (found["ragged"], found["old"]) == ("reader", "gone")
    assert len(found["castable:amount"]) == 16
    assert row["selection"] == '{"periods": ["2024"], "rule": "between:amount", "status": "open"}'


def test_a_decision_says_who_why_and_what() -> None:
    with pytest.raises(LakeError, match="a name and a reason"):
        signed("Ann", " ")
    with pytest.raises(LakeError, match="no status 'closed'"):
        selection_of(None, None, None, None, None, "closed")
    with pytest.raises(LakeError, match="which rows"):
        require_narrow(selection_of(None, None, None, None, None, "open"), every=False)
    require_narrow(selection_of(None, None, None, None, None, "open"), every=True)
    require_narrow(selection_of(None, None, None, [3], None, "open"), every=False)
