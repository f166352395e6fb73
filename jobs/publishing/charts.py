"""What a chart of a publication shows: sums of the rows that the public has, few enough for a picture."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.publishing.files import NONE
from jobs.publishing.publication import Chart
from jobs.tables import curated

MOST_NAMES = 10  # of a side of flows, and bars; the others are added up
MOST_POINTS = 400
OTHERS = "…"


def parts_of(chart: Chart, partitions: Iterable[str]) -> list[str]:
    """The newest of them, the oldest first; none of a publication in one piece."""
    return sorted(part for part in partitions if part not in (curated.WHOLE, NONE))[-chart.newest :]


def measured(rows: DataFrame, chart: Chart) -> list[dict[str, Any]]:
    """`rows`: as the public has them. Returns names (`from`, `to`), `amount`, and of a map `longitude` and `latitude` in degrees."""
    amount = F.sum(chart.amount) if chart.amount else F.count(F.lit(1))
    found = _places(rows, chart, amount) if chart.kind == "map" else _sums(rows, chart, amount)
    return [{name: value if name in ("from", "to") else float(value) for name, value in row.items()} for row in found]


def _sums(rows: DataFrame, chart: Chart, amount: Column) -> list[dict[str, Any]]:
    """Flows that come out negative (more was taken back than paid) have no width and are left out."""
    names = dict(zip(chart.by, ("from", "to"), strict=False))
    sums = rows.groupBy(*[F.coalesce(F.col(name).cast("string"), F.lit("–")).alias(short) for name, short in names.items()]).agg(amount.alias("amount")).where("amount > 0").localCheckpoint()
    short = list(names.values())
    kept = {name: [row[name] for row in sums.groupBy(name).agg(F.sum("amount").alias("amount")).orderBy(F.desc("amount"), name).limit(MOST_NAMES).toArrow().to_pylist()] for name in short}
    few = reduce(lambda frame, name: frame.withColumn(name, F.when(F.col(name).isin(kept[name]), F.col(name)).otherwise(OTHERS)), short, sums)
    return few.groupBy(*short).agg(F.sum("amount").alias("amount")).orderBy(F.desc("amount"), *short).toArrow().to_pylist()


def _places(rows: DataFrame, chart: Chart, amount: Column) -> list[dict[str, Any]]:
    """The places with the largest sums."""
    assert chart.longitude and chart.latitude
    known = rows.where(F.col(chart.longitude).isNotNull() & F.col(chart.latitude).isNotNull())
    sums = known.groupBy(F.col(chart.by[0]).cast("string").alias("from"), F.col(chart.longitude).alias("longitude"), F.col(chart.latitude).alias("latitude")).agg(amount.alias("amount"))
    return sums.where("amount > 0").orderBy(F.desc("amount"), "from").limit(MOST_POINTS).toArrow().to_pylist()
