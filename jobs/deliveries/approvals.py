"""What people decided about deliveries that were held or kept waiting: `ops.approvals`, one decision a delivery, the last one counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jobs.deliveries.complete import GATED
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError

DECLINED = "declined"


@dataclass(frozen=True)
class Decision:
    """`approved`: let it through; else it stays held for good."""

    delivery: str
    approved: bool
    by: str
    because: str

    def __str__(self) -> str:
        return f"{'let through' if self.approved else 'not accepted'} by {self.by}: {self.because}"


def decisions(ledger: Ledger, dataset: str) -> dict[str, Decision]:
    """delivery → what was decided about it."""
    return {row["delivery"]: Decision(row["delivery"], row["approved"], row["by"], row["because"]) for row in ledger.rows("approvals", dataset=dataset)}


def decide(ledger: Ledger, dataset: str, decision: Decision) -> str:
    """Note it; it takes effect at the next run. Returns the file's name. Raises LakeError where there is nothing to decide about the delivery."""
    mine = [row for row in ledger.deliveries(dataset) if row["delivery"] == decision.delivery]
    held = [row for row in mine if is_stopped(row)]
    if not held:
        said = f"{decision.delivery} of {dataset} is {mine[0]['outcome']}, not held" if mine else f"{dataset} has no delivery {decision.delivery!r}"
        raise LakeError(said, f"see which are held with ./lake status {dataset}")
    if not decision.approved and held[0]["outcome"] != "held":
        raise LakeError(f"{decision.delivery} of {dataset} is not loaded, so there is nothing to reject", "leave it; it does not load by itself")
    ledger.merge("approvals", [{
        "dataset": dataset, "delivery": decision.delivery, "approved": decision.approved, "by": decision.by, "because": decision.because,
        "held_for": held[0]["message"], "decided_at": dt.datetime.now(dt.UTC),
    }])  # fmt: skip
    return str(held[0]["name"])


def is_stopped(row: Mapping[str, Any]) -> bool:
    """Whether a row of ops.deliveries is one that a person can let through: held, or kept from landing for the delivery's sake."""
    return row["outcome"] == "held" or row["reason"] in GATED


def pending(rows: Iterable[Mapping[str, Any]], approvals: Iterable[Mapping[str, Any]]) -> set[str]:
    """Datasets with a decision that has not taken effect. `rows`: of ops.deliveries; `approvals`: of ops.approvals."""
    decided = {(a["dataset"], a["delivery"]): a["approved"] for a in approvals}
    stopped = [(row, decided.get((row["dataset"], row["delivery"]))) for row in rows if is_stopped(row)]
    return {row["dataset"] for row, approved in stopped if approved or (approved is False and row["outcome"] == "held" and row["reason"] != DECLINED)}
