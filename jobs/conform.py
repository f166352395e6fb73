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
from jobs.tables import silver
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
    stands = standings(deliveries, receipts)
    if not stands:
        return Conformed(contract.dataset, 0, False, {})
    made_from = _fingerprint(ledger, contract, stands)
    changed = silver.fingerprint(settings, contract) != made_from
    judged = states(spark, contract, stands)
    if changed:
        silver.replace(spark, settings, contract, judged.where("_state = 'silver'"), made_from)
    if any(row["outcome"] in ("landed", "held") and row.get("counted_from") != made_from for row in deliveries):  # a run may end between the two
        _count(ledger, contract, judged.groupBy("_delivery", "_state").count().toArrow().to_pylist(), deliveries, made_from)
    corrections.record(spark, ledger, contract, deliveries, receipts)
    totals = {state: sum(row[state] or 0 for row in ledger.deliveries(contract.dataset)) for state in ("silver", "duplicate", "superseded", "held")}
    return Conformed(contract.dataset, totals["silver"], changed, totals)


def _fingerprint(ledger: Ledger, contract: Contract, stands: Sequence[Standing]) -> str:
    in_spark = [row for row in ledger.rows("checks", dataset=contract.dataset, engine="spark") if row["severity"] != "info"]
    rejected = sorted((row["delivery"], row["rule"], row["fingerprint"], str(row["unexpected"])) for row in in_spark)  # what decides ops.rejections
    facts = [sorted(map(str, map(asdict, stands))), rejected, contract.mode, contract.key, contract.identity, list(silver.columns(contract).items())]
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _count(ledger: Ledger, contract: Contract, counts: Sequence[dict[str, Any]], deliveries: Sequence[dict[str, Any]], made_from: str) -> None:
    by_delivery: dict[str, dict[str, int]] = {}
    for row in counts:
        by_delivery.setdefault(row["_delivery"], dict.fromkeys(STATES, 0))[row["_state"]] = row["count"]
    now, rows = dt.datetime.now(dt.UTC), []
    for delivery in deliveries:
        if delivery["outcome"] not in ("landed", "held"):
            continue
        found = by_delivery.get(delivery["delivery"], dict.fromkeys(STATES, 0))
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
