"""Connected components in Spark against union-find, and people that links would chain together."""

from __future__ import annotations

import random

import pytest
from pyspark.sql import SparkSession

from jobs.identity.clusters import MOST_LINKS, MOST_PROFILES, clusters, components, reached, settled

LINKS = "profile_l string, profile_r string, match_weight double"


@pytest.mark.parametrize("most", [0, MOST_LINKS], ids=["in rounds", "in one task"])
def test_components_are_those_of_union_find(spark: SparkSession, most: int) -> None:
    """A chain of 40, stars, pairs and nodes alone."""
    draw = random.Random(3)
    nodes = [f"n{number:03d}" for number in range(90)]
    pairs = [(nodes[at], nodes[at + 1]) for at in range(40)] + [(nodes[50], nodes[at]) for at in range(51, 60)] + [(draw.choice(nodes[60:80]), draw.choice(nodes[60:80])) for _ in range(12)]
    pairs = [(b, a) if draw.random() < 0.5 else (a, b) for a, b in pairs if a != b]
    expected = settled(dict.fromkeys(nodes), [(1.0, pair) for pair in pairs])
    links = spark.createDataFrame([(*pair, 1.0) for pair in [*pairs, ("gone", nodes[1]), (nodes[89], "gone")]], LINKS)
    found = components(spark.createDataFrame([(node,) for node in nodes], "profile_id string"), links, most=most)
    assert {row["profile_id"]: row["component"] for row in found.collect()} == expected
    seeds = spark.createDataFrame([(nodes[20],), (nodes[89],)], "profile_id string")
    near = reached(seeds, links.where("profile_l <> 'gone' AND profile_r <> 'gone'"), in_rounds=most == 0).collect()
    assert all((row["profile_r"] is None) == (row["match_weight"] is None) for row in near)
    there = {row[side] for row in near for side in ("profile_l", "profile_r")} - {None}
    assert there == {node for node in nodes if expected[node] in (expected[nodes[20]], expected[nodes[89]])}


@pytest.mark.parametrize("most", [0, MOST_PROFILES], ids=["in Spark", "in one task"])
def test_two_sound_ids_are_two_people(spark: SparkSession, most: int) -> None:
    profiles = spark.createDataFrame([("a", "1", "1"), ("b", None, None), ("c", "1", "1"), ("d", None, None), ("e", "2", "1"), ("f", "3", "0")], "profile_id string, id string, id_sound string")
    links = spark.createDataFrame([("a", "b", 5.0), ("b", "c", 6.0), ("d", "e", 7.0), ("c", "e", 2.5), ("c", "f", 3.0)], LINKS)
    none = links.where("false").select("profile_l", "profile_r")
    found = {row["profile_id"]: row["cluster"] for row in clusters(profiles, links, none, none, most).collect()}
    assert found == {"a": "a", "b": "a", "c": "a", "f": "a", "d": "d", "e": "d"}
    apart = spark.createDataFrame([("b", "c")], "profile_l string, profile_r string")
    found = {row["profile_id"]: row["cluster"] for row in clusters(profiles, links, none, apart, most).collect()}
    assert found["b"] != found["c"] and found["d"] == found["e"] != found["c"]
