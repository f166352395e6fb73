"""Rows of ops.drift: every difference between a delivery and its contract, and what the lake did about it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from jobs.readers.drift import Event, from_dicts


def drift_rows(receipts: Mapping[str, Mapping[str, Any]], events: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """`receipts`: delivery → its receipt with `copies`; `events`: delivery → what landing noted. Of several files of one content the first by name counts."""
    now = dt.datetime.now(dt.UTC)
    return [_row(receipts[delivery], event, now) for delivery, items in events.items() for event in from_dicts(items)]


def _row(receipt: Mapping[str, Any], event: Event, now: dt.datetime) -> dict[str, Any]:
    first = min(receipt["copies"], key=lambda copy: str(copy["name"]))
    return {
        "dataset": receipt["dataset"], "delivery": receipt["delivery"], "event": event.key, "period": receipt["period"], "name": first["name"], "kind": event.kind,
        "column": event.column, "header": event.header, "policy": event.policy, "done": event.done, "suggestion": event.suggestion, "found": event.found,
        "looked_at": event.looked_at, "detail": json.dumps(event.detail, ensure_ascii=False), "noted_at": now,
    }  # fmt: skip


def events_of(rows: Sequence[Mapping[str, Any]]) -> list[Event]:
    """The events that rows of ops.drift tell of."""
    names = ("kind", "column", "header", "policy", "suggestion", "found", "looked_at")
    return [Event(**{name: row[name] for name in names}, detail=json.loads(row["detail"] or "{}")) for row in rows]
