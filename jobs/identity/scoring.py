"""Pairs of profiles and what they are worth. Only pairs with a new profile are scored; the others of the city are looked at only where they share a key with one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from splink import Linker
from splink.blocking_rule_library import CustomRule

from jobs.identity.connect import spark_api
from jobs.identity.few import few
from jobs.identity.model import RESIDENTS, UNIQUE, Model
from jobs.identity.training import quiet

LINK = ("profile_l", "profile_r", "match_weight", "evidence")


def touched(profiles: DataFrame, new: DataFrame, model: Model = RESIDENTS) -> DataFrame:
    """Of `profiles`, those that share a blocking key with one of `new`: by a hash of each key, so that one small join finds them, not one a rule."""
    keys = new.select(F.explode(_keys(model)).alias("_key")).distinct()
    near = profiles.select(UNIQUE, F.explode(_keys(model)).alias("_key")).join(F.broadcast(keys), "_key", "left_semi").select(UNIQUE).distinct().localCheckpoint()
    return profiles.join(few(near), UNIQUE, "left_semi")


def _keys(model: Model) -> Column:
    """The blocking keys of a profile that it tells, hashed."""
    made = [F.when(F.concat(*names).isNotNull(), F.xxhash64(F.lit(at), *names)) for at, names in enumerate(model.blocking)]
    return F.filter(F.array(*made), lambda key: key.isNotNull())


def scored(spark: SparkSession, settings: Mapping[str, Any], frequencies: DataFrame, profiles: DataFrame, new: DataFrame | None, least: float, model: Model = RESIDENTS) -> DataFrame:
    """LINK: pairs of the columns of model.py worth at least `least` (match weight, bits). `new`: only pairs with one of these; None: all pairs."""
    quiet()
    rows = profiles.select(*model.columns)
    chosen = dict(settings)
    if new is None:
        chosen["blocking_rules_to_generate_predictions"] = [_rule(names, "") for names in model.blocking]
    else:
        rows = touched(rows, new, model).join(few(new.select(UNIQUE).withColumn("_new", F.lit(1))), UNIQUE, "left")
        chosen["blocking_rules_to_generate_predictions"] = [_rule(names, " AND (l._new = 1 OR r._new = 1)") for names in model.blocking]
    api = spark_api(spark)
    linker = Linker(api.register(rows.localCheckpoint()), chosen, log_level=None, validate_settings=False)
    for column in model.frequencies:
        lookup = frequencies.where(F.col("column") == column).select(F.col("value").alias(column), F.col("frequency").alias(f"tf_{column}"))
        linker.table_management.register_term_frequency_lookup(api.register(lookup), column)
    pairs = linker.inference.predict(threshold_match_weight=least, warning_mode="never").as_spark_dataframe()
    return pairs.select(F.col(f"{UNIQUE}_l").alias("profile_l"), F.col(f"{UNIQUE}_r").alias("profile_r"), "match_weight", evidence(settings).alias("evidence"))


def _rule(names: tuple[str, ...], more: str) -> CustomRule:
    return CustomRule(" AND ".join(f"l.{name} = r.{name}" for name in names) + more)


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
        adjusted = F.col(f"mw_tf_adj_{name}") if any("tf_adjustment_column" in level for level in levels) else F.lit(0.0)
        parts += [F.struct(said.alias("level"), F.round(F.col(f"mw_{name}") + adjusted, 2).alias("weight")).alias(name)]
    return F.to_json(F.struct(*parts))
