"""One dataset as a line of the overview. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from zoneinfo import ZoneInfo

from jobs.contracts.model import Contract
from jobs.ops.summary import summarise

SAID = {"landed": "accepted", "held": "held back", "rejected": "refused", "waiting": "waits", "resent": "sent twice"}


@dataclass(frozen=True)
class Line:
    """Counts are of files and rows; `newest_outcome` is of the file that came last; times in the city's own zone, as text."""

    dataset: str
    table: str
    department: str
    title: str
    files: int = 0
    landed: int = 0
    held: int = 0
    rejected: int = 0
    waiting: int = 0
    rows: int = 0
    quarantined: int = 0
    newest_period: str = ""
    newest_at: str = ""
    newest_file: str = ""
    newest_outcome: str = ""
    newest_message: str = ""
    failing_rules: int = 0  # on the file that was checked last

    @property
    def rejected_share(self) -> float:
        return self.quarantined / self.rows if self.rows else 0.0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def line_of(contract: Contract, rows: Sequence[Mapping[str, Any]], failing_rules: int, zone: str) -> Line:
    """`rows`: of ops.deliveries of this dataset."""
    found = summarise(contract.dataset, [dict(row) for row in rows])
    newest = max(rows, key=lambda row: (arrived(row), row["period"], row["name"]), default=None)
    said = {} if newest is None else {
        "newest_at": shown_time(newest["landed_at"], zone), "newest_file": newest["name"], "newest_outcome": newest["outcome"], "newest_message": newest["message"] or "",
    }  # fmt: skip
    return Line(
        contract.dataset, contract.table, contract.department, contract.title, found.files, found.landed, found.held, found.rejected, found.waiting, found.rows,
        found.quarantined, found.newest_period, failing_rules=failing_rules, **said,
    )  # fmt: skip


def arrived(row: Mapping[str, Any]) -> dt.datetime:
    """When the lake took it up."""
    found: dt.datetime = row["landed_at"] or row["updated_at"] or dt.datetime.min.replace(tzinfo=dt.UTC)
    return found


def shown_time(moment: dt.datetime | None, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" if moment else ""
