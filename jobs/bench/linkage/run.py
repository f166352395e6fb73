"""`lake bench linkage`: ours beside splink's tutorials and recordlinkage's classifiers on labelled sets, measured on the half of the people that taught nobody."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from pyspark.sql import SparkSession
from splink import DuckDBAPI, Linker

from jobs.bench.linkage import others
from jobs.bench.linkage.english import MODELS, prepared
from jobs.bench.linkage.labelled import SETS, Labelled
from jobs.identity.agreement import Agreement, agreement
from jobs.identity.model import LINK, UNIQUE, Model
from jobs.identity.training import frequencies, learnt, quiet
from jobs.platform.settings import Settings

FAINT = -10.0  # bits: what ours keeps of the pairs it compares, as candidates for everybody


@dataclass(frozen=True)
class Result:
    """`pairs`: that were found, before they are joined to people; of the whole set. `test`: agreement on the test half."""

    of: str
    method: str
    seconds: float
    pairs: int
    test: Agreement


def run(settings: Settings, spark: SparkSession | None, names: Sequence[str], tell: Callable[[str], None]) -> list[Result]:
    """`spark`: where ours scores its pairs; None: on DuckDB, with the same weights and the same SQL. Its weights are learnt on DuckDB either way."""
    found: list[Result] = []
    for name in names:
        labelled = SETS[name](settings)
        for method, make in _methods(spark, name, labelled):
            tell(f"{labelled.name}: {method}")
            began = time.perf_counter()
            for title, pairs in make():
                found.append(Result(labelled.name, title, time.perf_counter() - began, pairs.height, measured(labelled, pairs)))
                began = time.perf_counter()
    return found


def _methods(spark: SparkSession | None, name: str, labelled: Labelled) -> Iterator[tuple[str, Callable[[], Any]]]:
    candidates: list[pl.DataFrame] = []

    def ours() -> Iterator[tuple[str, pl.DataFrame]]:
        scores = scored(spark, MODELS[name], prepared(labelled.rows))
        candidates.append(scores)
        yield f"civiclake ({'Spark' if spark else 'DuckDB'})", scores.filter(pl.col("match_weight") >= LINK)

    yield "ours", ours
    yield "splink", lambda: [("splink on DuckDB, tutorial", others.tutorial(name, labelled))]
    yield "recordlinkage", lambda: others.classifiers(labelled, candidates[0])


def scored(spark: SparkSession | None, model: Model, rows: pl.DataFrame) -> pl.DataFrame:
    """l, r, match_weight of the pairs that ours compares, but those worth next to nothing."""
    data = rows.select(*model.columns)
    one_each = data.filter(pl.all_horizontal(pl.col(name).is_not_null() for name in model.alike)).unique(list(model.alike), keep="first", maintain_order=True)
    agree = data.drop_nulls(list(model.alike)).group_by(*model.alike).len()["len"]
    weights = learnt(model, data.to_arrow(), one_each.to_arrow(), float((agree * (agree - 1) // 2).sum()))
    if spark is None:
        quiet()
        api = DuckDBAPI()
        linker = Linker(api.register(data.to_arrow()), weights, log_level=None, validate_settings=False)
        table = linker.inference.predict(threshold_match_weight=FAINT, warning_mode="never").as_pyarrow_table()  # type: ignore[no-untyped-call]
        return pl.DataFrame(pl.from_arrow(table)).select(pl.col(f"{UNIQUE}_l").alias("l"), pl.col(f"{UNIQUE}_r").alias("r"), "match_weight")
    from jobs.identity.scoring import scored as in_spark

    frame = spark.createDataFrame(data.to_arrow())
    pairs = in_spark(spark, weights, frequencies(frame, model.frequencies), frame, None, FAINT, model)
    return pl.DataFrame(pl.from_arrow(pairs.select("profile_l", "profile_r", "match_weight").toArrow())).rename({"profile_l": "l", "profile_r": "r"})


def measured(labelled: Labelled, pairs: pl.DataFrame) -> Agreement:
    """Of the people of the test half: pairs are joined to people first, over all records."""
    lead = {name: name for name in labelled.rows[UNIQUE]}

    def root(name: str) -> str:
        while lead[name] != name:
            lead[name] = lead[lead[name]]
            name = lead[name]
        return name

    for left, right in pairs.select("l", "r").iter_rows():
        a, b = sorted((root(left), root(right)))
        lead[b] = a
    rows = labelled.rows.select("person", "half", found=pl.Series([root(name) for name in labelled.rows[UNIQUE]]), true=pl.col("person"))
    return agreement(rows.filter(pl.col("half") == "test"), labelled.name)
