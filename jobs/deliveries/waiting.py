"""Which registered files may land now: the others wait, with the reason in the ledger, until their delivery is complete or a person lets them through."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from jobs.contracts.model import Contract
from jobs.deliveries.approvals import decisions
from jobs.deliveries.complete import GATED, File, Wait, file_of, waits
from jobs.deliveries.manifest import is_manifest
from jobs.deliveries.promised import listed
from jobs.ops.ledger import Ledger

Receipts = dict[str, dict[str, Any]]


def ready(ledger: Ledger, contract: Contract, receipts: Receipts) -> tuple[Receipts, list[dict[str, Any]]]:
    """Those of `receipts` (delivery → receipt with its `copies`) that may land, and what is new for ops.deliveries about the others and about manifests."""
    if not contract.manifest and not contract.expected_files:
        return receipts, []
    known = {(row["delivery"], row["name"]): row for row in ledger.deliveries(contract.dataset)}
    every = ledger.rows("receipts", dataset=contract.dataset)
    promised = ledger.rows("manifests", dataset=contract.dataset)
    found = waits(contract, files(contract, every, known, REFUSED), listed(promised))
    let_through = {d.delivery for d in decisions(ledger, contract.dataset).values() if d.approved}
    may = {name: r for name, r in receipts.items() if name in let_through or any((name, copy["name"]) not in found for copy in r["copies"])}
    rows = [_row(copy, found[name, copy["name"]]) for name, r in receipts.items() if name not in may for copy in r["copies"]]
    rows += [_row(receipt, _of_manifest(receipt, promised)) for receipt in every if is_manifest(contract, receipt["name"])]
    return may, [row for row in rows if _is_new(row, known.get((row["delivery"], row["name"])))]


REFUSED = ("rejected",)  # outcomes of files that are not there for good: they will have to be sent again


def files(contract: Contract, receipts: Sequence[Mapping[str, Any]], known: Mapping[tuple[str, str], Mapping[str, Any]], without: Sequence[str]) -> list[File]:
    """What has been delivered of data, but for files whose outcome is one of `without` (one that waits for the others is there)."""
    algorithm = contract.manifest.algorithm if contract.manifest else "sha256"
    found = []
    for receipt in receipts:
        row = known.get((receipt["delivery"], receipt["name"]))
        if is_manifest(contract, receipt["name"]) or (row and row["outcome"] in without and row["reason"] not in GATED):
            continue
        found.append(file_of(receipt, algorithm, json.loads(receipt.get("digests") or "{}")))
    return found


def _of_manifest(receipt: Mapping[str, Any], promised: Sequence[Mapping[str, Any]]) -> Wait:
    mine = [row for row in promised if (row["period"], row["name"], row["sha256"]) == (receipt["period"], receipt["name"], receipt["sha256"])]
    problem = next((row["problem"] for row in mine if row["problem"]), None)
    return Wait("rejected", "bad_manifest", problem) if problem else Wait("manifest", "", f"The manifest lists {len(mine)} files.")


def _is_new(row: Mapping[str, Any], known: Mapping[str, Any] | None) -> bool:
    return known is None or any(row[name] != known[name] for name in ("outcome", "reason", "message"))


def _row(receipt: Mapping[str, Any], wait: Wait) -> dict[str, Any]:
    """Of ops.deliveries: nothing of the file was read."""
    return {
        "dataset": receipt["dataset"], "delivery": receipt["delivery"], "period": receipt["period"], "name": receipt["name"], "sha256": receipt["sha256"], "bytes": receipt["bytes"],
        "outcome": wait.outcome, "reason": wait.reason or None, "message": wait.message, "records": receipt["records"], "rows": 0, "quarantined": 0, "measures": "", "drift": "[]",
        "checked": False, "updated_at": dt.datetime.now(dt.UTC),
    }  # fmt: skip
