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


def reached(seeds: DataFrame, links: DataFrame, most: int = MOST_LINKS) -> DataFrame:
    """`profile_id`: the seeds and all that links lead to from them, written down. `most`: links of more are followed in rounds."""
    seeds, links = seeds.select("profile_id").distinct(), links.select(*SIDES)
    if links.count() <= most:
        return in_one_task(links.union(seeds.select("profile_id", F.lit(None).cast("string"))), _led_to, "profile_id STRING").localCheckpoint()
    both = links.union(links.select("profile_r", "profile_l")).toDF("profile_id", "other")
    found = seeds.localCheckpoint()
    front, count = found, found.count()
    while count:
        front = both.join(few(front), "profile_id", "left_semi").select(F.col("other").alias("profile_id")).distinct().join(few(found), "profile_id", "left_anti").localCheckpoint()
        count = front.count()
        if count:
            found = found.union(front).localCheckpoint()
    return found


def _led_to(rows: pa.Table) -> pa.Table:
    """Of links, and of seeds as links to nothing."""
    links = pl.DataFrame(pl.from_arrow(rows))
    labels = labelled(links)
    seeds = links.filter(pl.col("profile_r").is_null()).select(n="profile_l").join(labels, on="n").select("label").unique()
    return labels.join(seeds, on="label", how="semi").select(profile_id="n").to_arrow(compat_level=pl.CompatLevel.oldest())


def clusters(profiles: DataFrame, links: DataFrame, must: DataFrame, cannot: DataFrame) -> DataFrame:
    """`profile_id`, `cluster`. `profiles`: profile_id, id, id_sound, written down; `links`: SIDES, match_weight, those that join; `must`, `cannot`: SIDES, what people decided."""
    every = links.select(*SIDES, "match_weight", F.lit(False).alias("decided")).union(must.select(*SIDES, F.lit(None).cast("double"), F.lit(True)))
    found = components(profiles, every).join(profiles, "profile_id", "inner").localCheckpoint()
    sound = F.when(F.col("id_sound") == "1", F.col("id"))  # 18 digits: 15 have no check digit to be sound by
    two = found.groupBy("component").agg(F.count_distinct(sound).alias("ids")).where("ids > 1").select("component")
    kept_apart = cannot.join(found.select(F.col("profile_id").alias("profile_l"), "component"), "profile_l", "inner").join(
        found.select(F.col("profile_id").alias("profile_r"), F.col("component").alias("other")), "profile_r", "inner").where("component = other")  # fmt: skip
    doubtful = two.union(kept_apart.select("component")).distinct().localCheckpoint()
    told = found.join(doubtful, "component", "left_semi")
    rows = told.select("component", F.lit("profile").alias("kind"), F.col("profile_id").alias("l"), F.when(sound.isNotNull(), sound).alias("r"), F.lit(None).cast("double").alias("weight"))
    placed = few(told.select(F.col("profile_id").alias("profile_l"), "component").localCheckpoint())
    rows = rows.union(every.join(placed, "profile_l", "inner").select("component", F.when(F.col("decided"), "must").otherwise("link"), "profile_l", "profile_r", "match_weight"))
    rows = rows.union(cannot.join(placed, "profile_l", "inner").select("component", F.lit("cannot"), "profile_l", "profile_r", F.lit(None).cast("double")))
    split = rows.groupBy("component").applyInArrow(_settled, "profile_id STRING, cluster STRING")
    whole = found.join(doubtful, "component", "left_anti").select("profile_id", F.col("component").alias("cluster"))
    return whole.unionByName(split)


def _settled(component: pa.Table) -> pa.Table:
    rows = component.to_pylist()
    ids = {row["l"]: row["r"] for row in rows if row["kind"] == "profile"}
    links = [(row["weight"], (row["l"], row["r"])) for row in rows if row["kind"] == "link"]
    must, cannot = ([(row["l"], row["r"]) for row in rows if row["kind"] == kind] for kind in ("must", "cannot"))
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
        if set(pair) <= set(ids):
            join(pair, True)
    for _, pair in sorted(links, key=lambda link: (-link[0], link[1])):
        if set(pair) <= set(ids):
            join(pair, False)
    return lead
