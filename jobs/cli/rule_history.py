"""What `lake check --trial`, `--history` and `--as-of` show."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Column, Table

from jobs.cli.console import console
from jobs.contracts.model import Contract
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import require_store

if TYPE_CHECKING:
    from jobs.quality.history import Version

EXAMPLES = 3  # rows of a delivery that a rule on trial would reject, by which it is explained


def show_trial(settings: Settings, contract: Contract, first: str | None, last: str | None) -> None:
    """Run the rules on trial over what has landed, in Spark, and show what they would have done."""
    from jobs.platform.spark import open_session
    from jobs.quality.implied import rules_of
    from jobs.quality.trial_run import run

    rules = rules_of(contract, settings.root)
    require_store(settings)
    spark = open_session(settings)
    try:
        rows = run(spark, settings, contract, rules, first, last)
    finally:
        spark.stop()
    console.print(trial_table(contract.dataset, rows))
    for line in (*_examples(rows), trial_summary(rows)):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def trial_table(dataset: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """A line a rule and delivery."""
    table = Table(Column("rule", overflow="fold"), "severity", "period", "file", "looked at", "would fail", "only for it", "would be held for", title=f"rules on trial of {dataset}")
    for row in rows:
        counts = [f"{row[name]:,}" if row[name] is not None else "" for name in ("evaluated", "unexpected", "newly")]
        why = f"[yellow]could not be judged: {escape(row['message'])}[/]" if row["message"] else escape(row["why"] or _observed(row))
        table.add_row(escape(row["rule"]), row["severity"], row["period"], escape(row["name"]), *counts, why)
    return table


def _observed(row: Mapping[str, Any]) -> str:
    return f"(observed {row['observed']})" if row["observed"] is not None else ""


def _examples(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for row in rows:
        if sample := json.loads(row["sample"])[:EXAMPLES]:
            yield f"{row['rule']} in {row['name']}: " + ", ".join(f"record {record} {value}" for record, value in sample)


def trial_summary(rows: Sequence[Mapping[str, Any]]) -> str:
    held, failed = len({row["delivery"] for row in rows if row["would_hold"]}), sum(row["outcome"] == "failed" for row in rows)
    told = f"{len({row['rule'] for row in rows})} rules on trial over {len({row['delivery'] for row in rows})} deliveries: {sum(row['unexpected'] or 0 for row in rows):,} failures, {held} deliveries would be held"
    return told + (f", {failed} results could not be had" if failed else "")


def show_history(settings: Settings, contract: Contract) -> None:
    """Every definition that the rules of a dataset have had."""
    from jobs.quality.history import versions

    rules, judgements = _known(settings, contract)
    console.print(version_table(f"rules of {contract.dataset}", versions(rules, judgements)))


def show_as_of(settings: Settings, contract: Contract, when: str) -> None:
    """By which rules the last check until a day judged, or a delivery (or one row of it, `<delivery>#<record>`) was let in."""
    from jobs.quality.history import in_force, judges_of

    rules, judgements = _known(settings, contract)
    if moment := moment_of(when):
        found = in_force(rules, judgements, moment)
        if not found:
            raise LakeError(f"nothing of {contract.dataset} had been checked by {when}", f"./lake check --history {contract.dataset} shows when its rules were first seen")
        console.print(version_table(f"rules of {contract.dataset} as of {when}", found))
        return
    delivery, _, record = when.partition("#")
    judges = judges_of(rules, judgements, delivery)
    if not judges:
        known = sorted({row["delivery"] for row in judgements})
        raise LakeError(f"{when!r} is neither a day nor a checked delivery of {contract.dataset}", f"say a day like 2026-03-31, or one of {', '.join(known[:5])}")
    failed = rejections_of(settings, contract, delivery, record) if record else None
    console.print(judges_table(f"what judged {when}", judges, failed))
    for line in steps_with(settings, contract, delivery, int(record)) if record else ():
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _known(settings: Settings, contract: Contract) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    require_store(settings)
    ledger = Ledger(settings)
    rules = ledger.rows("rules", dataset=contract.dataset)
    if not rules:
        raise LakeError(f"nothing of {contract.dataset} has been checked yet", f"./lake land {contract.dataset}")
    return rules, ledger.rows("judgements", dataset=contract.dataset)


def moment_of(text: str) -> dt.datetime | None:
    """The end of a day, or a moment (UTC where it names no zone); None for a text that is neither."""
    try:
        said = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    whole = said if len(text) > len("2026-01-01") else said + dt.timedelta(days=1, microseconds=-1)
    return whole if whole.tzinfo else whole.replace(tzinfo=dt.UTC)


def rejections_of(settings: Settings, contract: Contract, delivery: str, record: str) -> set[str]:
    """Ids of the rules that a source record did not meet. Raises LakeError where the delivery has no such record in bronze."""
    from jobs.platform import delta_sql
    from jobs.tables import bronze

    if not record.isdecimal():
        raise LakeError(f"{record!r} is no record number", "a row is <delivery>#<record>, records are counted from 1")
    table = bronze.open_table(settings, contract)
    rows = delta_sql.rows(table, ["_rejections"], delta_sql.equal(_delivery=delivery, _record=int(record)))
    if not rows:
        raise LakeError(f"delivery {delivery} has no record {record} in bronze", f"./lake status {contract.dataset}")
    later = Ledger(settings).first("rejections", 1000, contract.dataset, delivery=delivery)
    return {r["rule"] for row in rows for r in row["_rejections"] or ()} | {r["rule"] for r in later if r["record"] == int(record)}


def steps_with(settings: Settings, contract: Contract, delivery: str, record: int) -> list[str]:
    """What people did with a source record, the oldest first, and what the rules said of it then."""
    from jobs.quarantine.events import in_order
    from jobs.tables import mended

    rows = mended.of_record(settings, contract, delivery, record)
    said = []
    for event in in_order(Ledger(settings).rows("quarantine_events", dataset=contract.dataset)):
        mine = [row for row in rows if row["_event"] == event["event"]]
        if mine:
            failing = sorted({reason["rule"] for row in mine for reason in row["_rejections"] or () if reason["severity"] == "critical"})
            said.append(f"{event['action']} by {event['by']} on {event['at']:%Y-%m-%d %H:%M} ({event['because']}): then it {'did not meet ' + ', '.join(failing) if failing else 'met every rule'}")
    return said


def version_table(title: str, found: Sequence[Version]) -> Table:
    table = Table(Column("rule", overflow="fold"), "fingerprint", "status", "severity", "first seen", "last seen", "deliveries", "rows failed", Column("changed", overflow="fold"), title=title)
    for v in found:
        seen = (f"{moment:%Y-%m-%d %H:%M}" for moment in (v.first_seen, v.last_seen))
        table.add_row(escape(v.rule), v.fingerprint, v.status, v.definition["severity"], *seen, f"{v.deliveries:,}", f"{v.unexpected:,}", escape(v.changed))
    return table


def judges_table(title: str, judges: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], failed: set[str] | None) -> Table:
    """`failed`: ids of the rules that the one row asked about did not meet; None: the whole delivery is asked about."""
    table = Table(Column("rule", overflow="fold"), "fingerprint", "severity", "judged", "failed of", "verdict", Column("definition", overflow="fold"), title=title)
    for row, definition in judges:
        counts = f"{row['unexpected']:,} of {row['evaluated']:,}" if row["evaluated"] is not None and row["unexpected"] is not None else ""
        met = row["success"] if failed is None else row["rule"] not in failed
        verdict = "on trial" if row["engine"] == "trial" else "could not be judged" if met is None else "met" if met else "not met"
        table.add_row(escape(row["rule"]), row["fingerprint"], row["severity"], f"{row['first_at']:%Y-%m-%d %H:%M}", counts, verdict, escape(_words(definition)))
    return table


def _words(definition: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in definition["kwargs"].items()) if definition else "the reader's own"
