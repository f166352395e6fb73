"""Air over the districts, and land that is built over, as stations and satellites see them."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import numpy as np
import polars as pl

from jobs.sample.city.draws import Floats, normal
from jobs.sample.city.events.chance import between, one, wave
from jobs.sample.city.events.happenings import happenings
from jobs.sample.city.events.scene import Scene
from jobs.sample.city.events.weather import rain

USUAL = (38.0, 9.0, 32.0, 60.0)  # PM2.5, SO2, NO2, O3 in µg/m³: annual means of cities on the middle Yangtze (bulletin of 2023, rounded)
CELLS = 1600


@lru_cache(maxsize=4)
def hours(city: Scene) -> Floats:
    """µg/m³, hours × districts × (PM2.5, SO2, NO2, O3): a spell of stagnant air over all, rain that washes, traffic by the hour, and plumes of foul air."""
    hour, places = np.arange(city.days * 24), np.arange(len(city.districts))
    spell = np.interp(hour, np.arange(0, len(hour) + 48, 48), between(city.seed, "air/spell", 0.45, 1.9, np.arange(len(range(0, len(hour) + 48, 48)))))
    key = hour[:, None] * 100 + places
    level = spell[:, None] * between(city.seed, "air/place", 0.85, 1.15, places) * (1 - 0.4 * np.clip(rain(city) / 4, 0, 1))
    daily = (1 + 0.12 * wave(hour, 24, 22), 1 + 0.05 * wave(hour, 24, 10), 1 + 0.25 * wave(hour, 12, 8), 1 + 0.7 * wave(hour, 24, 15))
    found = np.stack([USUAL[k] * level * daily[k][:, None] * np.maximum(0.3, normal(city.seed, f"air/{k}", 1, 0.10, key)) for k in range(4)], axis=2)
    for h in happenings(city):
        if h.kind == "foul_air":
            end = min(len(hour), h.start + h.hours)
            found[h.start : end, h.district, 1] += 85 / h.difficulty
            found[h.start : end, h.district, 0] += 60 / h.difficulty
    return np.asarray(np.round(np.maximum(1, found), 1), np.float64)


def _changes(city: Scene) -> list[tuple[int, dt.date, float, str, int]]:
    """(cell, day, share built over, kind, difficulty): without a permit, or with one (`permitted`: the decoy)."""
    found = []
    for number in range(12):
        day = city.day(one(city.seed, "land/day", city.days // 4, max(city.days // 4 + 1, city.days * 3 // 4), number))
        hard = number % 3 + 1
        found.append((one(city.seed, "land/cell", 0, CELLS, number), day, (0.5, 0.25, 0.12)[hard - 1], "permitted" if number >= 6 else "unpermitted", hard))
    return found


def built_over(city: Scene, until: dt.date) -> Floats:
    """Share of each cell that has been built over since the first day."""
    found = np.zeros(CELLS)
    for cell, day, share, _, _ in _changes(city):
        if day <= until:
            found[cell] += share
    return found


def permitted(city: Scene) -> list[tuple[str, dt.date]]:
    """(cell, day) of what was built with a permit."""
    return [(cell_id(cell), day) for cell, day, _, kind, _ in _changes(city) if kind == "permitted"]


def cell_id(cell: int) -> str:
    return f"G{cell // 40:02d}{cell % 40:02d}"


def change_truth(city: Scene) -> pl.DataFrame:
    rows = [(f"L{k:03d}", cell_id(cell), day, share, kind, hard, kind == "permitted") for k, (cell, day, share, kind, hard) in enumerate(_changes(city))]
    return pl.DataFrame(rows, schema=["change_id", "cell_id", "changed_on", "built_over", "kind", "difficulty", "decoy"], orient="row")
