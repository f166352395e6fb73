"""`lake bench land`: our landing against what one would write without it. All read one object of the store and commit to the store."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # before GX is imported: nothing phones home

import great_expectations as gx
import polars as pl
from great_expectations.core import ExpectationSuite
from great_expectations.data_context.types.base import ProgressBarsConfig
from pyspark.sql import SparkSession

from jobs.bench import payments
from jobs.bench.ours import Dump, delivered, forget, landed, under
from jobs.bench.processor import spent
from jobs.bench.rounds import Contender, Timing, measured
from jobs.contracts.model import Contract
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import delta_options, emptied
from jobs.quality.engine import expectation_class
from jobs.quality.rules import Rule


def run(spark: SparkSession, settings: Settings, rows: int, rounds: int, tell: Callable[[str], None]) -> list[Timing]:
    """Ours, then (a) plain Spark, (b) Spark and GX, (c) Polars. What they write is deleted after each round, the dump at the end."""
    contract, rules = payments.contract(f"payment_{uuid.uuid4().hex[:8]}")
    tell(f"making a dump of {rows:,} rows")
    try:
        dump = delivered(settings, contract, rows)
        contenders = [_ours(spark, dump, contract, rules), _plain_spark(spark, dump, contract), _spark_gx(spark, dump, contract, rules), _polars(dump, contract)]
        return measured(contenders, rounds, lambda: spent(settings), tell)
    finally:
        emptied(settings, "landing", f"{contract.landing}/")


def _ours(spark: SparkSession, dump: Dump, contract: Contract, rules: Sequence[Rule]) -> Contender:
    def run(tag: str) -> Mapping[str, float]:
        return landed(spark, dump.settings, under(contract, f"{contract.name}_{tag}"), rules, dump.rows)

    def clean(tag: str) -> None:
        forget(spark, dump.settings, under(contract, f"{contract.name}_{tag}"))

    return Contender("ours", "civiclake: raw copy, 10 rules, ledger, GX", run, clean)


def _plain_spark(spark: SparkSession, dump: Dump, contract: Contract) -> Contender:
    name = f"{contract.name}_spark"
    return Contender("plain_spark", "PySpark read.csv → write.delta", lambda tag: _spark_written(spark, dump, f"{name}_{tag}"), lambda tag: _wiped(dump, f"{name}_{tag}"))


def _spark_gx(spark: SparkSession, dump: Dump, contract: Contract, rules: Sequence[Rule]) -> Contender:
    name = f"{contract.name}_gx"

    def run(tag: str) -> None:
        _spark_written(spark, dump, f"{name}_{tag}")
        judged_by_gx(spark.read.format("delta").load(_place(dump, f"{name}_{tag}", "s3a")), rules)

    return Contender("spark_gx", "the same, then GX with the 10 rules", run, lambda tag: _wiped(dump, f"{name}_{tag}"))


def _polars(dump: Dump, contract: Contract) -> Contender:
    name, options = f"{contract.name}_polars", delta_options(dump.settings)

    def run(tag: str) -> None:
        reading = {name: value for name, value in options.items() if name.startswith("AWS_")}  # Polars takes the others as numbers
        frame = pl.scan_csv(dump.uri("s3"), schema=payments.POLARS_SCHEMA, storage_options=reading)
        frame.sink_delta(_place(dump, f"{name}_{tag}", "s3"), storage_options=options)

    return Contender("polars", "Polars → delta-rs", run, lambda tag: _wiped(dump, f"{name}_{tag}"))


def _spark_written(spark: SparkSession, dump: Dump, name: str) -> None:
    spark.read.csv(dump.uri("s3a"), schema=payments.SPARK_SCHEMA, header=True).write.format("delta").save(_place(dump, name, "s3a"))


def judged_by_gx(frame: Any, rules: Sequence[Rule], whole: int = 0) -> None:
    """Plain GX: Spark's engine as it comes, without persist, which is what Connect takes. `whole`: how many of the rules count no rows."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_spark("plain", persist=False).add_dataframe_asset("payments")
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": frame})
    result = batch.validate(ExpectationSuite("payments", expectations=[expectation_class(r.type)(**r.kwargs, severity=r.severity) for r in rules]))
    judged = [item for item in result.results if "unexpected_count" in item.result or ("observed_value" in item.result and whole)]
    if len(judged) != len(rules):
        raise LakeError(f"plain GX judged {len(judged)} of {len(rules)} rules", "run it again with LAKE_DEBUG=1")


def _place(dump: Dump, name: str, scheme: str) -> str:
    return dump.settings.uri("warehouse", "bench", name, scheme=scheme)


def _wiped(dump: Dump, name: str) -> None:
    emptied(dump.settings, "warehouse", f"bench/{name}/")
