"""`lake bench land`: our landing against what one would write without it. All read one object of the store and commit to the store."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # before GX is imported: nothing phones home

import great_expectations as gx
import polars as pl
from great_expectations.core import ExpectationSuite
from great_expectations.data_context.types.base import ProgressBarsConfig
from pyspark.sql import SparkSession

from jobs import check, land, register
from jobs.bench import payments
from jobs.bench.rounds import Contender
from jobs.contracts.model import Contract
from jobs.ops.ledger import TABLES, Ledger
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import delta_options, keys, s3
from jobs.quality.engine import expectation_class
from jobs.quality.rules import Rule

PERIOD = "2024"


@dataclass(frozen=True)
class Dump:
    """The object that all contenders read: `s3://landing/<key>`."""

    settings: Settings
    key: str
    rows: int
    size: int

    def uri(self, scheme: str) -> str:
        return self.settings.uri("landing", self.key, scheme=scheme)


def delivered(settings: Settings, rows: int, name: str) -> Dump:
    """Make the dump in the landing folder of the benchmark's dataset `name`."""
    client, bucket, key = s3(settings), settings.bucket("landing"), f"bench/{name}/{PERIOD}/payments.csv"
    upload, parts, size = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"], [], 0
    for number, chunk in enumerate(payments.chunks(rows), 1):
        tag = client.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=chunk)["ETag"]
        parts.append({"ETag": tag, "PartNumber": number})
        size += len(chunk)
    client.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
    return Dump(settings, key, rows, size)


def ours(spark: SparkSession, dump: Dump, name: str) -> Contender:
    """register, land and check: raw copy, receipt, typed rows with the ten rules judged, ledger, GX's verdicts and its page."""
    contract, rules = payments.contract(name)
    settings = dump.settings

    def run(tag: str) -> Mapping[str, float]:
        mine = _as(contract, f"{name}_{tag}")
        steps: dict[str, Callable[[], Any]] = {
            "register": lambda: register.run(spark, settings, mine), "land": lambda: land.run(spark, settings, mine, rules),
            "check": lambda: check.run(spark, settings, mine, rules),
        }  # fmt: skip
        seconds = {}
        for step, work in steps.items():
            began = time.perf_counter()
            result = work()
            seconds[step] = time.perf_counter() - began
            if step == "land":
                _require(result.rows, dump)
        return seconds

    return Contender("ours", "civiclake: raw copy, 10 rules, ledger, GX", run, lambda tag: forget(spark, settings, _as(contract, f"{name}_{tag}")))


def plain_spark(spark: SparkSession, dump: Dump, name: str) -> Contender:
    def run(tag: str) -> None:
        place = dump.settings.uri("warehouse", "bench", f"{name}_spark_{tag}", scheme="s3a")
        spark.read.csv(dump.uri("s3a"), schema=payments.SPARK_SCHEMA, header=True).write.format("delta").save(place)

    return Contender("plain_spark", "PySpark read.csv → write.delta, no rules", run, lambda tag: _wipe(dump.settings, f"{name}_spark_{tag}"))


def spark_gx(spark: SparkSession, dump: Dump, name: str, rules: Sequence[Rule]) -> Contender:
    def run(tag: str) -> None:
        place = dump.settings.uri("warehouse", "bench", f"{name}_gx_{tag}", scheme="s3a")
        spark.read.csv(dump.uri("s3a"), schema=payments.SPARK_SCHEMA, header=True).write.format("delta").save(place)
        _plain_gx(spark.read.format("delta").load(place), rules)

    return Contender("spark_gx", "the same, then GX with the 10 rules", run, lambda tag: _wipe(dump.settings, f"{name}_gx_{tag}"))


def _plain_gx(frame: Any, rules: Sequence[Rule]) -> None:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_spark("plain", persist=False).add_dataframe_asset("payments")
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": frame})
    result = batch.validate(ExpectationSuite("payments", expectations=[expectation_class(r.type)(**r.kwargs, severity=r.severity) for r in rules]))
    if len(result.results) != len(rules):
        raise LakeError(f"GX judged {len(result.results)} of {len(rules)} rules", "the benchmark is broken")


def polars(dump: Dump, name: str) -> Contender:
    options = delta_options(dump.settings)

    def run(tag: str) -> None:
        frame = pl.scan_csv(dump.uri("s3"), schema=payments.POLARS_SCHEMA, storage_options=options).collect()
        frame.write_delta(dump.settings.uri("warehouse", "bench", f"{name}_polars_{tag}"), storage_options=options)

    return Contender("polars", "Polars → delta-rs, no rules", run, lambda tag: _wipe(dump.settings, f"{name}_polars_{tag}"))


def forget(spark: SparkSession, settings: Settings, contract: Contract) -> None:
    """Remove a benchmark's dataset: its rows, its raw copies, its ledger rows, its names."""
    spark.sql(f"DROP VIEW IF EXISTS quarantine.{contract.table}")
    spark.sql(f"DROP TABLE IF EXISTS bronze.{contract.table}")
    spark.sql(f"DROP TABLE IF EXISTS silver.{contract.table}")
    for zone, prefix in (("bronze", f"{contract.table}/"), ("silver", f"{contract.table}/"), ("raw", f"{contract.department}/{contract.name}/"), ("docs", f"gx/{contract.table}/")):
        _delete(settings, zone, prefix)
    for table in TABLES:
        Ledger(settings).table(table).delete(f"dataset = '{contract.dataset}'")


def _as(contract: Contract, name: str) -> Contract:
    from dataclasses import replace

    return replace(contract, name=name)


def _require(rows: int, dump: Dump) -> None:
    if rows != dump.rows:
        raise LakeError(f"{rows:,} of {dump.rows:,} rows landed", "look into ops.deliveries")


def _wipe(settings: Settings, name: str) -> None:
    _delete(settings, "warehouse", f"bench/{name}/")


def _delete(settings: Settings, zone: str, prefix: str) -> None:
    client, bucket = s3(settings), settings.bucket(zone)
    for item in list(keys(client, bucket, prefix)):
        client.delete_object(Bucket=bucket, Key=item["Key"])


def fresh_name() -> str:
    return f"payment_{uuid.uuid4().hex[:6]}"
