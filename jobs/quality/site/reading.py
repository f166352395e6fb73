"""What the quality site is made from: the ledger's rows of one dataset, picked where they lie; never a whole table."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from jobs.ops.ledger import Ledger
from jobs.platform import delta_sql
from jobs.quality.trial import ENGINE

SOURCES = ("receipts", "deliveries", "checks", "rejections", "drift", "corrections")
MEASURES = "measures"  # by far the longest column of ops.deliveries


def fingerprints(ledger: Ledger) -> dict[str, str]:
    """Dataset → a hash that changes when its part of the ledger does. Reads Delta's lists of files and no row."""
    files: dict[str, list[str]] = defaultdict(list)
    for name in SOURCES:
        actions = pl.DataFrame(ledger.table(name).get_add_actions(flatten=True))
        if actions.height:
            for path, dataset in actions.select("path", "partition.dataset").iter_rows():
                files[str(dataset)].append(f"{name}/{path}")
    return {dataset: hashlib.sha256("\n".join(sorted(paths)).encode()).hexdigest() for dataset, paths in files.items()}


def deliveries(ledger: Ledger, dataset: str) -> list[dict[str, Any]]:
    """Of ops.deliveries without what landing measured, oldest period first. Files that are no data of this dataset are left out."""
    rows = _rows(ledger, "deliveries", dataset, without=(MEASURES,))
    return sorted(
        (row for row in rows if row["outcome"] not in ("not_applicable", "manifest")), key=lambda row: (row["period"], row["landed_at"] or row["updated_at"], row["name"])
    )


def measured(ledger: Ledger, dataset: str, wanted: Sequence[str]) -> dict[str, str | None]:
    """Delivery → what landing measured of it, as JSON."""
    rows = _rows(ledger, "deliveries", dataset, pl.col("delivery").is_in(list(wanted)), only=("delivery", MEASURES))
    return {row["delivery"]: row[MEASURES] for row in rows}


def checks(ledger: Ledger, dataset: str, wanted: Sequence[str]) -> list[dict[str, Any]]:
    """Of ops.checks, of these deliveries."""
    return list(_rows(ledger, "checks", dataset, pl.col("delivery").is_in(list(wanted))))


def drift(ledger: Ledger, dataset: str, wanted: Sequence[str]) -> list[dict[str, Any]]:
    return list(_rows(ledger, "drift", dataset, pl.col("delivery").is_in(list(wanted))))


def drift_counts(ledger: Ledger, dataset: str) -> dict[str, int]:
    """Delivery → how many events that say its form changed; a member that no row of it has may well come again."""
    return Counter(str(row["delivery"]) for row in _rows(ledger, "drift", dataset, pl.col("kind") != "absent_member", only=("delivery", "kind")))


def unexpected(ledger: Ledger, dataset: str) -> dict[str, dict[str, int]]:
    """Delivery → critical rule → rows that failed it, of ops.checks."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in _rows(
        ledger,
        "checks",
        dataset,
        (pl.col("severity") == "critical") & (pl.col("engine") != ENGINE) & (pl.col("unexpected") > 0),
        only=("delivery", "rule", "severity", "engine", "unexpected"),
    ):
        found[row["delivery"]][row["rule"]] = row["unexpected"]
    return found


def receipts(ledger: Ledger, dataset: str) -> Iterator[dict[str, Any]]:
    """When each file came."""
    return _rows(ledger, "receipts", dataset, only=("delivery", "period", "name", "delivered_at"))


def corrections(ledger: Ledger, dataset: str) -> list[dict[str, Any]]:
    """Oldest first."""
    return sorted(_rows(ledger, "corrections", dataset), key=lambda row: (row["delivered_at"], row["name"]))


def first_rejected(ledger: Ledger, dataset: str, wanted: Sequence[str], most: int) -> list[dict[str, Any]]:
    """Of ops.rejections: the first `most` records of each rule and delivery of these."""
    first: dict[tuple[str, str], pl.DataFrame] = {}
    for batch in _batches(ledger, "rejections", dataset, ("delivery", "rule", "record", "severity", "column", "message"), ()):
        for (delivery, rule), found in batch.filter(pl.col("delivery").is_in(list(wanted))).group_by("delivery", "rule"):
            known = first.get((str(delivery), str(rule)))
            first[str(delivery), str(rule)] = (pl.concat([known, found]) if known is not None else found).sort("record").head(most)
    return [row for frame in first.values() for row in frame.iter_rows(named=True)]


def _rows(ledger: Ledger, table: str, dataset: str, where: pl.Expr | None = None, only: Sequence[str] = (), without: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    for batch in _batches(ledger, table, dataset, only, without):
        yield from (batch if where is None else batch.filter(where)).iter_rows(named=True)


def _batches(ledger: Ledger, table: str, dataset: str, only: Sequence[str], without: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Batch by batch, as a table may hold more than fits here; of the dataset's partition alone."""
    source = ledger.table(table)
    columns = list(only) or [field.name for field in source.schema().fields if field.name not in without]
    for batch in delta_sql.batches(source, columns, delta_sql.equal(dataset=dataset)):
        frame = pl.DataFrame(pl.from_arrow(batch))
        if frame.height:
            yield frame
