"""Steps that people take with quarantined rows: `ops.quarantine_events`. A step counts from the moment its event stands there."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from jobs.ops.ledger import Ledger
from jobs.quality.compile import reader_rule
from jobs.quality.ragged import RAGGED
from jobs.quality.rules import Rule
from jobs.quarantine.selecting import Selection

Action = Literal["fix", "replay", "release", "discard", "look"]


@dataclass(frozen=True)
class Step:
    """What a person wants done with which rows, and why. `source`: where corrected values come from (the hash of an edit file, SQL); empty where there are none."""

    action: Action
    by: str
    because: str
    selection: Selection
    source: str = ""

    def event(self, dataset: str, number: int) -> str:
        """The same step after the same events is the same event, whoever is killed in between."""
        text = json.dumps([dataset, number, asdict(self)], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Outcome:
    """What a step does: `before` and `after` are reason → rows; a row with two reasons counts under both."""

    rows: int
    passing: int
    before: Mapping[str, int]
    after: Mapping[str, int]


def in_order(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of ops.quarantine_events, the oldest first; what only looks at rows is left out."""
    return sorted((row for row in rows if row["action"] != "look"), key=lambda row: (row["number"], row["event"]))


def next_number(rows: Sequence[Mapping[str, Any]]) -> int:
    return max((int(row["number"]) for row in rows), default=0) + 1


def event_row(dataset: str, number: int, step: Step, outcome: Outcome, rules: Sequence[Rule]) -> dict[str, Any]:
    """Of ops.quarantine_events."""
    return {
        "dataset": dataset, "event": step.event(dataset, number), "number": number, "action": step.action, "by": step.by, "because": step.because, "at": dt.datetime.now(dt.UTC),
        "selection": _json(step.selection.said()), "source": step.source, "rows": outcome.rows, "passing": outcome.passing, "quarantined": outcome.rows - outcome.passing,
        "before": _json(outcome.before), "after": _json(outcome.after), "rules": _json(fingerprints(rules, {*outcome.before, *outcome.after})), "applied": False,
    }  # fmt: skip


def note(ledger: Ledger, row: Mapping[str, Any]) -> None:
    ledger.merge("quarantine_events", [row])


def fingerprints(rules: Sequence[Rule], named: Iterable[str]) -> dict[str, str]:
    """Rule → fingerprint; a rule that the dataset no longer has is `gone`, and what the reader cannot take apart is judged by the `reader`."""
    known = {rule.id: rule for rule in rules}
    found = {name: known.get(name) or reader_rule(name) for name in sorted(named)}
    return {name: rule.fingerprint if rule else "reader" if name == RAGGED else "gone" for name, rule in found.items()}


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
