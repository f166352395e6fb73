"""What should be there: every unit of another table, every hour, day or month between the first and the last."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.expectation import ColumnAggregateExpectation
from great_expectations.expectations.metrics.column_aggregate_metric_provider import ColumnAggregateMetricProvider
from great_expectations.expectations.metrics.metric_provider import metric_value
from pyspark.sql import functions as F

SHOWN = 20
MONTHS = {"month": 1, "quarter": 3, "year": 12}
SPANS = {"hour": dt.timedelta(hours=1), "day": dt.timedelta(days=1), "week": dt.timedelta(weeks=1)}


class ColumnUnitsOfTable(ColumnAggregateMetricProvider):
    """(units of the table, those that no row has, some of these)."""

    metric_name = "column.units_of_table"
    value_keys = ("reference", "key", "where")

    @metric_value(engine=SparkDFExecutionEngine)
    def _spark(cls, execution_engine: Any, metric_domain_kwargs: dict, metric_value_kwargs: dict, **kwargs: Any) -> dict[str, Any]:
        rows, _, accessor = execution_engine.get_compute_domain(metric_domain_kwargs, MetricDomainTypes.COLUMN)
        name = accessor["column"]
        known = rows.sparkSession.table(metric_value_kwargs["reference"])
        if where := metric_value_kwargs.get("where"):
            known = known.where(where)
        units = known.select(F.col(metric_value_kwargs.get("key") or name).cast("string").alias("unit")).where("unit IS NOT NULL").distinct()
        there = rows.select(F.col(name).cast("string").alias("unit"), F.lit(True).alias("there")).distinct()
        joined = units.join(there, "unit", "left")
        missing = F.col("there").isNull()
        [found] = joined.agg(F.count(F.lit(1)).alias("units"), F.count_if(missing).alias("missing")).collect()
        examples = [row["unit"] for row in joined.where(missing).orderBy("unit").limit(SHOWN).collect()] if found["missing"] else []
        return {"units": found["units"], "missing": found["missing"], "examples": examples}


class ExpectColumnDistinctValuesToCoverTable(ColumnAggregateExpectation):
    """Every unit of `key` in the table `reference` (of the rows `where` names) has at least one row; `mostly`: the share of units that must."""

    reference: str | dict
    key: str | dict | None = None
    where: str | dict | None = None
    mostly: float | dict = 1.0

    metric_dependencies: ClassVar[tuple[str, ...]] = ("column.units_of_table",)
    success_keys: ClassVar[tuple[str, ...]] = ("reference", "key", "where", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "reference", "key")

    def _validate(self, metrics: dict, runtime_configuration: dict | None = None, execution_engine: Any = None) -> dict:
        found = metrics["column.units_of_table"]
        share = 1 - found["missing"] / found["units"] if found["units"] else 0.0  # a table without units shows nothing
        said = f"{found['missing']} of {found['units']} missing" + (f": {', '.join(found['examples'])}" if found["examples"] else "")
        return {"success": share >= float(self._get_success_kwargs().get("mostly", 1.0)), "result": {"observed_value": said}}


class ColumnPeriods(ColumnAggregateMetricProvider):
    """{units, pairs of unit and period, first period, last period}; without `by` all rows are one unit."""

    metric_name = "column.periods"
    value_keys = ("every", "by")

    @metric_value(engine=SparkDFExecutionEngine)
    def _spark(cls, execution_engine: Any, metric_domain_kwargs: dict, metric_value_kwargs: dict, **kwargs: Any) -> dict[str, Any]:
        rows, _, accessor = execution_engine.get_compute_domain(metric_domain_kwargs, MetricDomainTypes.COLUMN)
        unit = F.col(metric_value_kwargs["by"]).cast("string") if metric_value_kwargs.get("by") else F.lit("")
        pairs = rows.select(unit.alias("unit"), F.date_trunc(metric_value_kwargs["every"], accessor["column"]).alias("at")).where("unit IS NOT NULL AND at IS NOT NULL").distinct()
        spelled = F.date_format("at", "yyyy-MM-dd'T'HH:mm:ss")
        [found] = pairs.agg(F.countDistinct("unit").alias("units"), F.count(F.lit(1)).alias("pairs"), F.min(spelled).alias("first"), F.max(spelled).alias("last")).collect()
        return found.asDict()


class ExpectColumnPeriodsToBeComplete(ColumnAggregateExpectation):
    """Every `every` (hour, day, week, month, quarter, year) between the first and the last, or `start` and `end` (inclusive), has a row; with `by`, for every unit."""

    every: str | dict
    by: str | dict | None = None
    start: str | dict | None = None
    end: str | dict | None = None
    mostly: float | dict = 1.0

    metric_dependencies: ClassVar[tuple[str, ...]] = ("column.periods",)
    success_keys: ClassVar[tuple[str, ...]] = ("every", "by", "start", "end", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "every", "by")

    def _validate(self, metrics: dict, runtime_configuration: dict | None = None, execution_engine: Any = None) -> dict:
        said, found = self._get_success_kwargs(), metrics["column.periods"]
        if not found["pairs"]:
            return {"success": False, "result": {"observed_value": "no period at all"}}
        first, last = (dt.datetime.fromisoformat(str(said.get(name) or found[of])) for name, of in (("start", "first"), ("end", "last")))
        expected = _periods(first, last, str(said["every"])) * found["units"]
        observed = f"{expected - found['pairs']} of {expected} missing" + (f" ({found['units']} units)" if said.get("by") else "")
        return {"success": expected > 0 and found["pairs"] / expected >= float(said.get("mostly", 1.0)), "result": {"observed_value": observed}}


def _periods(first: dt.datetime, last: dt.datetime, every: str) -> int:
    """How many periods lie from the one of `first` to the one of `last`, both counted."""
    if every in MONTHS:
        months = [moment.year * 12 + moment.month - 1 for moment in (first, last)]
        return months[1] // MONTHS[every] - months[0] // MONTHS[every] + 1
    if every not in SPANS:
        raise ValueError(f"every is hour, day, week, month, quarter or year, not {every!r}")
    return int((last.replace(tzinfo=None) - first.replace(tzinfo=None)) // SPANS[every]) + 1
