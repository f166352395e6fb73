"""ops.department_scorecard: the scores of every dataset and month, kept by what they were made from. Needs no Spark."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jobs.contracts.model import Contract
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from jobs.quality.site import reading
from jobs.scorecard.score import File, Score, scores

TABLE = "department_scorecard"
COUNTS = ("expected", "present", "on_time", "late_days", "files", "refused", "rows", "rejected", "drift", "corrections", "to_correction")


def record(settings: Settings, contracts: Sequence[Contract], now: dt.datetime) -> list[str]:
    """Bring the scores up to date; returns the datasets whose were made anew. All in one commit; repeating it on the same day writes nothing."""
    ledger = Ledger(settings)
    files, known = reading.fingerprints(ledger), {row["dataset"]: row["made_from"] for row in ledger.rows(TABLE)}
    made_from = {c.dataset: _made_from(c, files[c.dataset], now.astimezone(ZoneInfo(settings.time_zone)).date()) for c in contracts if c.dataset in files}
    changed = [c for c in contracts if c.dataset in made_from and known.get(c.dataset) != made_from[c.dataset]]
    rows = [_row(c, score, made_from[c.dataset], now) for c in changed for score in _scores(ledger, c, now, settings.time_zone)]
    if rows:
        names = ", ".join("'" + dataset.replace("'", "''") + "'" for dataset in sorted({row["dataset"] for row in rows}))
        ledger.replace(TABLE, rows, f"dataset IN ({names})")
    return sorted({row["dataset"] for row in rows})


def read(settings: Settings) -> dict[str, tuple[Score, ...]]:
    """Dataset → its scores, oldest month first."""
    found: dict[str, list[Score]] = defaultdict(list)
    for row in sorted(Ledger(settings).rows(TABLE), key=lambda row: row["month"]):
        found[row["dataset"]].append(Score(row["dataset"], row["month"], reasons=json.loads(row["reasons"]), **{name: row[name] for name in COUNTS}))
    return {dataset: tuple(mine) for dataset, mine in found.items()}


def _made_from(contract: Contract, files: str, today: dt.date) -> str:
    code = hashlib.sha256((Path(__file__).parent / "score.py").read_bytes()).hexdigest()
    return hashlib.sha256(repr([files, contract, today, code]).encode()).hexdigest()


def _scores(ledger: Ledger, contract: Contract, now: dt.datetime, zone: str) -> tuple[Score, ...]:
    rows = reading.deliveries(ledger, contract.dataset)
    came = {(row["delivery"], row["name"]): row["delivered_at"] for row in reading.receipts(ledger, contract.dataset)}
    files = [_file(row, came.get((row["delivery"], row["name"]))) for row in rows if row["outcome"] != "resent"]
    reasons = reading.unexpected(ledger, contract.dataset)
    return scores(contract, files, reasons, reading.drift_counts(ledger, contract.dataset), reading.corrections(ledger, contract.dataset), now, zone)


def _file(row: Mapping[str, Any], came: dt.datetime | None) -> File:
    rejected = row["quarantined"] if row["quarantined_rows"] is None else row["quarantined_rows"]
    return File(row["delivery"], row["period"], row["name"], row["outcome"], came or row["landed_at"] or row["updated_at"], row["rows"] or 0, rejected or 0)


def _row(contract: Contract, score: Score, made_from: str, now: dt.datetime) -> dict[str, Any]:
    counts = {name: getattr(score, name) for name in COUNTS}
    return {
        "dataset": contract.dataset, "month": score.month, "department": contract.department, "reasons": json.dumps(dict(score.reasons), ensure_ascii=False), **counts,
        "made_from": made_from, "updated_at": now,
    }  # fmt: skip
