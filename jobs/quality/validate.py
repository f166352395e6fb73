"""The whole suite of a dataset, run by Great Expectations on what was landed."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # before GX is imported: nothing phones home

import great_expectations as gx
from great_expectations.core import ExpectationSuite, ExpectationSuiteValidationResult
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.datasource.fluent import SparkDatasource
from pyspark.sql import DataFrame

from jobs.platform.errors import LakeError
from jobs.platform.outage import AGAIN, Outage, lost
from jobs.quality.engine import KNOWN, MeasuredEngine, expectation, known
from jobs.quality.masking import masked
from jobs.quality.measures import Measures
from jobs.quality.parameters import said
from jobs.quality.rules import Rule

# its warning quotes the whole failure, values of personal columns included; `validate` says what matters of it
logging.getLogger("great_expectations.validator.metrics_calculator").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Verdict:
    """GX's judgement of one rule on one batch."""

    rule: Rule
    success: bool
    evaluated: int | None
    unexpected: int | None
    observed: str | None


@dataclass(frozen=True)
class Validation:
    verdicts: tuple[Verdict, ...]
    result: ExpectationSuiteValidationResult


def validate(
    frame: DataFrame, rules: Sequence[Rule], measures: Measures | None, name: str, personal: Collection[str] = (), parameters: Mapping[str, Any] | None = None,
    each: Mapping[str, tuple[Mapping[str, Any], Measures]] | None = None,
) -> Validation:
    """Validate a batch. With `measures`, GX reads rows only for what they do not tell; without, plain GX reads everything. `parameters`: of `{$PARAMETER: name}`.
    `each`: of deliveries that share the batch, the condition by which a rule is about that one, and its measures.

    Results about `personal` columns hold counts, never values. Raises LakeError when GX gives no result for a rule, or could not run one (law 4), Outage where that
    is because a server has gone.
    """
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    datasource = context.data_sources.add_spark("lake", persist=False)
    token = KNOWN.set(known(measures, rules, each) if measures is not None else None)
    override = SparkDatasource.execution_engine_override
    SparkDatasource.execution_engine_override = MeasuredEngine
    try:
        batch = datasource.add_dataframe_asset(name).add_batch_definition_whole_dataframe("landed").get_batch({"dataframe": frame})
        suite = ExpectationSuite(name, expectations=[expectation(said(rule, parameters or {})) for rule in rules])
        result = batch.validate(suite, result_format={"result_format": "SUMMARY", "partial_unexpected_count": 20})
    finally:
        KNOWN.reset(token)
        SparkDatasource.execution_engine_override = override
    for item in result.results:
        masked(item, personal)
    return Validation(tuple(_verdicts(rules, result)), result)


def _verdicts(rules: Sequence[Rule], result: ExpectationSuiteValidationResult) -> list[Verdict]:
    found = {item.expectation_config.meta["rule"]: item for item in result.results}
    missing = [rule.id for rule in rules if rule.id not in found]
    if any(lost(_problem(item)) for item in found.values() if item.exception_info):
        raise Outage("the store or Spark went away while GX was reading", AGAIN)
    broken = [f"{name}: {_problem(item)}" for name, item in found.items() if item.exception_info and _problem(item)]
    if missing or broken:
        raise LakeError(f"GX gave no verdict on {' '.join(', '.join(missing + broken).split())[:400]}", "mend the expectation, then run check again")
    return [_verdict(rule, found[rule.id]) for rule in rules]


def _problem(item: Any) -> str:
    info = item.exception_info
    if info.get("raised_exception"):
        return str(info.get("exception_message"))
    return next((str(v.get("exception_message")) for v in info.values() if isinstance(v, dict) and v.get("raised_exception")), "")


def _verdict(rule: Rule, item: Any) -> Verdict:
    facts = item.result
    count, unexpected = facts.get("element_count"), facts.get("unexpected_count")
    evaluated = count - (facts.get("missing_count") or 0) if count is not None else None
    return Verdict(rule, bool(item.success), evaluated, unexpected, None if facts.get("observed_value") is None else str(facts["observed_value"])[:200])


__all__ = ["Validation", "Verdict", "validate"]
