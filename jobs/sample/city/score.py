"""The lake against the truth: what became of every file and every row, as the ledger says, compared with what the city expects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError

COUNTS = ("rows", "quarantined", "silver", "duplicate", "superseded", "held")


@dataclass(frozen=True)
class Difference:
    """`what`: the outcome, the reason, one of COUNTS, or `rule …`."""

    dataset: str
    period: str
    name: str
    what: str
    expected: str
    found: str


@dataclass(frozen=True)
class DatasetScore:
    """`rows`, `rejected`, `duplicate`: as expected and, where there are no differences, as found."""

    dataset: str
    files: int
    rows: int
    rejected: int
    duplicate: int
    differences: tuple[Difference, ...]


def no_truth(truth: Path) -> LakeError:
    return LakeError(f"there is no truth of a city in {truth}", "make one: ./lake city --people 1000 --land, or name its folder with --truth")


def truth_table(truth: Path, name: str) -> pl.DataFrame:
    """One table of the truth, of all its files. Raises LakeError where there is none."""
    parts = sorted((truth / name).glob("*.parquet"))
    if not parts:
        raise no_truth(truth)
    return pl.concat([pl.read_parquet(part) for part in parts], how="diagonal_relaxed")


def landing(ledger: Ledger, truth: Path, datasets: Sequence[str] = ()) -> list[DatasetScore]:
    """Every dataset of the truth, or these. Raises LakeError where there is no truth."""
    path = truth / "expected.parquet"
    if not path.exists():
        raise no_truth(truth)
    expected, faults = (_by_dataset(pl.read_parquet(truth / f"{table}.parquet").to_dicts()) for table in ("expected", "faults"))
    deliveries, checks = _by_dataset(ledger.rows("deliveries")), _by_dataset(ledger.rows("checks"))
    return [scored(name, expected[name], faults[name], deliveries[name], checks[name]) for name in sorted(expected) if not datasets or name in datasets]


def _by_dataset(rows: Iterable[Mapping[str, Any]]) -> Mapping[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["dataset"]].append(row)
    return found


def scored(dataset: str, expected: Sequence[Mapping[str, Any]], faults: Sequence[Mapping[str, Any]], deliveries: Iterable[Mapping[str, Any]], checks: Iterable[Mapping[str, Any]]) -> DatasetScore:
    """One dataset; rows of truth/expected, truth/faults, ops.deliveries and ops.checks."""
    found = {(row["period"], row["name"], row["sha256"]): row for row in deliveries if row["outcome"] != "manifest"}  # a manifest that was understood is no dump
    rules = _rules(checks)
    planted: dict[str, dict[str, int]] = {}
    for fault in faults:
        if fault["rule"] and not _is_key(fault["rule"]):  # these are told by the states, row for row
            of_file = planted.setdefault(fault["sha256"], {})
            of_file[fault["rule"]] = of_file.get(fault["rule"], 0) + fault["rows"]
    wrong: list[Difference] = []
    for row in expected:
        there = found.pop((row["period"], row["name"], row["sha256"]), None)
        if there is None:
            if not row["replaced"]:  # what is replaced is seen only where it was landed before its correction came
                wrong.append(_of(row, "file", str(row["outcome"]), "not there"))
            continue
        wrong += _file(row, there)
        if row["outcome"] == "landed":
            wrong += _by_rule(row, planted.get(row["sha256"], {}), rules.get(there["delivery"], {}))
    lived = {row["period"] for row in expected}  # what others send for other periods is none of the city's
    wrong += [Difference(dataset, row["period"], row["name"], "file", "not sent", str(row["outcome"])) for row in found.values() if row["period"] in lived]
    seen = [row for row in expected if not row["replaced"]]
    return DatasetScore(dataset, len(seen), sum(r["rows"] for r in seen), sum(r["quarantined"] for r in seen), sum(r["duplicate"] for r in seen), tuple(wrong))


def _is_key(rule: str) -> bool:
    return rule.partition(":")[0].endswith("unique")


def _file(row: Mapping[str, Any], there: Mapping[str, Any]) -> list[Difference]:
    wrong = [_of(row, what, str(row[what]), str(there[what])) for what in ("outcome", "reason") if row[what] != there[what]]
    if wrong or row["outcome"] in ("rejected", "resent", "waiting"):
        return wrong
    counts = COUNTS if row["outcome"] == "landed" else ("rows", "quarantined", "held")
    # what counts no more, or not yet, is known by what landing rejected; else with what check rejected after it
    found = dict(there) if row["replaced"] or row["outcome"] == "held" else {**there, "quarantined": there["quarantined_rows"]}
    return [_of(row, what, str(row[what]), str(found[what] or 0)) for what in counts if row[what] != (found[what] or 0)]


def _by_rule(row: Mapping[str, Any], planted: Mapping[str, int], found: Mapping[str, int]) -> list[Difference]:
    """A value that cannot be cast leaves its cell empty, so a needed column lacks it too."""
    wrong = []
    for rule in sorted({*planted, *found}):
        may = {planted.get(rule, 0)}
        if rule.startswith("not_be_null:"):
            may.add(planted.get(rule, 0) + planted.get("castable:" + rule.removeprefix("not_be_null:"), 0))
        if found.get(rule, 0) not in may:
            wrong.append(_of(row, f"rule {rule}", str(planted.get(rule, 0)), str(found.get(rule, 0))))
    return wrong


def _rules(checks: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Delivery → critical rule that one row decides → rows that break it. How often a key repeats is told by the states, and the lake counts it over bad rows too."""
    found: dict[str, dict[str, int]] = {}
    for row in checks:
        if row["severity"] == "critical" and row["unexpected"] and row["column"] and not row["type"].endswith("to_be_unique"):
            found.setdefault(row["delivery"], {})[row["rule"]] = row["unexpected"]
    return found


def _of(row: Mapping[str, Any], what: str, expected: str, found: str) -> Difference:
    return Difference(row["dataset"], row["period"], row["name"], what, expected, found)
