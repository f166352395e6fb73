"""One validation by Great Expectations for many deliveries of a dataset: each validation costs a graph of its own, however few its rows are.

Rules that were measured delivery by delivery are validated over all of them, as each delivery's own counts decide; a rule about the whole delivery is said once a delivery,
by `row_condition`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from great_expectations.expectations.row_conditions import Column

from jobs.quality.compile import fused
from jobs.quality.engine import expectation_class
from jobs.quality.keys import countable
from jobs.quality.measures import Measures
from jobs.quality.parameters import asked
from jobs.quality.rules import Rule

ONE_BY_ONE = 8  # deliveries; each costs a validation and a page, a fifth of a second and more


def groups(rows: Sequence[dict[str, Any]], rules: Sequence[Rule]) -> list[list[dict[str, Any]]]:
    """Rows of ops.deliveries: each by itself where there are few, or where a rule cannot be said of many; of many, the first that failed a critical rule, and all others share one validation."""
    measured = _measured(rules)
    if len(rows) <= ONE_BY_ONE or not all(_of_one(rule) for rule in rules if rule not in measured):
        return [[row] for row in rows]
    measures = {row["delivery"]: Measures.from_json(row["measures"]) for row in rows}
    unknown = [row for row in rows if not {rule.id for rule in measured} <= set(measures[row["delivery"]].all)]  # a rule is newer than what landing judged
    failed = [row for row in rows if row not in unknown and _failed(measures[row["delivery"]], rules)][:ONE_BY_ONE]
    alone = {row["delivery"] for row in (*unknown, *failed)}
    shared = [row for row in rows if row["delivery"] not in alone]
    return [*[[row] for row in rows if row["delivery"] in alone], *([shared] if shared else [])]


def _measured(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    return (*fused(rules), *countable(rules))


def _of_one(rule: Rule) -> bool:
    """Whether a rule about the whole can be said of one delivery among others."""
    takes = "row_condition" in expectation_class(rule.type).__fields__
    return rule.scope == "aggregate" and takes and not rule.kwargs.get("row_condition") and not asked([rule])


def _failed(measures: Measures, rules: Sequence[Rule]) -> bool:
    """Whether a row failed a critical rule."""
    critical = {rule.id for rule in rules if rule.severity == "critical"}
    return any(m.unexpected for rule, m in measures.all.items() if rule in critical or rule.startswith("castable:"))


def condition_of(delivery: str) -> dict[str, Any]:
    """What makes a rule one about this delivery alone."""
    return {"row_condition": Column("_delivery") == delivery}


def name_of(rule: Rule, delivery: str) -> str:
    """Of a rule about the whole, said of one delivery among others."""
    return f"{rule.id}@{delivery}"


def said_of_each(rules: Sequence[Rule], deliveries: Sequence[str]) -> list[Rule]:
    """The rules of a validation that these deliveries share."""
    measured = _measured(rules)
    whole = [rule for rule in rules if rule not in measured]
    return [*measured, *(replace(rule, id=name_of(rule, d), kwargs=rule.kwargs | condition_of(d)) for d in deliveries for rule in whole)]
