"""Row for row: which rows of every file are in silver, and which rule rejects which, by their places in the file.

Sets of places are compared by how many they are and by the sums of their first three powers modulo a prime: sets of the same size that differ in
at most three rows always differ in one of the sums (Newton's identities), others all but surely. So nothing but a few numbers a file leaves Spark; the rows
themselves are asked for only where they differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any

import polars as pl
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.ops.ledger import Ledger
from jobs.sample.city.score import DatasetScore, Difference, truth_table

PRIME = 2_147_483_629  # of 31 bits: what Spark adds up stays within 64
EVERY, SILVER, REJECTED = "in bronze", "in silver", "rejected by "
EXAMPLES = 5
AT_ONCE = 16  # datasets that one query reads: of more its plan costs more than its work
Run = tuple[int, int]  # first and last place


@dataclass(frozen=True)
class Places:
    """A set of places, as far as it is compared."""

    rows: int = 0
    sums: tuple[int, int, int] = (0, 0, 0)

    def __add__(self, other: Places) -> Places:
        """Of both together; they share no row."""
        added = [(mine + others) % PRIME for mine, others in zip(self.sums, other.sums, strict=True)]
        return Places(self.rows + other.rows, (added[0], added[1], added[2]))


def of_runs(runs: Iterable[Run]) -> Places:
    """Of all places in the runs, by the sums' own formulas (Faulhaber)."""
    return reduce(Places.__add__, (_of_run(*run) for run in runs), Places())


def _of_run(first: int, last: int) -> Places:
    def until(n: int) -> tuple[int, int, int]:
        return n * (n + 1) // 2, n * (n + 1) * (2 * n + 1) // 6, (n * (n + 1) // 2) ** 2

    sums = [(through - before) % PRIME for through, before in zip(until(last), until(first - 1), strict=True)]
    return Places(last - first + 1, (sums[0], sums[1], sums[2]))


@dataclass(frozen=True)
class Landed:
    """What is compared of one dataset. `table`: its name in bronze and silver; `states`: rows of truth/row_state; `deliveries`: rows of ops.deliveries; `dataset`: its name there."""

    dataset: str
    table: str
    states: Sequence[Mapping[str, Any]]
    deliveries: Sequence[Mapping[str, Any]]


def by_row(spark: SparkSession, landed: Sequence[Landed]) -> dict[str, list[Difference]]:
    """The differences of each dataset, none where nothing differs. What was not landed as expected is left to the comparison of files."""
    there = {row["tableName"] for row in spark.sql("SHOW TABLES IN silver").collect()}
    asked = [each for each in landed if each.deliveries and each.table in there]
    if not asked:
        return {}
    found: dict[tuple[str, str, str], tuple[int, Places]] = {}
    for at in range(0, len(asked), AT_ONCE):
        found |= _found(_rows_of(spark, asked[at : at + AT_ONCE]))
    return {each.dataset: list(_compared(spark, each, found)) for each in asked}


def _rows_of(spark: SparkSession, landed: Sequence[Landed]) -> DataFrame:
    """dataset, delivery, what, record: a row for each thing that is said of a row."""
    told = [rows.select(F.lit(each.dataset).alias("dataset"), "delivery", "what", "record") for each in landed for rows in _of_tables(spark, each)]
    later = spark.table("ops.rejections").where(F.col("dataset").isin([each.dataset for each in landed]) & (F.col("severity") == "critical"))
    return reduce(DataFrame.union, [*told, later.select("dataset", "delivery", F.concat(F.lit(REJECTED), "rule").alias("what"), "record")])


def _of_tables(spark: SparkSession, landed: Landed) -> list[DataFrame]:
    """Each row of bronze once, and once more for each rule that rejected it while landing; each row of silver."""
    rules = F.transform(F.filter("_rejections", lambda rejection: rejection.severity == "critical"), lambda rejection: F.concat(F.lit(REJECTED), rejection.rule))
    bronze = spark.table(f"bronze.{landed.table}").select(F.col("_delivery").alias("delivery"), F.explode(F.concat(F.array(F.lit(EVERY)), F.coalesce(rules, F.array().cast("array<string>")))).alias("what"), F.col("_record").alias("record"))
    silver = spark.table(f"silver.{landed.table}").select(F.col("_delivery").alias("delivery"), F.lit(SILVER).alias("what"), F.col("_record").alias("record"))
    return [bronze, silver]


def _found(rows: DataFrame) -> dict[tuple[str, str, str], tuple[int, Places]]:
    """(dataset, delivery, what) → the first place, and all."""
    powers = rows.withColumn("one", F.expr(f"pmod(record, {PRIME})")).withColumn("two", F.expr(f"pmod(one * one, {PRIME})")).withColumn("three", F.expr(f"pmod(two * one, {PRIME})"))
    summed = powers.groupBy("dataset", "delivery", "what").agg(F.count(F.lit(1)).alias("rows"), F.min("record").alias("low"), *[F.expr(f"pmod(sum({name}), {PRIME})").alias(name) for name in ("one", "two", "three")])
    return {(row["dataset"], row["delivery"], row["what"]): (row["low"], Places(row["rows"], (row["one"], row["two"], row["three"]))) for row in summed.toArrow().to_pylist()}


def _compared(spark: SparkSession, landed: Landed, found: Mapping[tuple[str, str, str], tuple[int, Places]]) -> Iterable[Difference]:
    expected = _expected(landed.states)
    for row in landed.deliveries:
        name = (row["period"], row["name"], row["sha256"])
        if row["outcome"] not in ("landed", "held") or name not in expected:
            continue
        of_file = {what: places for (dataset, delivery, what), (_, places) in found.items() if (dataset, delivery) == (landed.dataset, row["delivery"])}
        before = found[landed.dataset, row["delivery"], EVERY][0] if EVERY in of_file else 0  # a file's rows are counted from its first line, whatever it is
        wanted = {what: [(first + before, last + before) for first, last in runs] for what, runs in expected[name].items()}
        judged = SILVER in wanted or any(what.startswith(REJECTED) for what in wanted)
        for what in sorted({*wanted, *of_file} if judged else {EVERY, SILVER}):
            if of_file.get(what, Places()) not in _may_be(what, wanted):
                yield _told(spark, landed, row, what, wanted.get(what, []), before)


def _expected(states: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str], dict[str, list[Run]]]:
    """(period, name, sha256) → what is said of rows → runs."""
    expected: dict[tuple[str, str, str], dict[str, list[Run]]] = defaultdict(lambda: defaultdict(list))
    for row in states:
        of_file, run = expected[row["period"], row["name"], row["sha256"]], (row["first"], row["last"])
        of_file[EVERY].append(run)
        if row["state"] == "silver":
            of_file[SILVER].append(run)
        if row["rule"]:
            of_file[REJECTED + row["rule"]].append(run)
    return expected


def _may_be(what: str, wanted: Mapping[str, Sequence[Run]]) -> list[Places]:
    """A value that cannot be cast leaves its cell empty, so a needed column lacks it too."""
    planted = of_runs(wanted.get(what, []))
    lacks = f"{REJECTED}not_be_null:"
    if not what.startswith(lacks):
        return [planted]
    return [planted, planted + of_runs(wanted.get(f"{REJECTED}castable:{what.removeprefix(lacks)}", []))]


def _told(spark: SparkSession, landed: Landed, row: Mapping[str, Any], what: str, wanted: Sequence[Run], before: int) -> Difference:
    """Which rows, counted from 1 as they stand in the file, are on one side only."""
    there = _rows_of(spark, [landed]).where((F.col("delivery") == row["delivery"]) & (F.col("what") == what)).select("record")
    runs = spark.createDataFrame(list(wanted), "first long, last long")
    asked = runs.select(F.explode(F.sequence("first", "last")).alias("record"))
    lack, more = (_examples(one.join(other, "record", "left_anti"), before) for one, other in ((asked, there), (there, asked)))
    return Difference(row["dataset"], row["period"], row["name"], f"rows {what}", lack or "no more", more or "no more")


def _examples(rows: DataFrame, before: int) -> str:
    first = [row["record"] - before + 1 for row in rows.orderBy("record").limit(EXAMPLES + 1).collect()]
    return ", ".join(f"row {number:,}" for number in first[:EXAMPLES]) + (" …" if len(first) > EXAMPLES else "")


def with_rows(spark: SparkSession, ledger: Ledger, truth: Path, scores: Sequence[DatasetScore]) -> list[DatasetScore]:
    """The scores of files, and what differs row for row. Raises LakeError where there is no truth."""
    states, deliveries = truth_table(truth, "row_state"), ledger.rows("deliveries")
    landed = [_landed(score.dataset, states, deliveries) for score in scores]
    found = by_row(spark, landed)
    return [replace(score, differences=(*score.differences, *found.get(score.dataset, []))) for score in scores]


def _landed(dataset: str, states: pl.DataFrame, deliveries: Sequence[Mapping[str, Any]]) -> Landed:
    return Landed(dataset, dataset.replace(".", "__"), states.filter(pl.col("dataset") == dataset).to_dicts(), [row for row in deliveries if row["dataset"] == dataset])
