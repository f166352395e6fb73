"""How an expectation did over the deliveries, and where it was changed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.quality.rules import Rule
from jobs.quality.site.failing import said, weight


@dataclass(frozen=True)
class Cell:
    """One result. `changed`: the rule was another one (by its fingerprint) at the result before it."""

    delivery: str
    period: str
    evaluated: int | None
    unexpected: int | None
    success: bool
    changed: bool

    @property
    def share(self) -> float:
        return (self.unexpected or 0) / self.evaluated if self.evaluated else 0.0


@dataclass(frozen=True)
class RuleHistory:
    """`cells`: one a delivery, in their order; None where the rule was not judged."""

    rule: str
    column: str
    severity: str
    words: str
    fingerprint: str
    cells: tuple[Cell | None, ...]

    @property
    def versions(self) -> int:
        return 1 + sum(cell.changed for cell in self.cells if cell)


def histories(checks: Sequence[Mapping[str, Any]], deliveries: Sequence[Mapping[str, Any]], rules: Sequence[Rule]) -> tuple[RuleHistory, ...]:
    """`checks`: of ops.checks; `deliveries`: the columns, of ops.deliveries, oldest first. What failed last comes first."""
    known = {rule.id: rule for rule in rules}
    by_rule: dict[str, dict[str, Mapping[str, Any]]] = {}
    for check in checks:
        by_rule.setdefault(check["rule"], {})[check["delivery"]] = check
    found = [_history(rule, by_delivery, deliveries, known) for rule, by_delivery in by_rule.items()]
    return tuple(sorted(found, key=lambda h: (not any(c and (c.unexpected or not c.success) for c in h.cells[-1:]), h.severity != "critical", h.rule)))


def _history(rule: str, by_delivery: Mapping[str, Mapping[str, Any]], deliveries: Sequence[Mapping[str, Any]], known: Mapping[str, Rule]) -> RuleHistory:
    cells: list[Cell | None] = []
    before: str | None = None
    for row in deliveries:
        check = by_delivery.get(row["delivery"])
        if check is None:
            cells.append(None)
            continue
        changed = before is not None and before != check["fingerprint"]
        before = check["fingerprint"]
        cells.append(Cell(row["delivery"], row["period"], check["evaluated"], check["unexpected"], bool(check["success"]), changed))
    last = max(by_delivery.values(), key=lambda check: check["checked_at"])
    return RuleHistory(rule, last["column"] or "", weight(last), said(last, known), last["fingerprint"], tuple(cells))
