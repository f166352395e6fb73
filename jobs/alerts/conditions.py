"""What is wrong just now, by the ledger: failed steps, stopped files, too many rejected rows, data that does not come. No value of a row is ever part of it."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from jobs.contracts.intervals import interval
from jobs.contracts.load import Finding
from jobs.contracts.model import Contract

Row = Mapping[str, Any]
Kind = Literal["failed", "stopped", "rejected", "stale", "broken", "late"]
LAST_STEP = "conform"


@dataclass(frozen=True)
class Condition:
    """Something is wrong with `subject` (a step, a period and file, a run) of `dataset`, since `since` as far as is known."""

    kind: Kind
    dataset: str
    subject: str
    text: str
    way_out: str
    since: dt.datetime

    @property
    def id(self) -> str:
        """The same trouble always has the same id."""
        return hashlib.sha256("\0".join((self.kind, self.dataset, self.subject)).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Facts:
    """Of the ledger: rows of ops.runs, ops.deliveries and ops.receipts; `findings`: what is wrong with contracts."""

    contracts: Sequence[Contract]
    findings: Sequence[Finding]
    runs: Sequence[Row]
    deliveries: Sequence[Row]
    receipts: Sequence[Row]


def conditions(facts: Facts, now: dt.datetime) -> list[Condition]:
    known = {contract.dataset: contract for contract in facts.contracts}
    return [*_broken(facts.findings, now), *_failed(last_runs(facts.runs), known), *_of_files(facts.deliveries, known), *_stale(facts.receipts, known, now)]


def last_runs(runs: Iterable[Row]) -> dict[tuple[str, str], Row]:
    """(dataset, step) → its last run."""
    last: dict[tuple[str, str], Row] = {}
    for row in runs:
        key = row["dataset"], row["job"]
        if key not in last or row["ended_at"] > last[key]["ended_at"]:
            last[key] = row
    return last


def failed_step(dataset: str, step: str, since: dt.datetime) -> Condition:
    return Condition("failed", dataset, step, f"{step} failed", f"./lake status {dataset}; what it said is in ops.runs and the task's log", since)


def late_run(dataset: str, dag: str, run: str, minutes: float, since: dt.datetime) -> Condition:
    return Condition("late", dataset, dag, f"the run {run} was not done {minutes:g} minutes after it was queued", f"see the DAG {dag} in Airflow", since)


def _broken(findings: Iterable[Finding], now: dt.datetime) -> list[Condition]:
    found: dict[str, Condition] = {}
    for finding in findings:
        department, name = finding.path.replace("\\", "/").rsplit("/", 2)[-2:]
        dataset = f"{department}.{name.removesuffix('.yaml')}"
        found.setdefault(dataset, Condition("broken", dataset, "contract", f"the contract cannot be read (line {finding.line})", f"./lake check {dataset}", now))
    return list(found.values())


def _failed(last: Mapping[tuple[str, str], Row], known: Mapping[str, Contract]) -> list[Condition]:
    return [failed_step(dataset, step, row["ended_at"]) for (dataset, step), row in last.items() if row["outcome"] == "failed" and dataset in known]


def _of_files(deliveries: Iterable[Row], known: Mapping[str, Contract]) -> list[Condition]:
    """Of each file of a period the content that came last counts."""
    last: dict[tuple[str, str, str], Row] = {}
    for row in deliveries:
        key = row["dataset"], row["period"], row["name"]
        if row["dataset"] in known and row["outcome"] in ("landed", "held", "rejected") and (key not in last or _came(row) > _came(last[key])):
            last[key] = row
    return [found for row in last.values() if (found := _of_file(known[row["dataset"]], row))]


def _came(row: Row) -> dt.datetime:
    moment = row["landed_at"] or row["updated_at"]
    return moment if moment else dt.datetime.min.replace(tzinfo=dt.UTC)


def _of_file(contract: Contract, row: Row) -> Condition | None:
    dataset, subject, way_out = contract.dataset, f"{row['period']}/{row['name']}", f"./lake status {contract.dataset}"
    file = f"a file of {row['period']}" if contract.personal else f"{row['name']} of {row['period']}"  # a name may tell of a person
    rejected = row["quarantined"] if row["quarantined_rows"] is None else row["quarantined_rows"]
    share = (rejected or 0) / row["rows"] if row["rows"] else 0.0
    if share > contract.tolerated_rejected_share:
        return Condition("rejected", dataset, subject, f"{share:.1%} of the rows of {file} are rejected, tolerated are {contract.tolerated_rejected_share:.1%}", way_out, _came(row))
    if row["outcome"] in ("held", "rejected"):
        done = "is held before silver" if row["outcome"] == "held" else "was refused"
        return Condition("stopped", dataset, subject, f"{file} {done}: {row['reason']}", way_out, _came(row))
    return None


def _stale(receipts: Iterable[Row], known: Mapping[str, Contract], now: dt.datetime) -> list[Condition]:
    newest: dict[str, dt.datetime] = {}
    for row in receipts:
        newest[row["dataset"]] = max(row["delivered_at"], newest.get(row["dataset"], row["delivered_at"]))
    return [found for dataset, came in newest.items() if dataset in known and (found := _late_data(known[dataset], came, now))]


def _late_data(contract: Contract, came: dt.datetime, now: dt.datetime) -> Condition | None:
    promised = dict(contract.sla)
    often, after = interval(promised.get("frequency", "")), interval(promised.get("latency", ""))
    if often is None or now <= (due := came + often.longest + (after.longest if after else dt.timedelta())):
        return None
    return Condition("stale", contract.dataset, "freshness", f"nothing has come since {came:%Y-%m-%d}; it comes every {promised['frequency']} and was due by {due:%Y-%m-%d}", f"ask the {contract.owner}", due)
