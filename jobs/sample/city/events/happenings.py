"""What happens in the city and is felt by several departments: floods, outages, burst pipes, foul air, great gatherings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl

from jobs.sample.city.draws import happens
from jobs.sample.city.events.chance import one, shuffled
from jobs.sample.city.events.scene import Scene, district_of, shares, street_of
from jobs.sample.city.events.weather import depth, moment, storms

FLOODED = 120.0  # mm at the lowest place: ankle-deep in the street, cellars and cable shafts fill
# kind → (mood from -1 to 1, what people call about, calls per 1,000 people and hour, share of road capacity left)
EFFECTS = {
    "flood": (-0.8, "道路积水", 1.1, 0.45), "power_outage": (-0.6, "停水停电", 1.6, 0.85), "pipe_burst": (-0.5, "停水停电", 1.2, 0.7), "foul_air": (-0.6, "异味扰民", 0.8, 1.0),
    "gathering": (0.6, "噪声扰民", 0.15, 0.65), "planned_outage": (-0.1, "停水停电", 0.2, 1.0),
}  # fmt: skip
DECOYS = ("gathering", "planned_outage")  # announced, lawful, and as large in single departments' numbers


@dataclass(frozen=True)
class Happening:
    """`start`: hour since the first day began; `cause`: id of the happening or storm behind it. `communities`: numbers in the scene."""

    id: str
    kind: str
    start: int
    hours: int
    district: int
    communities: tuple[int, ...]
    difficulty: int
    cause: str = ""

    @property
    def decoy(self) -> bool:
        return self.kind in DECOYS

    @property
    def mood(self) -> float:
        return EFFECTS[self.kind][0] * (1.25 - 0.25 * self.difficulty)

    @property
    def topic(self) -> str:
        return EFFECTS[self.kind][1]

    @property
    def calls(self) -> float:
        """Calls per 1,000 people and hour; a hard case is a faint one."""
        return EFFECTS[self.kind][2] * (1.3 - 0.3 * self.difficulty)

    @property
    def capacity(self) -> float:
        """Share of their capacity that roads in its communities keep."""
        return min(1.0, EFFECTS[self.kind][3] + 0.1 * (self.difficulty - 1))


@lru_cache(maxsize=4)
def happenings(city: Scene) -> tuple[Happening, ...]:
    """In order of time."""
    found = [*_floods(city), *_others(city)]
    return tuple(sorted(found, key=lambda h: (h.start, h.id)))


def _floods(city: Scene) -> list[Happening]:
    """Where water stands, and the outages it brings an hour or three later to half of those places."""
    found: list[Happening] = []
    for storm in storms(city):
        stood = depth(city)[storm.start : storm.start + storm.hours + 12]
        for district in range(len(city.districts)):
            places = np.flatnonzero((district_of(city) == district) & (stood.max(axis=0) >= FLOODED))
            if not len(places):
                continue
            wet = stood[:, places].max(axis=1) >= FLOODED
            start, hours, worst = storm.start + int(np.argmax(wet)), int(wet.sum()), float(stood[:, places].max())
            number = f"{storm.number:03d}{district}"
            hard = 1 if worst > 320 else 2 if worst > 200 else 3
            found.append(Happening(f"H-flood-{number}", "flood", start, hours, district, tuple(int(p) for p in places), hard, f"S{storm.number:03d}"))
            dark = places[happens(city.seed, "flood/outage", 0.6, places, storm.number)]
            if len(dark):
                lag = one(city.seed, "flood/lag", 1, 4, storm.number, district)
                found.append(Happening(f"H-outage-{number}", "power_outage", start + lag, 2 + hours, district, tuple(int(p) for p in dark), hard, f"H-flood-{number}"))
    return found


def _others(city: Scene) -> list[Happening]:
    """So many of each kind that every difficulty is there."""
    found = []
    each = max(1, city.days // 45)
    for kind, first, last, least, most in (("power_outage", 6, 22, 2, 8), ("pipe_burst", 5, 20, 5, 14), ("foul_air", 0, 20, 3, 10), ("gathering", 17, 20, 3, 5), ("planned_outage", 8, 10, 4, 8)):
        for number in range(3 * each):
            district = one(city.seed, f"{kind}/district", 0, len(city.districts), number)
            places = _around(city, kind, number, district)
            day, hour = one(city.seed, f"{kind}/day", 1, max(2, city.days - 1), number), one(city.seed, f"{kind}/hour", first, last + 1, number)
            found.append(Happening(f"H-{kind}-{number:03d}", kind, day * 24 + hour, one(city.seed, f"{kind}/hours", least, most + 1, number), district, places, number % 3 + 1))
    return found


def _around(city: Scene, kind: str, number: int, district: int) -> tuple[int, ...]:
    """Whole streets of a district, until 2 to 8 in 100 of the city's people live there."""
    wide = one(city.seed, f"{kind}/wide", 20, 81, number) / 1000
    streets = np.array(sorted({int(street) for street in street_of(city)[district_of(city) == district]}))
    found: list[int] = []
    for at in shuffled(city.seed, f"{kind}/{number}", len(streets)).tolist():
        found += np.flatnonzero(street_of(city) == streets[at]).tolist()
        if shares(city)[found].sum() >= wide:
            break
    return tuple(sorted(found))


def truth(city: Scene) -> pl.DataFrame:
    """A row a happening; `caused_by` leads back to the storm or the happening before it."""
    rows = [
        (h.id, h.kind, h.cause or None, city.districts[h.district][1], [city.communities[c].code for c in h.communities], moment(city, h.start), moment(city, h.start + h.hours), h.topic, h.difficulty, h.decoy)
        for h in happenings(city)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema={
        "event_id": pl.String, "kind": pl.String, "caused_by": pl.String, "district": pl.String, "communities": pl.List(pl.String), "started_at": pl.Datetime, "ended_at": pl.Datetime,
        "topic": pl.String, "difficulty": pl.Int64, "decoy": pl.Boolean,
    }, orient="row")  # fmt: skip
