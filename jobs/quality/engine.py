"""GX's Spark engine, answering from what landing measured; what landing does not know is left to Spark."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import great_expectations.expectations as gxe
from great_expectations.execution_engine import SparkDFExecutionEngine

from jobs.quality.compile import fused
from jobs.quality.measures import Measures, RuleMeasure
from jobs.quality.rules import Rule


@dataclass(frozen=True)
class Known:
    """The measures of a batch and the rules they belong to."""

    measures: Measures
    rules: tuple[Rule, ...]


KNOWN: ContextVar[Known | None] = ContextVar("known", default=None)
NOTHING = object()
ROW_NAMES = ("unexpected_index_query", "unexpected_index_list")  # which rows failed, by index columns; without such columns GX makes the query and shows it nowhere
ANSWERED = ("unexpected_count", "unexpected_values", *ROW_NAMES)


def expectation_class(type_: str) -> Any:
    return getattr(gxe, "".join(part.capitalize() for part in type_.split("_")))


class MeasuredEngine(SparkDFExecutionEngine):  # type: ignore[misc]
    """Reads no row for a metric that landing has counted."""

    def resolve_metrics(self, metrics_to_resolve: Iterable[Any], metrics: Any = None, runtime_configuration: Any = None) -> Any:
        known, answered, rest = KNOWN.get(), {}, []
        for metric in metrics_to_resolve:
            value = answer(known, metric.metric_name, metric.metric_domain_kwargs, metric.metric_value_kwargs or {}) if known else NOTHING
            if value is NOTHING:
                rest.append(metric)
            else:
                answered[metric.id] = value
        return answered | (super().resolve_metrics(rest, metrics, runtime_configuration) if rest else {})


def answer(known: Known, name: str, domain: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    """The metric's value, or NOTHING."""
    if domain.get("row_condition"):
        return NOTHING
    if name == "table.row_count":
        return known.measures.rows
    base, _, what = name.rpartition(".")
    if what not in ANSWERED or not domain.get("column"):
        return NOTHING
    found = _measure(known, base, str(domain["column"]), values)
    if found is None:
        return _nulls(known, base, what, str(domain["column"]))
    if what in ROW_NAMES:
        return NOTHING if (values.get("result_format") or {}).get("unexpected_index_column_names") else None
    return found.unexpected if what == "unexpected_count" else [value for _, value in found.samples]


def _measure(known: Known, base: str, column: str, values: Mapping[str, Any]) -> RuleMeasure | None:
    for rule in fused(known.rules):
        if rule.kwargs.get("column") != column or getattr(expectation_class(rule.type), "map_metric", None) != base:
            continue
        said = {k: v for k, v in rule.kwargs.items() if k not in ("column", "mostly")}  # as in the YAML
        if all(_same(values.get(k), v) for k, v in said.items()):
            return known.measures.rules.get(rule.id)
    return None


def _same(asked: Any, said: Any) -> bool:
    """GX asks with a date or time where the YAML says its text."""
    if isinstance(asked, dt.date) and isinstance(said, str):
        with suppress(ValueError):
            return bool(asked == type(asked).fromisoformat(said))
    return bool(asked == said) or str(asked) == str(said)


def _nulls(known: Known, base: str, what: str, column: str) -> Any:
    """Every column-map rule that landing judged on a column ignored just its nulls."""
    if base != "column_values.nonnull" or what != "unexpected_count":
        return NOTHING
    for rule in fused(known.rules):
        single = rule.kwargs.get("column") == column and not rule.type.endswith("_null")
        if single and rule.id in known.measures.rules:
            return known.measures.rules[rule.id].ignored
    return NOTHING


def columns_of(rule: Rule) -> Sequence[str]:
    kwargs = rule.kwargs
    return [kwargs["column"]] if "column" in kwargs else list(kwargs.get("column_list") or [kwargs[k] for k in ("column_A", "column_B") if k in kwargs])
