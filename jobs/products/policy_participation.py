"""curated.policy_participation: each consultation on a draft policy: who took part, which way they went, whether their words are their own, and when they were answered."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

PROMISED_DAYS = 30  # 重大行政决策程序暂行条例 (State Council order 713) asks for comments of at least 30 days; an answer is expected as soon after
MASS = 5  # comments of the same words, spaces and marks aside, are sent together by so many
POSITIONS = {"in_favour": "赞成", "against": "反对", "neither": "弃权"}


def build(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """One row a consultation; a comment outside its days counts as late or early and in no position."""
    policies, comments = inputs["consultation.policy"].where("_is_current"), inputs["consultation.comment"]
    seen = comments.select(F.col("commented_on").alias("day")).unionByName(policies.select(F.col("replied_on").alias("day"))).agg(F.max("day").alias("as_of"))
    rows = policies.select("policy_id", "title", "from_on", "to_on", "replied_on").join(_taken_part(policies, comments), "policy_id", "left").crossJoin(seen)
    counts = ("comments", *POSITIONS, "outside_days", "districts", "mass_comments")
    zero: dict[str, bool | float | int | str] = dict.fromkeys(counts, 0)
    rows = rows.fillna(zero).withColumn("days_open", F.date_diff("to_on", "from_on") + 1).withColumn("reply_days", F.date_diff("replied_on", "to_on"))
    decided = F.col("in_favour") + F.col("against")
    return rows.withColumn("support_percent", F.when(decided > 0, F.col("in_favour") / decided * 100)).withColumn("state", _state()).withColumn(
        "waiting_days", F.when(F.col("state").isin("waiting", "overdue"), F.date_diff("as_of", "to_on"))
    )  # fmt: skip


def _taken_part(policies: DataFrame, comments: DataFrame) -> DataFrame:
    """policy_id → counts of its comments."""
    inside = F.col("commented_on").between(F.col("from_on"), F.col("to_on"))
    said = comments.join(policies.select("policy_id", "from_on", "to_on"), "policy_id", "inner").withColumn("_inside", inside).withColumn("_words", words(F.col("text")))
    alike = said.where("_inside").groupBy("policy_id", "_words").agg(F.count(F.lit(1)).alias("_n")).where(F.col("_n") >= MASS).groupBy("policy_id").agg(F.sum("_n").alias("mass_comments"))
    positions = [F.count_if(F.col("_inside") & (F.col("vote") == vote)).alias(name) for name, vote in POSITIONS.items()]
    counts = said.groupBy("policy_id").agg(
        F.count_if("_inside").alias("comments"), *positions, F.count_if(~F.col("_inside")).alias("outside_days"),
        F.count_distinct(F.when(F.col("_inside"), F.col("district"))).alias("districts"), F.max(F.when(F.col("_inside"), F.col("commented_on"))).alias("last_comment_on"),
    )  # fmt: skip
    return counts.join(alike, "policy_id", "left")


def words(text: Column) -> Column:
    """A comment without spaces, marks and case: copies differ in these."""
    return F.lower(F.regexp_replace(text, r"[\s\p{Punct}，。！？、；：…“”‘’（）《》—]+", ""))


def _state() -> Column:
    """How far the office is: `open` for comments, `waiting` for its answer, `overdue` with it, or `answered`."""
    return (
        F.when(F.col("replied_on").isNotNull(), "answered").when(F.col("as_of") <= F.col("to_on"), "open")
        .when(F.date_diff("as_of", "to_on") > PROMISED_DAYS, "overdue").otherwise("waiting")
    )  # fmt: skip
