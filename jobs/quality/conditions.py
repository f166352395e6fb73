"""Great Expectations' own condition of a row rule, for rows in Spark: no second reading of what a rule means."""

from __future__ import annotations

import os

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # before GX is imported: nothing phones home

from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.registry import get_metric_kwargs
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.metrics_calculator import MetricsCalculator
from pyspark.sql import Column, DataFrame

from jobs.quality.engine import expectation
from jobs.quality.rules import Rule


def condition(frame: DataFrame, rule: Rule) -> tuple[Column, DataFrame]:
    """What GX calls unexpected, and the rows of `frame` it asks that of. Raises what GX raises for a rule it cannot run."""
    engine = SparkDFExecutionEngine(persist=False)
    engine.load_batch_data("rows", frame)
    made = expectation(rule)
    name = f"{made.map_metric}.condition"
    asked = get_metric_kwargs(name, made.configuration)
    metric = MetricConfiguration(name, {**asked["metric_domain_kwargs"], "batch_id": "rows"}, asked["metric_value_kwargs"])
    unexpected, compute, accessor = MetricsCalculator(engine, show_progress_bars=False).get_metric(metric)
    return unexpected, engine.get_domain_records({**compute, **accessor})


def failing(frame: DataFrame, rule: Rule) -> DataFrame:
    """The rows that do not meet the rule, every column kept; `mostly` plays no part in it."""
    unexpected, rows = condition(frame, rule)
    return rows.where(unexpected)
