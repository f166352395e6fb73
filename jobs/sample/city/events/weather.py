"""Hours of weather: rain that comes in storms and showers, temperature with the season, and water that stands where drains are too narrow."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl

from jobs.sample.city.draws import Floats, happens, integers, normal
from jobs.sample.city.events.chance import between, wave
from jobs.sample.city.events.scene import Scene, district_of

STORM_DAYS, SHOWER_DAYS = 12, 4  # one storm in 12 days, one shower in 4
# Rain of 12, 6, 3 and 3 hours from which blue, yellow, orange and red warnings are due (CMA, 气象灾害预警信号发布与传播办法): millimetres.
SIGNALS = (("蓝色", 12, 50), ("黄色", 6, 50), ("橙色", 3, 50), ("红色", 3, 100))


@dataclass(frozen=True)
class Storm:
    """`start`: hour since the first day began; `peak`: millimetres an hour in the district it passes first; `lag`: hours from one district to the next."""

    number: int
    start: int
    hours: int
    peak: float
    district: int
    lag: float


@lru_cache(maxsize=4)
def storms(city: Scene) -> tuple[Storm, ...]:
    """Three at least, the strongest with 35 to 75 mm in an hour; none overlaps another."""
    n = max(3, city.days // STORM_DAYS)
    of = np.arange(n)
    slot = city.days * 24 // n
    start = of * slot + integers(city.seed, "storm/start", 0, max(1, slot - 18), of)
    hours, peak = integers(city.seed, "storm/hours", 4, 15, of), between(city.seed, "storm/peak", 12, 75, of)
    district, lag = integers(city.seed, "storm/district", 0, len(city.districts), of), between(city.seed, "storm/lag", 0.2, 1.2, of)
    return tuple(Storm(k, int(start[k]), int(hours[k]), round(float(peak[k]), 1), int(district[k]), round(float(lag[k]), 2)) for k in range(n))


@lru_cache(maxsize=4)
def rain(city: Scene) -> Floats:
    """Millimetres, hours × districts."""
    hours, places = city.days * 24, np.arange(len(city.districts))
    fallen = np.zeros((hours, len(places)))
    for storm in storms(city):
        away = np.abs(places - storm.district)
        for step in range(storm.hours + 6):
            at = storm.start + step
            if at < hours:
                shape = np.maximum(0.0, 1 - np.abs(step - storm.hours / 2 - away * storm.lag) / (storm.hours / 2))
                fallen[at] += storm.peak * shape * (1 - 0.11 * away) * between(city.seed, "storm/hour", 0.8, 1.2, places, at)
    shower = np.repeat(happens(city.seed, "shower", 1 / SHOWER_DAYS, np.arange(city.days)), 24)
    light = between(city.seed, "shower/hour", 0, 2.4, np.arange(hours)) * shower * (between(city.seed, "shower/wet", 0, 1, np.arange(hours)) < 0.4)
    return np.round(fallen + light[:, None], 1)


@lru_cache(maxsize=4)
def temperature(city: Scene) -> Floats:
    """Degrees Celsius of every hour: Nanchang's means (5.5 in January, 29.5 in July), a daily swing of 7, and spells of some days."""
    hours = np.arange(city.days * 24)
    day = (city.first - dt.date(city.first.year, 1, 1)).days + hours / 24
    spells = np.interp(hours, np.arange(0, len(hours) + 72, 72), normal(city.seed, "temperature/spell", 0, 2.6, np.arange(len(range(0, len(hours) + 72, 72)))))
    return np.round(17.5 + 12 * wave(day, 365.25, 200) + 3.5 * wave(hours, 24, 15) + spells, 1)


@lru_cache(maxsize=4)
def drains(city: Scene) -> Floats:
    """Millimetres an hour that each community's drains take; the norm for old quarters is a storm of once a year (some 30 mm/h)."""
    return between(city.seed, "drains", 16, 48, np.arange(len(city.communities)))


@lru_cache(maxsize=4)
def depth(city: Scene) -> Floats:
    """Millimetres of standing water at each community's lowest place, hours × communities: what fell there and did not drain."""
    fallen, take = rain(city)[:, district_of(city)], drains(city)
    standing = np.zeros_like(fallen)
    for hour in range(1, len(fallen)):
        standing[hour] = np.maximum(0.0, standing[hour - 1] + 4.0 * (fallen[hour] - take) * (fallen[hour] > 0) - 25.0 * (fallen[hour] < take))
    return np.round(standing, 0)


def moment(city: Scene, hour: float) -> dt.datetime:
    """Local time of an hour of the scene."""
    return dt.datetime.combine(city.first, dt.time()) + dt.timedelta(hours=float(hour))


def due(city: Scene, storm: Storm, district: int) -> tuple[str | None, int | None, float]:
    """The highest signal that the rain itself asked for, the hour from which it held, and the rain of the storm."""
    fallen = rain(city)[storm.start : storm.start + storm.hours + 8, district]
    found: tuple[str | None, int | None] = (None, None)
    for level, hours, amount in SIGNALS:
        sums = np.convolve(fallen, np.ones(hours))[: len(fallen)]
        if (sums >= amount).any():
            found = (level, storm.start + int(np.argmax(sums >= amount)))
    return (*found, round(float(fallen.sum()), 1))


def flood_truth(city: Scene) -> pl.DataFrame:
    """A row a storm and district: what fell, what stood in the streets, and the warning that was due. Decoys: storms that every drain took."""
    rows = []
    for storm in storms(city):
        for district, (code, name) in enumerate(city.districts):
            level, hour, total = due(city, storm, district)
            standing = depth(city)[storm.start : storm.start + storm.hours + 12][:, district_of(city) == district]
            worst = float(standing.max()) if standing.size else 0.0
            hard = 1 if worst >= 150 else 2 if worst >= 60 else 3
            rows.append((f"S{storm.number:03d}", code, name, moment(city, storm.start), moment(city, storm.start + storm.hours), total, worst, int((standing.max(axis=0) > 0).sum()) if standing.size else 0,
                         level, None if hour is None else moment(city, hour), hard, worst == 0))  # fmt: skip
    return pl.DataFrame(rows, schema={
        "storm_id": pl.String, "district_code": pl.String, "district": pl.String, "started_at": pl.Datetime, "ended_at": pl.Datetime, "rain_mm": pl.Float64, "deepest_mm": pl.Float64,
        "flooded_communities": pl.Int64, "warning_due": pl.String, "due_from": pl.Datetime, "difficulty": pl.Int64, "decoy": pl.Boolean,
    }, orient="row")  # fmt: skip
