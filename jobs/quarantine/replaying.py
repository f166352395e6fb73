"""Rejected rows judged again, by every rule, each once: one-row rules natively inside Spark's Arrow tasks, the others by Spark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any

import polars as pl
import pyarrow as pa
from great_expectations.exceptions import GreatExpectationsError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.contracts.model import Contract
from jobs.platform.errors import LakeError
from jobs.platform.settings import load_settings
from jobs.quality.compile import REJECTIONS
from jobs.quality.conditions import failing
from jobs.quality.many import BESIDE, found_in, in_spark
from jobs.quality.plugins import load
from jobs.quality.rules import Rule, columns_of, judging
from jobs.quality.vocabulary import KEYS
from jobs.quality.words import message_of
from jobs.quarantine.rereading import reread
from jobs.quarantine.selecting import TEXTS, Shelf
from jobs.tables import bronze
from jobs.tables.mended import DISCARDED, FIXED, REASONS, RELEASED
from jobs.tables.silver import sql_type
from jobs.tables.states import ROW, alone

KEPT = ("_delivery", "_period", "_record", "_part", "_extra", "_texts", "_set", "_was")  # what goes through the tasks unchanged


def replayed(spark: SparkSession, contract: Contract, rules: Sequence[Rule], rows: DataFrame, on: Shelf) -> DataFrame:
    """`troubled` rows, with corrections in `_texts` and `_set`, as they are judged now: bronze's columns, `_was`, `_decision`."""
    sent = rows.withColumn("_texts", with_extra(contract)).withColumn("_was", F.col("_reasons"))
    rules = judging(rules)
    native = _judged_natively(contract, rules, sent)
    native = native.localCheckpoint() if in_spark(rules) else native  # each of those rules reads it
    found = _judged_in_spark(spark, contract, in_spark(rules), native, on)
    if found is not None:
        native = native.join(found, list(ROW), "left").withColumn("_rejections", F.concat(F.coalesce("_rejections", F.array().cast(REASONS)), F.coalesce("_more", F.array().cast(REASONS)))).drop("_more")
    own = F.when(F.size(F.from_json("_set", TEXTS)) > 0, F.col("_set"))
    return native.withColumn("_raw", F.col("_texts")).withColumn("_values", own).withColumn("_decision", F.lit(FIXED))


def differing(rows: DataFrame) -> DataFrame:
    """Of rows judged again those of which something else is said now than before."""
    names = [F.array_sort(F.transform(F.filter(column, lambda r: r.severity == "critical"), lambda r: r.rule)) for column in ("_was", "_rejections")]
    return rows.where(~F.coalesce(names[0], F.array().cast("array<string>")).eqNullSafe(F.coalesce(names[1], F.array().cast("array<string>"))))


def with_extra(contract: Contract) -> Column:
    """`_texts` with the columns that the contract did not have when the row landed, out of what its file had more of."""
    extra, names = F.from_json("_extra", TEXTS), [c for c in contract.columns if not c.source.startswith("$")]
    if not names:
        return F.col("_texts")
    found = [F.struct(F.lit(c.name).alias("key"), F.coalesce(*[extra[header] for header in (c.source, *c.synonyms)]).alias("value")) for c in names]
    new = F.map_from_entries(F.filter(F.array(*found), lambda e: e.value.isNotNull() & ~F.map_contains_key("_texts", e.key) & ~F.map_contains_key("_set", e.key)))
    return F.when(F.col("_extra").isNull(), F.col("_texts")).otherwise(F.map_concat("_texts", new))


def _judged_natively(contract: Contract, rules: Sequence[Rule], rows: DataFrame) -> DataFrame:
    columns: list[Column | str] = [*KEPT[:5], F.to_json("_texts").alias("_texts"), F.to_json("_set").alias("_set"), "_was"]
    kinds = {c.name: sql_type(c) for c in contract.columns} | dict.fromkeys(("_delivery", "_period", "_extra", "_texts", "_set"), "string")
    kinds |= {"_record": "bigint", "_part": "int", "_was": REASONS, "_rejections": REASONS}
    out = [*(c.name for c in contract.columns), *KEPT, "_rejections"]
    schema = pa.schema([pa.field(name, _arrow(contract, name)) for name in out])

    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                yield from _batches(contract, rules, batch, schema)

    return rows.select(*columns).mapInArrow(task, ", ".join(f"`{name}` {kinds[name]}" for name in out))


def _batches(contract: Contract, rules: Sequence[Rule], batch: pa.RecordBatch, schema: pa.Schema) -> list[pa.RecordBatch]:
    rows = pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch]))).with_columns(pl.col("_was").cast(REJECTIONS))
    found = reread(contract, rules, rows)
    frame = found.values.with_columns(*(rows[name] for name in KEPT), found.rejections.alias("_rejections")).select(schema.names)
    made: list[pa.RecordBatch] = frame.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema).to_batches()
    return made


def _arrow(contract: Contract, name: str) -> Any:
    bronze_schema = bronze.arrow_schema(contract)
    return bronze_schema.field("_rejections").type if name == "_was" else bronze_schema.field(name).type if name in bronze_schema.names else pa.string()


def _judged_in_spark(spark: SparkSession, contract: Contract, rules: Sequence[Rule], rows: DataFrame, on: Shelf) -> DataFrame | None:
    """ROW and `_more`, what the rules that need Spark say of these rows; None where there are no such rules. Raises LakeError naming a rule that cannot be judged."""
    parts = []
    if rules:
        load(load_settings().root)
    for rule in rules:
        try:
            keys = [r.id for r in rules if r.type in KEYS]
            bad = _beside(spark, contract, rule, keys, rows, on) if rule.type in KEYS | BESIDE else failing(rows, rule)
            _ = bad.schema
        except (PySparkException, GreatExpectationsError) as problem:
            raise LakeError(f"{rule.id} cannot be judged: {type(problem).__name__}", "mend the expectation, then replay again") from None
        parts.append(bad.select(*ROW, _reason(rule).alias("_reason")))
    return reduce(DataFrame.unionByName, parts).groupBy(*ROW).agg(F.array_sort(F.collect_list("_reason")).cast(REASONS).alias("_more")) if parts else None


def _reason(rule: Rule) -> Column:
    said = {"rule": rule.id, "severity": rule.severity, "column": ", ".join(columns_of(rule)), "value": None, "message": message_of(rule)}
    return F.struct(*[F.lit(value).cast("string").alias(name) for name, value in said.items()])


def _beside(spark: SparkSession, contract: Contract, rule: Rule, of_keys: Sequence[str], rows: DataFrame, on: Shelf) -> DataFrame:
    """Of these rows those that fail beside the others of their delivery, e.g. whose key another row has with other content: one of these, one that is valid or
    let through, or one that is quarantined for its key alone (`of_keys`: the rules that reject it so)."""
    names = [*(c.name for c in contract.columns), *ROW, "_rejections"]
    through = F.when(F.col("_decision") == RELEASED, F.lit(None).cast(REASONS)).otherwise(F.filter("_rejections", lambda r: ~r.rule.isin(list(of_keys))))
    deliveries = [row["_delivery"] for row in rows.select("_delivery").distinct().collect()]
    there = alone(spark.table(f"bronze.{contract.table}"), contract, on.stands, on.events).where(F.col("_delivery").isin(deliveries)).where(F.col("_state").isNull() | ((F.col("_state") == "quarantined") & ~F.col("_decision").eqNullSafe(DISCARDED)))
    mine = rows.select(*ROW, F.lit(True).alias("_mine"))
    every = there.withColumn("_rejections", through).select(names).join(mine, list(ROW), "left_anti").unionByName(rows.select(names))
    return found_in(every, contract, rule, deliveries).join(mine, list(ROW), "left_semi")
