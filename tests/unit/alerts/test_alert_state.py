"""The life of an alert, and what each channel is told of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from jobs.alerts.conditions import Condition, failed_step, last_runs, late_run
from jobs.alerts.state import Alert, after_look, due, noted, opened

REPEAT = dt.timedelta(hours=24)
DATASET = "water.reading"


def hour(number: float) -> dt.datetime:
    return dt.datetime(2026, 3, 1, tzinfo=dt.UTC) + dt.timedelta(hours=number)


def stale(since: float = 0) -> Condition:
    return Condition("stale", DATASET, "freshness", "nothing has come", "ask", hour(since))


def step(outcome: str, at: float, job: str = "land") -> dict[str, Any]:
    return {"dataset": DATASET, "job": job, "outcome": outcome, "ended_at": hour(at)}


def looked(known: list[Alert], found: list[Condition], at: float, runs: list[dict[str, Any]] | None = None, datasets: tuple[str, ...] = (DATASET,)) -> list[Alert]:
    return after_look(known, found, last_runs(runs or []), datasets, hour(at))


def told(alerts: list[Alert], at: float, channel: str = "mail") -> tuple[list[str], list[Alert]]:
    """The states the channel is told, and the alerts with that noted."""
    news = due(alerts, channel, (), REPEAT, hour(at))
    after = {alert.alert: noted(alert, channel, hour(at)) for alert in news}
    return [alert.state for alert in news], [after.get(alert.alert, alert) for alert in alerts]


def test_an_alert_is_told_once_then_after_a_day_and_once_when_it_is_over() -> None:
    alerts: list[Alert] = []
    heard = []
    for at in (1, 2, 24, 25.5, 26):
        alerts = looked(alerts, [stale()], at)
        said, alerts = told(alerts, at)
        heard.append(said)
    for at in (27, 28):
        alerts = looked(alerts, [], at)
        said, alerts = told(alerts, at)
        heard.append(said)
    assert heard == [["open"], [], [], ["open"], [], ["recovered"], []]
    assert alerts[0].opened_at == hour(0)
    assert alerts[0].recovered_at == hour(27)


def test_what_comes_back_is_told_again() -> None:
    _, alerts = told(looked([], [stale()], 1), 1)
    _, alerts = told(looked(alerts, [], 2), 2)
    said, alerts = told(looked(alerts, [stale(3)], 3), 3)
    assert (said, alerts[0].opened_at, alerts[0].recovered_at) == (["open"], hour(3), None)


def test_what_was_over_before_a_channel_heard_of_it_is_not_told() -> None:
    alerts = looked(looked([], [stale()], 1), [], 2)
    assert told(alerts, 2)[0] == []


def test_a_channel_that_was_down_is_told_later_and_the_others_once() -> None:
    alerts = looked([], [stale()], 1)
    _, alerts = told(alerts, 1, "hook")
    alerts = [noted(alert, "mail", hour(1), "it answered 500") for alert in alerts]
    assert alerts[0].told["mail"].problem == "it answered 500"
    alerts = looked(alerts, [stale()], 2)
    assert (told(alerts, 2, "hook")[0], told(alerts, 2, "mail")[0]) == ([], ["open"])
    alerts = told(alerts, 2, "mail")[1]
    assert (alerts[0].told["mail"].problem, told(alerts, 3, "mail")[0]) == ("", [])


def test_a_channel_of_departments_hears_of_no_other() -> None:
    alerts = looked([], [stale()], 1)
    assert due(alerts, "mail", ("finance",), REPEAT, hour(1)) == []
    assert due(alerts, "mail", ("finance", "water"), REPEAT, hour(1)) == alerts


def test_what_airflow_told_of_is_over_only_when_the_step_has_been_done_since() -> None:
    failed = opened(failed_step(DATASET, "land", hour(5)), None, hour(5))
    assert looked([failed], [], 6, [step("done", 4)])[0].state == "open", "the run that was done is an earlier one"
    assert looked([failed], [], 6, [step("done", 5.5, "check")])[0].state == "open", "another step"
    assert looked([failed], [], 6, [step("done", 5.5)])[0].state == "recovered"
    late = opened(late_run(DATASET, "water__reading", "run", 120, hour(5)), None, hour(5))
    assert looked([late], [], 6, [step("done", 5.5)])[0].state == "open"
    assert looked([late], [], 6, [step("done", 5.5, "conform")])[0].state == "recovered"


def test_what_airflow_and_the_ledger_tell_is_one_alert() -> None:
    failed = opened(failed_step(DATASET, "land", hour(5)), None, hour(5))
    (alert,) = looked([failed], [failed_step(DATASET, "land", hour(4.9))], 6)
    assert (alert.alert, alert.opened_at, alert.seen_at) == (failed.alert, hour(5), hour(5))


def test_an_alert_of_what_was_not_looked_at_stays() -> None:
    alerts = looked([], [stale()], 1)
    assert looked(alerts, [], 2, datasets=())[0].state == "open"


@pytest.mark.parametrize("alert", [noted(opened(stale(), None, hour(1)), "mail", hour(1)), replace(opened(stale(), None, hour(1)), recovered_at=hour(2), state="recovered")])
def test_an_alert_is_the_same_after_the_ledger(alert: Alert) -> None:
    assert Alert.from_row(alert.to_row()) == alert
