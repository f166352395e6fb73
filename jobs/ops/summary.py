"""What operators want to know of a dataset, read from the ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import SparkSession

NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)
FILES = ("landed", "held", "rejected", "resent")


@dataclass(frozen=True)
class Summary:
    """Counts of files by outcome, and of rows by what became of them. `waiting`: files that are not through all steps yet; `last`: outcome of the file that was judged last."""

    dataset: str
    files: int
    landed: int
    held: int
    rejected: int
    resent: int
    waiting: int
    rows: int
    silver: int
    quarantined: int
    duplicate: int
    superseded: int
    newest_period: str
    landed_at: dt.datetime | None
    last: str

    @property
    def rejected_share(self) -> float:
        return self.quarantined / self.rows if self.rows else 0.0


@dataclass(frozen=True)
class Reason:
    """Why rows were rejected: a rule of a dataset, in words, and on how many rows."""

    dataset: str
    rule: str
    message: str
    rows: int


def summarise(dataset: str, rows: Sequence[dict[str, Any]]) -> Summary:
    """`rows`: all of ops.deliveries; files of a sibling dataset of the same folder do not count."""
    mine = [row for row in rows if row["dataset"] == dataset and row["outcome"] not in ("not_applicable", "manifest")]
    outcomes = {outcome: sum(row["outcome"] == outcome for row in mine) for outcome in FILES}

    def total(column: str) -> int:
        return sum(row[column] or 0 for row in mine)

    last = max(mine, key=lambda row: (row["landed_at"] or row["updated_at"] or NEVER, row["period"], row["name"]), default={"outcome": "none"})
    quarantined = sum((row["quarantined"] if row["quarantined_rows"] is None else row["quarantined_rows"]) or 0 for row in mine)
    return Summary(
        dataset, len(mine), **outcomes, waiting=sum(row["outcome"] == "waiting" or (row["outcome"] == "landed" and row["silver"] is None) for row in mine), rows=total("rows"), silver=total("silver"),
        quarantined=quarantined, duplicate=total("duplicate"), superseded=total("superseded"), newest_period=max((row["period"] for row in mine), default=""),
        landed_at=max((row["landed_at"] for row in mine if row["landed_at"]), default=None), last=last["outcome"] or "waiting",
    )  # fmt: skip


def top_reasons(spark: SparkSession, tables: Iterable[str], most: int = 5) -> list[Reason]:
    """The most frequent reasons in the quarantine views of these tables; a row with two reasons counts under both."""
    parts = [
        f"SELECT '{table.replace('__', '.', 1)}' AS dataset, r.rule, first(r.message) AS message, count(*) AS n FROM quarantine.{table} LATERAL VIEW explode(reasons) x AS r GROUP BY r.rule"
        for table in tables
    ]
    if not parts:
        return []
    rows = spark.sql(f"{' UNION ALL '.join(parts)} ORDER BY n DESC, dataset, rule LIMIT {most}").toArrow().to_pylist()
    return [Reason(row["dataset"], row["rule"], row["message"], row["n"]) for row in rows]
