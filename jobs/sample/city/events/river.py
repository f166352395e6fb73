"""One river and what is put into it: stations in a row, trends of years, and discharges that travel downstream."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl

from jobs.sample.city.draws import Floats, happens, normal
from jobs.sample.city.events.chance import between, one, wave
from jobs.sample.city.events.companies import companies
from jobs.sample.city.events.scene import Scene
from jobs.sample.city.events.weather import moment, rain, temperature

STATIONS = 12
KM_APART, KM_AN_HOUR = 8.0, 2.4  # a slow lowland river flows some 0.7 m/s
STEP = 4  # hours between two readings
ITEMS = ("pH", "DO", "NH3N", "temperature")
PERMITS = 24
DECOYS = ("runoff", "drift", "night_oxygen")  # rain over fields, a probe that wanders, water plants: nobody discharged
LIMIT = 5.0  # mg/L of ammonia nitrogen, first class A of GB 18918-2002


@dataclass(frozen=True)
class Discharge:
    """`km`: where it enters, from the first station down; `start`: hour; `load`: mg/L it adds where it enters."""

    id: str
    kind: str
    permit: int
    km: float
    start: int
    hours: int
    load: float
    difficulty: int

    @property
    def decoy(self) -> bool:
        return self.kind in DECOYS


@lru_cache(maxsize=4)
def permits(city: Scene) -> pl.DataFrame:
    """Who may discharge how much and where."""
    of, table = np.arange(PERMITS), companies(city).filter(~pl.col("ended"))
    who = table[(of * 37 % table.height).tolist()]
    kind = ("城镇污水处理", "印染", "食品加工", "化工", "畜禽养殖", "电镀")
    return pl.DataFrame({
        "permit_no": [f"{code}{k:03d}P" for k, code in zip(of, who["credit_code"], strict=True)], "credit_code": who["credit_code"], "company": who["name"], "industry": [kind[k % 6] for k in of],
        "km": np.round(between(city.seed, "permit/km", 2, KM_APART * (STATIONS - 2), of), 1), "limit": np.where(of % 6 == 0, LIMIT, 15.0), "volume": np.rint(between(city.seed, "permit/volume", 200, 9000, of)),
    })  # fmt: skip


@lru_cache(maxsize=4)
def discharges(city: Scene) -> tuple[Discharge, ...]:
    """Two of each difficulty and decoy: the harder, the less is added, and the better it is hidden in the company's own reports."""
    found = []
    for number in range(6 + 3 * len(DECOYS)):
        hard = number % 3 + 1
        kind = "discharge" if number < 6 else DECOYS[(number - 6) // 3]
        permit = one(city.seed, "river/permit", 0, PERMITS, number)
        start = one(city.seed, "river/start", 24, max(25, city.days * 24 - 72), number)
        load = {"discharge": (4.2, 2.2, 1.2)[hard - 1], "runoff": 1.0, "drift": 2.0, "night_oxygen": 0.0}[kind]
        hours = {"discharge": 6 + 4 * hard, "runoff": 30, "drift": 120, "night_oxygen": 96}[kind]
        found.append(Discharge(f"P{number:03d}", kind, permit, float(permits(city)["km"][permit]), start, hours, load, hard))
    return tuple(found)


@lru_cache(maxsize=4)
def trends(city: Scene) -> Floats:
    """Change of ammonia nitrogen a year at each station, as a share: some rivers were cleaned up, some got worse."""
    return np.asarray(np.round(between(city.seed, "river/trend", -0.35, 0.35, np.arange(STATIONS)), 3), np.float64)


def _plume(city: Scene, d: Discharge, hours: np.ndarray) -> Floats:
    """What a discharge adds, hours × stations: it arrives as the water does, spreads as it flows, and is eaten up by half in two days."""
    away = np.arange(STATIONS) * KM_APART - d.km
    arrives = d.start + away / KM_AN_HOUR
    spread = 2.0 + np.maximum(away, 0) / KM_AN_HOUR * 0.12
    begun = 1 / (1 + np.exp(-np.clip((hours[:, None] - arrives) / spread, -30, 30)))
    over = 1 / (1 + np.exp(-np.clip((hours[:, None] - arrives - d.hours) / spread, -30, 30)))
    return np.asarray(np.round(d.load * np.maximum(0, begun - over) * 0.5 ** (np.maximum(away, 0) / KM_AN_HOUR / 48) * (away >= 0), 6), np.float64)


@lru_cache(maxsize=4)
def readings(city: Scene) -> Floats:
    """Steps × stations × ITEMS; NaN where a station was out of service."""
    hours, seed, at = np.arange(0, city.days * 24, STEP), city.seed, np.arange(STATIONS)
    key = hours[:, None] * 100 + at[None, :]
    warm = 4 + 0.8 * np.convolve(temperature(city), np.ones(48) / 48)[: city.days * 24][hours]
    wet = np.convolve(rain(city).mean(axis=1), np.ones(24))[: city.days * 24][hours]
    base = between(seed, "river/base", 0.25, 0.6, at) * (1 + trends(city)[None, :] * hours[:, None] / 8766) + 0.012 * np.minimum(wet, 60)[:, None]
    ammonia = base * np.maximum(0.4, normal(seed, "river/noise", 1, 0.10, key))
    oxygen = 9.8 - 0.12 * warm[:, None] + 0.5 * wave(hours, 24, 15)[:, None] + normal(seed, "river/oxygen", 0, 0.25, key)
    for d in discharges(city):
        if d.kind == "discharge":
            plume = _plume(city, d, hours)
            ammonia += plume
            lagged = np.vstack([np.zeros((2, STATIONS)), plume[:-2]])
            oxygen -= 0.75 * lagged
        during = ((hours >= d.start) & (hours < d.start + d.hours)).astype(np.float64)
        nearest = int(min(STATIONS - 1, np.ceil(d.km / KM_APART)))
        if d.kind == "runoff":
            ammonia += d.load * during[:, None] * between(seed, "river/runoff", 0.5, 1.2, at, d.start)
        elif d.kind == "drift":
            ammonia[:, nearest] += d.load * during * (hours - d.start) / d.hours
        elif d.kind == "night_oxygen":
            oxygen[:, nearest] += during * 2.2 * wave(hours, 24, 15)
    acid = 7.4 + normal(seed, "river/acid", 0, 0.12, key)
    found = np.stack([acid, np.maximum(0.2, oxygen), np.maximum(0.02, ammonia), np.broadcast_to(warm[:, None], ammonia.shape) + normal(seed, "river/warm", 0, 0.3, key)], axis=2)
    found[happens(seed, "river/out", 0.004, key)] = np.nan
    return np.asarray(np.round(found, 2), np.float64)


def reported(city: Scene, day: int) -> pl.DataFrame:
    """What companies report of their own outfalls: the one who discharges shows it in plain cases, less than half in harder ones, and nothing at all in hard ones."""
    of, table = np.arange(PERMITS), permits(city)
    usual = between(city.seed, "permit/usual", 0.35, 0.8, of) * table["limit"].to_numpy()
    value = usual * normal(city.seed, "permit/day", 1, 0.12, of, day)
    for d in discharges(city):
        if d.kind == "discharge" and d.start // 24 <= day <= (d.start + d.hours) // 24:
            value[d.permit] = (table["limit"][d.permit] * 1.9, value[d.permit] * 1.35, usual[d.permit])[d.difficulty - 1]
    return table.select("permit_no", pl.Series("ammonia_mgl", np.round(value, 2)), pl.Series("volume_t", np.rint(table["volume"].to_numpy() * normal(city.seed, "permit/flow", 1, 0.06, of, day))))


def truth(city: Scene) -> pl.DataFrame:
    """A row a discharge or decoy; `permit_no` is the source."""
    rows = [
        (d.id, d.kind, None if d.decoy else permits(city)["permit_no"][d.permit], f"W{min(STATIONS, int(np.ceil(d.km / KM_APART)) + 1):03d}", moment(city, d.start), moment(city, d.start + d.hours), d.load, d.difficulty, d.decoy)
        for d in discharges(city)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=["event_id", "kind", "permit_no", "first_station", "started_at", "ended_at", "added_mgl", "difficulty", "decoy"], orient="row")


def trend_truth(city: Scene) -> pl.DataFrame:
    """A row a station: change of ammonia nitrogen a year. Small changes are hard to tell from none."""
    size = np.abs(trends(city))
    return pl.DataFrame({"station_code": [f"W{k + 1:03d}" for k in range(STATIONS)], "item": ["NH3N"] * STATIONS, "change_a_year": trends(city), "difficulty": np.where(size > 0.22, 1, np.where(size > 0.1, 2, 3)), "decoy": size < 0.03})
