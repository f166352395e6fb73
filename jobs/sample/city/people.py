"""The residents: households of a block with everybody who lives in them. A function of the plan and the number of the block alone."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import numpy as np
import polars as pl

from jobs.sample.city import divisions
from jobs.sample.city.divisions import ORIGINS, communities, districts
from jobs.sample.city.draws import Ints, chosen, happens, integers
from jobs.sample.city.households import ANY, FEMALE, KINDS, MALE, OTHER, Member
from jobs.sample.city.names import given, resident_ids, surname
from jobs.sample.city.plan import Plan

MEMBERS = 8  # person = household * MEMBERS + place in it
MIGRANTS = 0.25  # share of households registered elsewhere (7th census: 26.6 % of people live away from where they are registered)
SLOTS = 365 * 500  # birthdays of a year and odd or even numbers of a day
STRIDE = 104_729  # prime to SLOTS: neighbours in a list are no neighbours in the calendar
MORTALITY = ((1, 0.005), (40, 0.0007), (60, 0.003), (70, 0.012), (80, 0.035), (90, 0.09), (130, 0.2))  # below this age: deaths a year


@lru_cache(maxsize=4)
def households(plan: Plan, block: int) -> pl.DataFrame:
    """One row a household.

    household, kind (row of KINDS), size, community (row of communities()), migrant, origin (county code of registration), the columns of
    divisions.address(), moved_on (date or null) and old_community: where it lived before that day.
    """
    ids = np.arange(plan.block(block).start, plan.block(block).stop, dtype=np.int64)
    seed = plan.seed
    community = divisions.community_of(plan, "household/community", ids)
    migrant = happens(seed, "household/migrant", MIGRANTS, ids)
    weights = np.array([kind.share for kind in KINDS]) * np.array([[1.0] * len(KINDS), _MIGRANT_WEIGHTS])[migrant.astype(int)]
    kind = np.minimum((np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True) < _u(plan, ids)[:, None]).sum(axis=1), len(KINDS) - 1)
    own = np.array(communities()["district_code"].to_list())[community]
    other = np.array(districts()["code"].to_list())[chosen(seed, "household/registered", districts()["share"].to_numpy(), ids)]
    rank = np.array(ORIGINS)[chosen(seed, "household/origin", 1.0 / np.arange(2, len(ORIGINS) + 2), ids)]
    moved = happens(seed, "household/moves", 0.05 * plan.days / 365, ids)
    day = integers(seed, "household/move day", 0, plan.days, ids)
    return pl.DataFrame({
        "household": ids, "kind": kind, "size": np.array([k.size for k in KINDS])[kind], "community": community, "migrant": migrant,
        "origin": np.where(migrant, rank, np.where(happens(seed, "household/native", 0.8, ids), own, other)),
    }).with_columns(
        *divisions.address(plan, "household/address", ids, community),
        pl.when(pl.Series(moved)).then(pl.lit(plan.first) + pl.duration(days=pl.lit(pl.Series(day)))).alias("moved_on"),
        pl.Series("old_community", np.where(moved, divisions.community_of(plan, "household/old community", ids), community)),
    )  # fmt: skip


_MIGRANT_WEIGHTS = [2.4, 1.4, 0.15, 0.3, 2.2, 1.3, 0.9, 0.4, 1.2, 0.6, 0.3, 1.0, 0.3, 0.2, 0.2, 0.1]  # migrants are young, and alone or in small families


def _u(plan: Plan, ids: Ints) -> np.ndarray:
    from jobs.sample.city.draws import uniform

    return uniform(plan.seed, "household/kind", ids)


@lru_cache(maxsize=4)
def people(plan: Plan, block: int) -> pl.DataFrame:
    """One row a person who lives in the city at some time of its life, in the order of `person`.

    person, household, member (0 is the head), role, sex (1 male, 2 female), born (date; within the plan for those born in it), age (whole years at
    the end of the plan's first year), surname, given, name, id (18 digits), died (date or null), and of the household: migrant, origin, community, moved_on.
    """
    homes = households(plan, block)
    every = pl.concat([_members(plan, homes.filter(pl.col("kind") == number), number) for number in range(len(KINDS))]).sort("person")
    every = _born(plan, block, every).filter(pl.col("born") <= plan.last)
    every = _named(plan, every)
    return _mortal(plan, every).join(homes.select("household", "migrant", "origin", "community", "moved_on"), on="household", how="left", maintain_order="left").drop("region")


def _members(plan: Plan, homes: pl.DataFrame, number: int) -> pl.DataFrame:
    ids, frames = homes["household"].to_numpy(), []
    ages: list[Ints] = []
    sexes: list[Ints] = []
    for place, member in enumerate(KINDS[number].members):
        person = ids * MEMBERS + place
        ages.append(_age(plan, member, person, ages))
        sexes.append(_sex(plan, member, person, sexes))
        frames.append(pl.DataFrame({"person": person, "household": ids, "member": np.full(len(ids), place), "age": ages[-1], "sex": sexes[-1]}).with_columns(
            pl.lit(member.role).alias("role"), homes["origin"].alias("region"), homes["migrant"].alias("away")))  # fmt: skip
    return pl.concat(frames)


def _age(plan: Plan, member: Member, person: Ints, before: list[Ints]) -> Ints:
    drawn = integers(plan.seed, "person/age", member.youngest, member.oldest + 1, person)
    if member.of is None:
        return drawn
    age = before[member.of] + drawn
    return np.where(age >= 0, age, integers(plan.seed, "person/infant", 0, 6, person))


def _sex(plan: Plan, member: Member, person: Ints, before: list[Ints]) -> Ints:
    if member.sex == OTHER:
        return np.where(before[0] == MALE, FEMALE, MALE).astype(np.int64)
    drawn = np.where(happens(plan.seed, "person/male", 0.512, person), MALE, FEMALE)
    return (drawn if member.sex == ANY else np.full(len(person), member.sex)).astype(np.int64)


def _born(plan: Plan, block: int, every: pl.DataFrame) -> pl.DataFrame:
    """Birthdays and ids. Nobody shares an id: those of one region, year and sex get numbers in turn, and blocks take turns too."""
    person = every["person"].to_numpy()
    year = plan.first.year - every["age"].to_numpy()
    elsewhere = happens(plan.seed, "person/born elsewhere", 0.12, person) & (every["age"].to_numpy() >= 18)
    away = np.array(ORIGINS)[integers(plan.seed, "person/birth place", 0, len(ORIGINS), person)]
    region = np.where(elsewhere, away, np.array(every["region"].to_list()))
    placed = every.with_columns(pl.Series("region", region), pl.Series("year", year)).with_columns(pl.int_range(pl.len()).over("region", "year", "sex").alias("rank"))
    start = integers(plan.seed, "birthdays", 0, SLOTS, placed["year"].to_numpy())
    slot = (start + (block + plan.blocks * placed["rank"].to_numpy()) * STRIDE) % SLOTS
    placed = placed.with_columns(
        (pl.date(pl.col("year"), 1, 1) + pl.duration(days=pl.lit(pl.Series(slot % 365)))).alias("born"),
        pl.Series("number", slot // 365 * 2 + np.where(placed["sex"].to_numpy() == MALE, 1, 0)),
    )  # fmt: skip
    body = placed.select(pl.col("region") + pl.col("born").dt.strftime("%Y%m%d") + pl.col("number").cast(pl.String).str.zfill(3)).to_series()
    return placed.with_columns(resident_ids(body).alias("id")).drop("year", "rank", "number", "away")


def _named(plan: Plan, every: pl.DataFrame) -> pl.DataFrame:
    """Children are called as their father, or the head where there is none; a wife and a mother keep their own names."""
    person, home = every["person"].to_numpy(), every["household"].to_numpy()
    family = surname(plan, "household/surname", home)
    own = every.select(((pl.col("role") == "spouse") & (pl.col("sex") == FEMALE)) | ((pl.col("role") == "parent") & (pl.col("sex") == FEMALE))).to_series().to_numpy()
    names = np.where(own, surname(plan, "person/surname", person), family)
    firsts = given(plan, "person/given", person, every["sex"].to_numpy(), every["born"].dt.year().to_numpy())
    return every.with_columns(pl.Series("surname", names), pl.Series("given", firsts), pl.Series("name", np.char.add(names.astype("<U2"), firsts)))


def _mortal(plan: Plan, every: pl.DataFrame) -> pl.DataFrame:
    person, age = every["person"].to_numpy(), every["age"].to_numpy()
    rate = np.array([rate for _, rate in MORTALITY])[np.searchsorted([limit for limit, _ in MORTALITY], age, side="right")]
    days = every.select((pl.lit(plan.last) - pl.max_horizontal(pl.col("born"), pl.lit(plan.first))).dt.total_days() + 1).to_series().to_numpy()
    dies = happens(plan.seed, "person/dies", rate * days / 365, person)
    after = integers(plan.seed, "person/death day", 0, np.maximum(days, 1), person)
    start = pl.max_horizontal(pl.col("born"), pl.lit(plan.first))
    return every.with_columns(pl.when(pl.Series(dies)).then(start + pl.duration(days=pl.lit(pl.Series(after)))).alias("died"))


def alive(day: dt.date) -> pl.Expr:
    """Of people(): who lives on that day."""
    return (pl.col("born") <= day) & (pl.col("died").is_null() | (pl.col("died") > day))
