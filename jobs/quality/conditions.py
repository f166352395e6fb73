"""Great Expectations' own condition of a row rule, for rows in Spark: no second reading of what a rule means."""

from __future__ import annotations

import os
from collections.abc import Sequence

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # before GX is imported: nothing phones home

from great_expectations.exceptions import GreatExpectationsError
from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.registry import get_metric_kwargs
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.metrics_calculator import MetricsCalculator
from pyspark.sql import Column, DataFrame

from jobs.quality.engine import expectation
from jobs.quality.rules import Rule


def conditions(frame: DataFrame, rules: Sequence[Rule]) -> list[tuple[Column, DataFrame]]:
    """For each rule what GX calls unexpected, and the rows of `frame` it asks that of. Raises GreatExpectationsError for a rule that GX cannot run."""
    engine = SparkDFExecutionEngine(persist=False)
    engine.load_batch_data("rows", frame)
    metrics = [_metric(rule) for rule in rules]
    found, aborted = MetricsCalculator(engine, show_progress_bars=False).compute_metrics(metrics)
    if aborted:
        raise GreatExpectationsError("; ".join(sorted({problem["exception_info"]["exception_message"] for problem in aborted.values()})))
    return [(unexpected, engine.get_domain_records({**compute, **accessor})) for unexpected, compute, accessor in (found[metric.id] for metric in metrics)]


def _metric(rule: Rule) -> MetricConfiguration:
    made = expectation(rule)
    name = f"{made.map_metric}.condition"
    asked = get_metric_kwargs(name, made.configuration)
    return MetricConfiguration(name, {**asked["metric_domain_kwargs"], "batch_id": "rows"}, asked["metric_value_kwargs"])


def inside(frame: DataFrame, rule: Rule) -> DataFrame:
    """The rows that the rule's row_condition is about."""
    made = expectation(rule)
    if getattr(made, "row_condition", None) is None:
        return frame
    engine = SparkDFExecutionEngine(persist=False)
    engine.load_batch_data("rows", frame)
    return engine.get_domain_records({"batch_id": "rows", "row_condition": made.row_condition, "condition_parser": made.condition_parser})


def failing(frame: DataFrame, rule: Rule) -> DataFrame:
    """The rows that do not meet the rule, every column kept; `mostly` plays no part in it."""
    [(unexpected, rows)] = conditions(frame, [rule])
    return rows.withColumn("_unexpected", unexpected).where("_unexpected").drop("_unexpected")  # what looks at other rows or tables can be no filter itself
