"""Disclosure control: what of a product's rows may leave, and the test that it may.

Methods: k-anonymity (Sweeney 2002, doi:10.1142/S0218488502001648), l-diversity (Machanavajjhala et al. 2007, doi:10.1145/1217299.1217302), cell suppression with secondary
suppression, top-coding and coarsening (Hundepool et al., Statistical Disclosure Control, 2012). All of it is Spark's; the report holds counts, never values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.platform.errors import LakeError
from jobs.publishing.publication import Cells, Persons, Subject, Things

ROUNDS = 50  # of secondary suppression; each takes at least one cell more, and tables that are published have few in danger


class Blocked(LakeError):
    """The rows must not leave."""


@dataclass(frozen=True)
class Report:
    """What was done, in counts. `left_out`: rows of persons that did not go out; `primary`, `secondary`: cells emptied for their own sake and for that of others."""

    kind: str
    rows: int
    published: int
    left_out: int = 0
    primary: int = 0
    secondary: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)


def protected(rows: DataFrame, subject: Subject, before: DataFrame | None = None) -> DataFrame:
    """The rows as they may leave. `before`: what the public has already; the difference of the two must tell as little as either."""
    if isinstance(subject, Persons):
        safe = _of_persons(rows, subject)
        return safe if before is None else _steady_groups(safe, before, subject)
    if isinstance(subject, Cells):
        return _of_cells(rows if before is None else _steady_cells(rows, before, subject), subject)
    return rows


def judged(before: DataFrame, after: DataFrame, subject: Subject) -> Report:
    """The test that blocks: it looks at what would go out, whoever made it so. Raises Blocked."""
    counts = before.count(), after.count()
    if isinstance(subject, Things):
        return Report("things", *counts)
    return _judge_persons(after, subject, *counts) if isinstance(subject, Persons) else _judge_cells(before, after, subject, *counts)


def _of_persons(rows: DataFrame, subject: Persons) -> DataFrame:
    less = reduce(lambda frame, name: frame.withColumn(name, _topped(frame, name, subject.top[name])), subject.top, rows)
    coarse = reduce(lambda frame, name: frame.withColumn(name, _coarse(frame, name, subject)), subject.coarse, less)
    group = Window.partitionBy(*subject.quasi_identifiers)
    enough = [F.count(F.lit(1)).over(group) >= subject.k, *(F.size(F.collect_set(name).over(group)) >= subject.l for name in subject.sensitive)]
    return coarse.withColumn("_enough", reduce(Column.__and__, enough)).where("_enough").drop("_enough")


def _topped(frame: DataFrame, name: str, top: float) -> Column:
    return F.when(F.col(name) > top, F.lit(top).cast(frame.schema[name].dataType)).otherwise(F.col(name))


def _steady_groups(safe: DataFrame, before: DataFrame, subject: Persons) -> DataFrame:
    """A group that gained or lost fewer than k persons, or too like ones, stays as it was: who knows which person came would learn what is sensitive of them."""
    group, before = list(subject.quasi_identifiers), before.select(*safe.columns)
    moved = safe.exceptAll(before).withColumn("_way", F.lit("came")).unionByName(before.exceptAll(safe).withColumn("_way", F.lit("went")))
    distinct = _diversity(subject)
    told = moved.groupBy("_way", *group).agg(F.count(F.lit(1)).alias("_k"), *distinct)
    few = reduce(Column.__or__, [F.col("_k") < subject.k, *(F.col(f"_l{i}") < subject.l for i in range(len(distinct)))])
    kept = told.where(few).select(*group).distinct().alias("kept")

    def of(rows: DataFrame, how: str) -> DataFrame:
        return rows.alias("rows").join(kept, _same("rows", "kept", group), how)

    return of(safe, "left_anti").unionByName(of(before, "left_semi"))


def _steady_cells(rows: DataFrame, before: DataFrame, subject: Cells) -> DataFrame:
    """A count that moved by fewer than `smallest` stays as it was, for the same reason."""
    was = before.select(*subject.dimensions, F.col(subject.count).alias("_was")).alias("was")
    both = rows.alias("rows").join(was, _same("rows", "was", subject.dimensions), "left").select("rows.*", "was._was")
    little = F.abs(F.col(subject.count) - F.col("_was")) < subject.smallest
    return both.withColumn(subject.count, F.when(little, F.col("_was")).otherwise(F.col(subject.count))).select(*rows.columns)


def _same(left: str, right: str, names: Sequence[str]) -> Column:
    """Whether two rows are of one group or cell; what is not known is one value more."""
    return reduce(Column.__and__, [F.col(f"{left}.{name}").eqNullSafe(F.col(f"{right}.{name}")) for name in names])


def _diversity(subject: Persons) -> list[Column]:
    """How many different values each sensitive column has in a group: `_l0`, `_l1`, …"""
    return [F.count_distinct(name).alias(f"_l{i}") for i, name in enumerate(subject.sensitive)]


def _coarse(frame: DataFrame, name: str, subject: Persons) -> Column:
    said = subject.coarse[name]
    value = F.substring(F.col(name), 1, said.characters) if said.characters else F.col(name)
    return (F.floor(value / F.lit(said.step)) * F.lit(said.step)).cast(frame.schema[name].dataType) if said.step else value


def _judge_persons(after: DataFrame, subject: Persons, rows: int, published: int) -> Report:
    distinct = _diversity(subject)
    groups = after.groupBy(*subject.quasi_identifiers).agg(F.count(F.lit(1)).alias("_k"), *distinct)
    least = groups.agg(F.count(F.lit(1)).alias("groups"), F.min("_k").alias("k"), *(F.min(f"_l{i}").alias(f"l{i}") for i in range(len(distinct)))).first()
    assert least is not None
    facts = {"groups": least["groups"], "smallest_group": least["k"], "least_diverse": {name: least[f"l{i}"] for i, name in enumerate(subject.sensitive)}}
    if published and (least["k"] < subject.k or any(found < subject.l for found in facts["least_diverse"].values())):
        raise Blocked(f"a group of {least['k']} persons would go out, with {facts['least_diverse']} different values", f"k is {subject.k}, l is {subject.l}: make the quasi-identifiers coarser")
    if rows and not published:
        raise Blocked("no group of persons is large enough, nothing would go out", "make the quasi-identifiers coarser, or leave one out")
    return Report("persons", rows, published, left_out=rows - published, facts=facts)


def _of_cells(rows: DataFrame, subject: Cells) -> DataFrame:
    """Small counts become null, and then, line by line of the table, the smallest of the others until no line's total gives one back."""
    count = F.col(subject.count)
    marked = rows.withColumn("_out", (count > 0) & (count < subject.smallest)).localCheckpoint()
    for _ in range(ROUNDS):
        marked = reduce(lambda frame, dimension: _line_by_line(frame, subject, dimension), subject.dimensions, marked.withColumn("_before", F.col("_out"))).localCheckpoint()
        if marked.where("_out AND NOT _before").isEmpty():
            return marked.withColumn(subject.count, F.when(~F.col("_out"), count)).drop("_out", "_before")
    raise Blocked("the cells that had to be left out did not come to an end", "publish the table by fewer dimensions, or coarser ones")


def _line_by_line(rows: DataFrame, subject: Cells, dimension: str) -> DataFrame:
    """One cell more of each line (all dimensions but one the same) in which the hidden ones are alone, or so few persons together that their sum tells."""
    line = Window.partitionBy(*(name for name in subject.dimensions if name != dimension)) if len(subject.dimensions) > 1 else Window.partitionBy(F.lit(0))
    rows = rows.withColumn("_open", _exposed(subject, line))
    next_ = F.row_number().over(line.orderBy("_out", F.col(subject.count) == 0, subject.count, *subject.dimensions)) == 1
    return rows.withColumn("_out", F.col("_out") | (F.col("_open") & next_)).drop("_open")


def _exposed(subject: Cells, line: Any) -> Column:
    """A line that is hidden whole tells nothing but its total, which is a count of a coarser table, to be judged there."""
    hidden, persons = F.sum(F.col("_out").cast("int")).over(line), F.sum(F.when(F.col("_out"), F.col(subject.count)).otherwise(0)).over(line)
    return (hidden > 0) & (hidden < F.count(F.lit(1)).over(line)) & ((hidden == 1) | (persons < subject.smallest))


def _judge_cells(before: DataFrame, after: DataFrame, subject: Cells, rows: int, published: int) -> Report:
    """By the counts as they are: no small one is told, and no line with its total gives one back."""
    both = before.alias("b").join(after.alias("a"), _same("b", "a", subject.dimensions)).select(*[f"b.{name}" for name in subject.dimensions], f"b.{subject.count}", F.col(f"a.{subject.count}").isNull().alias("_out"))
    count = F.col(subject.count)
    small = (count > 0) & (count < subject.smallest)
    facts = both.agg(F.count_if(small & F.col("_out")).alias("primary"), F.count_if(F.col("_out") & ~small).alias("secondary"), F.count_if(small & ~F.col("_out")).alias("told")).first()
    assert facts is not None
    lone = 0
    for dimension in subject.dimensions:
        others = [name for name in subject.dimensions if name != dimension]
        hidden, persons = F.count_if("_out").alias("hidden"), F.sum(F.when(F.col("_out"), count).otherwise(0)).alias("persons")
        lines = both.groupBy(*others).agg(F.count(F.lit(1)).alias("cells"), hidden, persons)
        lone += lines.where((F.col("hidden") > 0) & (F.col("hidden") < F.col("cells")) & ((F.col("hidden") == 1) | (F.col("persons") < subject.smallest))).count()
    if facts["told"] or lone:
        raise Blocked(f"{facts['told']} small counts would be told, and {lone} totals would give one back", "publish the table by fewer dimensions, or coarser ones")
    return Report("cells", rows, published, primary=facts["primary"], secondary=facts["secondary"])
