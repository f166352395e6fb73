"""curated.resident: everybody whom a register of the city knows, one row a person."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.identity.evidence import with_evidence

REGISTER = "public_security.household_register"


def build(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """One row a resident key that is in use (the pseudonym is made after)."""
    rows = with_evidence(inputs).where("valid_to IS NULL")
    counts = rows.groupBy(F.col("resident_key").alias("resident")).agg(
        F.count(F.lit(1)).alias("records"), F.count_distinct("source_dataset").alias("registers"), F.bool_or(F.col("source_dataset") == REGISTER).alias("in_household_register"),
        F.min("match_weight").alias("weakest_link"), F.min("valid_from").alias("known_since"),
        F.coalesce(F.bool_or(F.col("evidence").startswith('{"decision"')), F.lit(False)).alias("decided"),
    )  # fmt: skip
    linked_by = F.when(F.col("records") == 1, "single record").when(F.col("decided"), "decided by a clerk").when(F.col("weakest_link").isNull(), "same name and id").otherwise("compared")
    return counts.withColumn("linked_by", linked_by).drop("decided")
