"""A rule is one expectation, from the contract or from the hand-written suite, with a stable id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["critical", "warning", "info"]
Scope = Literal["row", "rows", "aggregate"]
TRIAL = "trial"  # `meta.status`


@dataclass(frozen=True)
class Rule:
    """One expectation in GX's own words.

    `id` is unique within the dataset and stable over runs; `scope` says who decides it: one row (while landing),
    many rows that still decide single rows (before silver), or the delivery as a whole. `unfused`: why a row rule is
    judged in Spark, before silver, and not while landing.
    """

    id: str
    type: str
    kwargs: dict[str, Any]
    severity: Severity
    scope: Scope
    origin: Literal["contract", "suite"]
    meta: dict[str, Any] = field(default_factory=dict)
    unfused: str | None = None

    @property
    def trial(self) -> bool:
        """It judges nothing yet: what it would have rejected is counted."""
        return bool(self.meta.get("status") == TRIAL)

    @property
    def mostly(self) -> float:
        return float(self.kwargs.get("mostly", 1.0))

    @property
    def fingerprint(self) -> str:
        """Of what it demands and how strictly (type, arguments with `mostly` and `row_condition`, severity), not of its words or whether it is on trial."""
        text = json.dumps([self.type, self.kwargs, self.severity], sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def judging(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules that reject, flag and hold."""
    return tuple(rule for rule in rules if not rule.trial)


def on_trial(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if rule.trial)


def columns_of(rule: Rule) -> list[str]:
    """The columns a rule is about; none for one about the whole table."""
    kwargs = rule.kwargs
    return [kwargs["column"]] if "column" in kwargs else list(kwargs.get("column_list") or [kwargs[k] for k in ("column_A", "column_B") if k in kwargs])
