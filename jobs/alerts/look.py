"""One look through the ledger: what is wrong now, what is well again, and who has to be told."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jobs.alerts.channels import ChannelDown, send
from jobs.alerts.conditions import Condition, Facts, conditions, last_runs
from jobs.alerts.config import Channel
from jobs.alerts.message import Message, message
from jobs.alerts.state import OPEN, Alert, after_look, due, noted, opened, recovered
from jobs.contracts.load import load_all
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings

log = logging.getLogger("civiclake")
Send = Callable[[Settings, Channel, Message], None]
RUNS = ("dataset", "job", "outcome", "ended_at")
FILES = ("dataset", "delivery", "period", "name", "outcome", "reason", "rows", "quarantined", "quarantined_rows", "landed_at", "updated_at")
RECEIPTS = ("dataset", "delivered_at")


@dataclass(frozen=True)
class Looked:
    """`open`: alerts that are; `told`: alerts that channels were told of; `down`: channel → why it could not be told."""

    open: int
    told: int
    down: dict[str, str]


def look(settings: Settings, now: dt.datetime | None = None, sending: Send = send) -> Looked:
    """Look, tell, and note who was told. A channel that is down is noted and tried again at the next look."""
    now = now or dt.datetime.now(dt.UTC)
    ledger = Ledger(settings)
    contracts, findings = load_all(settings.root)
    facts = Facts(contracts, findings, ledger.columns("runs", RUNS), ledger.columns("deliveries", FILES), ledger.columns("receipts", RECEIPTS))
    known = alerts_of(ledger)
    stand = after_look(known, conditions(facts, now), last_runs(facts.runs), [contract.dataset for contract in contracts], now)
    return _tell(settings, ledger, _changed(stand, known), stand, now, sending)


def alerts_of(ledger: Ledger) -> list[Alert]:
    return [Alert.from_row(row) for row in ledger.rows("alerts")]


def _changed(stand: Sequence[Alert], known: Sequence[Alert]) -> list[Alert]:
    before = {alert.alert: _said(alert) for alert in known}
    return [alert for alert in stand if before.get(alert.alert) != _said(alert)]


def _said(alert: Alert) -> tuple[object, ...]:
    """`seen_at` alone is no change that is worth a commit, but of a step that failed again."""
    return alert.state, alert.text, alert.way_out, alert.seen_at if alert.kind == "failed" else None


def _tell(settings: Settings, ledger: Ledger, changed: Sequence[Alert], stand: Sequence[Alert], now: dt.datetime, sending: Send) -> Looked:
    """The alerts are noted first, then each channel is told and that is noted: who is killed between the two tells once more, and never not at all."""
    ledger.merge("alerts", [alert.to_row() for alert in changed])
    alerts, down, told = {alert.alert: alert for alert in stand}, {}, set()
    repeat = dt.timedelta(hours=settings.alerts.repeat_hours) if settings.alerts.repeat_hours is not None else None
    for channel in settings.alerts.channels:
        news = due(alerts.values(), channel.name, channel.departments, repeat, now)
        if not news:
            continue
        problem = ""
        try:
            sending(settings, channel, message(settings.city, channel.name, news))
            told |= {alert.alert for alert in news}
        except ChannelDown as failed:
            problem = down[channel.name] = failed.message
            log.warning("%s", failed.message)
        after = [noted(alert, channel.name, now, problem) for alert in news]
        ledger.merge("alerts", [alert.to_row() for alert in after])
        alerts |= {alert.alert: alert for alert in after}
    return Looked(sum(alert.state == OPEN for alert in alerts.values()), len(told), down)


def tell(settings: Settings, condition: Condition, sending: Send = send) -> Looked:
    """Tell of something that Airflow has noticed, as a look would; without the ledger, if it cannot be reached, rather than not at all."""
    now = dt.datetime.now(dt.UTC)
    try:
        ledger = Ledger(settings)
        before = next((alert for alert in alerts_of(ledger) if alert.alert == condition.id), None)
    except Exception as problem:  # noqa: BLE001 - whatever keeps the ledger away, somebody must hear of the failure
        log.warning("the ledger cannot be reached, so it is not known who has been told: %s", type(problem).__name__)
        return _tell_without_ledger(settings, opened(condition, None, now), sending)
    alert = opened(condition, before, now)
    return _tell(settings, ledger, [alert], [alert], now, sending)


def _tell_without_ledger(settings: Settings, alert: Alert, sending: Send) -> Looked:
    down = {}
    channels = [channel for channel in settings.alerts.channels if due([alert], channel.name, channel.departments, None, alert.seen_at)]
    for channel in channels:
        try:
            sending(settings, channel, message(settings.city, channel.name, [alert]))
        except ChannelDown as failed:
            down[channel.name] = failed.message
    return Looked(1, int(len(down) < len(channels)), down)


def well_again(settings: Settings, dataset: str, sending: Send = send) -> Looked:
    """What Airflow told of a DAG that has no dataset of its own is over: it has run through."""
    now, ledger = dt.datetime.now(dt.UTC), Ledger(settings)
    over = [recovered(alert, now) for alert in alerts_of(ledger) if alert.dataset == dataset and alert.state == OPEN]
    return _tell(settings, ledger, over, over, now, sending)
