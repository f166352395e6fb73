"""conform: valid bronze rows → the one clean table of a dataset, and how many rows of each delivery ended in which state."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pyspark.sql import SparkSession

from jobs.contracts.model import Contract
from jobs.deliveries import corrections
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from jobs.quality.rules import Rule
from jobs.quarantine.events import in_order
from jobs.tables import bronze, counting, mended, silver
from jobs.tables.counting import Counts
from jobs.tables.states import Standing, standings, states

STATES = ("silver", "quarantined", "duplicate", "superseded", "held")


@dataclass(frozen=True)
class Conformed:
    dataset: str
    rows: int
    changed: bool
    states: dict[str, int]


def run(spark: SparkSession, settings: Settings, contract: Contract, rules: Sequence[Rule] = ()) -> Conformed:
    """Make silver follow from the landed deliveries. It is written only when what it is made from has changed."""
    ledger = Ledger(settings)
    deliveries = [row for row in ledger.deliveries(contract.dataset) if row["checked"]]  # what is landed and not yet checked waits
    receipts = ledger.rows("receipts", dataset=contract.dataset)
    stands = standings(contract, deliveries, receipts)
    if not stands:
        return Conformed(contract.dataset, 0, False, {})
    events = _events(spark, settings, ledger, contract)
    made_from = _fingerprint(ledger, contract, stands, events)
    changed = silver.made_from(settings, contract) != made_from
    judged = states(bronze.read(spark, settings, contract), contract, stands, [row["event"] for row in events], in_spark=bool(ledger.first("rejections", 1, contract.dataset)))
    counts: Counts = {}
    if changed:
        watch, watched = counting.watched(judged, "_delivery", "_state", len(stands) * len(STATES))
        silver.replace(spark, settings, contract, watched.where("_state = 'silver'"), made_from)
        counts = counting.seen(watch)
    if any(row["outcome"] in ("landed", "held") and row.get("counted_from") != made_from for row in deliveries):  # a run may end between the two
        if any(sum(counts.get(row["delivery"], {}).values()) != row["rows"] for row in _standing(deliveries)):
            counts = counting.counted(judged, "_delivery", "_state")
        _count(ledger, contract, counts, deliveries, made_from)
    corrections.record(spark, ledger, contract, deliveries, receipts)
    if new := [row for row in events if not row["applied"]]:
        ledger.merge("quarantine_events", [{"dataset": contract.dataset, "event": row["event"], "applied": True} for row in new])
    rows = ledger.deliveries(contract.dataset)
    totals = {state: sum(row[state] or 0 for row in rows) for state in ("silver", "duplicate", "superseded", "held")}
    return Conformed(contract.dataset, totals["silver"], changed, totals)


def _events(spark: SparkSession, settings: Settings, ledger: Ledger, contract: Contract) -> list[dict[str, Any]]:
    """What people made of quarantined rows, the oldest first, where its rows can be read by name."""
    events = in_order(ledger.rows("quarantine_events", dataset=contract.dataset))
    if events:
        mended.create(spark, settings, contract)
    return events


def _fingerprint(ledger: Ledger, contract: Contract, stands: Sequence[Standing], events: Sequence[dict[str, Any]]) -> str:
    in_spark = [row for row in ledger.rows("checks", dataset=contract.dataset, engine="spark") if row["severity"] != "info"]
    rejected = sorted((row["delivery"], row["rule"], row["fingerprint"], str(row["unexpected"])) for row in in_spark)  # what decides ops.rejections
    facts: list[Any] = [sorted(map(str, map(asdict, stands))), rejected, contract.mode, contract.key, contract.identity, list(silver.columns(contract).items())]
    if events:
        facts.append([row["event"] for row in events])
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _standing(deliveries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in deliveries if row["outcome"] in ("landed", "held")]


def _count(ledger: Ledger, contract: Contract, counts: Counts, deliveries: Sequence[dict[str, Any]], made_from: str) -> None:
    now, rows = dt.datetime.now(dt.UTC), []
    for delivery in _standing(deliveries):
        found = dict.fromkeys(STATES, 0) | counts.get(delivery["delivery"], {})
        rows.append({
            "dataset": contract.dataset, "delivery": delivery["delivery"], "name": delivery["name"], "silver": found["silver"], "duplicate": found["duplicate"],
            "superseded": found["superseded"], "held": found["held"], "quarantined_rows": found["quarantined"],
            "counted_from": made_from, "updated_at": now,
        })  # fmt: skip
    ledger.merge("deliveries", rows)


def main() -> None:
    """By spark-submit: `jobs/conform.py <dataset> [--period PERIOD]…`"""
    from jobs.cli.submit import submitted

    submitted("conform")


if __name__ == "__main__":
    main()
