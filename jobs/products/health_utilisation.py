"""curated.health_utilisation: visits to doctors by month, community, institution and insurance, with what they cost and how far the institution's district is."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.products.local_time import month_of
from jobs.products.near import haversine_km
from jobs.products.service_kinds import age_on

KEY = ("month", "community_code", "institution_code", "insurance")
OLD, SMALL = 60, 6


def build(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """One row a month, community, institution and insurance."""
    seen = inputs["health.visit"].withColumn("month", month_of("visited_at")).withColumnRenamed("institution", "institution_code")
    age = age_on(F.col("born_on"), F.col("month"))
    who = F.coalesce("resident_id", F.concat_ws("/", "name", "born_on"))
    counted = seen.groupBy(*KEY).agg(
        F.count(F.lit(1)).alias("visits"), F.count_distinct(who).alias("patients"), F.count_if(age >= OLD).alias("visits_old"), F.count_if(age < SMALL).alias("visits_small"), F.sum("cost").alias("cost")
    )  # fmt: skip
    communities = inputs["planning.community"].where("_is_current")
    homes = communities.select("community_code", F.col("district").alias("home_district"), "longitude_deg", "latitude_deg")
    institutions = inputs["health.institution"].where("_is_current").select("institution_code", F.col("name").alias("institution"), "kind", "district")
    rows = counted.join(homes, "community_code", "left").join(institutions, "institution_code", "left").join(_middles(communities), "district", "left")
    km = F.round(haversine_km(F.col("longitude_deg"), F.col("latitude_deg"), F.col("lon"), F.col("lat")), 2)
    return rows.withColumn("district_km", km).withColumn("is_in_district", F.col("home_district") == F.col("district"))


def _middles(communities: DataFrame) -> DataFrame:
    """district → lon, lat: the middle of its communities."""
    return communities.groupBy("district").agg(F.avg(F.col("longitude_deg").cast("decimal(12,7)")).cast("double").alias("lon"), F.avg(F.col("latitude_deg").cast("decimal(12,7)")).cast("double").alias("lat"))
