"""curated.service_supply: for each month, what there is of each service within a walk of each community, for how many people, and how far the nearest is."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.products.local_time import month_of
from jobs.products.near import MINUTES_A_KM, nearest, within_walk
from jobs.products.residents import changes, has_come, known_in_month, months_of
from jobs.products.service_kinds import SERVICES, service_of
from jobs.products.usual import usual_of

PLACE, HOME = ("month", "community_code", "service"), ("month", "community_code")


def build(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """One row a month, community and service: what stood then, on the map of communities as it is now. Access is the two-step floating catchment area of Luo & Wang (2003), with a walk as the catchment."""
    months = months_of(inputs["hotline.request"].select(month_of("received_at").alias("month")))
    communities = inputs["planning.community"].where("_is_current").drop("_period")
    named = communities.select("community_code", "community", "street_code", "street", "district_code", "district").crossJoin(F.broadcast(months))
    places, residents, near = _places(inputs["planning.poi"], months), _residents(communities, months, inputs), within_walk(communities)
    rows = named.crossJoin(_services(communities)).join(residents, list(HOME), "left").join(places, list(PLACE), "left").join(_caught(near, residents), list(HOME), "left")
    access = _access(near, places, residents)
    rows = rows.join(access, list(PLACE), "left").join(_nearest(communities, inputs["planning.poi"], months), list(PLACE), "left")
    rows = rows.join(_doctors(inputs["health.institution"], communities, months, residents), ["month", "district"], "left")
    rows = rows.fillna(0, ["places", "capacity", "catchment_places", "catchment_capacity", "residents"]).withColumn("access_per_1000", F.coalesce("access_per_1000", F.lit(0).cast("decimal(18,6)")))
    rows = rows.join(usual_of(access, ["month", "service"], "access_per_1000", "reference_per_1000"), ["month", "service"], "left").fillna(0.0, ["reference_per_1000"])
    return rows.withColumn("doctors_per_1000", F.when(F.col("service") == "clinic", F.col("doctors_per_1000"))).withColumn("nearest_km", F.round("nearest_km", 3)).withColumn("walk_minutes", F.round(F.col("nearest_km") * MINUTES_A_KM, 1))


def _services(communities: DataFrame) -> DataFrame:
    return communities.limit(1).select(F.explode(F.array(*[F.lit(name) for name, service in SERVICES.items() if service.place])).alias("service"))


def _of_service(poi: DataFrame) -> DataFrame:
    return poi.withColumn("service", service_of(F.col("category"), "place")).where("service IS NOT NULL AND capacity > 0")


def _places(poi: DataFrame, months: DataFrame) -> DataFrame:
    """month, community_code, service → places, capacity."""
    return known_in_month(_of_service(poi), months).groupBy(*PLACE).agg(F.count(F.lit(1)).alias("places"), F.sum("capacity").alias("capacity"))


def _nearest(communities: DataFrame, poi: DataFrame, months: DataFrame) -> DataFrame:
    """month, community_code, service → nearest_km. Places change seldom, and every pair within a district is measured: once for each snapshot that changed anything."""
    known = _of_service(poi).select("community_code", "service", "_valid_from", "_valid_to")
    of = changes(known, months)
    there = known_in_month(known, of.select(F.col("snapshot").alias("month")).distinct()).select(F.col("community_code").alias("near_code"), "service", F.col("month").alias("snapshot")).distinct()
    return nearest(communities, there, "service", "snapshot").join(F.broadcast(of), "snapshot", "inner").drop("snapshot")


def _residents(communities: DataFrame, months: DataFrame, inputs: Mapping[str, DataFrame]) -> DataFrame:
    """month, community_code → residents: those of its street by the statistics bureau, shared out as registered residents and migrants are (evenly where nobody is registered)."""
    streets = known_in_month(inputs["statistics.street_population"], months).select("month", "street_code", F.col("residents").alias("street_residents"))
    registered = known_in_month(inputs["public_security.household_register"].select("community_code", "_valid_from", "_valid_to"), months).select(*HOME)
    migrants = inputs["human_resources.migrant_worker"].select("community_code", "since_year").crossJoin(F.broadcast(months)).where(has_come()).select(*HOME)
    known = registered.unionByName(migrants).groupBy(*HOME).agg(F.count(F.lit(1)).alias("known"))
    counted = communities.select("community_code", "street_code").crossJoin(F.broadcast(months)).join(known, list(HOME), "left").fillna(0, ["known"])
    street = Window.partitionBy("month", "street_code")
    share = F.when(F.sum("known").over(street) > 0, F.col("known") / F.sum("known").over(street)).otherwise(1 / F.count(F.lit(1)).over(street))
    return counted.withColumn("share", share).join(streets, ["month", "street_code"], "inner").select(*HOME, (F.col("street_residents") * F.col("share")).cast("decimal(18,3)").alias("residents"))


def _caught(near: DataFrame, residents: DataFrame) -> DataFrame:
    """month, community_code → catchment_residents: who lives within a walk."""
    theirs = residents.withColumnRenamed("community_code", "near_code")
    return near.join(theirs, "near_code", "inner").groupBy(*HOME).agg(F.sum("residents").alias("catchment_residents"))


def _access(near: DataFrame, places: DataFrame, residents: DataFrame) -> DataFrame:
    """month, community_code, service → access_per_1000: first what each place has for each of those around it, then the sum of this over the places around each community."""
    caught = _caught(near, residents)
    ratio = (F.col("capacity") * 1000 / F.col("catchment_residents")).cast("decimal(18,6)")
    offered = places.join(caught, list(HOME), "inner").where("catchment_residents > 0").withColumn("ratio", ratio).withColumnRenamed("community_code", "near_code").drop("catchment_residents")
    found = near.join(offered, "near_code", "inner").groupBy(*PLACE)
    return found.agg(F.sum("ratio").cast("decimal(18,6)").alias("access_per_1000"), F.sum("places").alias("catchment_places"), F.sum("capacity").alias("catchment_capacity"))


def _doctors(institutions: DataFrame, communities: DataFrame, months: DataFrame, residents: DataFrame) -> DataFrame:
    """month, district → doctors_per_1000 of all its institutions: it is not known which community they stand in."""
    people = communities.join(residents, "community_code", "inner").groupBy("month", "district").agg(F.sum("residents").alias("people"))
    staff = known_in_month(institutions, months).groupBy("month", "district").agg(F.sum("doctors").alias("doctors"))
    return people.join(staff, ["month", "district"], "inner").select("month", "district", (F.col("doctors") * 1000 / F.col("people")).cast("decimal(18,3)").alias("doctors_per_1000"))
