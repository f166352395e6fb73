"""Keys of many deliveries, counted in one query: Great Expectations would read each delivery by itself to learn the same numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.quality.measures import RuleMeasure
from jobs.quality.rules import Rule, columns_of
from jobs.quality.vocabulary import KEYS
from jobs.tables.states import critical

IGNORED = "all_values_are_missing"  # Great Expectations' own default for several columns


@dataclass(frozen=True)
class KeyCounts:
    """`measures`: delivery → rule id → what Great Expectations counts as repeated. `shared`: rule id → deliveries in which two valid rows have the same key."""

    measures: Mapping[str, Mapping[str, RuleMeasure]] = field(default_factory=dict)
    shared: Mapping[str, frozenset[str]] = field(default_factory=dict)


def countable(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules over a key, of all rows of a delivery."""
    return tuple(rule for rule in rules if rule.type in KEYS and not rule.kwargs.get("row_condition"))


def count_keys(rows: DataFrame, rules: Sequence[Rule], deliveries: Sequence[str]) -> KeyCounts:
    """Of the judged rows of these deliveries, for `countable` rules. One row a rule and delivery reaches the driver."""
    if not rules:
        return KeyCounts()
    found = reduce(DataFrame.unionByName, [_counted(rows, rule) for rule in rules]).toArrow().to_pylist()
    measures: dict[str, dict[str, RuleMeasure]] = {delivery: {rule.id: RuleMeasure() for rule in rules} for delivery in deliveries}
    shared = defaultdict(set)
    for row in found:
        measures[row["_delivery"]][row["rule"]] = RuleMeasure(row["evaluated"], row["ignored"], row["unexpected"])
        if row["shared"]:
            shared[row["rule"]].add(row["_delivery"])
    return KeyCounts(measures, {rule: frozenset(names) for rule, names in shared.items()})


def _counted(rows: DataFrame, rule: Rule) -> DataFrame:
    """`_delivery`, `rule`, and the rows that are evaluated, ignored, unexpected (evaluated, and not the only one of its key), shared (of them valid ones with a whole key)."""
    keys = columns_of(rule)
    by_key = rows.groupBy("_delivery", *keys).agg(F.count(F.lit(1)).alias("_rows"), F.count_if(~critical()).alias("_valid"))
    ignored, lacking = _ignored(rule, keys), _any(keys)

    def total(condition: Column, what: str = "_rows") -> Column:
        return F.coalesce(F.sum(F.when(condition, F.col(what))), F.lit(0))

    return by_key.groupBy("_delivery").agg(
        F.lit(rule.id).alias("rule"), total(~ignored).alias("evaluated"), total(ignored).alias("ignored"), total(~ignored & (F.col("_rows") > 1)).alias("unexpected"),
        total(~lacking & (F.col("_valid") > 1), "_valid").alias("shared"),
    )  # fmt: skip


def _ignored(rule: Rule, keys: Sequence[str]) -> Column:
    """Rows that Great Expectations leaves out, by what is missing of their key."""
    if "column" in rule.kwargs:
        return F.col(keys[0]).isNull()
    said = rule.kwargs.get("ignore_row_if", IGNORED)
    return F.lit(False) if said == "never" else _any(keys) if said == "any_value_is_missing" else reduce(lambda a, b: a & b, [F.col(key).isNull() for key in keys])


def _any(keys: Sequence[str]) -> Column:
    return reduce(lambda a, b: a | b, [F.col(key).isNull() for key in keys])
