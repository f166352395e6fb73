"""Times in a household, and what is said of a resident, of a few rows written down here."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from jobs.products import household, resident, resident_source_record

KEY = "source_dataset string, source_record string, resident_key string, valid_from timestamp, valid_to timestamp"
RECORD, LINK = "source_dataset string, source_record string, profile_id string", "profile_l string, profile_r string, match_weight double, evidence string"
CAME, WENT = dt.datetime(2025, 1, 1), dt.datetime(2025, 2, 1)


def keys(spark: SparkSession, *rows: tuple[Any, ...]) -> DataFrame:
    return spark.createDataFrame(list(rows), KEY)


def register(spark: SparkSession, *rows: tuple[Any, ...]) -> dict[str, DataFrame]:
    """`rows`: id, household, relation, valid_from, valid_to; the id is the key of the person."""
    columns = "resident_id string, household_number string, relation string, _valid_from string, _valid_to string, community_code string, address string"
    empty = {household.PROPERTY: "title_number string, use string, share double, address string, _is_current boolean", household.METER: "community_code string, address string, _is_current boolean",
             household.MARRIAGE: "certificate string, married_on date"}  # fmt: skip
    named = keys(spark, *{(household.REGISTER, row[0], row[0], CAME, None) for row in rows})
    return {name: spark.createDataFrame([], schema) for name, schema in empty.items()} | {
        "identity.resident_key": named, household.REGISTER: spark.createDataFrame([(*row, "360102001001", "花园小区3栋502室") for row in rows], columns),
    }  # fmt: skip


def test_who_leaves_and_comes_back_was_not_there_between(spark: SparkSession) -> None:
    inputs = register(
        spark,
        ("stays", "1", "户主", "2025-01", "2025-03"), ("stays", "1", "配偶", "2025-03", None),  # another version of one stay
        ("returns", "1", "子女", "2025-01", "2025-02"), ("returns", "1", "子女", "2025-04", None),
        ("moves", "1", "子女", "2025-01", "2025-03"), ("moves", "2", "户主", "2025-03", None),
        ("left", "2", "父母", "2025-01", "2025-05"),
    )  # fmt: skip
    found = {(r["household"], r["resident"], r["valid_from"].month, r["valid_to"].month if r["valid_to"] else None, r["relation"], r["members"]) for r in household.build(inputs).collect()}
    assert found == {
        ("register/1", "stays", 1, None, "配偶", 2), ("register/1", "returns", 1, 2, "子女", 2), ("register/1", "returns", 4, None, "子女", 2), ("register/1", "moves", 1, 3, "子女", 2),
        ("register/2", "moves", 3, None, "户主", 1), ("register/2", "left", 1, 5, "父母", 1),
    }  # fmt: skip


def test_a_resident_is_told_by_the_records_that_stand(spark: SparkSession) -> None:
    pupil, compared = "education.pupil", '{"name":{"level":"same","weight":9.1}}'
    rows = keys(
        spark,
        (household.REGISTER, "a", "one", CAME, None), (pupil, "b", "one", WENT, None), (pupil, "b", "two", CAME, WENT), (pupil, "h", "one", CAME, None),
        (pupil, "c", "three", CAME, None), (household.REGISTER, "d", "four", CAME, None), (pupil, "e", "four", CAME, None), (pupil, "f", "five", CAME, None), (pupil, "g", "five", CAME, None),
    )  # fmt: skip
    profiles = {"a": "pa", "b": "pb", "h": "ph", "c": "pc", "d": "pd", "e": "pd", "f": "pf", "g": "pg"}
    records = [(household.REGISTER if record in "ad" else pupil, record, profile) for record, profile in profiles.items()]
    links = [("pa", "ph", 20.5, compared), ("pa", "pb", 12.5, compared), ("pc", "pd", 3.5, compared)]  # the last ties two residents, whom it did not join
    inputs = {"identity.resident_key": rows, "identity.record": spark.createDataFrame(records, RECORD), "identity.link": spark.createDataFrame(links, LINK)}
    found = {r["resident"]: (r["records"], r["registers"], r["in_household_register"], r["weakest_link"], r["linked_by"]) for r in resident.build(inputs).collect()}
    assert found == {
        "one": (3, 2, True, 12.5, "compared"), "three": (1, 1, False, None, "single record"), "four": (2, 2, True, None, "same name and id"), "five": (2, 1, False, None, "decided by a clerk"),
    }  # fmt: skip
    told = {(r["record"], r["resident"], r["valid_to"] is None, r["match_weight"]) for r in resident_source_record.build(inputs).where("record in ('a', 'b')").collect()}
    assert told == {("a", "one", True, 20.5), ("b", "one", True, 12.5), ("b", "two", False, None)}
