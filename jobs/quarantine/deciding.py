"""Release and discard: a person decides about rows as they are."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.contracts.model import Contract
from jobs.quarantine.selecting import ragged
from jobs.tables.mended import DISCARDED, RELEASED


def released(rows: DataFrame, contract: Contract) -> DataFrame:
    """Selected rows, let through in spite of what the rules say. What has no values or no key cannot be told from other rows and is left out."""
    return _decided(rows.where(~cannot_pass(contract)), RELEASED)


def discarded(rows: DataFrame, contract: Contract) -> DataFrame:
    """Selected rows that nobody will mend: they stay quarantined, and are no longer open."""
    return _decided(rows, DISCARDED)


def cannot_pass(contract: Contract) -> Column:
    """Whether silver could not hold the row, whoever wanted it."""
    missing = F.lit(False)
    for name in contract.key:
        missing = missing | F.col(name).isNull()
    return ragged() | missing


def _decided(rows: DataFrame, decision: str) -> DataFrame:
    return rows.withColumn("_was", F.col("_reasons")).withColumn("_decision", F.lit(decision))
