"""The stage of what happens: the communities of the city, and how far back its departments remember."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import polars as pl

from jobs.sample.city import divisions
from jobs.sample.city.draws import Floats, Ints
from jobs.sample.city.plan import Period, Plan

REMEMBERED = 365  # days before the first: the first delivery of a register brings them along


@dataclass(frozen=True)
class Community:
    """`code`: 12 digits (district, street, community), as the statistics bureau numbers them; `district`: its number in the scene."""

    code: str
    name: str
    street: str
    district: int


@dataclass(frozen=True)
class Scene:
    """`districts`: (code of six digits, name); `communities`: all of them, in order of their districts."""

    seed: int
    people: int
    first: dt.date
    last: dt.date
    districts: tuple[tuple[str, str], ...]
    communities: tuple[Community, ...] = field(repr=False)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def since(self) -> dt.date:
        """The first day that registers remember."""
        return self.first - dt.timedelta(days=REMEMBERED)

    def day(self, number: int) -> dt.date:
        return self.first + dt.timedelta(days=int(number))


@lru_cache(maxsize=16)
def scene(plan: Plan) -> Scene:
    """The divisions that the people of the city live in."""
    districts = tuple(divisions.districts().select("code", "name").iter_rows())
    number = {code: at for at, (code, _) in enumerate(districts)}
    communities = tuple(Community(code, name, street, number[district]) for code, name, street, district in divisions.communities().select("code", "name", "street", "district_code").iter_rows())
    return Scene(plan.seed, plan.people, plan.first, plan.last, districts, communities)


@lru_cache(maxsize=16)
def shares(city: Scene) -> Floats:
    """Share of the people in each community."""
    weights = divisions.communities()["weight"].to_numpy()
    return np.asarray(weights / weights.sum(), np.float64)


@lru_cache(maxsize=16)
def street_of(city: Scene) -> Ints:
    """A number of each community's street."""
    return divisions.communities()["street_code"].rank("dense").cast(pl.Int64).to_numpy() - 1


@lru_cache(maxsize=16)
def district_of(city: Scene) -> Ints:
    """District of each community."""
    return np.array([community.district for community in city.communities], dtype=np.int64)


def delivered(table: pl.DataFrame, column: str, period: Period) -> pl.DataFrame:
    """Rows of a register that a period's file brings: those dated in it; the first file brings all before as well."""
    dated = pl.col(column).cast(pl.Date)
    return table.filter((dated <= period.last) & ((dated >= period.first) | pl.lit(period.index == 0)))
