"""Links → people: connected components, and where one would hold two people, the weakest links that make it so are given up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from jobs.identity.few import few
from jobs.identity.one_task import in_one_task

SIDES = ("profile_l", "profile_r")
MOST_ROUNDS = 40  # a label crosses a component in rounds as the logarithm of its breadth; 40 is a chain of a million million
MOST_LINKS = 2_000_000  # that one task joins: 64 bytes each as they come, some 600 MB while it works
MOST_PROFILES = 100_000  # that one task puts together, with their links
Pair = tuple[str, str]


def components(nodes: DataFrame, links: DataFrame, node: str = "profile_id", most: int = MOST_LINKS) -> DataFrame:
    """`node`, `component` (its least node): of `nodes`, as `links` (SIDES) join them. Links to what is no node are left out. `most`: links of more are followed in rounds."""
    inside, near = links.select(*SIDES), few(nodes.select(node))
    for side in SIDES:
        inside = inside.join(near.withColumnRenamed(node, side), side, "left_semi")
    inside = inside.select(*SIDES).localCheckpoint()
    labels = in_one_task(inside, _labelled, f"{node} STRING, component STRING") if inside.count() <= most else _in_rounds(inside).toDF(node, "component")
    return nodes.select(node).join(labels, node, "left").select(node, F.coalesce("component", node).alias("component"))


def _labelled(links: pa.Table) -> pa.Table:
    return labelled(pl.DataFrame(pl.from_arrow(links))).rename({"n": "profile_id", "label": "component"}).to_arrow(compat_level=pl.CompatLevel.oldest())


def labelled(links: pl.DataFrame) -> pl.DataFrame:
    """`n`, `label`: each name in two columns of links, and the least name that they connect it with; a link to nothing is a name alone."""
    names = pl.concat([links.to_series(0), links.to_series(1)]).drop_nulls().unique().sort().alias("n").to_frame().with_row_index("at")
    both = links.drop_nulls()
    ends = [both.select(pl.col(column).alias("n")).join(names, on="n", how="left", maintain_order="left")["at"].to_numpy() for column in both.columns]
    size = names.height
    _, groups = connected_components(coo_array((np.ones(both.height, dtype=np.int8), ends), shape=(size, size)), directed=False)
    return names.select("n", group=pl.Series(groups)).select("n", label=pl.col("n").first().over("group"))  # sorted: the first is the least


def _in_rounds(links: DataFrame) -> DataFrame:
    """`n`, `label` (its least node), of every node of a link. Each round a node takes the least label of its neighbours, then the label of its label: rounds grow as the
    logarithm of a component's breadth."""
    both = links.union(links.select("profile_r", "profile_l")).distinct().localCheckpoint()
    labels = both.groupBy("profile_l").agg(F.min("profile_r").alias("least")).select(F.col("profile_l").alias("n"), F.least("profile_l", "least").alias("label")).localCheckpoint()
    for _ in range(MOST_ROUNDS):
        near = both.join(labels.withColumnRenamed("n", "profile_r"), "profile_r", "inner").groupBy("profile_l").agg(F.min("label").alias("near"))
        lower = labels.join(near.withColumnRenamed("profile_l", "n"), "n", "inner").select("n", F.col("label").alias("before"), F.least("label", "near").alias("label"))
        jumped = lower.join(labels.select(F.col("n").alias("label"), F.col("label").alias("beyond")), "label", "left")
        after = jumped.select("n", F.least("label", F.coalesce("beyond", "label")).alias("label"), "before").localCheckpoint()
        moved = after.where("label <> before").limit(1).count()
        labels = after.select("n", "label")
        if not moved:
            break
    return labels


def reached(seeds: DataFrame, links: DataFrame, in_rounds: bool) -> DataFrame:
    """SIDES, match_weight: the links that lead anywhere from the seeds (`profile_id`), and each seed as one to nothing; written down. `in_rounds`: where they are more than MOST_LINKS."""
    links, alone = links.select(*SIDES, "match_weight"), seeds.select(F.col("profile_id").alias("profile_l"), F.lit(None).cast("string").alias("profile_r"), F.lit(None).cast("double").alias("match_weight")).distinct()
    if not in_rounds:
        return in_one_task(links.union(alone), _led_to, "profile_l STRING, profile_r STRING, match_weight DOUBLE").localCheckpoint()
    both = links.select(*SIDES).union(links.select("profile_r", "profile_l")).toDF("profile_id", "other")
    found = seeds.select("profile_id").distinct().localCheckpoint()
    front, count = found, found.count()
    while count:
        front = both.join(few(front), "profile_id", "left_semi").select(F.col("other").alias("profile_id")).distinct().join(few(found), "profile_id", "left_anti").localCheckpoint()
        count = front.count()
        if count:
            found = found.union(front).localCheckpoint()
    return links.join(few(found.withColumnRenamed("profile_id", "profile_l")), "profile_l", "left_semi").union(alone).localCheckpoint()


def _led_to(rows: pa.Table) -> pa.Table:
    """By hashes of the names: two that had one would reach too far, and cost a look."""
    links = pl.DataFrame(pl.from_arrow(rows))
    alone = links["profile_r"].is_null()
    left, right = (links[side].hash().to_numpy() for side in SIDES)
    names, at = np.unique(np.concatenate([left, np.where(alone.to_numpy(), left, right)]), return_inverse=True)
    ends = at.reshape(2, -1)
    _, groups = connected_components(coo_array((np.ones(ends.shape[1], dtype=np.int8), (ends[0], ends[1])), shape=(len(names), len(names))), directed=False)
    of = groups[ends[0]]
    return links.filter(pl.Series(np.isin(of, of[alone.to_numpy()]))).to_arrow(compat_level=pl.CompatLevel.oldest())


def clusters(profiles: DataFrame, links: DataFrame, must: DataFrame, cannot: DataFrame, most: int = MOST_PROFILES) -> DataFrame:
    """`profile_id`, `cluster`. `profiles`: profile_id, id, id_sound, written down; `links`: SIDES, match_weight, those that join; `must`, `cannot`: SIDES, what people decided. `most`: of more profiles
    their components are found by Spark, and only those that may hold two people are settled."""
    no_weight = F.lit(None).cast("double").alias("match_weight")
    said = links.select(F.lit("link").alias("kind"), *SIDES, "match_weight").union(must.select(F.lit("must"), *SIDES, no_weight)).union(cannot.select(F.lit("cannot"), *SIDES, no_weight))
    sound = F.when(F.col("id_sound") == "1", F.col("id"))  # 18 digits: 15 have no check digit to be sound by
    nodes = profiles.select(F.lit("profile").alias("kind"), F.col("profile_id").alias("profile_l"), sound.alias("profile_r"), no_weight)
    if profiles.count() <= most:
        return in_one_task(nodes.union(said), _settled, "profile_id STRING, cluster STRING")
    joining = said.where("kind <> 'cannot'")
    found = components(profiles, joining).join(nodes.select(F.col("profile_l").alias("profile_id"), F.col("profile_r").alias("sound")), "profile_id", "inner").localCheckpoint()
    two = found.groupBy("component").agg(F.count_distinct("sound").alias("ids")).where("ids > 1").select("component")
    kept_apart = cannot.join(found.select(F.col("profile_id").alias("profile_l"), "component"), "profile_l", "inner").join(
        found.select(F.col("profile_id").alias("profile_r"), F.col("component").alias("other")), "profile_r", "inner").where("component = other")  # fmt: skip
    doubtful = two.union(kept_apart.select("component")).distinct().localCheckpoint()
    placed = few(found.join(doubtful, "component", "left_semi").select(F.col("profile_id").alias("profile_l"), "component").localCheckpoint())
    split = nodes.union(said).join(placed, "profile_l", "inner").groupBy("component").applyInArrow(_settled, "profile_id STRING, cluster STRING")
    whole = found.join(doubtful, "component", "left_anti").select("profile_id", F.col("component").alias("cluster"))
    return whole.unionByName(split)


def _settled(rows: pa.Table) -> pa.Table:
    """Of rows `kind`, SIDES, match_weight: profiles (their sound id as the right side) and what joins them or keeps them apart."""
    told = rows.select(["kind", *SIDES, "match_weight"]).to_pylist()
    ids = {row["profile_l"]: row["profile_r"] for row in told if row["kind"] == "profile"}
    links = [(row["match_weight"], (row["profile_l"], row["profile_r"])) for row in told if row["kind"] == "link"]
    must, cannot = ([(row["profile_l"], row["profile_r"]) for row in told if row["kind"] == kind] for kind in ("must", "cannot"))
    found = settled(ids, links, must, cannot)
    return pa.table({"profile_id": pa.array(list(found), pa.string()), "cluster": pa.array(list(found.values()), pa.string())})


def settled(ids: Mapping[str, str | None], links: Iterable[tuple[float, Pair]], must: Sequence[Pair] = (), cannot: Sequence[Pair] = ()) -> dict[str, str]:
    """Profile → cluster (its least profile), so that no cluster holds two sound ids or a pair that people keep apart.

    The strongest link joins first, and one that would put two people together joins nothing. What people joined is together whatever the ids say; where
    one decision joins and another keeps apart, apart wins. `ids`: profile → its sound id, None without one. Links to other components are left out.
    """
    group = {profile: {profile} for profile in ids}
    people: dict[str, set[str]] = {profile: {id_} if id_ else set() for profile, id_ in ids.items()}
    lead = {profile: profile for profile in ids}
    apart = {frozenset(pair) for pair in cannot}

    def join(pair: Pair, decided: bool) -> None:
        first, second = sorted((lead[pair[0]], lead[pair[1]]))
        if first == second or any(frozenset((a, b)) in apart for a in group[first] for b in group[second]):
            return
        together = people[first] | people[second]
        if not decided and len(together) > max(1, len(people[first]), len(people[second])):
            return
        people[first] = together
        group[first] |= group.pop(second)
        for profile in group[first]:
            lead[profile] = first

    for pair in sorted(must):
        if pair[0] in ids and pair[1] in ids:
            join(pair, True)
    for _, pair in sorted(links, key=lambda link: (-link[0], link[1])):
        if pair[0] in ids and pair[1] in ids:
            join(pair, False)
    return lead
