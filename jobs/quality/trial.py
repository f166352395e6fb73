"""Rules on trial (`meta: {status: trial}`): counted while landing, and nothing else; what goes wrong with one is told and stops nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from jobs.contracts.model import Contract
from jobs.quality.compile import fused, judge
from jobs.quality.measures import Measures, RuleMeasure
from jobs.quality.rules import Rule, columns_of

ENGINE = "trial"  # in ops.checks: the result decided nothing


@dataclass(frozen=True)
class Tried:
    """What a rule on trial would have done to a delivery. `newly`: failing rows that nothing else rejects; `success`: of GX, None where it could not be judged (`problem`)."""

    delivery: str
    rule: Rule
    evaluated: int | None = None
    unexpected: int | None = None
    newly: int | None = None
    success: bool | None = None
    observed: str | None = None
    sample: tuple[tuple[int, Any], ...] = ()
    problem: str | None = None

    @property
    def share_met(self) -> float:
        return 1 - (self.unexpected or 0) / self.evaluated if self.evaluated else 1.0


def counted(frame: pl.DataFrame, rules: Sequence[Rule], personal: Collection[str]) -> dict[str, RuleMeasure]:
    """Rule id → what it would have rejected of these rows. A rule whose expression raises has a problem instead, and is evaluated alone, so that the others have their counts."""
    rules = [replace(rule, severity="info") for rule in fused(rules)]  # information is counted and rejects nothing
    if not rules:
        return {}
    try:
        return judge(frame, rules, {}, personal).measures.rules
    except Exception as problem:  # noqa: BLE001 - whatever a rule on trial does, the rows land
        if len(rules) == 1:
            return {rules[0].id: RuleMeasure(problem=words(problem, personal, rules[0]))}
    return {name: measure for rule in rules for name, measure in counted(frame, [rule], personal).items()}


def words(problem: Exception, personal: Collection[str], rule: Rule) -> str:
    """An error's own words may quote the value it stumbled over; nobody needs to read it where the column is personal, or where the rule names no column."""
    named = columns_of(rule)
    quiet = set(personal) & set(named) or (personal and not named)
    first = str(problem).strip().splitlines()
    return type(problem).__name__ if quiet or not first else f"{type(problem).__name__}: {first[0][:200]}"


def as_measured(delivery: str, rule: Rule, measure: RuleMeasure) -> Tried:
    """What landing counted."""
    if measure.problem:
        return Tried(delivery, rule, problem=measure.problem)
    return Tried(delivery, rule, measure.evaluated, measure.unexpected, None, measure.share_met >= rule.mostly, None, measure.samples)


def known(measures: Measures, rules: Sequence[Rule], delivery: str) -> list[Tried]:
    """Of the rules that landing counted."""
    return [as_measured(delivery, rule, measures.rules[rule.id]) for rule in rules if rule.id in measures.rules]


def would_hold(contract: Contract, tried: Tried, row: Mapping[str, Any]) -> str | None:
    """Why the delivery (`row` of ops.deliveries) would have been held; None where it would not. Rows that the rule rejects count beside those already rejected."""
    rule = tried.rule
    if tried.problem or rule.severity != "critical":
        return None
    if rule.scope == "aggregate":
        return None if tried.success else f"it fails: observed {tried.observed}"
    if "mostly" in rule.kwargs and tried.share_met < rule.mostly:
        return f"it holds for too few rows: {tried.unexpected:,} of {tried.evaluated:,} fail, at least {rule.mostly:.0%} must hold"
    rejected = row["quarantined"] if row.get("quarantined_rows") is None else row["quarantined_rows"]
    share = ((rejected or 0) + (tried.newly or 0)) / row["rows"] if row.get("rows") else 0.0
    if tried.newly and share > contract.tolerated_rejected_share:
        return f"{share:.1%} of the rows would be rejected, the contract tolerates {contract.tolerated_rejected_share:.1%}"
    return None
