"""Who looked at personal values of rejected rows, and why: a row of `ops.quarantine_events` a look."""

from __future__ import annotations

import datetime as dt
import hashlib
import json

from jobs.ops.ledger import Ledger
from jobs.quarantine.events import note
from jobs.quarantine.selecting import Selection


def look(ledger: Ledger, dataset: str, by: str, because: str, selection: Selection) -> None:
    """Note it before anything is shown."""
    now = dt.datetime.now(dt.UTC)
    event = hashlib.sha256(f"{dataset} {by} {now.isoformat()}".encode()).hexdigest()[:16]
    note(ledger, {
        "dataset": dataset, "event": event, "number": 0, "action": "look", "by": by, "because": because, "at": now, "selection": json.dumps(selection.said(), ensure_ascii=False),
        "source": "", "rows": 0, "passing": 0, "quarantined": 0, "before": "{}", "after": "{}", "rules": "{}", "applied": True,
    })  # fmt: skip
