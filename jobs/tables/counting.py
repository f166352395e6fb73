"""How many rows there are of each pair of two columns' values: seen while the rows are written, or counted by a query of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pyspark.errors import PySparkAssertionError
from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

Counts = dict[str, dict[str, int]]  # value of the one column → value of the other → rows
FEW = 100_000  # pairs that are counted while writing
SPARE = 4  # the sketch is exact while fewer than three quarters of what it may track are in it


def watched(rows: DataFrame, by: str, state: str, most: int) -> tuple[Observation | None, DataFrame]:
    """`rows` as they are; once they have been written, `seen` tells their counts. `most`: pairs that there can be; None is watched of too many."""
    if most > FEW:
        return None, rows
    watch, pair = Observation(), F.to_json(F.array(F.col(by), F.col(state)))
    tracked = F.lit(max(1000, SPARE * most))
    rows.__dict__["isStreaming"] = False  # a table is no stream; Spark would analyse the whole plan to say so, which costs as much as many a query
    return watch, rows.observe(watch, F.to_json(F.call_function("approx_top_k", pair, F.lit(max(1, most)), tracked)).alias("pairs"))


def seen(watch: Observation | None) -> Counts:
    """What was watched, once it is written. Only what adds up to a number known from elsewhere should be believed: a task that ran twice may have been seen twice."""
    try:
        told = watch.get["pairs"] if watch else None
    except PySparkAssertionError:  # the answer to the write came without it
        return {}
    return _paired((*json.loads(row["item"]), row["count"]) for row in json.loads(told or "[]"))


def counted(rows: DataFrame, by: str, state: str) -> Counts:
    return _paired((row[by], row[state], row["count"]) for row in rows.groupBy(by, state).count().toArrow().to_pylist())


def _paired(triples: Iterable[tuple[str, str, int]]) -> Counts:
    found: Counts = {}
    for one, other, rows in triples:
        found.setdefault(one, {})[other] = rows
    return found
