"""How large a city is wanted, which days it lives, and the periods and parts its dumps are cut into."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from jobs.platform.errors import LakeError

Frequency = Literal["once", "year", "quarter", "month", "day"]
HOUSEHOLDS_A_BLOCK = 16_000  # some 42,000 people: what one task makes at a time, whatever the number of cores
PERSONS_A_HOUSEHOLD = 2.57  # of the households this city makes; the 7th census (2020) has 2.62, where more than six count in full
LEAST, MOST = 1_000, 50_000_000


@dataclass(frozen=True)
class Period:
    """`name`: of its folder in the landing zone; `first` and `last` day; `index`: its number from 0 in the life of the city."""

    name: str
    first: dt.date
    last: dt.date
    index: int


@dataclass(frozen=True)
class Plan:
    """A city. Everything about it follows from these four values."""

    people: int
    first: dt.date
    last: dt.date
    seed: int = 7

    def __post_init__(self) -> None:
        if not LEAST <= self.people <= MOST:
            raise LakeError(f"a city of {self.people:,} people cannot be made", f"--people is from {LEAST:,} to {MOST:,}")
        if self.last < self.first:
            raise LakeError(f"--to {self.last} is before --from {self.first}", "name the earlier day first")

    @property
    def households(self) -> int:
        return round(self.people / PERSONS_A_HOUSEHOLD)

    @property
    def blocks(self) -> int:
        return -(-self.households // HOUSEHOLDS_A_BLOCK)

    def block(self, number: int) -> range:
        """Ids of the households of a block."""
        return range(number * HOUSEHOLDS_A_BLOCK, min((number + 1) * HOUSEHOLDS_A_BLOCK, self.households))

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def periods(self, frequency: Frequency) -> list[Period]:
        """Those that begin within the life of the city. The first may be cut short by it; the last is left out where it has not ended, unless it is the only one."""
        if frequency == "once":
            return [Period(str(self.first.year), self.first, self.last, 0)]
        found: list[Period] = []
        start = _begin(self.first, frequency)
        while start <= self.last:
            following = _next(start, frequency)
            found.append(Period(_name(start, frequency), max(start, self.first), min(following - dt.timedelta(days=1), self.last), len(found)))
            start = following
        whole = [period for period in found if period.last < self.last or _next(_begin(period.first, frequency), frequency) - dt.timedelta(days=1) == period.last]
        return whole or found[:1]


def _begin(day: dt.date, frequency: Frequency) -> dt.date:
    month = {"year": 1, "quarter": day.month - (day.month - 1) % 3}.get(frequency, day.month)
    return day if frequency == "day" else dt.date(day.year, month, 1)


def _next(start: dt.date, frequency: Frequency) -> dt.date:
    if frequency == "day":
        return start + dt.timedelta(days=1)
    months = start.year * 12 + start.month - 1 + {"year": 12, "quarter": 3, "month": 1}[frequency]
    return dt.date(months // 12, months % 12 + 1, 1)


def _name(start: dt.date, frequency: Frequency) -> str:
    """As jobs/deliveries/periods.py reads them."""
    return {"year": f"{start:%Y}", "quarter": f"{start:%Y}-Q{(start.month + 2) // 3}", "month": f"{start:%Y-%m}", "day": f"{start}"}[frequency]
