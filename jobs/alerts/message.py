"""What a channel is told at once: all that is new for it, in one message."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jobs.alerts.state import OPEN, Alert

MOST = 50  # alerts that are written out; what there is more is counted


@dataclass(frozen=True)
class Message:
    """`id`: the same for the same news, so that a receiver can tell a repeat."""

    id: str
    subject: str
    text: str
    alerts: tuple[dict[str, Any], ...]


def message(city: str, channel: str, alerts: Sequence[Alert]) -> Message:
    open_, over = [a for a in alerts if a.state == OPEN], [a for a in alerts if a.state != OPEN]
    counts = [f"{len(open_)} open" if open_ else "", f"{len(over)} recovered" if over else ""]
    only = f": {alerts[0].dataset} {_line(alerts[0])}" if len(alerts) == 1 else ""
    subject = f"[{city} lake] {', '.join(filter(None, counts))}{only}"
    shown = [_paragraph(alert) for alert in (*open_, *over)][:MOST]
    more = [f"and {len(alerts) - MOST} more: ./lake alerts"] if len(alerts) > MOST else []
    known = repr((channel, [(a.alert, a.state, a.opened_at.isoformat(), a.told[channel].at if channel in a.told else "") for a in alerts]))
    return Message(hashlib.sha256(known.encode()).hexdigest()[:24], " ".join(subject.split())[:200], "\n\n".join([*shown, *more]), tuple(map(_facts, alerts)))


def _line(alert: Alert) -> str:
    return alert.text if alert.state == OPEN else f"is well again ({alert.text})"


def _paragraph(alert: Alert) -> str:
    if alert.state == OPEN:
        return f"OPEN since {alert.opened_at:%Y-%m-%d %H:%M} UTC: {alert.dataset}: {alert.text}\n  → {alert.way_out}"
    return f"RECOVERED {alert.recovered_at:%Y-%m-%d %H:%M} UTC: {alert.dataset}: {alert.text}"


def _facts(alert: Alert) -> dict[str, Any]:
    moments = {"since": alert.opened_at.isoformat(), "recovered": alert.recovered_at.isoformat() if alert.recovered_at else None}
    return {"id": alert.alert, "dataset": alert.dataset, "kind": alert.kind, "subject": alert.subject, "state": alert.state, "text": alert.text, "way_out": alert.way_out} | moments


def trial(city: str, channel: str) -> Message:
    """By which a person sees that a channel works."""
    return Message(hashlib.sha256(f"trial {channel}".encode()).hexdigest()[:24], f"[{city} lake] a trial message", f"Alerts of the lake reach the channel {channel}.", ())
