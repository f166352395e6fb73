"""Notifiable diseases: cases that come singly with the season, outbreaks that start somewhere and pass from one to the next, and clusters that are none."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl

from jobs.sample.city.draws import chosen, happens, hashes, integers
from jobs.sample.city.events.chance import between, exponential, one, poisson, wave
from jobs.sample.city.events.companies import names_of_people
from jobs.sample.city.events.scene import Scene, district_of, shares


@dataclass(frozen=True)
class Disease:
    """`yearly`: reported cases in 100,000 people and year (National Disease Control and Prevention Administration, 2023, rounded); `serial`: days from case to case;
    `spread`: people whom a case infects in a setting that does nothing; `ages`: weights of 0–5, 6–14, 15–59, 60+; `peak`: day of the year with most."""

    code: str
    name: str
    category: str
    yearly: float
    serial: float
    spread: float
    ages: tuple[float, float, float, float]
    peak: int
    settings: tuple[str, ...]


DISEASES = (
    Disease("J10", "流行性感冒", "丙类", 900, 2.6, 1.5, (3, 4, 3, 1.5), 15, ("小学", "中学", "养老院")),
    Disease("B08", "手足口病", "丙类", 130, 4.5, 1.8, (9, 1, 0.05, 0), 160, ("幼儿园",)),
    Disease("A08", "其他感染性腹泻病", "丙类", 90, 1.8, 1.6, (4, 2, 2, 1), 45, ("小学", "餐馆", "养老院")),
    Disease("A03", "细菌性痢疾", "乙类", 3, 3.0, 1.2, (2, 1, 1, 1), 200, ("餐馆", "农贸市场")),
    Disease("B01", "水痘", "丙类", 60, 14.0, 2.2, (2, 6, 1, 0), 330, ("小学",)),
    Disease("A15", "肺结核", "乙类", 45, 60.0, 0.4, (0.1, 0.6, 3, 4), 90, ("中学",)),
)  # fmt: skip
OUTBREAK_OF = (0, 1, 2, 3, 4, 2)  # diseases, in the order outbreaks are planted
ROUTES = {"餐馆": "食物", "农贸市场": "食物"}  # elsewhere from person to person
DECOYS = ("backlog", "campaign", "family")  # many reports on one day, more tests than usual, one household
MEMBERS = (34, 22, 12)  # of an outbreak that is plain, harder, hard
REPORTED = (0.95, 0.75, 0.5)  # share of its cases that are ever reported
SOURCES = ("公园", "滨江", "育才", "新城", "东门", "桃苑", "文教", "湖滨")
AGES = ((1, 6), (6, 15), (15, 60), (60, 90))


@lru_cache(maxsize=4)
def cards(city: Scene) -> pl.DataFrame:
    """Every report card: who fell ill when, where it was caught (`venue`), and of outbreaks by whom (`infector`: number of a card, null at the source)."""
    parts = [_single(city), *(_outbreak(city, number) for number in range(outbreaks(city))), *(_decoy(city, kind, number) for kind in DECOYS for number in range(3 * each(city)))]
    table = pl.concat(parts, how="diagonal_relaxed").sort("reported_on", "key")
    return table.with_columns(pl.Series("card_no", [f"36{day:%y%m%d}{k:06d}" for k, day in enumerate(table["reported_on"].to_list())]))


def each(city: Scene) -> int:
    return max(1, city.people * city.days // 12_000_000)


def outbreaks(city: Scene) -> int:
    """Two of each difficulty at least."""
    return 6 * each(city)


def _frame(city: Scene, stream: str, of: np.ndarray, disease: int, onset: np.ndarray, place: np.ndarray, delay: float, ages: tuple[float, ...] | None = None) -> pl.DataFrame:
    """Cards of some cases: `onset` in days since the first day. Reports come after the doctor's visit, and not on Sundays."""
    seed, d = city.seed, DISEASES[disease]
    band = chosen(seed, f"{stream}/band", ages or d.ages, of)
    age = integers(seed, f"{stream}/age", np.array([low for low, _ in AGES])[band], np.array([high for _, high in AGES])[band], of)
    seen = onset + exponential(seed, f"{stream}/seen", delay, of)
    told = np.floor(seen) + poisson(seed, f"{stream}/told", 0.7, of)
    days = [city.first + dt.timedelta(days=int(day)) for day in told]
    days = [day + dt.timedelta(days=1) if day.weekday() == 6 else day for day in days]
    return pl.DataFrame({
        "key": hashes(seed, f"{stream}/key", of), "disease": np.full(len(of), disease), "age": age, "male": happens(seed, f"{stream}/male", 0.53, of), "place": place,
        "name": names_of_people(seed, f"{stream}/name", of), "phone": [f"1{3 + int(p % 7)}{p // 7 % 10**9:09d}" for p in hashes(seed, f"{stream}/phone", of).tolist()],
        "onset_on": [city.first + dt.timedelta(days=int(np.floor(day))) for day in onset], "diagnosed_on": [city.first + dt.timedelta(days=int(np.floor(day))) for day in seen], "reported_on": days,
        "hospital": integers(seed, f"{stream}/hospital", 1, 9, of),
    })  # fmt: skip


def _single(city: Scene) -> pl.DataFrame:
    """Cases with no link to each other, by season; a pupil's school is on the card all the same."""
    found = []
    for number, disease in enumerate(DISEASES):
        day = (city.first - dt.date(city.first.year, 1, 1)).days + np.arange(city.days)
        mean = disease.yearly / 100_000 / 365.25 * city.people * (1 + 0.8 * wave(day, 365.25, disease.peak))
        cells = np.arange(city.days * len(city.communities)) + number * 10_000_000
        counts = poisson(city.seed, "disease/single", np.maximum(0, np.outer(mean, shares(city))).ravel(), cells)
        at = np.repeat(np.arange(len(cells)), counts)
        of = np.arange(len(at)) + number * 100_000_000
        onset = at // len(city.communities) + between(city.seed, "disease/hour", 0, 1, of)
        frame = _frame(city, "disease/single", of, number, onset, at % len(city.communities), 1.5)
        setting = np.where(frame["age"].to_numpy() < 6, "幼儿园", np.where(frame["age"].to_numpy() < 13, "小学", "中学"))
        which = integers(city.seed, "disease/school", 0, len(SOURCES), of)
        venue = [f"{city.districts[district_of(city)[c]][1]}{SOURCES[w]}{s}" if age < 17 else None for c, w, s, age in zip(frame["place"], which, setting, frame["age"], strict=True)]
        found.append(frame.with_columns(pl.Series("venue", venue, dtype=pl.String)))
    return pl.concat(found)


def _outbreak(city: Scene, number: int) -> pl.DataFrame:
    """From one source, generation after generation; food infects its guests within a day and a half, people infect those they meet."""
    seed, hard = city.seed, number % 3
    disease = OUTBREAK_OF[number % len(OUTBREAK_OF)]
    d = DISEASES[disease]
    setting = d.settings[one(seed, "outbreak/setting", 0, len(d.settings), number)]
    place = one(seed, "outbreak/place", 0, len(city.communities), number)
    source = f"{city.districts[district_of(city)[place]][1]}{SOURCES[one(seed, 'outbreak/name', 0, len(SOURCES), number)]}{setting}"
    start = one(seed, "outbreak/start", 3, max(4, city.days - 25), number)
    onset, infector, generation = [start + 0.4], [-1], [0]
    if setting in ROUTES:
        onset = (start + exponential(seed, "outbreak/meal", 1.1, np.arange(MEMBERS[hard]), number)).tolist()
        infector, generation = [-1] * len(onset), [0] * len(onset)
    else:
        case = 0
        while case < len(onset) and len(onset) < MEMBERS[hard]:
            children = max(1 if case < 3 else 0, int(poisson(seed, "outbreak/spread", d.spread * 1.4, np.array([number * 1000 + case]))[0]))
            for child in range(min(children, MEMBERS[hard] - len(onset))):
                gap = 0.4 * d.serial + float(exponential(seed, "outbreak/gap", 0.6 * d.serial, number, case, child)[0])
                if onset[case] + gap < city.days - 1:
                    onset.append(onset[case] + gap)
                    infector.append(case)
                    generation.append(generation[case] + 1)
            case += 1
    of = np.arange(len(onset)) + number * 1000
    near = [k for k in range(len(city.communities)) if city.communities[k].district == city.communities[place].district]
    lives = np.where(happens(seed, "outbreak/near", 0.75, of), place, np.array(near)[integers(seed, "outbreak/lives", 0, len(near), of)])
    ages = {"幼儿园": (1, 0, 0, 0), "小学": (0, 1, 0.06, 0), "中学": (0, 0.4, 0.6, 0), "养老院": (0, 0, 0.1, 1)}.get(setting)
    frame = _frame(city, "outbreak/case", of, disease, np.array(onset), lives, 1.2, ages)
    named = happens(seed, "outbreak/named", (0.95, 0.7, 0.4)[hard], of)
    reported = happens(seed, "outbreak/reported", REPORTED[hard], of)
    return frame.with_columns(
        pl.Series("venue", [source if known else None for known in named], dtype=pl.String), pl.lit(f"O{number:04d}").alias("outbreak"), pl.Series("member", np.arange(len(onset))),
        pl.Series("infector", infector), pl.Series("generation", generation), pl.lit(source).alias("source"), pl.lit(hard + 1).alias("difficulty"), pl.lit("outbreak").alias("kind"),
        pl.lit(ROUTES.get(setting, "人传人")).alias("route"),
    ).filter(pl.Series(reported))  # fmt: skip


def _decoy(city: Scene, kind: str, number: int) -> pl.DataFrame:
    """Reports that come together and are no outbreak: the cases fell ill weeks apart, or were only looked for, or are one family."""
    seed, hard = city.seed, number % 3 + 1
    of = np.arange({"backlog": 18, "campaign": 16, "family": 3 + number % 2}[kind]) + number * 1000
    disease = {"backlog": 5, "campaign": 0, "family": 2}[kind]
    start = one(seed, f"{kind}/start", 12, max(13, city.days - 8), number)
    place = np.full(len(of), one(seed, f"{kind}/place", 0, len(city.communities), number))
    onset = {"backlog": start - between(seed, "backlog/onset", 2, 40, of), "campaign": start + between(seed, "campaign/onset", -6, 0, of), "family": start + between(seed, "family/onset", 0, 3, of)}[kind]
    if kind != "family":
        place = chosen(seed, f"{kind}/lives", shares(city), of)
    frame = _frame(city, kind, of, disease, onset, place, 1.0)
    if kind == "backlog":
        frame = frame.with_columns(pl.lit(city.day(start)).alias("reported_on"))
    return frame.with_columns(pl.lit(f"N-{kind}-{number:03d}").alias("outbreak"), pl.Series("member", np.arange(len(of))), pl.lit(hard).alias("difficulty"), pl.lit(kind).alias("kind"))


def truth(city: Scene) -> pl.DataFrame:
    """A row an outbreak or decoy: cases that were reported up to the last day."""
    there = cards(city).filter(pl.col("outbreak").is_not_null() & (pl.col("reported_on") <= city.last))
    names = [d.name for d in DISEASES]
    return there.group_by("outbreak", "kind", "difficulty").agg(
        pl.col("disease").first().replace_strict(range(len(names)), names, return_dtype=pl.String), pl.col("source").first(), pl.col("route").first(), pl.col("onset_on").min().alias("started_on"),
        pl.col("onset_on").max().alias("last_onset_on"), pl.len().alias("members"), pl.col("place").n_unique().alias("communities"), pl.col("generation").max().alias("generations"),
    ).with_columns(decoy=pl.col("kind") != "outbreak").sort("outbreak")  # fmt: skip


def members(city: Scene) -> pl.DataFrame:
    """A row a reported case of an outbreak, and the card of the one who infected it (null: the source itself, or an infector who was never reported)."""
    there = cards(city).filter((pl.col("kind") == "outbreak") & (pl.col("reported_on") <= city.last))
    by = there.select("outbreak", pl.col("member").alias("infector"), pl.col("card_no").alias("infector_card_no"))
    return there.join(by, on=["outbreak", "infector"], how="left", maintain_order="left").select("outbreak", "card_no", "generation", "infector_card_no", "difficulty", pl.lit(False).alias("decoy"))
