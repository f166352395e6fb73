"""curated.service_demand: for each month, community, service and group of people, how many the service is for, how many use it, and how many ask for it."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.products.local_time import month_of
from jobs.products.residents import GROUP, in_month, known_residents, months_of, person_months, with_group
from jobs.products.service_kinds import UNKNOWN, age_band, age_on, service_of, targeted

KEY = ("month", "community_code", "service", *GROUP)
COUNTS = ("people", "users", "requests", "callers")


def build(inputs: Mapping[str, DataFrame]) -> DataFrame:
    """One row a month, community, service and group. Rows add up: who is in no register is in the group `unknown`, and so are all callers."""
    requests = _requests(inputs["hotline.request"])
    people = person_months(known_residents(inputs), inputs, months_of(requests))
    rows = _people(people).unionByName(_users(inputs, people), True).unionByName(_asked(requests), True)
    return rows.groupBy(*KEY).agg(*[F.sum(F.coalesce(name, F.lit(0))).alias(name) for name in COUNTS])


def _people(people: DataFrame) -> DataFrame:
    return targeted(people).groupBy(*KEY).agg(F.count(F.lit(1)).alias("people"), F.lit(0).alias("users"), F.lit(0).alias("requests"), F.lit(0).alias("callers"))


def _users(inputs: Mapping[str, DataFrame], people: DataFrame) -> DataFrame:
    """Visits to a doctor, old people who were served at home, and pupils: by the group of the person where the id is in a register, else by age alone."""
    visits = inputs["health.visit"].select(month_of("visited_at").alias("month"), "resident_id", "born_on", "community_code", F.lit("clinic").alias("service"))
    care = inputs["civil_affairs.elderly_care"].where("visits > 0").select(F.col("_period").alias("month"), "resident_id", "born_on", F.lit(None).cast("string").alias("community_code"), F.lit("elderly_care").alias("service"))
    roll = in_month(inputs["education.pupil"], people.select("month").distinct()).select("month", "resident_id", "born_on", F.lit(None).cast("string").alias("community_code"), F.lit("schooling").alias("service"))
    used = with_group(visits.unionByName(care).unionByName(roll), people).withColumn("age_band", F.coalesce("age_band", age_band(age_on(F.col("born_on"), F.col("month")))))
    used = used.fillna(UNKNOWN, ["household_type", "income_band", "origin"]).where("community_code IS NOT NULL")
    return used.groupBy(*KEY).agg(F.count(F.lit(1)).alias("users"))


def _requests(requests: DataFrame) -> DataFrame:
    when = month_of("received_at")
    return requests.where("NOT _is_repeated AND community_code IS NOT NULL").select(when.alias("month"), "community_code", service_of(F.col("topic"), "topic").alias("service"), "caller_phone")


def _asked(requests: DataFrame) -> DataFrame:
    """`callers`: telephones, so that a neighbour who rings every day is one; a call without one counts as another caller."""
    nobody = [F.lit(UNKNOWN).alias(name) for name in GROUP]
    callers = F.count_distinct("caller_phone") + F.count_if(F.col("caller_phone").isNull())
    return requests.where("service IS NOT NULL").groupBy("month", "community_code", "service", *nobody).agg(F.count(F.lit(1)).alias("requests"), callers.alias("callers"))
