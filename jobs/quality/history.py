"""Which rules there have been, and which of them judged a delivery: kept when a rule changes or a delivery is checked again."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.contracts.model import Contract
from jobs.ops.ledger import Ledger
from jobs.quality.rules import TRIAL, Rule, columns_of
from jobs.quality.trial import ENGINE

JUDGED = ("dataset", "delivery", "rule", "fingerprint", "engine", "severity", "evaluated", "unexpected", "success")
JUDGES = "judges"  # status of a rule that is not on trial
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Version:
    """One definition that a rule has had. `changed`: what is different from the one before, in words; `deliveries`, `unexpected`: that it judged, and rows that failed."""

    rule: str
    fingerprint: str
    status: str
    definition: dict[str, Any]
    first_seen: dt.datetime
    last_seen: dt.datetime
    changed: str
    deliveries: int
    unexpected: int


def note(ledger: Ledger, contract: Contract, rules: Sequence[Rule], results: Sequence[Row]) -> None:
    """Remember the definitions of `rules`, and `results` (rows of ops.checks), all at one moment. Repeating it moves only the last time."""
    if not results:
        return
    now = dt.datetime.now(dt.UTC)
    ledger.merge("rules", seen(contract, rules, ledger.rows("rules", dataset=contract.dataset), now))
    ledger.merge("judgements", judged(results, ledger.rows("judgements", dataset=contract.dataset), now))


def judged(results: Iterable[Row], known: Iterable[Row], now: dt.datetime) -> list[dict[str, Any]]:
    """Rows of ops.judgements. `known`: those there are, of which the first time stays."""
    since = {_of(row): row["first_at"] for row in known}
    return [{name: row[name] for name in JUDGED} | {"first_at": since.get(_of(row), now), "last_at": now} for row in results]


def _of(row: Row) -> tuple[str, ...]:
    return row["delivery"], row["rule"], row["fingerprint"], row["engine"]


def seen(contract: Contract, rules: Sequence[Rule], known: Iterable[Row], now: dt.datetime) -> list[dict[str, Any]]:
    """Rows of ops.rules. `known`: those there are."""
    since = {_key(row): row["first_seen"] for row in known}
    rows = [_row(contract, rule, now) for rule in rules]
    return [row | {"first_seen": since.get(_key(row), now)} for row in rows]


def _key(row: Row) -> tuple[str, str, str]:
    return row["rule"], row["fingerprint"], row["status"]


def _row(contract: Contract, rule: Rule, now: dt.datetime) -> dict[str, Any]:
    definition = {"type": rule.type, "kwargs": rule.kwargs, "severity": rule.severity}
    return {
        "dataset": contract.dataset, "rule": rule.id, "fingerprint": rule.fingerprint, "status": TRIAL if rule.trial else JUDGES, "type": rule.type,
        "column": ", ".join(columns_of(rule)), "severity": rule.severity, "mostly": rule.mostly,
        "definition": json.dumps(definition, sort_keys=True, ensure_ascii=False, default=str), "origin": rule.origin, "last_seen": now,
    }  # fmt: skip


def versions(rules: Iterable[Row], judgements: Iterable[Row]) -> list[Version]:
    """By rule, the oldest definition first. `rules`: of ops.rules; `judgements`: of ops.judgements, all of one dataset."""
    by_version: dict[tuple[str, str, bool], list[Row]] = defaultdict(list)
    for row in judgements:
        by_version[row["rule"], row["fingerprint"], row["engine"] == ENGINE].append(row)
    found: list[Version] = []
    for row in sorted(rules, key=lambda r: (r["rule"], r["first_seen"], r["last_seen"])):
        mine = by_version[row["rule"], row["fingerprint"], row["status"] == TRIAL]
        before = found[-1] if found and found[-1].rule == row["rule"] else None
        definition = json.loads(row["definition"])
        changed = difference(before.definition | {"status": before.status}, definition | {"status": row["status"]}) if before else ""
        rows = sum(r["unexpected"] or 0 for r in mine)
        found.append(Version(row["rule"], row["fingerprint"], row["status"], definition, row["first_seen"], row["last_seen"], changed, len({r["delivery"] for r in mine}), rows))
    return found


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """What changed between two definitions, argument by argument."""
    a, b = _flat(before), _flat(after)
    return ", ".join(f"{name}: {a.get(name, 'not given')} → {b.get(name, 'not given')}" for name in dict.fromkeys([*a, *b]) if a.get(name) != b.get(name))


def _flat(definition: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in definition.items() if name != "kwargs"} | dict(definition["kwargs"])


def in_force(rules: Iterable[Row], judgements: Iterable[Row], moment: dt.datetime) -> list[Version]:
    """The definitions that the last check until `moment` judged by, and what they had judged by then; none where there was no check yet."""
    done = [row for row in judgements if row["first_at"] <= moment]
    newest = max((min(row["last_at"], moment) for row in done), default=moment)
    last = {(row["rule"], row["fingerprint"], row["engine"] == ENGINE) for row in done if min(row["last_at"], moment) == newest}
    return [version for version in versions([row for row in rules if row["first_seen"] <= moment], done) if (version.rule, version.fingerprint, version.status == TRIAL) in last]


def judges_of(rules: Iterable[Row], judgements: Iterable[Row], delivery: str) -> list[tuple[Row, dict[str, Any]]]:
    """Every judgement on a delivery, the oldest first, with the definition it was made by."""
    definitions = {(row["rule"], row["fingerprint"]): json.loads(row["definition"]) for row in rules}
    mine = sorted((row for row in judgements if row["delivery"] == delivery), key=lambda r: (r["first_at"], r["rule"]))
    return [(row, definitions.get((row["rule"], row["fingerprint"]), {})) for row in mine]
