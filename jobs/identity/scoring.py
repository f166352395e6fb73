"""Pairs of profiles and what they are worth. Only pairs with a new profile are scored; the others of the city are looked at only where they share a key with one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from splink import DuckDBAPI, Linker
from splink.blocking_rule_library import CustomRule

from jobs.identity.connect import spark_api
from jobs.identity.few import few
from jobs.identity.model import RESIDENTS, UNIQUE, Model
from jobs.identity.one_task import in_one_task
from jobs.identity.training import quiet

MOST_PROFILES = 100_000  # whose pairs one task scores
MEMORY = "1GB"  # of DuckDB in that task; it writes to the disk what is more
NEW = "_new"
LINK = ("profile_l", "profile_r", "match_weight", "evidence")


def touched(profiles: DataFrame, new: DataFrame, model: Model = RESIDENTS) -> DataFrame:
    """Of `profiles`, those that share a blocking key with one of `new`, or are one: by a hash of each key, so that one small join finds them, not one a rule."""
    named = F.explode(F.array(*_keys(model), F.xxhash64(UNIQUE))).alias("_key")
    keys = few(new.select(named).where("_key IS NOT NULL").distinct().localCheckpoint())
    near = profiles.select(UNIQUE, named).join(keys, "_key", "left_semi").select(UNIQUE).distinct().localCheckpoint()
    return profiles.join(few(near), UNIQUE, "left_semi")


def blocked(profiles: DataFrame, model: Model = RESIDENTS) -> int:
    """Pairs that share a blocking key, one that shares several counted for each: what scoring all of them compares at most."""
    sharing = profiles.select(F.explode(F.array(*_keys(model))).alias("_key")).where("_key IS NOT NULL").groupBy("_key").agg(F.count(F.lit(1)).alias("n"))
    return int((sharing.agg(F.sum(F.expr("n * (n - 1) div 2"))).first() or [0])[0] or 0)


def _keys(model: Model) -> list[Column]:
    """The blocking keys of a profile, hashed; null where it does not tell one. To filter an array of them costs more than all that is done with them."""
    return [F.when(F.expr(" AND ".join(f"{name} IS NOT NULL" for name in names)), F.xxhash64(F.lit(at), *names)) for at, names in enumerate(model.blocking)]


def scored(
    spark: SparkSession, settings: Mapping[str, Any], frequencies: DataFrame, profiles: DataFrame, new: DataFrame | None, least: float, model: Model = RESIDENTS, most: int = MOST_PROFILES
) -> DataFrame:
    """LINK: pairs of the columns of model.py worth at least `least` (match weight, bits). `new`: only pairs with one of these, so that `profiles` need not hold more than what they touch; None: all pairs. Of up to `most` profiles
    the pairs are scored by splink on DuckDB in one task, of more by splink on Spark: the weights are the same to the ninth decimal, which is as far as they are told."""
    rows = profiles.select(*model.columns)
    if new is not None:
        rows = rows.join(few(new.select(UNIQUE).withColumn(NEW, F.lit(1))), UNIQUE, "left")
    rows = rows.localCheckpoint()
    chosen = dict(settings) | {"blocking_rules_to_generate_predictions": [_rule(names, new is not None) for names in model.blocking]}
    by = _in_one_task if rows.count() <= most else _on_spark
    pairs = by(spark, rows, frequencies, chosen, least, model)
    return pairs.select(F.col(f"{UNIQUE}_l").alias("profile_l"), F.col(f"{UNIQUE}_r").alias("profile_r"), F.round("match_weight", 9).alias("match_weight"), evidence(settings).alias("evidence"))


def _on_spark(spark: SparkSession, rows: DataFrame, frequencies: DataFrame, settings: Mapping[str, Any], least: float, model: Model) -> DataFrame:
    api = spark_api(spark)
    linker = _linker(api, rows, settings, {column: _lookup(frequencies, column) for column in model.frequencies})
    return linker.inference.predict(threshold_match_weight=least, warning_mode="never").as_spark_dataframe()


def _in_one_task(spark: SparkSession, rows: DataFrame, frequencies: DataFrame, settings: Mapping[str, Any], least: float, model: Model) -> DataFrame:
    for column in model.frequencies:
        rows = rows.join(_lookup(frequencies, column), column, "left")
    told = [(name, kind) for one in settings["comparisons"] for name, kind in _weights(one)]
    kinds = [(f"{UNIQUE}_l", "STRING"), (f"{UNIQUE}_r", "STRING"), ("match_weight", "DOUBLE"), *told]

    def work(table: pa.Table) -> pa.Table:
        return predicted(table, settings, least, model, [name for name, _ in kinds])

    return in_one_task(rows, work, ", ".join(f"{name} {kind}" for name, kind in kinds))


def _weights(comparison: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Columns (name, type) that say how a pair agreed in a comparison."""
    name = comparison["output_column_name"]
    adjusted = [(f"mw_tf_adj_{name}", "DOUBLE")] if _is_adjusted(comparison) else []
    return [(f"gamma_{name}", "INT"), (f"mw_{name}", "DOUBLE"), *adjusted]


def _is_adjusted(comparison: Mapping[str, Any]) -> bool:
    return any("tf_adjustment_column" in level for level in comparison["comparison_levels"])


def predicted(rows: pa.Table, settings: Mapping[str, Any], least: float, model: Model, columns: Sequence[str]) -> pa.Table:
    """These columns of the pairs that splink on DuckDB finds among the rows, which have the frequency of each of their values beside it (`tf_…`)."""
    with TemporaryDirectory() as spilled, duckdb.connect(config={"threads": 1, "memory_limit": MEMORY, "temp_directory": spilled}) as connection:
        api = DuckDBAPI(connection)
        lookups = {column: rows.select([column, f"tf_{column}"]).group_by([column, f"tf_{column}"]).aggregate([]).drop_null() for column in model.frequencies}
        linker = _linker(api, rows.drop_columns([f"tf_{column}" for column in model.frequencies]), settings, lookups)
        found = linker.inference.predict(threshold_match_weight=least, warning_mode="never").as_pyarrow_table()  # type: ignore[no-untyped-call]
    return found.select(list(columns))


def _linker(api: Any, rows: Any, settings: Mapping[str, Any], lookups: Mapping[str, Any]) -> Linker:
    quiet()
    linker = Linker(api.register(rows), dict(settings), log_level=None, validate_settings=False)
    for column, lookup in lookups.items():
        linker.table_management.register_term_frequency_lookup(api.register(lookup), column)
    return linker


def _lookup(frequencies: DataFrame, column: str) -> DataFrame:
    return frequencies.where(F.col("column") == column).select(F.col("value").alias(column), F.col("frequency").alias(f"tf_{column}"))


def _rule(names: tuple[str, ...], only_new: bool) -> CustomRule:
    return CustomRule(" AND ".join([*(f"l.{name} = r.{name}" for name in names), *([f"(l.{NEW} = 1 OR r.{NEW} = 1)"] if only_new else [])]))


def evidence(settings: Mapping[str, Any]) -> Column:
    """JSON: comparison → which level was met and its weight in bits; never a value."""
    parts = []
    for comparison in settings["comparisons"]:
        name = comparison["output_column_name"]
        levels = comparison["comparison_levels"]
        number = len([level for level in levels if not level.get("is_null_level")])
        said: Column = F.lit("not told")
        for at, level in enumerate(level for level in levels if not level.get("is_null_level")):
            said = F.when(F.col(f"gamma_{name}") == number - 1 - at, level["label_for_charts"]).otherwise(said)
        adjusted = F.col(f"mw_tf_adj_{name}") if _is_adjusted(comparison) else F.lit(0.0)
        parts += [F.struct(said.alias("level"), F.round(F.col(f"mw_{name}") + adjusted, 2).alias("weight")).alias(name)]
    return F.to_json(F.struct(*parts))
