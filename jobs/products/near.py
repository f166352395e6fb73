"""How far communities are from each other, and who shares what is within a walk."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

EARTH_KM = 6371.0088  # mean radius (IUGG)
WALK_KM = 1.0  # 15 minutes on foot: the "15-minute living circle" of GB 50180-2018 reaches 800 to 1,000 m
MINUTES_A_KM = 15.0
CELL_DEGREES = 0.02  # a walk never reaches further than the next cell, up to 60 degrees north


def haversine_km(lon: Column, lat: Column, other_lon: Column, other_lat: Column) -> Column:
    """Great-circle distance in km of points in degrees (Sinnott 1984)."""
    a = F.pow(F.sin(F.radians(other_lat - lat) / 2), 2) + F.cos(F.radians(lat)) * F.cos(F.radians(other_lat)) * F.pow(F.sin(F.radians(other_lon - lon) / 2), 2)
    return 2 * EARTH_KM * F.asin(F.least(F.lit(1.0), F.sqrt(a)))


def inside_km(area_km2: Column) -> Column:
    """From a home to the middle of its own community, on average: two thirds of the radius of a disc of its area."""
    return 2 / 3 * F.sqrt(area_km2 / F.lit(3.141592653589793))


def within_walk(communities: DataFrame) -> DataFrame:
    """community_code, near_code, km: every pair within WALK_KM, a community with itself too. `communities`: community_code, longitude_deg, latitude_deg, area_km2."""
    cell = [F.floor(F.col(name) / CELL_DEGREES).alias(axis) for name, axis in (("longitude_deg", "x"), ("latitude_deg", "y"))]
    around = F.explode(F.array(*[F.lit(k) for k in (-1, 0, 1)]))
    mine = communities.select("community_code", "longitude_deg", "latitude_deg", "area_km2", *cell)
    theirs = communities.select(F.col("community_code").alias("near_code"), F.col("longitude_deg").alias("lon"), F.col("latitude_deg").alias("lat"), *cell)
    theirs = theirs.withColumn("dx", around).withColumn("dy", around).select("near_code", "lon", "lat", (F.col("x") + F.col("dx")).alias("x"), (F.col("y") + F.col("dy")).alias("y"))
    apart = haversine_km(F.col("longitude_deg"), F.col("latitude_deg"), F.col("lon"), F.col("lat"))
    km = F.when(F.col("community_code") == F.col("near_code"), inside_km(F.col("area_km2"))).otherwise(apart)
    return mine.join(theirs, ["x", "y"], "inner").withColumn("km", km).where((F.col("km") <= WALK_KM) | (F.col("community_code") == F.col("near_code"))).select("community_code", "near_code", "km")


def nearest(communities: DataFrame, places: DataFrame, *kind: str) -> DataFrame:
    """community_code, `kind`, nearest_km: to the nearest place of each kind in the same district. `places`: near_code, `kind`, one row a community that has some."""
    at = communities.select(F.col("community_code").alias("near_code"), "district_code", F.col("longitude_deg").alias("lon"), F.col("latitude_deg").alias("lat"))
    pairs = communities.select("community_code", "district_code", "longitude_deg", "latitude_deg", "area_km2").join(places.join(at, "near_code", "inner"), "district_code", "inner")
    apart = haversine_km(F.col("longitude_deg"), F.col("latitude_deg"), F.col("lon"), F.col("lat"))
    km = F.when(F.col("community_code") == F.col("near_code"), inside_km(F.col("area_km2"))).otherwise(apart)
    return pairs.groupBy("community_code", *kind).agg(F.min(km).alias("nearest_km"))
