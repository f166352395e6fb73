"""Snapshots that lose suspiciously many rows against the period before theirs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Sent:
    """One version of a file of a snapshot. `arrived` orders the versions of a name; `through`: it was let through, which stays."""

    delivery: str
    period: str
    name: str
    arrived: str
    rows: int
    through: bool


@dataclass(frozen=True)
class Shrunk:
    """A period with `rows`, where the one `before` it had `rows_before`."""

    rows: int
    before: str
    rows_before: int

    @property
    def loss(self) -> float:
        return 1 - self.rows / self.rows_before


def shrunk(sent: Iterable[Sent], most: float) -> dict[str, Shrunk]:
    """delivery → what it lost, of those not let through yet whose period, counted with them, has lost more than the share `most`.

    A period is compared with the nearest one before it that stands, whenever it came; what was let through is not taken back by a period that comes late.
    """
    periods: dict[str, list[Sent]] = defaultdict(list)
    for each in sent:
        periods[each.period].append(each)
    found: dict[str, Shrunk] = {}
    before: tuple[str, int] | None = None
    for period in sorted(periods):
        open_ = {s.delivery for s in _newest(periods[period]) if not s.through}
        rows = _rows(_newest(periods[period]))
        if open_ and before and before[1] and rows < before[1] * (1 - most):
            found |= dict.fromkeys(open_, Shrunk(rows, *before))
            stands = _newest(s for s in periods[period] if s.through)
            before = (period, _rows(stands)) if stands else before
        else:
            before = period, rows
    return found


def _newest(sent: Iterable[Sent]) -> list[Sent]:
    """The last version of each name."""
    last: dict[str, Sent] = {}
    for each in sorted(sent, key=lambda s: s.arrived):
        last[each.name] = each
    return list(last.values())


def _rows(sent: Iterable[Sent]) -> int:
    """One content under two names counts once."""
    return sum({s.delivery: s.rows for s in sent}.values())
