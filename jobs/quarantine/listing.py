"""What stands in quarantine: counts by dataset, period and reason, and the rows themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.contracts.model import Contract
from jobs.quality.compile import MASK
from jobs.quarantine.selecting import STATUSES, Shelf, troubled

KEYS = ("_delivery", "_record", "_part")


@dataclass(frozen=True)
class Counted:
    """Rows of a period with this reason, by status; a row with two reasons counts under both."""

    dataset: str
    period: str
    rule: str
    message: str
    rows: Mapping[str, int]


def counted(spark: SparkSession, shelves: Sequence[tuple[Contract, Shelf]]) -> list[Counted]:
    """Of all these datasets in one query."""
    parts = [_reasons(spark, contract, on) for contract, on in shelves if on.stands]
    if not parts:
        return []
    every = reduce(DataFrame.unionByName, parts)
    by_status = [F.count_if(F.col("_status") == status).alias(status) for status in STATUSES]
    found = every.groupBy("dataset", "_period", "rule").agg(F.min("message").alias("message"), *by_status).orderBy("dataset", "_period", "rule")
    return [Counted(row["dataset"], row["_period"], row["rule"], row["message"] or "", {s: row[s] for s in STATUSES}) for row in found.toArrow().to_pylist()]


def _reasons(spark: SparkSession, contract: Contract, on: Shelf) -> DataFrame:
    rows = troubled(spark, contract, on).select("_period", "_status", F.explode("_reasons").alias("r"))
    return rows.select(F.lit(contract.dataset).alias("dataset"), "_period", "_status", F.col("r.rule").alias("rule"), F.col("r.message").alias("message"))


def visible(rows: DataFrame, contract: Contract, *, personal: bool) -> DataFrame:
    """Of `troubled` rows what a person may see: where each stands, why, and a text a column; `personal`: values of personal columns too."""
    said = F.array_join(F.transform("_reasons", _in_words), "; ")
    line = F.when(~F.lit(personal or not contract.personal), F.lit(MASK)).otherwise(F.when(F.size("sent") == 0, F.col("_raw")))
    texts = [_text(column.name, hidden=column.name in contract.personal_columns and not personal) for column in contract.columns]
    return rows.select(*KEYS, F.col("_period"), F.col("_status").alias("_status"), said.alias("_reasons"), F.when(F.size("sent") == 0, line).alias("_line"), *texts)


def _text(name: str, *, hidden: bool) -> Column:
    text = F.element_at("sent", name)
    return (F.when(text.isNotNull(), F.lit(MASK)) if hidden else text).alias(name)


def _in_words(reason: Column) -> Column:
    place = F.when(F.coalesce(reason.column, F.lit("")) != "", F.concat(reason.column, F.lit(": "))).otherwise(F.lit(""))
    return F.concat(place, F.coalesce(reason.message, reason.rule))


def few(rows: DataFrame, most: int) -> list[dict[str, Any]]:
    """The first rows, in the order of the files."""
    found: list[dict[str, Any]] = rows.orderBy("_period", *KEYS).limit(most).toArrow().to_pylist()
    return found
