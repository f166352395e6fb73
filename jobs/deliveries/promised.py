"""Manifests in the ledger: what a delivered manifest promised, a row a file in `ops.manifests`, and back."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from jobs.contracts.model import Contract, Manifest
from jobs.deliveries.complete import Listed
from jobs.deliveries.manifest import MOST_BYTES, Promise, read_manifest
from jobs.readers.outcome import Refused


class Hashes:
    """SHA-256 of the bytes it is fed in order, and beside it the hash that the contract's manifest speaks of."""

    def __init__(self, contract: Contract) -> None:
        said = contract.manifest.algorithm if contract.manifest else "sha256"
        self._sha256 = hashlib.sha256()
        self._other = (said, hashlib.new(said, usedforsecurity=False)) if said != "sha256" else None

    def update(self, chunk: bytes) -> None:
        self._sha256.update(chunk)
        if self._other:
            self._other[1].update(chunk)

    def hexdigest(self) -> str:
        return self._sha256.hexdigest()

    def others(self) -> str | None:
        """JSON, algorithm → hash."""
        return json.dumps({self._other[0]: self._other[1].hexdigest()}) if self._other else None


def taken_up(chunks: Iterable[bytes], manifest: Manifest, dataset: str, period: str, name: str) -> tuple[str, list[dict[str, Any]]]:
    """SHA-256 of a delivered manifest, and its rows of ops.manifests (one with `problem` where it cannot be read); no more than it may have is kept in memory."""
    digest, kept = hashlib.sha256(), bytearray()
    for chunk in chunks:
        digest.update(chunk)
        kept += chunk[: MOST_BYTES + 1 - len(kept)]
    where = {"dataset": dataset, "period": period, "name": name, "sha256": digest.hexdigest(), "algorithm": manifest.algorithm}
    try:
        promises, problem = read_manifest(bytes(kept), manifest, name), None
    except Refused as refused:
        promises, problem = [Promise("")], refused.message
    rows = [{"file": p.file, "rows": p.rows, "bytes": p.bytes, "hash": p.hash, "totals": json.dumps({c: str(t) for c, t in p.totals}), "problem": problem} for p in promises]
    return digest.hexdigest(), [where | row for row in rows]


def with_arrival(rows: Iterable[dict[str, Any]], delivered_at: dt.datetime) -> list[dict[str, Any]]:
    return [row | {"delivered_at": delivered_at} for row in rows]


def listed(rows: Sequence[Mapping[str, Any]]) -> list[Listed]:
    """Of ops.manifests, every version of every manifest."""
    versions: dict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        versions[row["period"], row["name"], row["sha256"]].append(row)
    return [
        Listed(period, name, max(r["delivered_at"] for r in mine).isoformat(), tuple(_promise(r) for r in mine if not r["problem"]), next((r["problem"] for r in mine if r["problem"]), None))
        for (period, name, _), mine in versions.items()
    ]


def _promise(row: Mapping[str, Any]) -> Promise:
    return Promise(row["file"], row["rows"], row["bytes"], row["hash"], tuple((column, Decimal(total)) for column, total in json.loads(row["totals"] or "{}").items()))
