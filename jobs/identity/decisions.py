"""What clerks decided of pairs of records: one person, or two. A decision is a row of ops.link_decisions; it names records by their keyed hashes and holds no value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.ops.ledger import Ledger
from jobs.platform.errors import signed

TABLE = "link_decisions"


@dataclass(frozen=True)
class Decision:
    """`left`, `right`: record_ref of silver.identity__record, the lesser first."""

    left: str
    right: str
    same: bool
    by: str
    because: str
    decided_at: dt.datetime
    applied: bool


def decide(ledger: Ledger, prefix: str, first: str, second: str, same: bool, by: str, because: str) -> None:
    """Note it; the next resolve follows. A later decision of the same pair takes the place of an earlier one. Raises LakeError without a name and a reason."""
    by, because = signed(by, because)
    left, right = sorted((first, second))
    ledger.merge(TABLE, [{"dataset": prefix, "left": left, "right": right, "same": same, "by": by, "because": because, "decided_at": dt.datetime.now(dt.UTC), "applied": False}])


def decisions(ledger: Ledger, prefix: str) -> list[Decision]:
    return [Decision(**{name: row[name] for name in Decision.__dataclass_fields__}) for row in ledger.rows(TABLE, dataset=prefix)]


def mark_applied(ledger: Ledger, prefix: str, done: Sequence[Decision]) -> None:
    """But those that somebody has decided again since: the next run follows these."""
    stands = set(decisions(ledger, prefix)) if done else set()
    if followed := [each for each in done if each in stands]:
        ledger.merge(TABLE, [{"dataset": prefix, "left": each.left, "right": each.right, "applied": True} for each in followed])


def as_pairs(spark: SparkSession, records: DataFrame, made: Sequence[Decision]) -> DataFrame:
    """`profile_l`, `profile_r`, `same`: the profiles that the decided records have now; decisions about records that are gone are left out."""
    columns: dict[str, Any] = {"left": [d.left for d in made], "right": [d.right for d in made], "same": [d.same for d in made]}
    schema = pa.schema([("left", pa.string()), ("right", pa.string()), ("same", pa.bool_())])
    said = spark.createDataFrame(pa.table(columns, schema)) if made else spark.sql("SELECT '' AS left, '' AS right, true AS same WHERE false")
    of = records.select("record_ref", "profile_id")
    both = F.broadcast(said).join(of.toDF("left", "profile_l"), "left", "inner").join(of.toDF("right", "profile_r"), "right", "inner")
    return both.where("profile_l <> profile_r").select("profile_l", "profile_r", "same")
