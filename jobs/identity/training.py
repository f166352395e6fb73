"""Learning the model's weights from the records themselves: u by random pairs, m by expectation maximisation. Nobody labels anything.

The trained model is one frozen value: what a level's agreement is worth, and how frequent each name is. Until it is trained again, every pair is scored
by the same numbers, whenever its records came.
"""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from splink import DuckDBAPI, Linker, block_on

from jobs.identity.model import RESIDENTS, UNIQUE, Model
from jobs.platform.errors import LakeError

PAIRS = 5e6  # random pairs that u is learnt from
LEAST = 200  # people with an id: of fewer, weights would be guesses
SAMPLE = 60_000  # profiles that weights are learnt from, whatever the size of the city
RECALL = 0.95  # share of the pairs of one person that agree on 15 digits of the id; starts EM, which then finds the share itself
SEED = 1
log = logging.getLogger("civiclake")


def trained(profiles: DataFrame, model: Model = RESIDENTS) -> dict[str, Any]:
    """splink's settings with weights, learnt on `columns` of the model. Raises LakeError where there is too little to learn from.

    Two samples of at most SAMPLE profiles are learnt from here, by splink on DuckDB: EM in Spark would be hundreds of jobs over a handful of counts, and
    weights need no more pairs than these. One sample is of different people, for u; the other is everybody born on some days, so that all records of a
    person are in it, for m. How many pairs of the whole city are of one person is counted in Spark.
    """
    held = profiles.select(*model.columns).localCheckpoint()
    (counts,) = held.groupBy("id15").count().agg(
        F.sum("count").alias("all"), F.sum(F.when(F.col("id15").isNotNull(), 1)).alias("ids"), F.sum(F.when(F.col("id15").isNotNull(), F.expr("count * (count - 1) / 2"))).alias("alike")
    ).collect()  # fmt: skip
    if (counts["ids"] or 0) < LEAST:
        raise LakeError(f"{counts['ids'] or 0} ids are told: too few to learn weights from", f"land the registers of conf/linkage/registers.yaml first; at least {LEAST} people with an id are needed")
    strangers = held.where("id15 IS NOT NULL").groupBy("id15").agg(F.min_by(F.struct(*model.columns), UNIQUE).alias("p")).select("p.*")
    everybody = _share(held.where("born_key IS NOT NULL"), "born_key", counts["all"])
    settings = learnt(model, everybody.toArrow(), _share(strangers, "id15", counts["ids"]).toArrow(), float(counts["alike"] or 0))
    settings["probability_two_random_records_match"] = min(0.5, counts["alike"] / RECALL / (counts["all"] * (counts["all"] - 1) / 2))
    return settings


def _share(rows: DataFrame, column: str, count: int) -> DataFrame:
    """At most about SAMPLE of so many rows; those that say the same in `column` are all in it or none is."""
    return rows if count <= SAMPLE else rows.where(F.pmod(F.xxhash64(column), F.lit(1_000_000)) < int(1_000_000 * SAMPLE / count))


def learnt(model: Model, everybody: pa.Table, one_each: pa.Table, alike: float, pairs: float = PAIRS) -> dict[str, Any]:
    """`everybody`: the model's columns; `one_each`: records of different people, which random pairs are drawn from: among all records so many
    pairs are of one person that an equal id would seem to be common among strangers. `alike`: pairs that agree on an id."""
    quiet()
    u = _u(model, one_each, pairs)
    linker = Linker(DuckDBAPI().register(everybody), with_u(u), log_level=None, validate_settings=False)
    linker.training.estimate_probability_two_random_records_match([block_on(*model.alike)], recall=RECALL)
    for keys in model.trained_on:
        if _meet(everybody, keys):
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(*keys), estimate_without_term_frequencies=True)
        else:  # the registers that are there may hold no two records that tell these; splink would forget comparisons on the way to its error
            log.info("linkage: no two records share %s: nothing is learnt from these", " and ".join(keys))
    found: dict[str, Any] = linker.misc.save_model_to_json()
    return as_scored(model, _filled(found, alike))


def _meet(rows: pa.Table, columns: Sequence[str]) -> bool:
    """Whether two rows tell the same of all these columns."""
    counts = pl.DataFrame(pl.from_arrow(rows)).drop_nulls(list(columns)).group_by(*columns).len()
    return bool((counts["len"] > 1).any())


def _u(model: Model, one_each: pa.Table, pairs: float) -> dict[str, Any]:
    linker = Linker(DuckDBAPI().register(one_each), model.settings(learning=True), log_level=None, validate_settings=False)
    linker.training.estimate_u_using_random_sampling(max_pairs=pairs, seed=SEED, num_chunks=1)
    found: dict[str, Any] = linker.misc.save_model_to_json()
    return found


def with_u(found: Mapping[str, Any], seen: float = PAIRS) -> dict[str, Any]:
    """Settings that start from these u: a level that no random pair reached is as rare as one pair of those drawn."""
    settings = copy.deepcopy(dict(found))
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            if not level.get("is_null_level"):
                level["u_probability"] = max(level.get("u_probability") or 0.0, 1.0 / seen)
                level.pop("m_probability", None)
    return settings


def _filled(settings: dict[str, Any], alike: float) -> dict[str, Any]:
    """No level is rarer among pairs of one person than once in all that were seen (`alike`), however few showed it: what was never seen is not impossible."""
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            if not level.get("is_null_level"):
                if level.get("m_probability") is None:
                    log.info("linkage: no pair of one person was seen with %s: %s", comparison["output_column_name"], level["label_for_charts"])
                level["m_probability"] = max(level.get("m_probability") or 0.0, 1.0 / max(alike, LEAST))
    return settings


def as_scored(model: Model, settings: dict[str, Any]) -> dict[str, Any]:
    """The same weights, under the conditions that pairs are scored by."""
    asked = {comparison["output_column_name"]: comparison for comparison in model.comparisons(False)}
    for comparison in settings["comparisons"]:
        for level, said in zip(comparison["comparison_levels"], asked[comparison["output_column_name"]]["comparison_levels"], strict=True):
            level["sql_condition"] = said["sql_condition"]
    return settings


def frequencies(profiles: DataFrame, columns: Sequence[str] = RESIDENTS.frequencies) -> DataFrame:
    """How frequent a value is among profiles that tell it: `column`, `value`, `frequency`."""
    counts = [profiles.where(f"{name} IS NOT NULL").groupBy(name).count().select(F.lit(name).alias("column"), F.col(name).alias("value"), "count") for name in columns]
    every = counts[0]
    for one in counts[1:]:
        every = every.unionByName(one)
    totals = every.groupBy("column").agg(F.sum("count").alias("total"))
    return every.join(F.broadcast(totals), "column", "inner").select("column", "value", (F.col("count") / F.col("total")).alias("frequency"))


def dumped(settings: Mapping[str, Any]) -> str:
    return json.dumps(settings, sort_keys=True, ensure_ascii=False)


def quiet() -> None:
    """splink tells of its progress, and of levels it has not seen yet, as warnings."""
    logging.getLogger("splink").setLevel(logging.ERROR)
