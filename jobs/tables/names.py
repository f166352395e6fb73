"""A dataset's tables by name: bronze, what was mended, and the quarantine view over both."""

from __future__ import annotations

from pyspark.sql import SparkSession

from jobs.contracts.model import Contract
from jobs.ops.catalog import register
from jobs.platform.settings import Settings
from jobs.tables import mended


def publish(spark: SparkSession, settings: Settings, contract: Contract) -> None:
    """Make them known in the catalog."""
    location = settings.uri("bronze", contract.table, scheme="s3a")
    spark.sql(f"CREATE TABLE IF NOT EXISTS bronze.{contract.table} USING delta LOCATION '{location}'")
    laid = mended.exists(settings, contract)
    if laid:
        mended.create(spark, settings, contract)
        register(spark, settings, "quarantine_events")  # a lake that is older than this table
    spark.sql(mended.view(contract, laid))
