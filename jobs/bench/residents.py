"""`lake bench residents`: what resolving a city costs by its size, and what a day's new and changed records cost against it."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs import resolve
from jobs.bench import registers as city_registers
from jobs.bench.processor import most, spent, together
from jobs.identity.agreement import Agreement
from jobs.identity.registers import Register, load_registers
from jobs.identity.scoring import blocked
from jobs.identity.tables import IdentityTables
from jobs.identity.told import forget
from jobs.ops.ledger import Ledger
from jobs.platform.delta_tables import name_table
from jobs.platform.settings import Settings
from jobs.platform.spark import fit
from jobs.sample.city.plan import Plan
from jobs.sample.city.registry import dataset_of
from jobs.sample.city.score_residents import agreements
from jobs.tables.sizes import read_bytes

# five registers of different carefulness, with and without birthdays and addresses
REGISTERS = ("public_security.household_register", "human_resources.social_insurance", "housing.property", "education.pupil", "public_security.vehicle")
FIRST, LAST = dt.date(2025, 1, 1), dt.date(2025, 1, 31)
DAY = 0.01  # share of the records that come on one day
# what a run is called, and how many days' records have not come yet; on a first day Spark compiles what it has never done, the day is one of many
WHOLE = "all but two days"
RUNS = ((WHOLE, 2), ("a first day", 1), ("the day", 0), ("nothing new", 0))


@dataclass(frozen=True)
class Cost:
    """`processor`: seconds of processor time of the whole stack; `memory`: the most bytes that Spark, its workers and the driver held; `pairs`: links written; `compared`: pairs that share a
    blocking key, one that shares several counted for each: as many as are compared at most."""

    people: int
    what: str
    seconds: float
    processor: float
    memory: int
    records: int
    fresh: int
    pairs: int
    compared: int
    agreement: Agreement | None


def run(spark: SparkSession, settings: Settings, sizes: Sequence[int], skewed: float, tell: Callable[[str], None]) -> list[Cost]:
    """Each city in four runs: all but two hundredths of its records, then each of these, then nothing. `skewed`: so many people of a hundred get one name."""
    found: list[Cost] = []
    for people in sizes:
        found += _city(spark, settings, Plan(people, FIRST, LAST), skewed, tell)
    return found


def _city(spark: SparkSession, settings: Settings, plan: Plan, skewed: float, tell: Callable[[str], None]) -> list[Cost]:
    mark = f"bench_{uuid.uuid4().hex[:8]}"
    chosen = [register for register in load_registers(settings.root) if register.dataset in REGISTERS]
    store = IdentityTables(spark, settings, mark)

    def table(dataset: str) -> str:
        return f"silver.{mark}__{dataset.replace('.', '__')}"

    try:
        tell(f"{plan.people:,} people: registers")
        for register in chosen:
            city_registers.write(settings, plan, register.dataset, table(register.dataset).removeprefix("silver."))
            _named(spark, settings, register, table, skewed)
        fit(spark, read_bytes(settings, [table(register.dataset) for register in chosen]))  # as the command does
        found = []
        for what, days in RUNS:
            tell(f"{plan.people:,} people: {what}")
            found.append(_timed(spark, settings, plan, chosen, mark, lambda dataset, days=days: _view(spark, table(dataset), days), what))  # type: ignore[misc]
        return [*found[:-1], _scored(settings, plan, store, found[-1], skewed)]
    finally:
        store.drop()
        forget(store, Ledger(settings))
        for register in chosen:
            spark.sql(f"DROP TABLE IF EXISTS {table(register.dataset)}")


def _named(spark: SparkSession, settings: Settings, register: Register, table: Callable[[str], str], skewed: float) -> None:
    name = table(register.dataset)
    name_table(spark, settings, name)
    if skewed:
        people, ids = register.people[0].name, register.people[0].id
        spark.sql(f"UPDATE {name} SET {people} = '王伟' WHERE pmod(xxhash64(coalesce({ids}, {people})), 10000) < {round(skewed * 100)}")


def _view(spark: SparkSession, table: str, days: int) -> str:
    """The register, or all of it but what comes on so many days."""
    if not days:
        return table
    view = f"{table.removeprefix('silver.')}_before_{days}"
    rows = spark.table(table)
    rows.where(F.pmod(F.xxhash64(F.col(rows.columns[0])), F.lit(10_000)) >= round(days * DAY * 10_000)).createOrReplaceTempView(view)
    return view


def _timed(spark: SparkSession, settings: Settings, plan: Plan, chosen: Sequence[Register], mark: str, tables: Callable[[str], str], what: str) -> Cost:
    store = IdentityTables(spark, settings, mark)
    store.create()
    shared, before = blocked(store.read("profile")), spent(settings)
    with most(lambda: together(settings)) as held:
        began = time.perf_counter()
        done = resolve.run(spark, settings, chosen, mark, tables)
        seconds, processor, memory = time.perf_counter() - began, spent(settings) - before, held()
    return Cost(plan.people, what, seconds, processor, memory, done.records, done.fresh, done.pairs, blocked(store.read("profile")) - shared, None)


def _scored(settings: Settings, plan: Plan, store: IdentityTables, last: Cost, skewed: float) -> Cost:
    """With the agreement, where names are still those that the truth is of."""
    if skewed:
        return last
    keys = pl.DataFrame(pl.from_arrow(store.read("resident_key").where("valid_to IS NULL").select("source_dataset", "source_record", "resident_key").toArrow()))
    links: list[Any] = [rows for name in REGISTERS for part in range(dataset_of(name).parts(plan)) for kind, rows in dataset_of(name).truth(plan, part) if kind == "person_link"]
    found = agreements(keys, pl.concat(links, how="diagonal_relaxed"))[0]
    return Cost(**(vars(last) | {"agreement": found}))
