"""A sum against a control total."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.expectation import ColumnAggregateExpectation
from great_expectations.expectations.metrics.column_aggregate_metric_provider import ColumnAggregateMetricProvider
from great_expectations.expectations.metrics.metric_provider import metric_value
from pyspark.sql import functions as F


class ColumnSumAndControl(ColumnAggregateMetricProvider):
    """[sum of the column, sum of `control_column` in `reference`] as text, exact for whole numbers and decimals; the second None without a reference."""

    metric_name = "column.sum_and_control"
    value_keys = ("reference", "control_column", "where")

    @metric_value(engine=SparkDFExecutionEngine)
    def _spark(cls, execution_engine: Any, metric_domain_kwargs: dict, metric_value_kwargs: dict, **kwargs: Any) -> list[str | None]:
        rows, _, accessor = execution_engine.get_compute_domain(metric_domain_kwargs, MetricDomainTypes.COLUMN)
        name, reference = accessor["column"], metric_value_kwargs.get("reference")
        [[own]] = rows.agg(F.sum(name).cast("string")).collect()
        if not reference:
            return [own, None]
        known = rows.sparkSession.table(reference)
        if where := metric_value_kwargs.get("where"):
            known = known.where(where)
        [[control]] = known.agg(F.sum(metric_value_kwargs.get("control_column") or name).cast("string")).collect()
        return [own, control]


class ExpectColumnSumToEqualControl(ColumnAggregateExpectation):
    """The sum is `total`, or the sum of `control_column` in the rows `where` names of the table `reference`; at most `tolerance` apart."""

    total: int | float | str | dict | None = None
    reference: str | dict | None = None
    control_column: str | dict | None = None
    where: str | dict | None = None
    tolerance: float | dict = 0

    metric_dependencies: ClassVar[tuple[str, ...]] = ("column.sum_and_control",)
    success_keys: ClassVar[tuple[str, ...]] = ("total", "reference", "control_column", "where", "tolerance")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "total", "reference")

    def _validate(self, metrics: dict, runtime_configuration: dict | None = None, execution_engine: Any = None) -> dict:
        said, (own, control) = self._get_success_kwargs(), metrics["column.sum_and_control"]
        wanted = said.get("total") if said.get("total") is not None else control
        if wanted is None or own is None:
            return {"success": False, "result": {"observed_value": f"{own}, no control total" if wanted is None else "no value to add up"}}
        apart = abs(Decimal(own) - Decimal(str(wanted)))
        return {"success": apart <= Decimal(str(said.get("tolerance", 0))), "result": {"observed_value": f"{own}, control {wanted}"}}
