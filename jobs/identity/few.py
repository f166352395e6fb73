"""Few rows against a city's: they go to every task whole, so that the city's rows stay where they are."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

MOST = 200_000  # rows of a few columns, some 100 bytes each


def few(rows: DataFrame) -> DataFrame:
    """Hinted to be sent whole where they are few. `rows`: written down already (localCheckpoint), of which Spark knows no size; it would send both sides of a join by key."""
    return F.broadcast(rows) if rows.count() <= MOST else rows
