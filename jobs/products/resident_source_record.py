"""curated.resident_source_record: which records of which registers are of which resident, now and before."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.identity.evidence import with_evidence


def build(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """One row a record and key it has or had (pseudonyms are made after)."""
    return with_evidence(inputs).select(
        F.col("source_dataset").alias("register"), F.col("source_record").alias("record"), F.col("resident_key").alias("resident"), "valid_from", "valid_to", "match_weight", "evidence"
    )
