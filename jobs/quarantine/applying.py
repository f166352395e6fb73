"""A step with quarantined rows, in an order that leaves it done or not done wherever it is killed.

First what becomes of the rows is written, which counts for nothing yet; then the event, from which on it counts; then silver and the counts of the
ledger follow, now or with the next run of the dataset. The same command again finds what is left to do and does it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs import conform
from jobs.contracts.model import Contract
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from jobs.quality.rules import Rule
from jobs.quarantine.events import Outcome, Step, event_row, in_order, next_number, note
from jobs.quarantine.selecting import Shelf, shelf
from jobs.tables import bronze, mended, names
from jobs.tables.states import critical

Make = Callable[[Shelf], DataFrame]  # rows as a step makes them


@dataclass(frozen=True)
class Taken:
    """`event`: None where nothing was left to do, or nothing should be done. `outcome`: what the step does, or would do. `states`: of the dataset's rows afterwards."""

    event: str | None
    outcome: Outcome
    states: Mapping[str, int]


def take(spark: SparkSession, settings: Settings, contract: Contract, rules: Sequence[Rule], step: Step, make: Make, *, dry_run: bool = False) -> Taken:
    """Take the step. `make` gives the rows it changes, with `_rejections`, `_was` and `_decision` as they will be."""
    ledger = Ledger(settings)
    bronze.open_table(settings, contract)  # a column that the contract has come to have
    events = in_order(ledger.rows("quarantine_events", dataset=contract.dataset))
    rows = make(shelf(ledger, contract, events)).localCheckpoint()  # worked out once, kept by Spark, for as long as it is known here
    done = outcome(rows)
    if dry_run:
        return Taken(None, done, {})
    if not done.rows:
        return Taken(None, done, _follow(spark, settings, contract, rules))
    number = next_number(events)
    event = step.event(contract.dataset, number)
    mended.create(spark, settings, contract)
    mended.write(settings, contract, rows, event)
    note(ledger, event_row(contract.dataset, number, step, done, rules))
    return Taken(event, done, _follow(spark, settings, contract, rules))


def _follow(spark: SparkSession, settings: Settings, contract: Contract, rules: Sequence[Rule]) -> Mapping[str, int]:
    if mended.exists(settings, contract):
        names.publish(spark, settings, contract)
    return conform.run(spark, settings, contract, rules).states


def outcome(rows: DataFrame) -> Outcome:
    """Counts of rows with `_was`, `_rejections` and `_decision`, in one pass."""
    passes = (F.col("_decision") == mended.RELEASED) | ((F.col("_decision") == mended.FIXED) & ~critical())
    after = F.filter("_rejections", lambda r: r.severity == "critical")
    facts = F.concat(
        F.array(_fact("rows")), F.when(passes, F.array(_fact("passing"))).otherwise(F.array().cast("array<struct<kind:string,rule:string>>")),
        F.transform(F.array_distinct(F.transform("_was", lambda r: r.rule)), lambda rule: F.struct(F.lit("before").alias("kind"), rule.alias("rule"))),
        F.when(passes | after.isNull(), F.array().cast("array<struct<kind:string,rule:string>>")).otherwise(
            F.transform(F.array_distinct(F.transform(after, lambda r: r.rule)), lambda rule: F.struct(F.lit("after").alias("kind"), rule.alias("rule")))),
    )  # fmt: skip
    found = rows.select(F.explode(facts).alias("f")).groupBy("f.kind", "f.rule").count().toArrow().to_pylist()
    counts = {(row["kind"], row["rule"]): row["count"] for row in found}
    reasons = {kind: {rule: n for (k, rule), n in sorted(counts.items()) if k == kind} for kind in ("before", "after")}
    return Outcome(counts.get(("rows", ""), 0), counts.get(("passing", ""), 0), reasons["before"], reasons["after"])


def _fact(kind: str) -> Column:
    return F.struct(F.lit(kind).alias("kind"), F.lit("").alias("rule"))
