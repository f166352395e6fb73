"""A dataset's tables by name: bronze, what was mended, and the quarantine view over both."""

from __future__ import annotations

import hashlib

from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

from jobs.contracts.model import Contract
from jobs.ops.catalog import register
from jobs.platform.delta_tables import name_table
from jobs.platform.settings import Settings
from jobs.tables import mended

DEFINITION = "civiclake.definition"


def publish(spark: SparkSession, settings: Settings, contract: Contract) -> None:
    """Make them known in the catalog, where they are not, as they are now: saying it anew takes the catalog a second each time."""
    location, laid = settings.uri("bronze", contract.table, scheme="s3a"), mended.exists(settings, contract)
    view = mended.view(contract, laid)
    definition = hashlib.sha256(f"{location} {view}".encode()).hexdigest()[:16]
    if _known(spark, contract) == definition:
        return
    name_table(spark, settings, f"bronze.{contract.table}")
    if laid:
        mended.create(spark, settings, contract)
        register(spark, settings, "quarantine_events")  # a lake that is older than this table
    spark.sql(f"CREATE OR REPLACE VIEW quarantine.{contract.table} TBLPROPERTIES ('{DEFINITION}' = '{definition}') AS {view}")


def _known(spark: SparkSession, contract: Contract) -> str | None:
    """What the view says that it was made by; None where there is none, or an older lake made it."""
    try:
        said = spark.sql(f"SHOW TBLPROPERTIES quarantine.{contract.table}").collect()
    except AnalysisException:
        return None
    return next((row["value"] for row in said if row["key"] == DEFINITION), None)
