"""Whose a record is that says a name and nothing else, of a few people written down here."""

from __future__ import annotations

import datetime as dt

from pyspark.sql import SparkSession

from jobs.products.by_name import ONLY, bearers, with_only_bearers

AT = dt.datetime(2025, 1, 1)
Said = tuple[str, str | None, str | None, str | None, str | None]
# record → its key, and what it says: how the name sounds, id, birthday, sex
SAID: dict[str, Said] = {
    "the only Wu": ("wu", "wu xiao man", "110101198001010016", "1980-01-01", "M"), "Wu's car": ("none 1", "wu xiao man", None, None, None), "Wu's title, resolved by its address": ("wu", "wu xiao man", None, None, None),
    "one Li": ("li 1", "li na", "110101198001010024", "1980-01-01", "F"), "another Li, without an id": ("li 2", "li na", None, "1990-01-01", "F"), "Li's car": ("none 2", "li na", None, None, None),
    "Zhao, a man": ("zhao", "zhao yi fan", "110101198001010032", "1980-01-01", "M"), "Zhao, a wife": ("none 3", "zhao yi fan", None, None, "F"), "Zhao, a husband": ("none 4", "zhao yi fan", None, None, "M"),
    "nobody's name": ("none 5", "sun wu kong", None, None, None), "nobody's name again": ("none 6", "sun wu kong", None, None, None),
    "no name": ("none 7", None, None, None, None),
}  # fmt: skip


def whose(spark: SparkSession, records: dict[str, Said], ended: tuple[tuple[str, str], ...] = ()) -> dict[str, tuple[str, bool]]:
    links = [("register", record, said[0], AT, None) for record, said in records.items()] + [("register", record, key, AT, AT) for record, key in ended]
    inputs = {
        "identity.resident_key": spark.createDataFrame(links, "source_dataset string, source_record string, resident_key string, valid_from timestamp, valid_to timestamp"),
        "identity.record": spark.createDataFrame([("register", record, record) for record in records], "source_dataset string, source_record string, profile_id string"),
        "identity.profile": spark.createDataFrame([(record, *said[1:]) for record, said in records.items()], "profile_id string, sound string, id string, born string, sex string"),
    }
    return {r["source_record"]: (r["resident_key"], r["linked_by"] == ONLY) for r in with_only_bearers(inputs, bearers(inputs)).collect()}


def test_a_name_that_sounds_as_one_known_persons_says_whose_it_is(spark: SparkSession) -> None:
    found = whose(spark, SAID, ended=(("Wu's car", "before"),))
    by_name = {record: key for record, (key, is_by_name) in found.items() if is_by_name}
    assert by_name == {"Wu's car": "wu", "Zhao, a husband": "zhao"}
    assert {record: key for record, (key, _) in found.items() if record not in by_name} == {record: said[0] for record, said in SAID.items() if record not in by_name}


def test_a_second_bearer_ends_it(spark: SparkSession) -> None:
    another: Said = ("wu 2", "wu xiao man", None, "1970-01-01", None)
    assert whose(spark, SAID | {"born on another day": another})["Wu's car"] == ("none 1", False)
