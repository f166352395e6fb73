"""What links the records of a resident: told of the links as they are now when somebody asks, not kept with each key, as one new record would change what many say."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.identity.keys import RECORD

KEYS, RECORDS, LINKS = "identity.resident_key", "identity.record", "identity.link"
ALIKE, DECIDED = '{"profile":{"level":"same name and id"}}', '{"decision":{"level":"a clerk decided it"}}'


def with_evidence(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """RECORD, resident_key, valid_from, valid_to of KEYS and, of those that are current, `match_weight` and `evidence` (JSON) of the record's best link to another of the same resident; where nothing was compared, the evidence alone tells what joins
    them; null of a record that stands alone."""
    keys = inputs[KEYS].select(*RECORD, "resident_key", "valid_from", "valid_to")
    current = keys.where("valid_to IS NULL").select(*RECORD, "resident_key").join(inputs[RECORDS].select(*RECORD, "profile_id"), list(RECORD), "inner")
    profiles = current.groupBy("profile_id").agg(F.min("resident_key").alias("resident_key"), F.count(F.lit(1)).alias("n"))
    several = profiles.groupBy("resident_key").count().where("count > 1").select("resident_key", F.lit(True).alias("several"))
    why = F.when(F.col("n") > 1, ALIKE).when(F.col("several"), DECIDED)
    told = profiles.join(best(inputs[LINKS], profiles), "profile_id", "left").join(several, "resident_key", "left")
    of = told.select("profile_id", "match_weight", F.coalesce("evidence", why).alias("evidence"))
    by_record = current.join(of, "profile_id", "inner").select(*RECORD, F.lit(True).alias("is_current"), "match_weight", "evidence")
    return keys.withColumn("is_current", F.col("valid_to").isNull()).join(by_record, [*RECORD, "is_current"], "left").drop("is_current")


def best(links: DataFrame, profiles: DataFrame) -> DataFrame:
    """`profile_id`, `match_weight`, `evidence`: the strongest link of each profile to another of its resident. The links are read once, both their ends from that."""
    ends = (profiles.select(F.col("profile_id").alias(f"profile_{side}"), F.col("resident_key").alias(f"key_{side}")) for side in "lr")
    inside = links.join(next(ends), "profile_l", "inner").join(next(ends), "profile_r", "inner").where("key_l = key_r")
    both = inside.select(F.explode(F.array("profile_l", "profile_r")).alias("profile_id"), "match_weight", "evidence")
    return both.groupBy("profile_id").agg(F.max(F.struct("match_weight", "evidence")).alias("b")).select("profile_id", "b.match_weight", "b.evidence")
