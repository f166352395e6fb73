"""Take a test's own dataset out of the lake: its tables, ledger rows and objects."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession

from jobs.ops.ledger import TABLES, Ledger
from jobs.platform.settings import Settings
from jobs.platform.store import emptied


def forget(spark: SparkSession, settings: Settings, store: Any, dataset: str, landing: str | None = None) -> None:
    """`dataset`: `<department>.<name>`; `landing`: its folder in the landing zone, where it is not `<department>/<name>`."""
    table, folder = dataset.replace(".", "__"), dataset.replace(".", "/")
    spark.sql(f"DROP VIEW IF EXISTS quarantine.{table}")
    for name in (f"silver.{table}", f"bronze.{table}", f"bronze.{table}__mended"):
        spark.sql(f"DROP TABLE IF EXISTS {name}")
    for zone, prefix in (("landing", landing or folder), ("raw", folder), ("bronze", table), ("bronze", f"{table}__mended"), ("bronze", f"{table}__edits"), ("silver", table), ("docs", f"gx/{table}"), ("docs", f"quality/{table}"), ("keys", dataset)):
        emptied(settings, zone, f"{prefix}/")
    ledger = Ledger(settings)
    for name in TABLES:
        ledger.table(name).delete(f"dataset = '{dataset}'")
