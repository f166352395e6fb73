"""GX's Spark engine, answering from what landing measured; what landing does not know is left to Spark."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import great_expectations.expectations as gxe
from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.registry import get_metric_kwargs

from jobs.quality.compile import fused
from jobs.quality.measures import Measures, RuleMeasure
from jobs.quality.rules import Rule


@dataclass(frozen=True)
class Known:
    """The measures of a batch, by what GX asks for: `by_question` has the rules that landing judged, `nulls` how many a column has."""

    rows: int
    by_question: Mapping[str, RuleMeasure]
    nulls: Mapping[str, int]


KNOWN: ContextVar[Known | None] = ContextVar("known", default=None)
NOTHING = object()
DOMAIN = ("column", "column_A", "column_B", "ignore_row_if")
ROW_NAMES = ("unexpected_index_query", "unexpected_index_list")  # which rows failed, by index columns; without such columns GX makes the query and shows it nowhere


def expectation_class(type_: str) -> Any:
    return getattr(gxe, "".join(part.capitalize() for part in type_.split("_")))


def expectation(rule: Rule) -> Any:
    """The rule as GX's own object. Raises pydantic's ValidationError for arguments GX does not take."""
    return expectation_class(rule.type)(**rule.kwargs, severity=rule.severity, meta={"rule": rule.id, **rule.meta})


def known(measures: Measures, rules: Sequence[Rule]) -> Known:
    judged = [(rule, measures.rules[rule.id]) for rule in fused(rules) if rule.id in measures.rules]
    single = [(str(rule.kwargs["column"]), rule, measure) for rule, measure in judged if "column" in rule.kwargs]
    nulls = {column: measure.ignored for column, rule, measure in single if not rule.type.endswith("_null")}
    return Known(measures.rows, {_rule_question(rule): measure for rule, measure in judged}, nulls)


def _rule_question(rule: Rule) -> str:
    """What GX will ask the engine for this rule, by GX's own account of it."""
    made = expectation(rule)
    kwargs = get_metric_kwargs(f"{made.map_metric}.condition", made.configuration)
    return question(made.map_metric, kwargs["metric_domain_kwargs"], kwargs["metric_value_kwargs"])


def question(base: str, domain: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    """A metric by what decides its value: base name, columns, arguments. The format of the answer and the batch are left out."""
    where = {name: domain[name] for name in DOMAIN if domain.get(name) is not None}
    said = {name: value for name, value in values.items() if name != "result_format" and value is not None and value is not False}
    return json.dumps([base, where, said], sort_keys=True, default=str, ensure_ascii=False)


class MeasuredEngine(SparkDFExecutionEngine):  # type: ignore[misc]
    """Reads no row for a metric that landing has counted."""

    def resolve_metrics(self, metrics_to_resolve: Iterable[Any], metrics: Any = None, runtime_configuration: Any = None) -> Any:
        facts, answered, rest = KNOWN.get(), {}, []
        for metric in metrics_to_resolve:
            value = answer(facts, metric.metric_name, metric.metric_domain_kwargs, metric.metric_value_kwargs or {}) if facts else NOTHING
            if value is NOTHING:
                rest.append(metric)
            else:
                answered[metric.id] = value
        return answered | (super().resolve_metrics(rest, metrics, runtime_configuration) if rest else {})


def answer(facts: Known, name: str, domain: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    """The metric's value, or NOTHING where only Spark can tell."""
    if domain.get("row_condition"):
        return NOTHING
    if name == "table.row_count":
        return facts.rows
    base, _, what = name.rpartition(".")
    measure = facts.by_question.get(question(base, domain, values))
    if measure is not None and what in ROW_NAMES:
        return NOTHING if (values.get("result_format") or {}).get("unexpected_index_column_names") else None
    if measure is not None:
        return _of(measure, what, pair="column_A" in domain)
    if name == "column_values.nonnull.unexpected_count":
        return facts.nulls.get(str(domain.get("column")), NOTHING)
    return NOTHING


def _of(measure: RuleMeasure, what: str, pair: bool) -> Any:
    if what == "unexpected_count":
        return measure.unexpected
    if what == "filtered_row_count" and pair:
        return measure.evaluated
    if what == "unexpected_values" and (not pair or not measure.unexpected):
        return [value for _, value in measure.samples]  # of a pair landing keeps one value only
    return NOTHING
