"""Who is at home when, dwelling by dwelling, and what the meter shows of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from jobs.sample.city import divisions
from jobs.sample.city.draws import Floats, Ints, chosen, happens, integers, normal
from jobs.sample.city.events.chance import between
from jobs.sample.city.events.scene import Scene, shares
from jobs.sample.city.events.weather import temperature
from jobs.sample.city.people import households
from jobs.sample.city.plan import HOUSEHOLDS_A_BLOCK, Plan

LOT = 20_000  # dwellings that one task makes
# Shares of all dwellings. Urban vacancy in China is put at 12–17 % (Beike Research 2022: 12 %); what looks like it is as frequent as it is empty.
WAYS = {
    "lived_in": 0.757, "never_occupied": 0.035, "empty": 0.055, "moved_out": 0.02, "moved_in": 0.018, "holiday_home": 0.03, "students": 0.025, "away_for_work": 0.03, "frugal": 0.02, "dead_meter": 0.01,
}  # fmt: skip
EMPTY = ("never_occupied", "empty", "moved_out", "moved_in")
DECOYS = ("holiday_home", "students", "away_for_work", "frugal", "dead_meter")
KWH_A_DAY = 2.1  # of a person at home, without heating and cooling; 6.5 for a household (National Energy Administration, 2023: some 1,000 kWh a person and year)
# Spring Festival: migrants go home a week before and come back two weeks after. First days of the lunar years.
NEW_YEARS = (dt.date(2023, 1, 22), dt.date(2024, 2, 10), dt.date(2025, 1, 29), dt.date(2026, 2, 17), dt.date(2027, 2, 6))


@dataclass(frozen=True)
class Homes:
    """Dwellings of a lot: each household has one, that of its own number, whether it lives there or not; the others are spare. `way`: place in WAYS; `turn`: day on which people moved; `difficulty`: 3 where an empty home draws as much as a thrifty one."""

    of: Ints
    way: Ints
    place: Ints
    people: Ints
    turn: Ints
    difficulty: Ints


def count(city: Scene) -> int:
    """2.62 people a household (7th census), and a dwelling more for every seven."""
    return max(60, round(city.people / 2.62 * 8 / 7))


def lots(city: Scene) -> int:
    return -(-count(city) // LOT)


@lru_cache(maxsize=8)
def homes(city: Scene, lot: int) -> Homes:
    of, seed, held = np.arange(lot * LOT, min(count(city), (lot + 1) * LOT)), city.seed, _held(city, lot)
    people = 1 + chosen(seed, "home/people", (25.4, 29.7, 21.0, 13.2, 7.0, 3.7), of)  # household sizes of the 7th census
    place = chosen(seed, "home/place", shares(city), of)
    people[: len(held)], place[: len(held)] = held["size"], held["community"]
    return Homes(
        of, chosen(seed, "home/way", list(WAYS.values()), of), place, people,
        integers(seed, "home/turn", city.days // 5, max(city.days // 5 + 1, city.days * 4 // 5), of), integers(seed, "home/difficulty", 1, 4, of),
    )  # fmt: skip


def addresses(city: Scene, lot: int) -> pl.DataFrame:
    """The columns of divisions.address() of each dwelling of a lot."""
    home, held = homes(city, lot), _held(city, lot)
    spare = divisions.address(_plan(city), "home/address", home.of[len(held) :], home.place[len(held) :])
    return pl.concat([held.select(spare.columns), spare])


def _held(city: Scene, lot: int) -> pl.DataFrame:
    """Of people.households() those whose dwellings are of the lot."""
    plan = _plan(city)
    ids = range(lot * LOT, min((lot + 1) * LOT, plan.households))
    if not ids:
        return households(plan, 0).head(0)
    found = pl.concat([households(plan, block) for block in range(ids[0] // HOUSEHOLDS_A_BLOCK, ids[-1] // HOUSEHOLDS_A_BLOCK + 1)])
    return found.filter(pl.col("household").is_between(ids[0], ids[-1]))


def _plan(city: Scene) -> Plan:
    return Plan(city.people, city.first, city.last, city.seed)


def at_home(city: Scene, home: Homes, day: int) -> Floats:
    """Share of the household that is there on a day."""
    date, names = city.day(day), list(WAYS)
    to_new_year = min(((date - new_year).days for new_year in NEW_YEARS), key=abs)
    weekend, holiday, term = date.weekday() >= 5, -9 <= to_new_year <= 14, not -12 <= to_new_year <= 17 and date.month not in (7, 8)
    there = np.ones(len(home.of))
    shown: dict[str, float | Floats] = {
        "never_occupied": 0.0, "empty": 0.0, "moved_out": (home.turn > day).astype(float), "moved_in": (home.turn <= day).astype(float), "holiday_home": 0.9 if weekend or -3 <= to_new_year <= 6 else 0.0,
        "students": 1.0 if term else 0.0, "away_for_work": (~((home.turn - 8 <= day) & (day < home.turn + 12))).astype(float), "frugal": 1.0, "dead_meter": 1.0,
    }  # fmt: skip
    for way, share in shown.items():
        there = np.where(home.way == names.index(way), share, there)
    gone_home = (home.way == 0) & holiday & happens(city.seed, "home/migrant", 0.3, home.of)
    return np.where(gone_home, 0.0, there)


def hundredths(city: Scene, home: Homes, day: int) -> Ints:
    """Hundredths of kWh of a day: a refrigerator and standby, what people do, heating and cooling, and of hard empty homes something that was left on."""
    there, seed = at_home(city, home, day), city.seed
    warm = float(temperature(city)[day * 24 : day * 24 + 24].mean())
    climate = max(0.0, 14 - warm) * 0.22 + max(0.0, warm - 26) * 0.45
    thrift = np.where(home.way == list(WAYS).index("frugal"), 0.22, normal(seed, "home/thrift", 1.0, 0.22, home.of))
    way = np.array(list(WAYS))[home.way]
    empty_for_good = np.isin(way, EMPTY)
    left_on = np.where(home.difficulty == 1, 0.0, np.where(home.difficulty == 2, between(seed, "home/standby", 0.08, 0.35, home.of), between(seed, "home/fridge", 0.6, 1.5, home.of)))
    left_on = np.where(way == "never_occupied", np.minimum(left_on, 0.02), left_on)
    base = np.where(empty_for_good & (there == 0), left_on, between(seed, "home/base", 0.7, 1.6, home.of))
    visit = (empty_for_good & (there == 0) & (home.difficulty == 3) & (way != "never_occupied") & happens(seed, "home/visit", 1 / 30, home.of, day)) * 1.2
    lived = there * home.people * np.maximum(0.15, thrift) * (KWH_A_DAY + climate) * np.maximum(0.3, normal(seed, "home/day", 1.0, 0.25, home.of, day))
    used = base * np.maximum(0.5, normal(seed, "home/base/day", 1.0, 0.08, home.of, day)) + visit + lived
    dead = (way == "dead_meter") & (day >= home.turn)
    return np.where(dead, 0, np.rint(np.maximum(0.0, used) * 100)).astype(np.int64)


def meter_numbers(city: Scene, home: Homes) -> NDArray[np.str_]:
    """12 digits: two of the utility, two of the district, eight."""
    scattered = (home.of * 7_368_787) % 100_000_000  # a step without a common factor, so that no two are alike
    district = np.array([c.district for c in city.communities])[home.place]
    return np.array([f"36{d + 1:02d}{n:08d}" for d, n in zip(district, scattered, strict=True)])


def empty_spells(city: Scene, lot: int) -> pl.DataFrame:
    """A row a dwelling that stood empty or looked like it. `empty_from`, `empty_to`: first and last day, of decoys the days that look so are not given."""
    home = homes(city, lot)
    way, numbers = np.array(list(WAYS))[home.way], meter_numbers(city, home)
    rows = []
    for k in np.flatnonzero(home.way > 0):
        kind, turn = str(way[k]), int(home.turn[k])
        spell = {"never_occupied": (0, city.days - 1), "empty": (0, city.days - 1), "moved_out": (turn, city.days - 1), "moved_in": (0, turn - 1)}.get(kind)
        rows.append((str(numbers[k]), city.communities[home.place[k]].code, kind, city.day(spell[0]) if spell else None, city.day(spell[1]) if spell else None, int(home.difficulty[k]), kind in DECOYS))
    return pl.DataFrame(rows, schema={"meter_no": pl.String, "community_code": pl.String, "kind": pl.String, "empty_from": pl.Date, "empty_to": pl.Date, "difficulty": pl.Int64, "decoy": pl.Boolean}, orient="row")
