"""Who is who among payees, bidders, suppliers and buyers: names of one party matched, where a ledger or a publisher has them under one number."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

LEGAL_FORMS = "LIMITED|LTD|PLC|LLP|LP|INC|INCORPORATED|CIC|CIO|COMPANY|CO"
SHORTEST = 6  # letters two names must have in common to be one party's
ROUNDS = 3  # names A–B–C–D of one party: how far a link reaches


def resolved(lines: DataFrame, number: str, name: str, party: str, within: Sequence[str] = (), identifier: str | None = None) -> DataFrame:
    """The lines with `<party>_id` and `<party>`, the name it is written under most often.

    `number`, `name`: columns of the number and the name a line gives; `identifier`: column of an official registration, which is trusted where it is there.
    `within`: columns of those who number and name for themselves; nothing is matched across them.
    """
    given = F.col(identifier) if identifier else F.lit(None).cast("string")
    keyed = lines.withColumn("_key", F.coalesce(given, name_key(F.col(name))))
    known = keyed.join(_matched(keyed.where(given.isNull()), number, within), [*within, "_key"], "left")
    known = known.withColumn(f"{party}_id", F.coalesce("_id", "_key")).drop("_id", "_key")
    return known.join(_usual(known, name, party, within), [*within, f"{party}_id"], "left")


def name_key(name: Column) -> Column:
    """A name without case, punctuation, a leading THE and its legal form: `The Acme Co. Ltd` and `ACME CO LIMITED` are both ACME."""
    words = F.trim(F.regexp_replace(F.regexp_replace(F.upper(name), "&", " AND "), r"[^\p{L}\p{N} ]+", ""))
    bare = F.regexp_replace(F.regexp_replace(F.regexp_replace(words, "^THE +", ""), f"( +({LEGAL_FORMS}))+ *$", ""), " +", "")
    return F.coalesce(F.nullif(bare, F.lit("")), F.nullif(words, F.lit("")), F.upper(F.trim(name)))


def _matched(lines: DataFrame, number: str, within: Sequence[str]) -> DataFrame:
    """_key → _id: keys that came under one number and resemble each other are one party. A number alone tells nothing: one-off payees share some."""
    keys = lines.where(f"{number} IS NOT NULL AND _key IS NOT NULL").select(*within, number, "_key").distinct()
    near = (F.col("a._key").startswith(F.col("b._key")) & (F.length("b._key") >= SHORTEST)) | ((F.levenshtein("a._key", "b._key") <= 2) & (F.length("b._key") >= 2 * SHORTEST))
    same = [F.col(f"a.{column}") == F.col(f"b.{column}") for column in (*within, number)]
    together = F.col("a._key") != F.col("b._key")
    for condition in same:
        together = together & condition
    one_way = keys.alias("a").join(keys.alias("b"), together & near, "inner")
    pairs = one_way.select(*[F.col(f"a.{column}") for column in within], F.col("a._key").alias("one"), F.col("b._key").alias("other"))
    links = pairs.unionByName(pairs.select(*within, F.col("other").alias("one"), F.col("one").alias("other"))).distinct()
    labels = links.select(*within, F.col("one").alias("_key"), F.col("one").alias("_id")).distinct()
    for _ in range(ROUNDS):
        heard = links.join(labels.withColumnRenamed("_key", "other"), [*within, "other"], "inner").select(*within, F.col("one").alias("_key"), "_id")
        labels = labels.unionByName(heard).groupBy(*within, "_key").agg(F.min("_id").alias("_id"))
    return labels


def _usual(lines: DataFrame, name: str, party: str, within: Sequence[str]) -> DataFrame:
    """<party>_id → the name it is written under most often."""
    counted = lines.groupBy(*within, f"{party}_id", name).count()
    return counted.groupBy(*within, f"{party}_id").agg(F.max_by(name, F.struct("count", name)).alias(party))
