"""What a corrected file changed: rows added, removed, changed and unchanged against the content it corrects, in `ops.corrections`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.contracts.model import Contract
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from jobs.tables.bronze import read
from jobs.tables.states import content

COUNTS = ("added", "removed", "changed", "unchanged")


@dataclass(frozen=True)
class Correction:
    """`delivery` came after `corrects` as the same file of the same period, both landed. `name`: the one it came under."""

    period: str
    name: str
    corrects: str
    delivery: str
    delivered_at: Any


def corrections(contract: Contract, deliveries: Sequence[Mapping[str, Any]], receipts: Sequence[Mapping[str, Any]]) -> list[Correction]:
    """Each landed content of a file with the one before it, in the order of arrival, whatever ran when."""
    landed = {row["delivery"] for row in deliveries if row["outcome"] == "landed"}
    slots: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for receipt in sorted(receipts, key=lambda r: (r["delivered_at"], r["sha256"])):
        if receipt["delivery"] in landed:
            slots[receipt["period"], contract.file_of(receipt["name"])].append(receipt)
    pairs = [(old, new) for _, versions in sorted(slots.items()) for old, new in zip(versions, versions[1:], strict=False) if old["delivery"] != new["delivery"]]
    return [Correction(new["period"], new["name"], old["delivery"], new["delivery"], new["delivered_at"]) for old, new in pairs]


def record(spark: SparkSession, ledger: Ledger, contract: Contract, deliveries: Sequence[Mapping[str, Any]], receipts: Sequence[Mapping[str, Any]]) -> int:
    """Make ops.corrections of the dataset say what follows from its deliveries; only pairs that are new are compared. Returns how many were."""
    wanted = {_key(each): each for each in corrections(contract, deliveries, receipts)}
    known = {tuple(row[name] for name in ("period", "name", "corrects", "delivery")): row for row in ledger.rows("corrections", dataset=contract.dataset)}
    new = {key: each for key, each in wanted.items() if key not in known}
    if not new and set(known) <= set(wanted):
        return 0
    counted = differences(spark, ledger.settings, contract, sorted({(each.corrects, each.delivery) for each in new.values()})) if new else {}
    rows = [{"dataset": contract.dataset, **vars(each), **counted[each.corrects, each.delivery]} for each in new.values()]
    if gone := set(known) - set(wanted):  # a version between the two was let through since
        kept = [row for key, row in known.items() if key not in gone]
        ledger.replace("corrections", [*kept, *rows], f"dataset = '{contract.dataset}'")
    else:
        ledger.merge("corrections", rows)
    return len(new)


def _key(each: Correction) -> tuple[str, str, str, str]:
    return each.period, each.name, each.corrects, each.delivery


def differences(spark: SparkSession, settings: Settings, contract: Contract, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], dict[str, int]]:
    """(old delivery, new delivery) → COUNTS. One pass over the rows of all pairs; a row is the same row where its key (or identity) is, else where all it says is."""
    sides = [(f"{old}>{new}", delivery, side) for old, new in pairs for side, delivery in (("old", old), ("new", new))]
    known = F.broadcast(spark.createDataFrame(sides, "_pair string, _delivery string, _side string"))
    rows = read(spark, settings, contract).join(known, "_delivery").withColumn("_said", F.sha2(F.concat_ws(" ", content(contract), F.coalesce("_raw", F.lit(""))), 256))
    counts = _counted(rows, contract.key or contract.identity).toArrow().to_pylist()
    found = {row["_pair"]: {name: row[name] for name in COUNTS} for row in counts}
    return {(old, new): found.get(f"{old}>{new}", dict.fromkeys(COUNTS, 0)) for old, new in pairs}


def _counted(rows: DataFrame, key: Sequence[str]) -> DataFrame:
    """Rows with `_pair`, `_side` and `_said` → COUNTS a pair. Of a key, rows that say the same on both sides are unchanged; of the others as many as both sides have are changed."""
    by = ["_pair", *(key or ["_said"])]
    said = rows.groupBy(*dict.fromkeys([*by, "_said"])).agg(F.count_if(F.col("_side") == "old").alias("o"), F.count_if(F.col("_side") == "new").alias("n"))
    keyed = said.groupBy(*by).agg(F.sum("o").alias("o"), F.sum("n").alias("n"), F.sum(F.least("o", "n")).alias("unchanged"))
    told = keyed.withColumn("changed", F.least("o", "n") - F.col("unchanged"))
    told = told.withColumn("added", F.col("n") - F.col("unchanged") - F.col("changed")).withColumn("removed", F.col("o") - F.col("unchanged") - F.col("changed"))
    return told.groupBy("_pair").agg(*[F.sum(name).alias(name) for name in COUNTS])
