"""How long `3 months` or `36 h` is, as `slaProperties` of a contract say it."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

DAY = 24  # hours
UNITS = {"y": (12, 0), "q": (3, 0), "term": (6, 0), "mo": (1, 0), "w": (0, 7 * DAY), "d": (0, DAY), "h": (0, 1)}  # as people write them → months, hours
UNITS |= {"yr": UNITS["y"], "year": UNITS["y"], "quarter": UNITS["q"], "semester": UNITS["term"], "m": UNITS["mo"], "month": UNITS["mo"]}
UNITS |= {"week": UNITS["w"], "day": UNITS["d"], "hr": UNITS["h"], "hour": UNITS["h"]}


@dataclass(frozen=True)
class Interval:
    """So many months or so many hours: one of them is 0."""

    months: float
    hours: float

    @property
    def whole(self) -> tuple[int, int] | None:
        """(months, days); None where it is not made of whole ones."""
        days = self.hours / DAY
        return (int(self.months), int(days)) if self.months % 1 == days % 1 == 0 else None

    @property
    def longest(self) -> dt.timedelta:
        """The most time it can take: a year counts 366 days, a month 31."""
        years, months = divmod(self.months, 12)
        return dt.timedelta(days=years * 366 + months * 31, hours=self.hours)


def interval(text: str) -> Interval | None:
    """A number, a blank, a unit; None for anything else."""
    said = re.fullmatch(r"(\d{1,4}(?:\.\d+)?) ([a-z]+)", text.strip().lower())
    unit = UNITS.get(said[2]) or UNITS.get(said[2].removesuffix("s")) if said else None
    return Interval(float(said[1]) * unit[0], float(said[1]) * unit[1]) if said and unit else None
