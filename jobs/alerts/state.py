"""The life of an alert: open from when its trouble is first seen, recovered when it has gone; each channel is told once of each, and again after a stated time."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jobs.alerts.conditions import LAST_STEP, Condition, Row

OPEN, RECOVERED = "open", "recovered"
OF_RUNS = ("failed", "late")


@dataclass(frozen=True)
class Told:
    """What a channel was last told of an alert, and when; `problem`: why it could not be told the last time it was tried."""

    state: str = ""
    at: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Alert:
    """One row of ops.alerts. `seen_at`: when the trouble was last there, of a step when it last failed; `told`: channel → what it knows."""

    dataset: str
    alert: str
    kind: str
    subject: str
    text: str
    way_out: str
    state: str
    opened_at: dt.datetime
    seen_at: dt.datetime
    recovered_at: dt.datetime | None = None
    told: Mapping[str, Told] = field(default_factory=dict)

    def to_row(self) -> dict[str, Any]:
        return vars(self) | {"told": json.dumps({name: vars(told) for name, told in self.told.items()})}

    @staticmethod
    def from_row(row: Row) -> Alert:
        return Alert(**{**row, "told": {name: Told(**told) for name, told in json.loads(row["told"] or "{}").items()}})


def opened(found: Condition, before: Alert | None, now: dt.datetime) -> Alert:
    """The alert of a condition that is there: the one that was open already, seen again, or a new one."""
    seen = found.since if found.kind in OF_RUNS else now
    if before and before.state == OPEN:
        return replace(before, text=found.text, way_out=found.way_out, seen_at=max(before.seen_at, seen))
    return Alert(found.dataset, found.id, found.kind, found.subject, found.text, found.way_out, OPEN, found.since, seen, None, before.told if before else {})


def recovered(alert: Alert, now: dt.datetime) -> Alert:
    return replace(alert, state=RECOVERED, recovered_at=now)


def after_look(known: Iterable[Alert], found: Sequence[Condition], last: Mapping[tuple[str, str], Row], datasets: Iterable[str], now: dt.datetime) -> list[Alert]:
    """Every alert as it stands now. `last`: of each step its last run; `datasets`: those whose contracts can be read, so that they were looked at."""
    before, there, looked_at = {alert.alert: alert for alert in known}, {condition.id: condition for condition in found}, set(datasets)
    now_open = [opened(condition, before.get(name), now) for name, condition in there.items()]
    gone = [recovered(alert, now) if alert.state == OPEN and alert.dataset in looked_at and _over(alert, last) else alert for name, alert in before.items() if name not in there]
    return [*now_open, *gone]


def _over(alert: Alert, last: Mapping[tuple[str, str], Row]) -> bool:
    """What a run did is over once one has been done since (Airflow may have told of it, with no row in the ledger); anything else once it is no longer found."""
    if alert.kind not in OF_RUNS:
        return True
    run = last.get((alert.dataset, alert.subject if alert.kind == "failed" else LAST_STEP))
    return run is not None and run["outcome"] == "done" and run["ended_at"] > alert.seen_at


def due(alerts: Iterable[Alert], channel: str, departments: Sequence[str], repeat: dt.timedelta | None, now: dt.datetime) -> list[Alert]:
    """What the channel has to be told now: of what is open and it does not know or was told too long ago, and of what it knows as open and has recovered."""
    mine = (alert for alert in alerts if not departments or alert.dataset.partition(".")[0] in departments)
    return sorted((alert for alert in mine if _to_tell(alert, alert.told.get(channel, Told()), repeat, now)), key=lambda a: (a.state, a.kind, a.dataset, a.subject))


def _to_tell(alert: Alert, told: Told, repeat: dt.timedelta | None, now: dt.datetime) -> bool:
    if alert.state == RECOVERED:
        return told.state == OPEN
    if told.state != OPEN:
        return True
    return repeat is not None and now - dt.datetime.fromisoformat(told.at) >= repeat


def noted(alert: Alert, channel: str, now: dt.datetime, problem: str = "") -> Alert:
    """With what the channel knows now; after a `problem` it knows what it knew before."""
    before = alert.told.get(channel, Told())
    after = replace(before, problem=problem) if problem else Told(alert.state, now.isoformat())
    return replace(alert, told={**alert.told, channel: after})
