"""curated.mobility: who goes from which community to which: households that moved, and vehicles that cameras saw on the way."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.products.local_time import local
from jobs.products.near import haversine_km

KEY = ("month", "mode", "part_of_day", "from_community", "to_community")
TRIP_MINUTES = 60  # two sightings of a plate within this are of one trip: most trips in a city are shorter
PARTS = ((7, 9, "morning peak"), (17, 19, "evening peak"))  # hours; the rest of the day is `off peak`


def build(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """One row a month, mode (`residence`, `vehicle`), part of day (`whole day` for residence) and pair of communities."""
    rows = _moved(inputs["public_security.move"]).unionByName(_driven(inputs["traffic.camera_passage"], inputs["traffic.road"]))
    where = inputs["planning.community"].where("_is_current").select("community_code", "district", "longitude_deg", "latitude_deg")
    ends = rows
    for end in ("from", "to"):
        names = {"community_code": f"{end}_community", "district": f"{end}_district", "longitude_deg": f"{end}_lon", "latitude_deg": f"{end}_lat"}
        ends = ends.join(where.withColumnsRenamed(names), f"{end}_community", "left")
    return ends.withColumn("km", F.round(haversine_km(F.col("from_lon"), F.col("from_lat"), F.col("to_lon"), F.col("to_lat")), 2))


def _moved(moves: DataFrame) -> DataFrame:
    month = F.date_format("moved_on", "yyyy-MM").alias("month")
    by = moves.groupBy(month, F.lit("residence").alias("mode"), F.lit("whole day").alias("part_of_day"), "from_community", "to_community")
    return by.agg(F.count(F.lit(1)).alias("trips"), F.count(F.lit(1)).alias("movers"), F.sum("persons").alias("persons"))


def _driven(passages: DataFrame, roads: DataFrame) -> DataFrame:
    """Trips: a plate seen in one community and next in another (matching of licence plates, as in origin-destination surveys). `movers`: plates."""
    at = roads.where("_is_current").select("link_id", "community_code")
    seen = passages.where("NOT _is_repeated").join(F.broadcast(at), "link_id", "inner").withColumn("local", local("passed_at"))
    way = Window.partitionBy("plate").orderBy("passed_at", "camera")
    pairs = seen.select("plate", "local", F.lag("local").over(way).alias("before"), F.lag("community_code").over(way).alias("from_community"), F.col("community_code").alias("to_community"))
    minutes = (F.unix_timestamp("local") - F.unix_timestamp("before")) / 60
    trips = pairs.where((F.col("from_community") != F.col("to_community")) & (minutes <= TRIP_MINUTES))
    by = trips.groupBy(F.date_format("before", "yyyy-MM").alias("month"), F.lit("vehicle").alias("mode"), _part(F.hour("before")).alias("part_of_day"), "from_community", "to_community")
    return by.agg(F.count(F.lit(1)).alias("trips"), F.count_distinct("plate").alias("movers"), F.lit(None).cast("bigint").alias("persons"))


def _part(hour: Column) -> Column:
    found = F.lit("off peak")
    for first, last, name in PARTS:
        found = F.when(hour.between(first, last - 1), name).otherwise(found)
    return found
