"""The failing rows of one delivery as a page shows them: the first of each rule, by line, personal values masked. Pure."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.quality.compile import MASK, reader_rule
from jobs.quality.measures import Measures
from jobs.quality.rules import Rule
from jobs.quality.trial import ENGINE
from jobs.quality.words import message_of

SHOWN = 200  # lines of one delivery
LONGEST = 200  # characters of a value


@dataclass(frozen=True)
class Problem:
    """What is wrong with one line. `value` as sent, empty where there was none, None where it is not kept."""

    rule: str
    severity: str
    column: str
    value: str | None
    wrong: str


@dataclass(frozen=True)
class Result:
    """One expectation on this delivery. `wrong`: what a row that fails it gets wrong, in words."""

    rule: str
    severity: str
    column: str
    wrong: str
    evaluated: int | None
    unexpected: int | None
    success: bool
    observed: str | None
    engine: str
    fingerprint: str


def results(checks: Sequence[Mapping[str, Any]], rules: Sequence[Rule]) -> tuple[Result, ...]:
    """Of ops.checks of one delivery: what failed first, by severity and count."""
    known = {rule.id: rule for rule in rules}
    found = [
        Result(c["rule"], weight(c), c["column"] or "", said(c, known), c["evaluated"], c["unexpected"], bool(c["success"]), c["observed"], c["engine"], c["fingerprint"])
        for c in checks
    ]  # fmt: skip
    order = {"critical": 0, "warning": 1, "info": 2}
    return tuple(sorted(found, key=lambda r: (not (r.unexpected or not r.success), order.get(r.severity, 3), -(r.unexpected or 0), r.rule)))


def weight(check: Mapping[str, Any]) -> str:
    """The severity; of a rule on trial, which rejects nothing, that it is on trial."""
    return "trial" if check["engine"] == ENGINE else str(check["severity"])


def said(check: Mapping[str, Any], rules: Mapping[str, Rule]) -> str:
    """The rule in words, as it is now; where it has changed since, its type."""
    rule = rules.get(check["rule"]) or reader_rule(check["rule"])
    if rule is not None and check["fingerprint"] == rule.fingerprint:
        return message_of(rule)
    return str(check["type"]).removeprefix("expect_").replace("_", " ") + " (as it was then)"


def failing_rows(
    checks: Sequence[Mapping[str, Any]], rejected: Sequence[Mapping[str, Any]], rules: Sequence[Rule], personal: Collection[str] | None,
) -> tuple[tuple[int, tuple[Problem, ...]], ...]:  # fmt: skip
    """(line, its problems), in the order of lines. `rejected`: of ops.rejections; `personal`: columns whose values nobody reads here, None = every one."""
    known, lines = {rule.id: rule for rule in rules}, defaultdict(list)
    for check in checks:
        columns = set(str(check["column"] or "").split(", "))
        hidden = personal is None or bool(columns & set(personal))
        for record, value in json.loads(check["sample"] or "[]"):
            shown = MASK if hidden else "" if value is None else str(value)[:LONGEST]
            lines[int(record)].append(Problem(check["rule"], weight(check), check["column"] or "", shown, said(check, known)))
    sampled = {(line, problem.rule) for line, problems in lines.items() for problem in problems}
    for row in rejected:
        if (row["record"], row["rule"]) not in sampled:
            lines[int(row["record"])].append(Problem(row["rule"], row["severity"], row["column"] or "", None, row["message"]))
    return tuple((line, tuple(sorted(lines[line], key=lambda p: p.rule))) for line in sorted(lines)[:SHOWN])


def ragged(measures: str | None, rows: int | None) -> int:
    """Lines that no values could be taken out of: they are in no measure, so they are what was landed beyond the rows that were judged."""
    found = Measures.from_json(measures)
    return max(0, (rows or 0) - found.rows) if found.rules else 0
