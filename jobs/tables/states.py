"""The derived state of every bronze row: silver, quarantined, duplicate, superseded or held. Exactly one each (law 2).

The states follow from the rows, what people made of quarantined ones (`mended`), the ledger and the periods alone, never from the order in which
files were processed (law 3). A discarded row stays quarantined; `_decision` says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from jobs.contracts.model import Contract
from jobs.tables import mended

ROW = ("_delivery", "_record", "_part")


@dataclass(frozen=True)
class Standing:
    """Where a landed delivery stands: `effective` (rank orders them by period, then arrival), `superseded` by a correction, or `held`."""

    delivery: str
    period: str
    standing: str
    rank: int


def standings(contract: Contract, deliveries: Sequence[dict[str, Any]], receipts: Sequence[dict[str, Any]]) -> list[Standing]:
    """A later content of the same file and period corrects the earlier one; a held or rejected one corrects nothing."""
    outcome = {row["delivery"]: row["outcome"] for row in deliveries if row["outcome"] in ("landed", "held")}
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for receipt in receipts:
        if outcome.get(receipt["delivery"]) == "landed":
            slot = (receipt["period"], contract.file_of(receipt["name"]))
            if slot not in newest or _arrival(receipt) > _arrival(newest[slot]):
                newest[slot] = receipt
    effective = {receipt["delivery"] for receipt in newest.values()}
    arrived = {}
    for receipt in sorted(receipts, key=_arrival):
        arrived[receipt["delivery"]] = (receipt["period"], *_arrival(receipt))
    ordered = sorted((name for name in arrived if name in outcome), key=lambda name: arrived[name])
    return [Standing(n, arrived[n][0], "held" if outcome[n] == "held" else "effective" if n in effective else "superseded", i) for i, n in enumerate(ordered)]


def _arrival(receipt: dict[str, Any]) -> tuple[Any, str, str]:
    return receipt["delivered_at"], receipt["name"], receipt["sha256"]


def content(contract: Contract) -> Column:
    """A hash of what the row itself says; equal for equal rows, nulls included. What its file or period says of it is no content."""
    own = [c.name for c in contract.columns if not c.source.startswith(("$capture.", "$doc.", "$period"))]
    return F.sha2(F.to_json(F.struct(*[F.col(name) for name in own]), {"ignoreNullFields": "false"}), 256)


def critical() -> Column:
    """Whether landing rejected the row."""
    return F.coalesce(F.exists("_rejections", lambda r: r.severity == "critical"), F.lit(False))


def states(bronze: DataFrame, contract: Contract, stands: Sequence[Standing], events: Sequence[str] = (), in_spark: bool = True) -> DataFrame:
    """Every row of `bronze` of the landed deliveries with `_state`, `_survivor` (of a duplicate or superseded row) and, for snapshots, validity.

    `events`: of the quarantine, the oldest first. `in_spark`: false where ops.rejections is known to have no row of the dataset.
    """
    marked = alone(bronze, contract, stands, events, in_spark).withColumn("_apart", _apart(F.col("_state").isNotNull()))
    return {"events": _events, "increment": _increment, "snapshot": _snapshot}[contract.mode](marked, contract, stands).drop("_apart")


def alone(bronze: DataFrame, contract: Contract, stands: Sequence[Standing], events: Sequence[str] = (), in_spark: bool = True) -> DataFrame:
    """Every row of `bronze`, as mended, with `_decision` (null where nobody took one) and the `_state` that it has by itself: held, superseded, quarantined; null for a valid row."""
    known = F.broadcast(bronze.sparkSession.createDataFrame([(s.delivery, s.standing, s.rank) for s in stands], "_delivery string, _standing string, _rank int"))
    kept = F.coalesce(F.col("_decision") == mended.RELEASED, F.lit(False))
    rejected = (critical() & ~kept) | F.col("_rejected") | F.coalesce(F.col("_decision") == mended.DISCARDED, F.lit(False))
    state = F.when(F.col("_standing") == "held", "held").when(F.col("_standing") == "superseded", "superseded").when(rejected, "quarantined")
    told = {"_warnings": _warnings(kept), "_state": state, "_survivor": F.lit(None).cast("string"), "_content": content(contract)}
    return _as_mended(bronze, contract, events, in_spark).join(known, "_delivery").withColumns(told).drop("_rejected", "_warned", "_standing")


def _as_mended(bronze: DataFrame, contract: Contract, events: Sequence[str], in_spark: bool) -> DataFrame:
    """Rows with what rules judged in Spark say of them; a mended row holds all of that itself."""
    spark = bronze.sparkSession
    laid = mended.latest(spark, contract, events) if events else None
    rest = bronze if laid is None else bronze.join(laid.select(*ROW), list(ROW), "left_anti")
    if in_spark:
        judged = rest.join(_in_spark(spark, contract), list(ROW), "left").withColumn("_rejected", F.coalesce("_rejected", F.lit(False)))
    else:  # a join with nothing costs as much as one with a little
        judged = rest.withColumns({"_rejected": F.lit(False), "_warned": F.lit(None).cast("array<string>")})
    if laid is None:
        return judged.withColumn("_decision", F.lit(None).cast("string"))
    return judged.unionByName(laid.withColumn("_rejected", F.lit(False)), allowMissingColumns=True)


def _in_spark(spark: SparkSession, contract: Contract) -> DataFrame:
    """One row a bronze row that a rule judged in Spark rejected or warns of."""
    found = spark.table("ops.rejections").where(F.col("dataset") == contract.dataset)
    named = found.select(F.col("delivery").alias("_delivery"), F.col("record").alias("_record"), F.col("part").cast("int").alias("_part"), "rule", "severity")
    warned = F.sort_array(F.collect_set(F.when(F.col("severity") == "warning", F.col("rule"))))
    return named.groupBy(*ROW).agg(F.max(F.col("severity") == "critical").alias("_rejected"), warned.alias("_warned"))


def _warnings(released: Column) -> Column:
    """Rules of severity warning that the row does not meet, from landing and from Spark, and what it was released in spite of; null where there is none."""
    landed = F.transform(F.filter("_rejections", lambda r: (r.severity == "warning") | released), lambda r: r.rule)
    return F.when(F.col("_warned").isNull(), landed).otherwise(F.concat(F.coalesce(landed, F.array().cast("array<string>")), F.col("_warned")))


def _name(prefix: str = "") -> Column:
    return F.concat_ws("#", F.col(f"{prefix}_delivery"), F.col(f"{prefix}_record"), F.col(f"{prefix}_part"))


def _apart(settled: Column) -> Column:
    """Of a row whose state is settled a name of its own, of the others null. Windows part rows by it, so that valid rows are compared with each other alone, in one reading of bronze."""
    return F.when(settled, _name())


def _events(rows: DataFrame, contract: Contract, stands: Sequence[Standing]) -> DataFrame:
    """Every event stays; repeats of the identity are flagged."""
    same = Window.partitionBy("_apart", *(contract.identity or [c.name for c in contract.columns]))
    return rows.withColumns({
        "_is_repeated": F.count(F.lit(1)).over(same) > 1, "_is_conflicting": F.min("_content").over(same) != F.max("_content").over(same),
        "_state": F.coalesce("_state", F.lit("silver")),
    })  # fmt: skip


def _increment(rows: DataFrame, contract: Contract, stands: Sequence[Standing]) -> DataFrame:
    """The latest row of a key survives."""
    latest = Window.partitionBy("_apart", *contract.key).orderBy(F.desc("_rank"), F.desc("_record"), F.desc("_part"))
    return _with_survivor(rows, latest)


def _with_survivor(rows: DataFrame, window: Any) -> DataFrame:
    whole = window.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    first, first_content = F.first(_name()).over(whole), F.first("_content").over(whole)
    wins = F.row_number().over(window) == 1
    state = F.when(wins, "silver").when(F.col("_content") == first_content, "duplicate").otherwise("superseded")
    return rows.withColumns({"_survivor": F.when(F.col("_state").isNull() & ~wins, first), "_state": F.coalesce("_state", state)})


def _snapshot(rows: DataFrame, contract: Contract, stands: Sequence[Standing]) -> DataFrame:
    """History as SCD2: a version lasts over the periods in a row that show the same content; validity comes from periods."""
    periods = sorted({s.period for s in stands if s.standing == "effective"})
    index = rows.sparkSession.createDataFrame([(p, i, periods[i + 1] if i + 1 < len(periods) else None) for i, p in enumerate(periods)], "_period string, _index int, _next string")
    inside = Window.partitionBy("_apart", *contract.key, "_period").orderBy(F.desc("_rank"), F.desc("_record"), F.desc("_part"))
    once = _with_survivor(rows.join(F.broadcast(index), "_period", "left"), inside).withColumn("_apart", _apart(F.col("_state") != "silver"))
    line = Window.partitionBy("_apart", *contract.key).orderBy("_index")
    begins = F.coalesce((F.lag("_content").over(line) != F.col("_content")) | (F.lag("_index").over(line) + 1 != F.col("_index")), F.lit(True))
    versions = once.withColumn("_version", F.sum(begins.cast("int")).over(line))
    version = Window.partitionBy("_apart", *contract.key, "_version").orderBy("_index").rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    repeats = (F.col("_state") == "silver") & (F.col("_period") != F.first("_period").over(version))
    dated = versions.withColumns({
        "_valid_from": F.first("_period").over(version), "_valid_to": F.last("_next").over(version),
        "_survivor": F.when(repeats, F.first(_name()).over(version)).otherwise(F.col("_survivor")), "_state": F.when(repeats, "duplicate").otherwise(F.col("_state")),
    })  # fmt: skip
    return dated.withColumn("_is_current", F.col("_valid_to").isNull()).drop("_index", "_next", "_version")
