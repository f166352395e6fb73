"""curated.service_supply: what there is of each service within a walk of each community, for how many people, and how far the nearest is."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.products.near import MINUTES_A_KM, nearest, within_walk
from jobs.products.service_kinds import SERVICES, service_of

KEY = ("community_code", "service")


def build(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """One row a community and service. Access is the two-step floating catchment area of Luo & Wang (2003), with a walk as the catchment."""
    communities = inputs["planning.community"].where("_is_current").drop("_period")
    places, residents = _places(inputs["planning.poi"]), _residents(communities, inputs)
    near = within_walk(communities)
    every = communities.select("community_code", "community", "street_code", "street", "district_code", "district").crossJoin(_services(communities))
    rows = every.join(residents, "community_code", "left").join(places, list(KEY), "left").join(_caught(near, residents), "community_code", "left").join(_access(near, places, residents), list(KEY), "left")
    there = places.select(F.col("community_code").alias("near_code"), "service").distinct()
    rows = rows.join(nearest(communities, there, "service"), list(KEY), "left").join(_doctors(inputs["health.institution"], communities, residents), "district", "left")
    rows = rows.fillna(0, ["places", "capacity", "catchment_places", "catchment_capacity", "residents"]).withColumn("access_per_1000", F.coalesce("access_per_1000", F.lit(0).cast("decimal(18,6)")))
    middle = Window.partitionBy("service")
    rows = rows.withColumn("reference_per_1000", F.expr("percentile(access_per_1000, 0.5)").over(middle))
    return rows.withColumn("doctors_per_1000", F.when(F.col("service") == "clinic", F.col("doctors_per_1000"))).withColumn("nearest_km", F.round("nearest_km", 3)).withColumn("walk_minutes", F.round(F.col("nearest_km") * MINUTES_A_KM, 1))


def _services(communities: DataFrame) -> DataFrame:
    return communities.limit(1).select(F.explode(F.array(*[F.lit(name) for name in SERVICES])).alias("service"))


def _places(poi: DataFrame) -> DataFrame:
    """community_code, service → places, capacity."""
    known = poi.where("_is_current").withColumn("service", service_of(F.col("category"), "place")).where("service IS NOT NULL AND capacity > 0")
    return known.groupBy(*KEY).agg(F.count(F.lit(1)).alias("places"), F.sum("capacity").alias("capacity"))


def _residents(communities: DataFrame, inputs: Mapping[str, DataFrame]) -> DataFrame:
    """community_code → residents: those of its street by the statistics bureau, shared out as registered residents and migrants are (evenly where nobody is registered)."""
    streets = inputs["statistics.street_population"].where("_is_current").select("street_code", F.col("residents").alias("street_residents"))
    known = inputs["public_security.household_register"].where("_is_current").select("community_code").unionByName(inputs["human_resources.migrant_worker"].select("community_code"))
    counted = communities.select("community_code", "street_code").join(known.groupBy("community_code").agg(F.count(F.lit(1)).alias("known")), "community_code", "left").fillna(0, ["known"])
    street = Window.partitionBy("street_code")
    share = F.when(F.sum("known").over(street) > 0, F.col("known") / F.sum("known").over(street)).otherwise(1 / F.count(F.lit(1)).over(street))
    return counted.withColumn("share", share).join(streets, "street_code", "inner").select("community_code", (F.col("street_residents") * F.col("share")).cast("decimal(18,3)").alias("residents"))


def _caught(near: DataFrame, residents: DataFrame) -> DataFrame:
    """community_code → catchment_residents: who lives within a walk."""
    theirs = residents.select(F.col("community_code").alias("near_code"), "residents")
    return near.join(theirs, "near_code", "inner").groupBy("community_code").agg(F.sum("residents").alias("catchment_residents"))


def _access(near: DataFrame, places: DataFrame, residents: DataFrame) -> DataFrame:
    """community_code, service → access_per_1000: first what each place has for each of those around it, then the sum of this over the places around each community."""
    caught = _caught(near, residents).select(F.col("community_code").alias("near_code"), "catchment_residents")
    ratio = (F.col("capacity") * 1000 / F.col("catchment_residents")).cast("decimal(18,6)")
    offered = places.withColumnRenamed("community_code", "near_code").join(caught, "near_code", "inner").where("catchment_residents > 0").withColumn("ratio", ratio)
    found = near.join(offered, "near_code", "inner").groupBy(*KEY)
    return found.agg(F.sum("ratio").cast("decimal(18,6)").alias("access_per_1000"), F.sum("places").alias("catchment_places"), F.sum("capacity").alias("catchment_capacity"))


def _doctors(institutions: DataFrame, communities: DataFrame, residents: DataFrame) -> DataFrame:
    """district → doctors_per_1000 of all its institutions: it is not known which community they stand in."""
    people = communities.join(residents, "community_code", "inner").groupBy("district").agg(F.sum("residents").alias("people"))
    staff = institutions.where("_is_current").groupBy("district").agg(F.sum("doctors").alias("doctors"))
    return people.join(staff, "district", "inner").select("district", (F.col("doctors") * 1000 / F.col("people")).cast("decimal(18,3)").alias("doctors_per_1000"))
