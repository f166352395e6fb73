"""The lake's own side of the benchmarks: a dump as the lake lands it, and how to remove every trace of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pyspark.sql import SparkSession

from jobs import check, conform, land, register
from jobs.bench import payments
from jobs.contracts.model import Contract
from jobs.ops.ledger import TABLES, Ledger
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import emptied, s3
from jobs.quality.rules import Rule

PERIOD = "2024"


@dataclass(frozen=True)
class Dump:
    """A delivered file, `s3://landing/<key>`. `size` in bytes."""

    settings: Settings
    key: str
    rows: int
    size: int

    def uri(self, scheme: str) -> str:
        return self.settings.uri("landing", self.key, scheme=scheme)


def delivered(settings: Settings, contract: Contract, rows: int) -> Dump:
    """Make the dump in the landing folder of a benchmark's dataset."""
    client, bucket, key = s3(settings), settings.bucket("landing"), f"{contract.landing}/{PERIOD}/payments.csv"
    upload, parts, size = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"], [], 0
    for number, chunk in enumerate(payments.chunks(rows), 1):
        tag = client.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=chunk)["ETag"]
        parts.append({"ETag": tag, "PartNumber": number})
        size += len(chunk)
    client.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
    return Dump(settings, key, rows, size)


def landed(spark: SparkSession, settings: Settings, contract: Contract, rules: Sequence[Rule], rows: int, silver: bool = False) -> Mapping[str, float]:
    """Seconds of register, land and check (and conform with `silver`). Raises LakeError when not every row landed and was checked."""
    steps: dict[str, Callable[[], Any]] = {
        "register": lambda: register.run(spark, settings, contract), "land": lambda: land.run(spark, settings, contract, rules),
        "check": lambda: check.run(spark, settings, contract, rules),
    }  # fmt: skip
    if silver:
        steps["conform"] = lambda: conform.run(spark, settings, contract, rules)
    seconds, results = {}, {}
    for step, work in steps.items():
        began = time.perf_counter()
        results[step] = work()
        seconds[step] = time.perf_counter() - began
    if results["land"].rows != rows or results["check"].deliveries != 1 or results["check"].held:
        raise LakeError(f"{results['land'].rows:,} of {rows:,} rows landed; {results['land'].refused or results['check'].held}", "look into ops.deliveries")
    return seconds


def under(contract: Contract, name: str) -> Contract:
    """The same dump landed as a dataset of another name."""
    return replace(contract, name=name)


def forget(spark: SparkSession, settings: Settings, contract: Contract) -> None:
    """Remove a benchmark's dataset: its names, its rows, its raw copies, its pages, its ledger rows."""
    spark.sql(f"DROP VIEW IF EXISTS quarantine.{contract.table}")
    for layer in ("bronze", "silver"):
        spark.sql(f"DROP TABLE IF EXISTS {layer}.{contract.table}")
        emptied(settings, layer, f"{contract.table}/")
    emptied(settings, "raw", f"{contract.department}/{contract.name}/")
    emptied(settings, "docs", f"gx/{contract.table}/")
    ledger = Ledger(settings)
    for table in TABLES:
        ledger.table(table).delete(f"dataset = '{contract.dataset}'")
