"""A column's distribution against that of the last good period, and the share of one value (zeros that are hidden nulls)."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.expectation import ColumnAggregateExpectation
from great_expectations.expectations.metrics.column_aggregate_metric_provider import ColumnAggregateMetricProvider
from great_expectations.expectations.metrics.metric_provider import metric_value
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

MOST = 50  # different values that are told apart; the others are one
SMALLEST = 1e-4  # a share of nothing would make the divergence endless
NUMBERS = ("long", "integer", "double", "float", "decimal", "date", "timestamp")


class ColumnDriftAgainst(ColumnAggregateMetricProvider):
    """{bucket: [rows before, rows now]}, null a bucket of its own; None where there is nothing to compare with."""

    metric_name = "column.drift_against"
    value_keys = ("table_before", "deliveries_before", "buckets")

    @metric_value(engine=SparkDFExecutionEngine)
    def _spark(cls, execution_engine: Any, metric_domain_kwargs: dict, metric_value_kwargs: dict, **kwargs: Any) -> Any:
        deliveries = list(metric_value_kwargs.get("deliveries_before") or ())
        if not deliveries:
            return None
        rows, _, accessor = execution_engine.get_compute_domain(metric_domain_kwargs, MetricDomainTypes.COLUMN)
        name = accessor["column"]
        before = rows.sparkSession.table(metric_value_kwargs["table_before"]).where(F.col("_delivery").isin(deliveries)).where(_kept())
        bucket = _bucket(before, name, int(metric_value_kwargs.get("buckets") or 10))
        both = before.select(bucket.alias("b"), F.lit(0).alias("now")).unionByName(rows.select(bucket.alias("b"), F.lit(1).alias("now")))
        counts = both.groupBy("b").agg(F.count_if(F.col("now") == 0).alias("before"), F.count_if(F.col("now") == 1).alias("after"))
        return {str(row["b"]): [row["before"], row["after"]] for row in counts.collect()}


def _kept() -> Column:
    return ~F.coalesce(F.exists("_rejections", lambda r: r["severity"] == "critical"), F.lit(False))


def _bucket(before: DataFrame, name: str, buckets: int) -> Column:
    """Numbers, days and moments by the quantiles of before, other values by themselves."""
    value = F.col(name)
    if before.schema[name].dataType.typeName().split("(")[0] in NUMBERS:
        number = value.cast("timestamp").cast("double") if before.schema[name].dataType.typeName() in ("date", "timestamp") else value.cast("double")
        [[edges]] = before.select(F.percentile_approx(number, [i / buckets for i in range(1, buckets)])).collect()
        inner = sorted(set(edges or ()))
        found = F.lit(0)
        for edge in inner:
            found = found + (number > F.lit(edge)).cast("int")
        return F.when(value.isNull(), "null").otherwise(found.cast("string"))
    top = [row[0] for row in before.where(value.isNotNull()).groupBy(value.cast("string").alias("v")).count().orderBy(F.desc("count"), "v").limit(MOST).collect()]
    text = value.cast("string")
    return F.when(value.isNull(), "null").when(text.isin(top), F.concat(F.lit("="), text)).otherwise("other")


class ExpectColumnDistributionToStayNear(ColumnAggregateExpectation):
    """The population stability index against the last good period is below `threshold` (0.1 is little, 0.25 is much).

    `deliveries_before` and `table_before` are {$PARAMETER: last_good} and {$PARAMETER: bronze}. The first period has nothing to be compared with and passes.
    """

    threshold: float | dict = 0.25
    buckets: int | dict = 10
    deliveries_before: list | dict = {"$PARAMETER": "last_good"}
    table_before: str | dict = {"$PARAMETER": "bronze"}

    metric_dependencies: ClassVar[tuple[str, ...]] = ("column.drift_against",)
    success_keys: ClassVar[tuple[str, ...]] = ("threshold", "buckets", "deliveries_before", "table_before")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "threshold")

    def _validate(self, metrics: dict, runtime_configuration: dict | None = None, execution_engine: Any = None) -> dict:
        counts = metrics["column.drift_against"]
        if not counts or not sum(before for before, _ in counts.values()):
            return {"success": True, "result": {"observed_value": "nothing to compare with"}}
        index = _stability(list(counts.values()))
        return {"success": index < float(self._get_success_kwargs().get("threshold", 0.25)), "result": {"observed_value": round(index, 4)}}


def _stability(counts: list[list[int]]) -> float:
    before, now = (max(1, sum(pair[i] for pair in counts)) for i in (0, 1))
    shares = [(max(b / before, SMALLEST), max(n / now, SMALLEST)) for b, n in counts]
    return sum((n - b) * math.log(n / b) for b, n in shares)


class ColumnShareOfValue(ColumnAggregateMetricProvider):
    """(rows with the value, rows that are not null)."""

    metric_name = "column.share_of_value"
    value_keys = ("value",)

    @metric_value(engine=SparkDFExecutionEngine)
    def _spark(cls, execution_engine: Any, metric_domain_kwargs: dict, metric_value_kwargs: dict, **kwargs: Any) -> list[int]:
        rows, _, accessor = execution_engine.get_compute_domain(metric_domain_kwargs, MetricDomainTypes.COLUMN)
        column = F.col(accessor["column"])
        [found] = rows.agg(F.count_if(column == F.lit(metric_value_kwargs["value"])).alias("equal"), F.count(column).alias("all")).collect()
        return [found["equal"], found["all"]]


class ExpectColumnShareOfValueToBeBetween(ColumnAggregateExpectation):
    """Of the values that are not null, the share that is `value` lies between `min_value` and `max_value`."""

    value: Any
    min_value: float | dict | None = None
    max_value: float | dict | None = None

    metric_dependencies: ClassVar[tuple[str, ...]] = ("column.share_of_value",)
    success_keys: ClassVar[tuple[str, ...]] = ("value", "min_value", "max_value")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "value", "min_value", "max_value")

    def _validate(self, metrics: dict, runtime_configuration: dict | None = None, execution_engine: Any = None) -> dict:
        said, (equal, whole) = self._get_success_kwargs(), metrics["column.share_of_value"]
        share = equal / whole if whole else 0.0
        low, high = said.get("min_value"), said.get("max_value")
        return {"success": (low is None or share >= low) and (high is None or share <= high), "result": {"observed_value": share}}
