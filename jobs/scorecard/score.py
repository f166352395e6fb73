"""How a dataset did in a month: scores from rows of the ledger. Pure.

What came counts in the month in which it came; what should have come, in the month in which it was due. Months are of the city's time zone.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from jobs.contracts.model import Contract
from jobs.deliveries.due import Due, due, latency

REFUSED = ("rejected", "held")


@dataclass(frozen=True)
class Score:
    """`expected` periods were due in the month and `present` of them came, whenever; None where nobody can say which there should be.
    `on_time` of them came by their day; None where the contract promises none. `late_days`: mean over the periods that came late.
    `reasons`: rule → rows. `to_correction`: mean days from a file that was refused, held or corrected later to the one that put it right.
    """

    dataset: str
    month: str
    expected: int | None = None
    present: int | None = None
    on_time: int | None = None
    late_days: float | None = None
    files: int = 0
    refused: int = 0
    rows: int = 0
    rejected: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    drift: int = 0
    corrections: int = 0
    to_correction: float | None = None

    @property
    def completeness(self) -> float | None:
        return self.present / self.expected if self.expected and self.present is not None else None

    @property
    def timeliness(self) -> float | None:
        return self.on_time / self.expected if self.expected and self.on_time is not None else None

    @property
    def rejected_share(self) -> float | None:
        return self.rejected / self.rows if self.rows else None


@dataclass(frozen=True)
class File:
    """A delivered file as receipts and ops.deliveries tell of it."""

    delivery: str
    period: str
    name: str
    outcome: str
    came: dt.datetime
    rows: int
    rejected: int


def scores(
    contract: Contract, files: Sequence[File], reasons: Mapping[str, Mapping[str, int]], drift: Mapping[str, int], corrections: Iterable[Mapping[str, Any]], now: dt.datetime, zone: str,
) -> tuple[Score, ...]:  # fmt: skip
    """One a month in which something came or was due, oldest first. `reasons`: delivery → rule → rows; `drift`: delivery → events; `corrections`: of ops.corrections."""
    here = ZoneInfo(zone)
    parts: dict[str, dict[str, Any]] = defaultdict(dict)
    for month, mine in _by_month(files, here).items():
        parts[month] |= _arrived(mine, reasons, drift)
    for month, days in _corrected(contract, files, corrections, here).items():
        parts[month] |= {"corrections": len(days), "to_correction": sum(days) / len(days)}
    accepted = [file for file in files if file.outcome == "landed"]
    dues = due(contract, sorted({file.period for file in accepted}), now.astimezone(here).date())
    for month, expected in _by_due(dues).items():
        parts[month] |= _punctual(expected, accepted, here)
    nothing_due = {} if dues is None else {"expected": 0, "present": 0, "on_time": None if latency(contract) is None else 0}
    return tuple(Score(contract.dataset, month, **nothing_due | parts[month]) for month in sorted(parts))


def _by_month(files: Sequence[File], zone: ZoneInfo) -> dict[str, list[File]]:
    found: dict[str, list[File]] = defaultdict(list)
    for file in files:
        found[f"{file.came.astimezone(zone):%Y-%m}"].append(file)
    return found


def _arrived(files: Sequence[File], reasons: Mapping[str, Mapping[str, int]], drift: Mapping[str, int]) -> dict[str, Any]:
    counted: Counter[str] = Counter()
    deliveries = {file.delivery for file in files}
    for delivery in deliveries:
        counted.update(reasons.get(delivery, {}))
    return {
        "files": len(files), "refused": sum(file.outcome in REFUSED for file in files), "rows": sum(file.rows for file in files), "rejected": sum(file.rejected for file in files),
        "reasons": dict(counted.most_common()), "drift": sum(drift.get(delivery, 0) for delivery in deliveries),
    }  # fmt: skip


def _corrected(contract: Contract, files: Sequence[File], corrections: Iterable[Mapping[str, Any]], zone: ZoneInfo) -> dict[str, list[float]]:
    """Month of the file that put it right → days it took."""
    came = {(file.period, contract.file_of(file.name), file.delivery): file.came for file in files}
    pairs = [(came.get((c["period"], contract.file_of(c["name"]), c["corrects"])), c["delivered_at"]) for c in corrections]
    slots: dict[tuple[str, str], list[File]] = defaultdict(list)
    for file in sorted(files, key=lambda each: each.came):
        slots[file.period, contract.file_of(file.name)].append(file)
    for versions in slots.values():
        waiting: list[File] = []
        for file in versions:
            if file.outcome in REFUSED:
                waiting.append(file)
            elif file.outcome == "landed":
                pairs += [(bad.came, file.came) for bad in waiting]
                waiting = []
    found: dict[str, list[float]] = defaultdict(list)
    for wrong, right in pairs:
        if wrong is not None:
            found[f"{right.astimezone(zone):%Y-%m}"].append((right - wrong).total_seconds() / 86400)
    return found


def _by_due(dues: Sequence[Due] | None) -> dict[str, list[Due]]:
    found: dict[str, list[Due]] = defaultdict(list)
    for each in dues or ():
        found[f"{each.by:%Y-%m}"].append(each)
    return found


def _punctual(expected: Sequence[Due], accepted: Sequence[File], zone: ZoneInfo) -> dict[str, Any]:
    first: dict[str, dt.date] = {}
    for file in accepted:
        day = file.came.astimezone(zone).date()
        first[file.period] = min(day, first.get(file.period, day))
    present = [each for each in expected if each.period in first]
    if not all(each.promised for each in expected):
        return {"expected": len(expected), "present": len(present)}
    late = [(first[each.period] - each.by).days for each in present if first[each.period] > each.by]
    return {"expected": len(expected), "present": len(present), "on_time": len(present) - len(late), "late_days": sum(late) / len(late) if late else None}
