"""What one pass over the rows found out for every rule: mergeable, so that byte ranges and deliveries add up."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from jobs.quality.summaries import ColumnSummary

SAMPLES = 20


@dataclass(frozen=True)
class RuleMeasure:
    """`evaluated` rows were judged, `ignored` were not (null, or left out by the rule), `unexpected` of the evaluated failed; `outside` of its row_condition are the others."""

    evaluated: int = 0
    ignored: int = 0
    unexpected: int = 0
    samples: tuple[tuple[int, Any], ...] = ()  # (record, value; a list of values for a rule of several columns) of the first failures
    problem: str | None = None  # why a rule on trial could not be evaluated; its counts are then of some rows only
    outside: int = 0

    @property
    def share_met(self) -> float:
        """Of the evaluated rows, 0 to 1; 1 where none was."""
        return 1 - self.unexpected / self.evaluated if self.evaluated else 1.0


@dataclass(frozen=True)
class Measures:
    rows: int = 0
    rules: dict[str, RuleMeasure] = field(default_factory=dict)
    columns: dict[str, ColumnSummary] = field(default_factory=dict)

    def __add__(self, other: Measures) -> Measures:
        ids = [*self.rules, *(r for r in other.rules if r not in self.rules)]
        rules = {rule: _sum(self.rules.get(rule, RuleMeasure()), other.rules.get(rule, RuleMeasure())) for rule in ids}
        return Measures(self.rows + other.rows, rules, self._columns_with(other))

    def _columns_with(self, other: Measures) -> dict[str, ColumnSummary]:
        """A column that one of two parts tells nothing of is known of neither."""
        if not self.rows:
            return other.columns or self.columns
        if not other.rows:
            return self.columns
        return {name: summary + other.columns[name] for name, summary in self.columns.items() if name in other.columns}

    def beside(self, others: dict[str, RuleMeasure]) -> Measures:
        """With measures of other rules on the same rows."""
        return replace(self, rules=self.rules | others)

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, default=str)

    @staticmethod
    def from_json(text: str | None) -> Measures:
        if not text:
            return Measures()
        loaded = json.loads(text)
        rules = {k: RuleMeasure(v["evaluated"], v["ignored"], v["unexpected"], tuple((r, x) for r, x in v["samples"]), v.get("problem"), v.get("outside", 0)) for k, v in loaded["rules"].items()}
        columns = {k: ColumnSummary(**v | {"values": None if v["values"] is None else tuple(v["values"])}) for k, v in loaded.get("columns", {}).items()}
        return Measures(loaded["rows"], rules, columns)


def _sum(a: RuleMeasure, b: RuleMeasure) -> RuleMeasure:
    samples = tuple(sorted([*a.samples, *b.samples], key=lambda s: s[0])[:SAMPLES])
    return RuleMeasure(a.evaluated + b.evaluated, a.ignored + b.ignored, a.unexpected + b.unexpected, samples, a.problem or b.problem, a.outside + b.outside)
