"""curated.education_flow: which pupils go from where to which school, with the places the school has."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.products.service_kinds import UNKNOWN

KEY = ("school_code", "stage", "home_district", "migrant")
CLASS_SIZE = {"小学": 45, "初中": 50, "高中": 50}  # most pupils a class: 义务教育学校标准 (primary 45, junior 50); 普通高中学校 50
STAGES = ((1, 6, "小学"), (7, 9, "初中"), (10, 12, "高中"))


def build(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """One row a school, stage, district that pupils live in, and whether they are children of migrants: the present roll."""
    roll, homes = _roll(inputs["education.pupil"]), _homes(inputs)
    flows = roll.join(homes, "resident_id", "left").withColumn("home_district", F.coalesce("home_district", F.lit(UNKNOWN))).groupBy(*KEY).agg(
        F.count(F.lit(1)).alias("pupils"), F.count_if(F.col("boards") == "住校").alias("boarders")
    )  # fmt: skip
    rows = flows.join(_schools(inputs["education.enrolment"]), ["school_code", "stage"], "full")
    rows = rows.withColumn("home_district", F.coalesce("home_district", F.lit(UNKNOWN))).withColumn("migrant", F.coalesce("migrant", F.lit(False))).fillna(0, ["pupils", "boarders"])
    same = F.when((F.col("home_district") != UNKNOWN) & F.col("district").isNotNull(), F.col("home_district") == F.col("district"))
    return rows.withColumn("is_in_district", same).withColumn("spare_places", F.col("school_places") - F.col("school_pupils"))


def _stage(grade: Column) -> Column:
    found: Column | None = None
    for first, last, name in STAGES:
        found = F.when(grade.between(first, last), name) if found is None else found.when(grade.between(first, last), name)
    assert found is not None
    return found


def _roll(pupils: DataFrame) -> DataFrame:
    here = pupils.where("_is_current").withColumn("stage", _stage(F.col("grade"))).where("stage IS NOT NULL")
    return here.select("school_code", "stage", "resident_id", (F.col("migrant") == "是").alias("migrant"), "boards")


def _homes(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """resident_id → home_district, by the household register; children of migrants are in no register here."""
    districts = inputs["planning.community"].where("_is_current").select("community_code", F.col("district").alias("home_district"))
    register = inputs["public_security.household_register"].where("_is_current").select("resident_id", "community_code")
    return register.join(districts, "community_code", "inner").groupBy("resident_id").agg(F.min("home_district").alias("home_district"))


def _schools(enrolment: DataFrame) -> DataFrame:
    """school_code, stage → school, district, what the school reports, and what its classes may take."""
    places = F.lit(0)
    for stage, most in CLASS_SIZE.items():
        places = F.when(F.col("stage") == stage, F.col("classes") * most).otherwise(places)
    return enrolment.where("_is_current").groupBy("school_code", "stage").agg(
        F.max("school").alias("school"), F.max("district").alias("district"), F.sum("pupils").alias("school_pupils"), F.sum(F.coalesce("migrant_pupils", F.lit(0))).alias("school_migrant_pupils"),
        F.sum("classes").alias("school_classes"), F.sum(places).alias("school_places"),
    )  # fmt: skip
