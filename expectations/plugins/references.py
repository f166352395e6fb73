"""Values that must be found in another table: a code, a plate, a district that exists on the day of the event."""

from __future__ import annotations

from typing import Any, ClassVar

from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import ColumnMapMetricProvider
from great_expectations.expectations.metrics.metric_provider import metric_partial
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

HISTORY = (("_valid_from", "_valid_to"), ("valid_from", "valid_to"))


class ColumnValuesInTable(ColumnMapMetricProvider):
    condition_metric_name = "column_values.in_table"
    condition_value_keys = ("reference", "key", "on_date", "time_zone", "where")

    @metric_partial(engine=SparkDFExecutionEngine, partial_fn_type=MetricPartialFunctionTypes.WINDOW_CONDITION_FN, domain_type=MetricDomainTypes.COLUMN)
    def _spark(cls, execution_engine: Any, metric_domain_kwargs: dict, metric_value_kwargs: dict, metrics: dict, runtime_configuration: dict) -> Any:
        domain = execution_engine.add_column_row_condition(metric_domain_kwargs, filter_null=True)
        rows, compute, accessor = execution_engine.get_compute_domain(domain, domain_type=MetricDomainTypes.COLUMN)
        known = rows.sparkSession.table(metric_value_kwargs["reference"])
        if where := metric_value_kwargs.get("where"):
            known = known.where(where)
        name = metric_domain_kwargs["column"]
        dated = metric_value_kwargs.get("on_date")
        known = known.select(F.col(metric_value_kwargs.get("key") or name).alias("_known"), *(_history(known) if dated else ())).alias("known")  # no name of its own, not even one left out, hides one of the rows
        found = known.where(_same(known, rows, name))
        if dated:
            found = found.where(_on(known, _day(rows, dated, metric_value_kwargs.get("time_zone"))))
        return ~found.exists(), compute, accessor


def _same(known: DataFrame, rows: DataFrame, name: str) -> Column:
    """Compared in their own type where it is one, else as text."""
    inner, outer = F.col("_known"), F.col(name).outer()
    return inner == outer if known.schema["_known"].dataType == rows.schema[name].dataType else inner.cast("string") == outer.cast("string")


def _day(rows: DataFrame, name: str, zone: str | None) -> Column:
    """The day of the event; of a moment the day in `zone` (UTC where none is given)."""
    value = F.col(name).outer()
    if rows.schema[name].dataType.typeName() == "timestamp" and zone:
        value = F.from_utc_timestamp(value, zone)
    return value.cast("date")


def _on(known: DataFrame, day: Column) -> Column:
    """Valid on that day. Bounds are dates, or the names of periods (2024, 2024-03, 2024-03-01), which sort as their first days do; an open end lasts.

    An event without a date is held against every version: that the date is missing is another rule's finding.
    """
    at = day.cast("string") if known.schema["_begin"].dataType.typeName() == "string" else day
    return day.isNull() | ((F.col("_begin").isNull() | (F.col("_begin") <= at)) & (F.col("_end").isNull() | (F.col("_end") > at)))


def _history(known: DataFrame) -> tuple[Column, Column]:
    """From when and until when a row is valid. Raises ValueError for a table without history."""
    names = set(known.columns)
    for begin, end in HISTORY:
        if begin in names and end in names:
            return F.col(begin).alias("_begin"), F.col(end).alias("_end")
    raise ValueError(f"on_date needs a table with valid_from and valid_to, or the history of a snapshot; it has {', '.join(sorted(names))[:200]}")


class ExpectColumnValuesToBeInTable(ColumnMapExpectation):
    """Every value is one of `key` in the table `reference`; with `on_date`, of a version that was valid on that day."""

    reference: str | dict
    key: str | dict | None = None
    on_date: str | dict | None = None
    time_zone: str | dict | None = None
    where: str | dict | None = None

    map_metric: ClassVar[str] = "column_values.in_table"
    success_keys: ClassVar[tuple[str, ...]] = ("reference", "key", "on_date", "time_zone", "where", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "reference", "key", "on_date")
