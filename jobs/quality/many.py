"""Rules that need many rows and still decide single rows: judged once, in Spark, before silver."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from jobs.contracts.model import Contract
from jobs.quality.engine import columns_of
from jobs.quality.rules import Rule
from jobs.tables.states import content

MOST = 10_000  # more violations than this in a delivery are no longer single bad rows: the delivery is held


def repeated(spark: SparkSession, contract: Contract, rule: Rule, deliveries: Sequence[str]) -> DataFrame:
    """Rows without a critical rejection whose key repeats inside their delivery with different content.

    Rows that repeat in every column are no violation: conform makes them duplicates of one survivor.
    """
    key = Window.partitionBy("_delivery", *columns_of(rule))
    valid = spark.table(f"bronze.{contract.table}").where(F.col("_delivery").isin(list(deliveries)))
    valid = valid.where(~F.coalesce(F.exists("_rejections", lambda r: r.severity == "critical"), F.lit(False)))
    for name in columns_of(rule):
        valid = valid.where(F.col(name).isNotNull())
    marked = valid.withColumn("_content", content(contract))
    return marked.withColumn("_differs", F.min("_content").over(key) != F.max("_content").over(key)).where("_differs")


def violations(spark: SparkSession, contract: Contract, rule: Rule, deliveries: Sequence[str]) -> list[dict[str, Any]]:
    """Ledger rows of `ops.rejections`, at most MOST + 1 (a bounded sample of facts, no data set)."""
    found = repeated(spark, contract, rule, deliveries).select("_delivery", "_record", "_part").limit(MOST + 1).toArrow().to_pylist()
    return [
        {"dataset": contract.dataset, "delivery": row["_delivery"], "record": row["_record"], "part": row["_part"], "rule": rule.id, "severity": rule.severity} for row in found
    ]
