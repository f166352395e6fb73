"""GX's Spark engine, answering from what landing measured and from keys that are counted for all deliveries at once; what nobody has counted is left to Spark."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import great_expectations.expectations  # noqa: F401 - fills the registry
from great_expectations.exceptions import ExpectationNotFoundError
from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.registry import get_expectation_impl, get_metric_kwargs

from jobs.platform.errors import LakeError
from jobs.quality.compile import fused
from jobs.quality.keys import countable
from jobs.quality.measures import Measures, RuleMeasure
from jobs.quality.rules import Rule
from jobs.quality.summaries import UNKNOWN, ColumnSummary, told


@dataclass(frozen=True)
class Known:
    """The measures of a batch, by what GX asks for: `by_question` has the rules that landing judged and the keys that were counted, `rows`, `nulls` and `columns` are by row_condition ("" where there is none)."""

    rows: Mapping[str, int]
    by_question: Mapping[str, tuple[Rule, RuleMeasure]]
    nulls: Mapping[tuple[str, str], int]
    columns: Mapping[tuple[str, str], ColumnSummary] = field(default_factory=dict)


KNOWN: ContextVar[Known | None] = ContextVar("known", default=None)
NOTHING = object()
DOMAIN = ("column", "column_A", "column_B", "column_list", "ignore_row_if")
COUNT, VALUES = ".unexpected_count", ".unexpected_values"
ROW_NAMES = ("unexpected_index_query", "unexpected_index_list")  # which rows failed, by index columns; without such columns GX makes the query and shows it nowhere


def expectation_class(type_: str) -> Any:
    """GX's class of this type. Raises LakeError for a type that there is not."""
    try:
        return get_expectation_impl(type_)
    except ExpectationNotFoundError:
        raise LakeError(f"Great Expectations has no expectation {type_!r}", "see docs/reference/expectations.md") from None


def expectation(rule: Rule) -> Any:
    """The rule as GX's own object. Raises pydantic's ValidationError for arguments GX does not take."""
    return expectation_class(rule.type)(**rule.kwargs, severity=rule.severity, meta={"rule": rule.id, **rule.meta})


def known(measures: Measures, rules: Sequence[Rule], each: Mapping[str, tuple[Mapping[str, Any], Measures]] | None = None) -> Known:
    """`each`: of deliveries that share the batch, what a rule says to be about that one alone (its row_condition), and its measures."""
    parts = {"": measures} | {_said(condition): own for condition, own in (each or {}).values()}
    counted = measures.all
    judged = [(*_rule_question(rule), rule, counted[rule.id]) for rule in (*fused(rules), *countable(rules)) if rule.id in counted]
    nulls = {(str(r.kwargs["column"]), where): m.ignored for _, where, r, m in judged if "column" in r.kwargs and not r.type.endswith("_null")}
    rows = {where: measures.rows - m.outside for _, where, _, m in judged}
    columns = {(name, where): summary for where, part in parts.items() for name, summary in part.columns.items()}
    return Known({where: part.rows for where, part in parts.items()} | rows, {asked: (rule, measure) for asked, _, rule, measure in judged}, nulls, columns)


def _said(condition: Mapping[str, Any]) -> str:
    """As Great Expectations will ask with this condition."""
    made = expectation(Rule("", "expect_table_row_count_to_be_between", {"min_value": 0, **condition}, "info", "aggregate", "suite"))
    return condition_said(get_metric_kwargs("table.row_count", made.configuration)["metric_domain_kwargs"])


def _rule_question(rule: Rule) -> tuple[str, str]:
    """What GX will ask the engine for this rule, by GX's own account of it; and its row_condition."""
    made = expectation(rule)
    kwargs = get_metric_kwargs(f"{made.map_metric}.condition", made.configuration)
    domain = kwargs["metric_domain_kwargs"]
    return question(made.map_metric, domain, kwargs["metric_value_kwargs"]), condition_said(domain)


def condition_said(domain: Mapping[str, Any]) -> str:
    """GX's row_condition as one text, "" where there is none: GX has it as an object here and as a mapping there."""
    said = domain.get("row_condition")
    return json.dumps(said.dict() if hasattr(said, "dict") else said, sort_keys=True, default=str) if said else ""


def question(base: str, domain: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    """A metric by what decides its value: base name, columns, row_condition, arguments. The format of the answer and the batch are left out."""
    where = {name: domain[name] for name in DOMAIN if domain.get(name) is not None}
    said = {name: value for name, value in values.items() if name != "result_format" and value is not None and value is not False}
    return json.dumps([base, where, condition_said(domain), said], sort_keys=True, default=str, ensure_ascii=False)


class MeasuredEngine(SparkDFExecutionEngine):  # type: ignore[misc]
    """Reads no row for a metric that has been counted."""

    def resolve_metrics(self, metrics_to_resolve: Iterable[Any], metrics: Any = None, runtime_configuration: Any = None) -> Any:
        facts, answered, rest = KNOWN.get(), {}, []
        for metric in metrics_to_resolve:
            value = answer(facts, metric.metric_name, metric.metric_domain_kwargs, metric.metric_value_kwargs or {}) if facts else NOTHING
            if value is NOTHING:
                rest.append(metric)
            else:
                answered[metric.id] = value
        return answered | self._read(rest, metrics, runtime_configuration)

    def _read(self, asked: Sequence[Any], metrics: Any, runtime_configuration: Any) -> dict[Any, Any]:
        """From the rows. Where no row fails there are no failing values to read them for once more."""
        values = [metric for metric in asked if metric.metric_name.endswith(VALUES)]
        rest = [metric for metric in asked if not metric.metric_name.endswith(VALUES)]
        found = dict(super().resolve_metrics(rest, metrics, runtime_configuration)) if rest else {}
        none = {_asked(metric, COUNT) for metric in rest if metric.metric_name.endswith(COUNT) and found.get(metric.id) == 0}
        empty: dict[Any, Any] = {metric.id: [] for metric in values if _asked(metric, VALUES) in none}
        left = [metric for metric in values if metric.id not in empty]
        return found | empty | (super().resolve_metrics(left, metrics, runtime_configuration) if left else {})


def _asked(metric: Any, what: str) -> str:
    return question(metric.metric_name.removesuffix(what), metric.metric_domain_kwargs, metric.metric_value_kwargs or {})


def answer(facts: Known, name: str, domain: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    """The metric's value, or NOTHING where only Spark can tell."""
    if name == "table.row_count":
        return facts.rows.get(condition_said(domain), NOTHING)
    if name == "column_values.nonnull.unexpected_count":
        known = facts.nulls.get((str(domain.get("column")), condition_said(domain)), _unexpected(facts, name, domain, values))
        return _of_column(facts, name, domain, values) if known is NOTHING else known
    return _of_column(facts, name, domain, values) if name.startswith("column.") else _unexpected(facts, name, domain, values)


def _of_column(facts: Known, name: str, domain: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    where = condition_said(domain)
    summary = facts.columns.get((str(domain.get("column")), where))
    if summary is None:
        return NOTHING
    value = told(summary, name, values, facts.rows[where])
    return NOTHING if value is UNKNOWN else value


def _unexpected(facts: Known, name: str, domain: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    base, _, what = name.rpartition(".")
    found = facts.by_question.get(question(base, domain, values))
    if found is None:
        return NOTHING
    if what in ROW_NAMES:
        return NOTHING if (values.get("result_format") or {}).get("unexpected_index_column_names") else None
    return _of(*found, what)


def _of(rule: Rule, measure: RuleMeasure, what: str) -> Any:
    if what == "unexpected_values" and measure.unexpected and not measure.samples:
        return NOTHING  # of keys only the number was taken
    if what == "unexpected_count":
        return measure.unexpected
    if what == "filtered_row_count" and "column" not in rule.kwargs:
        return measure.evaluated
    if what == "unexpected_values" and ("column" in rule.kwargs or all(isinstance(value, list) for _, value in measure.samples)):
        return [_shown(rule, value) for _, value in measure.samples]
    return NOTHING


def _shown(rule: Rule, value: Any) -> Any:
    """A failing value in the form GX has it in: of a pair a tuple, of many columns a mapping."""
    if "column_A" in rule.kwargs:
        return tuple(value)
    return dict(zip(rule.kwargs["column_list"], value, strict=True)) if "column_list" in rule.kwargs else value
