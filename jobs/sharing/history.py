"""What happened with a share, in one order: asked, decided, delivered, read."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.ops.ledger import Ledger
from jobs.platform.access_log import taken
from jobs.platform.components import share_access
from jobs.sharing.access import CATALOGUE, USER
from jobs.sharing.events import events


@dataclass(frozen=True)
class Happened:
    at: dt.datetime
    what: str
    by: str
    detail: str


def collect(ledger: Ledger) -> int:
    """Bring what the store told of recipients' requests into the ledger; the lake's own are left out. Returns how many came."""
    return taken(share_access(ledger.settings), lambda records: ledger.merge("share_access", list(filter(None, map(_row, records)))))


def _row(record: Mapping[str, Any]) -> dict[str, Any] | None:
    user, parts = record["requester_identity"] or record["requester"] or "", (record["key"] or "").split("/")
    if user and not user.startswith(USER):
        return None
    return {
        "dataset": parts[1] if len(parts) > 2 else parts[0] if parts == [CATALOGUE] else "-", "request": record["request_id"], "user": user, "operation": record["operation"], "key": record["key"],
        "status": record["status"], "remote": record["remote_ip"], "at": dt.datetime.fromtimestamp(record["time"], dt.UTC),
    }  # fmt: skip


def happened(ledger: Ledger, name: str) -> list[Happened]:
    """The oldest first."""
    found = [Happened(event.at, event.action, event.by, event.because) for event in events(ledger, name)]
    for row in ledger.rows("share_receipts", dataset=name):
        found.append(Happened(row["made_at"], "delivered", row["recipient"], f"extract {row['version']}: {row['rows']:,} rows, {len(json.loads(row['files']))} files"))
        if row["ended_at"]:
            found.append(Happened(row["ended_at"], "ended", row["recipient"], f"extract {row['version']} is gone"))
    for row in ledger.rows("share_access", dataset=name):
        found.append(Happened(row["at"], "read" if row["status"] < 400 else f"refused ({row['status']})", row["user"].removeprefix(USER) or "nobody we know", f"{row['key']} from {row['remote']}"))
    return sorted(found, key=lambda each: each.at)
