"""The ledger by name: `ops.*` in the catalog."""

from __future__ import annotations

from pyspark.sql import SparkSession

from jobs.ops.ledger import TABLES
from jobs.platform.settings import Settings


def register_ops(spark: SparkSession, settings: Settings) -> None:
    for name in TABLES:
        register(spark, settings, name)


def register(spark: SparkSession, settings: Settings, name: str) -> None:
    """One of the ledger's tables, which is there."""
    spark.sql(f"CREATE TABLE IF NOT EXISTS ops.{name} USING delta LOCATION '{settings.uri('ops', name, scheme='s3a')}'")
