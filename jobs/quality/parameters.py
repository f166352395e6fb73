"""What an expectation may ask of the delivery it judges, as `{$PARAMETER: name}`, Great Expectations' own notation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from jobs.contracts.model import Contract
from jobs.ops.ledger import Ledger
from jobs.quality.rules import Rule

NAMES: Mapping[str, str] = {
    "dataset": "department and dataset",
    "period": "the period of the delivery",
    "delivered_at": "when it was delivered",
    "last_good": "the deliveries of the last period before it that were checked and not held",
    "bronze": "the table with every row of every delivery",
}


def asked(rules: Sequence[Rule]) -> bool:
    return any("$PARAMETER" in json.dumps(rule.kwargs, default=str) for rule in rules)


def said(rule: Rule, values: Mapping[str, Any]) -> Rule:
    """The rule with what it asks for in the place of `{$PARAMETER: name}`; Great Expectations itself fills these in too late for its metrics."""
    kwargs = {name: values.get(value["$PARAMETER"], value) if isinstance(value, dict) and "$PARAMETER" in value else value for name, value in rule.kwargs.items()}
    return replace(rule, kwargs=kwargs)


def parameters(ledger: Ledger, contract: Contract, rules: Sequence[Rule], row: Mapping[str, Any], passed: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """For one row of ops.deliveries; `passed`: what this run has let through already. Nothing where no rule asks, so that the ledger is not read."""
    if not asked(rules):
        return {}
    receipts = [r for r in ledger.rows("receipts", dataset=contract.dataset, delivery=row["delivery"]) if r["name"] == row["name"]]
    delivered = min((r["delivered_at"] for r in receipts), default=row["landed_at"])
    return {
        "dataset": contract.dataset, "period": row["period"], "delivered_at": delivered.isoformat(), "last_good": last_good([*ledger.deliveries(contract.dataset), *passed], row),
        "bronze": f"bronze.{contract.table}",
    }  # fmt: skip


def last_good(rows: Sequence[Mapping[str, Any]], row: Mapping[str, Any]) -> list[str]:
    good = [r for r in rows if r["outcome"] == "landed" and r["checked"] and r["period"] < row["period"]]
    last = max((r["period"] for r in good), default=None)
    return sorted({r["delivery"] for r in good if r["period"] == last})
