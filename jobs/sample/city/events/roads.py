"""Roads and what slows them: each link's demand and capacity every quarter of an hour, and the cause behind every loss of capacity or surge of demand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl

from jobs.sample.city.draws import Floats, Ints, chosen, hashes, integers, normal
from jobs.sample.city.events.chance import between, one, wave
from jobs.sample.city.events.dwellings import NEW_YEARS
from jobs.sample.city.events.happenings import happenings
from jobs.sample.city.events.scene import Scene, district_of, shares
from jobs.sample.city.events.weather import moment, rain

CORRIDOR = 5  # links in a row, each flowing into the next
QUARTERS = 96
LOT = 50  # links that one task makes: whole corridors
WORST = 8.0  # km/h: traffic never quite stops over a quarter of an hour
CAUSES = ("signal_plan", "incident", "school_run", "works", "demand")  # and weather, which storms bring by themselves
DECOYS = ("dead_detector", "night_works", "limit_lowered", "good_signal_plan")
HOURS_OF = {"signal_plan": 24 * 6, "works": 24 * 7, "incident": 1, "school_run": 1, "demand": 2, "dead_detector": 20, "night_works": 24 * 4, "limit_lowered": 24 * 14, "good_signal_plan": 24 * 5}


@dataclass(frozen=True)
class Episode:
    """`start` and `end`: quarters since the first day began. `capacity` and `demand`: factors while it lasts (of a signal plan: at all hours, felt when many drive)."""

    id: str
    cause: str
    link: int
    start: int
    end: int
    capacity: float
    demand: float
    difficulty: int
    decoy: bool
    behind: str = ""


def count(city: Scene) -> int:
    """A link for some 600 people, 30 at least; a city of 5 million reports on 4,000."""
    return max(30, min(4000, city.people // 600) // CORRIDOR * CORRIDOR)


def lots(city: Scene) -> int:
    return -(-count(city) // LOT)


@lru_cache(maxsize=4)
def links(city: Scene) -> pl.DataFrame:
    """One row a link. `usual`: demand in the peak as a share of capacity; `school`: its number from 0 where one stands there, else null."""
    of, seed = np.arange(count(city)), city.seed
    corridor = of // CORRIDOR
    place = chosen(seed, "road/place", shares(city), corridor)
    lanes = 1 + integers(seed, "road/lanes", 1, 4, corridor)
    limit = np.array([40, 50, 60])[lanes - 2]
    names = [f"{city.communities[c].name[:-2]}{('大道', '路', '街')[int(k) % 3]}" for c, k in zip(place, hashes(seed, "road/name", corridor), strict=True)]
    return pl.DataFrame({
        "link": of, "link_id": [f"L{k:05d}" for k in of], "road": names, "from_junction": [f"J{k:05d}" for k in of + corridor], "to_junction": [f"J{k + 1:05d}" for k in of + corridor],
        "place": place, "district": district_of(city)[place], "length_m": integers(seed, "road/length", 250, 900, of), "lanes": lanes, "limit_kmh": limit,
        "usual": between(seed, "road/usual", 0.55, 0.88, of), "school": np.where(of % 7 == 3, of // 7, -1), "capacity": lanes * 210,
    })  # fmt: skip  # vehicles a lane and quarter of an hour


@lru_cache(maxsize=4)
def episodes(city: Scene) -> tuple[Episode, ...]:
    """Of every cause, decoys too, the same number of each difficulty; no two of them on one link at a time."""
    each = max(1, count(city) * city.days // 5400)
    busy: set[tuple[int, int]] = set()
    found: list[Episode] = []
    causes = [cause for cause in (*CAUSES, *DECOYS) if cause != "school_run" or not all(_closed(city, day) for day in range(city.days))]
    for cause in causes:
        for number in range(3 * each):
            for attempt in range(60):
                made = _episode(city, cause, number, attempt)
                days = {(link, day) for link in (made.link, made.link + 1) for day in range(made.start // QUARTERS, made.end // QUARTERS + 1)}
                if not days & busy:
                    busy |= days
                    found.append(made)
                    break
    return (*found, *_gatherings(city))


def _episode(city: Scene, cause: str, number: int, attempt: int) -> Episode:
    seed, hard = city.seed, number % 3 + 1
    day = one(seed, f"{cause}/day", 0, max(1, city.days - HOURS_OF[cause] // 24), number, attempt)
    pool = [k for k in links(city)["link"].to_list() if (links(city)["school"][k] >= 0) == (cause == "school_run")] if cause in ("school_run",) else list(range(count(city)))
    link = pool[one(seed, f"{cause}/link", 0, len(pool), number, attempt)]
    if cause == "school_run":
        day = next(d % city.days for d in range(day, day + city.days) if not _closed(city, d % city.days))
    first = {"incident": one(seed, "incident/hour", 28, 76, number), "school_run": 29, "demand": one(seed, "demand/hour", 70, 76, number)}.get(cause, 0)
    start = day * QUARTERS + first
    end = min(city.days * QUARTERS - 1, start + HOURS_OF[cause] * 4 + (one(seed, "incident/long", 0, 5, number) if cause == "incident" else 0))
    loss = 0.07 * (hard - 1)
    capacity = {"signal_plan": 0.50, "incident": 0.38, "works": 0.52, "school_run": 0.85}.get(cause, 1.0)
    demand = {"demand": 1.85 - 0.15 * hard, "school_run": 1.75 - 0.12 * hard, "incident": 1.1}.get(cause, 1.0)
    return Episode(f"C-{cause}-{number:03d}", cause, link, start, end, capacity + loss if capacity < 1 else 1.0, demand, hard, cause in DECOYS)


def _gatherings(city: Scene) -> list[Episode]:
    """Happenings that draw crowds or close lanes are felt on the roads of their communities."""
    found = []
    table = links(city)
    for h in happenings(city):
        cause = {"gathering": "demand", "flood": "weather", "pipe_burst": "works", "power_outage": "signal_plan"}.get(h.kind)
        if cause:
            near = table.filter(pl.col("place").is_in(h.communities))["link"].to_list()
            found += [Episode(f"C-{h.id}-{link}", cause, link, h.start * 4, min(city.days * QUARTERS - 1, (h.start + h.hours) * 4), h.capacity, 1.45 if cause == "demand" else 1.0, h.difficulty, False, h.id) for link in near[:6]]
    return found


def _closed(city: Scene, day: int) -> bool:
    """No school: weekends, and the winter and summer holidays."""
    date = city.day(day)
    to_new_year = min(((date - new_year).days for new_year in NEW_YEARS), key=abs)
    return date.weekday() >= 5 or -12 <= to_new_year <= 17 or date.month in (7, 8)


def demand(city: Scene, lot: int) -> tuple[Floats, Floats]:
    """Vehicles that want to pass, and that can, each quarter × link of a lot, with all that bears on them."""
    of = lot_of(city, lot)
    table, seed = links(city)[of.tolist()], city.seed
    quarter, days = np.arange(QUARTERS), np.arange(city.days)
    hour = quarter / 4
    work = 0.12 + 0.75 * np.exp(-np.round((hour - 7.9) ** 2 / 1.4, 6)) + 0.75 * np.exp(-np.round((hour - 18.1) ** 2 / 2.2, 6)) + 0.42 * np.clip(wave(hour, 24, 13.5) + 0.35, 0, 1)
    rest = 0.10 + 0.55 * np.clip(wave(hour, 24, 15.5) + 0.4, 0, 1.2)
    free = np.array([city.day(int(d)).weekday() >= 5 or abs(min(((city.day(int(d)) - y).days for y in NEW_YEARS), key=abs)) <= 4 for d in days])
    shape = np.round(np.where(free[:, None], rest[None, :], work[None, :]), 6).reshape(-1)
    noise = normal(seed, "road/noise", 1.0, 0.045, np.arange(len(shape))[:, None], of[None, :])
    whole = normal(seed, "road/day", 1.0, 0.03, np.repeat(days, QUARTERS)[:, None], of[None, :] // CORRIDOR)
    usual, capacity = table["usual"].to_numpy(), table["capacity"].to_numpy().astype(np.float64)
    wanted = shape[:, None] * usual[None, :] * capacity[None, :] * noise * whole
    can = np.tile(capacity, (len(shape), 1))
    wet = np.repeat(rain(city), 4, axis=0)[:, table["district"].to_numpy()]
    can *= 1 - 0.30 * np.clip(wet / 20, 0, 1) - 0.10 * (wet > 1)
    for e in (e for e in episodes(city) if of[0] <= e.link <= of[-1]):
        at = e.link - int(of[0])
        can[e.start : e.end + 1, at] *= e.capacity
        wanted[e.start : e.end + 1, at] *= e.demand
    return wanted, can


def lot_of(city: Scene, lot: int) -> Ints:
    return np.arange(lot * LOT, min(count(city), (lot + 1) * LOT))


def speeds(city: Scene, lot: int) -> tuple[Floats, Floats]:
    """km/h and vehicles a quarter, quarters × links. What cannot pass queues, and the queue reaches back into the link before.

    The speed is that of the Bureau of Public Roads' curve (1964) at demand over capacity.
    """
    wanted, can = demand(city, lot)
    load = wanted / can
    for step in range(1, len(load)):  # what did not pass is there in the next quarter
        load[step] += 0.55 * np.maximum(0.0, load[step - 1] - 1.0)
    back = np.zeros_like(load)
    inner = (np.arange(load.shape[1]) % CORRIDOR) < CORRIDOR - 1
    back[1:, :-1] = 0.5 * np.maximum(0.0, load[:-1, 1:] - 1.0)
    load = load + back * inner[None, :]
    of = lot_of(city, lot)
    table = links(city)[of.tolist()]
    limit = table["limit_kmh"].to_numpy().astype(np.float64)
    free = np.tile(limit, (len(load), 1))
    for e in (e for e in episodes(city) if e.cause == "limit_lowered" and of[0] <= e.link <= of[-1]):
        free[e.start : e.end + 1, e.link - int(of[0])] = 30.0
    speed = free / (1 + 0.85 * np.minimum(load, 3.0) ** 4) * normal(city.seed, "road/speed", 1.0, 0.03, np.arange(len(load))[:, None], of[None, :])
    flow = np.minimum(wanted, can * 1.02)
    for e in (e for e in episodes(city) if e.cause == "dead_detector" and of[0] <= e.link <= of[-1]):
        speed[e.start : e.end + 1, e.link - int(of[0])] = 9.0
    return np.asarray(np.round(np.maximum(WORST, speed), 1), np.float64), np.rint(flow)


def truth(city: Scene) -> pl.DataFrame:
    """A row a cause on a link. A long one (signal plan, works) slows only when many drive; a decoy slows nothing, or nobody."""
    table = links(city)
    rows = [
        (e.id, e.cause, table["link_id"][e.link], table["road"][e.link], moment(city, e.start / 4), moment(city, (e.end + 1) / 4), e.behind or None, e.difficulty, e.decoy) for e in episodes(city)
    ] + [
        (f"C-weather-{hour:05d}-{district}", "weather", None, city.districts[district][1], moment(city, hour), moment(city, hour + 1), None, 1 if rain(city)[hour, district] > 20 else 2 if rain(city)[hour, district] > 8 else 3, False)
        for hour, district in np.argwhere(rain(city) > 4).tolist()
    ]  # fmt: skip
    return pl.DataFrame(rows, schema={"episode_id": pl.String, "cause": pl.String, "link_id": pl.String, "where": pl.String, "started_at": pl.Datetime, "ended_at": pl.Datetime, "event_id": pl.String,
                                      "difficulty": pl.Int64, "decoy": pl.Boolean}, orient="row")  # fmt: skip
