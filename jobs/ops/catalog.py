"""The ledger by name: `ops.*` in the catalog."""

from __future__ import annotations

from pyspark.sql import SparkSession

from jobs.ops.ledger import TABLES
from jobs.platform.delta_tables import name_table
from jobs.platform.settings import Settings


def register_ops(spark: SparkSession, settings: Settings) -> None:
    for name in TABLES:
        register(spark, settings, name)


def register(spark: SparkSession, settings: Settings, name: str) -> None:
    """One of the ledger's tables, which is there."""
    name_table(spark, settings, f"ops.{name}")
