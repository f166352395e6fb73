"""Who lives where in which month, and the group they are of: from the household register, the register of migrant workers, wages and the allowance."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.products.service_kinds import UNKNOWN, age_band, age_on

GROUP = ("age_band", "household_type", "income_band", "origin")
OLD, GROWN = 60, 18


def months_of(rows: DataFrame) -> DataFrame:
    """The months there are rows of, one column `month` (YYYY-MM)."""
    return rows.select("month").where("month IS NOT NULL").distinct()


def in_month(rows: DataFrame, months: DataFrame) -> DataFrame:
    """Rows of a snapshot dataset once for each month they were valid in, with `month`. A register tells nothing of the months before its first snapshot."""
    return rows.crossJoin(F.broadcast(months)).where(_valid(F.col("month")))


def _valid(at: Column) -> Column:
    """Whether the version of a row held in the period `at`."""
    return (F.col("_valid_from") <= at) & (F.col("_valid_to").isNull() | (F.col("_valid_to") > at))


def known_in_month(rows: DataFrame, months: DataFrame) -> DataFrame:
    """As `in_month`, but the first snapshot stands for the months before it too: what stood there then nobody wrote down."""
    first = rows.agg(F.min("_valid_from").alias("_first"))
    asked = months.crossJoin(first).select("month", F.greatest("month", "_first").alias("_at"))
    return rows.crossJoin(F.broadcast(asked)).where(_valid(F.col("_at"))).drop("_at")


def changes(rows: DataFrame, months: DataFrame) -> DataFrame:
    """month, snapshot: the one of a snapshot dataset that last changed anything by then, or its first. Months between two changes need be reckoned once."""
    starts = rows.select(F.col("_valid_from").alias("snapshot")).union(rows.where("_valid_to IS NOT NULL").select("_valid_to")).distinct()
    first = starts.agg(F.min("snapshot").alias("_first"))
    by_then = months.crossJoin(first).join(F.broadcast(starts), F.col("snapshot") <= F.greatest("month", "_first"), "inner")
    return by_then.groupBy("month").agg(F.max("snapshot").alias("snapshot"))


def known_residents(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """The current and past versions of the register's rows: resident_id, household_number, born_on, relation, community_code, _valid_from, _valid_to."""
    return inputs["public_security.household_register"].select("resident_id", "household_number", "born_on", "relation", "community_code", "_valid_from", "_valid_to")


def person_months(register: DataFrame, inputs: Mapping[str, DataFrame], months: DataFrame) -> DataFrame:
    """A row a person and month: month, resident_id, community_code, age, age_band, household_type, income_band, origin."""
    here = in_month(register, months).withColumn("age", age_on(F.col("born_on"), F.col("month"))).where("age IS NOT NULL")
    wages = in_month(inputs["human_resources.social_insurance"].where("resident_id IS NOT NULL").select("resident_id", "base", "_valid_from", "_valid_to"), months)
    wages = wages.groupBy("month", "resident_id").agg(F.max("base").alias("wage"))
    drawn = in_month(inputs["civil_affairs.low_income_roster"].select("resident_id", "_valid_from", "_valid_to"), months).select("month", "resident_id").distinct().withColumn("draws", F.lit(True))
    here = here.join(wages, ["month", "resident_id"], "left").join(drawn, ["month", "resident_id"], "left")
    homes = _homes(here)
    registered = here.join(homes, ["month", "household_number"], "left").withColumn("origin", F.lit("registered"))
    away = inputs["human_resources.migrant_worker"].where("born_on IS NOT NULL").select("resident_id", "born_on", "community_code", "since_year").crossJoin(F.broadcast(months)).where(has_come())
    away = away.join(registered.select("month", "resident_id"), ["month", "resident_id"], "left_anti").withColumn("age", age_on(F.col("born_on"), F.col("month"))).where("age IS NOT NULL")
    away = away.withColumn("household_type", F.lit(UNKNOWN)).withColumn("income_band", F.lit(UNKNOWN)).withColumn("origin", F.lit("migrant"))
    rows = registered.select("month", "resident_id", "community_code", "age", *GROUP[1:]).unionByName(away.select("month", "resident_id", "community_code", "age", *GROUP[1:]))
    return rows.withColumn("age_band", age_band(F.col("age")))


def has_come() -> Column:
    """Whether a migrant worker (`since_year`) was in the city in `month`; the year is all that is written down."""
    return F.coalesce(F.col("since_year") <= F.substring("month", 1, 4).cast("int"), F.lit(True))


def with_group(rows: DataFrame, people: DataFrame) -> DataFrame:
    """`rows` (month, resident_id, community_code) with the group of the person; empty where the id is in no register that month. The person's community where the row has none."""
    one = people.where("resident_id IS NOT NULL").groupBy("month", "resident_id").agg(*[F.min(name).alias(name) for name in GROUP], F.min("community_code").alias("_home"))
    return rows.join(one, ["month", "resident_id"], "left").withColumn("community_code", F.coalesce("community_code", "_home")).drop("_home")


def _homes(here: DataFrame) -> DataFrame:
    """month, household_number → household_type, income_band."""
    homes = here.groupBy("month", "household_number").agg(
        F.count(F.lit(1)).alias("size"), F.count_if(F.col("age") < GROWN).alias("children"), F.count_if(F.col("age") >= OLD).alias("old"), F.count_if((F.col("age") >= GROWN) & (F.col("age") < OLD)).alias("grown"),
        F.sum(F.coalesce("wage", F.lit(0))).alias("wages"), F.max(F.coalesce("draws", F.lit(False))).alias("draws"),
    )  # fmt: skip
    each = F.col("wages") / F.col("size")
    middle = F.expr("percentile(CASE WHEN wages > 0 THEN wages / size END, 0.5)").over(Window.partitionBy("month"))
    band = F.when(F.col("draws"), "allowance").when(F.col("wages") == 0, "no wages").when(each < middle, "below median").otherwise("median and above")
    return homes.withColumn("income_band", band).select("month", "household_number", _type().alias("household_type"), "income_band")


def _type() -> Column:
    """Of a household by the ages in it."""
    alone = F.col("size") == 1
    return (
        F.when(alone & (F.col("old") == 1), "old alone").when(alone, "alone").when(F.col("old") == F.col("size"), "old together").when((F.col("children") > 0) & (F.col("old") > 0), "three generations")
        .when((F.col("children") > 0) & (F.col("grown") == 1), "one parent").when(F.col("children") > 0, "with children").when(F.col("old") > 0, "with the old").otherwise("grown together")
    )  # fmt: skip
