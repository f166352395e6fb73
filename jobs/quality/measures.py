"""What one pass over the rows found out for every rule: mergeable, so that byte ranges and deliveries add up."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from jobs.quality.summaries import ColumnSummary, summary_from

SAMPLES = 20


@dataclass(frozen=True)
class RuleMeasure:
    """`evaluated` rows were judged, `ignored` were not (null, or left out by the rule), `unexpected` of the evaluated failed; `outside` of its row_condition are the others.

    `shared`, of a key: valid rows whose whole key another valid row has.
    """

    evaluated: int = 0
    ignored: int = 0
    unexpected: int = 0
    samples: tuple[tuple[int, Any], ...] = ()  # (record, value; a list of values for a rule of several columns) of the first failures
    problem: str | None = None  # why a rule on trial could not be evaluated; its counts are then of some rows only
    outside: int = 0
    shared: int = 0

    @property
    def share_met(self) -> float:
        """Of the evaluated rows, 0 to 1; 1 where none was."""
        return 1 - self.unexpected / self.evaluated if self.evaluated else 1.0


@dataclass(frozen=True)
class Measures:
    """`rules`: what rows decide one by one. `keys`: rules over a key, of whole deliveries only; keys of parts do not add up."""

    rows: int = 0
    rules: dict[str, RuleMeasure] = field(default_factory=dict)
    columns: dict[str, ColumnSummary] = field(default_factory=dict)
    keys: dict[str, RuleMeasure] = field(default_factory=dict)

    @property
    def all(self) -> dict[str, RuleMeasure]:
        return self.rules | self.keys

    def __add__(self, other: Measures) -> Measures:
        return Measures(self.rows + other.rows, _added(self.rules, other.rules), self._columns_with(other), _added(self.keys, other.keys))

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
        rules, keys = ({name: _loaded(measure) for name, measure in loaded.get(part, {}).items()} for part in ("rules", "keys"))
        columns = {name: summary_from(said) for name, said in loaded.get("columns", {}).items()}
        return Measures(loaded["rows"], rules, columns, keys)


def _loaded(said: dict[str, Any]) -> RuleMeasure:
    samples = tuple((record, value) for record, value in said["samples"])
    return RuleMeasure(said["evaluated"], said["ignored"], said["unexpected"], samples, said.get("problem"), said.get("outside", 0), said.get("shared", 0))


def _added(these: dict[str, RuleMeasure], others: dict[str, RuleMeasure]) -> dict[str, RuleMeasure]:
    ids = [*these, *(rule for rule in others if rule not in these)]
    return {rule: _sum(these.get(rule, RuleMeasure()), others.get(rule, RuleMeasure())) for rule in ids}


def _sum(a: RuleMeasure, b: RuleMeasure) -> RuleMeasure:
    samples = tuple(sorted([*a.samples, *b.samples], key=lambda s: s[0])[:SAMPLES])
    return RuleMeasure(a.evaluated + b.evaluated, a.ignored + b.ignored, a.unexpected + b.unexpected, samples, a.problem or b.problem, a.outside + b.outside, a.shared + b.shared)
