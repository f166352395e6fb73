"""Keys of many deliveries, counted in one query: Great Expectations would read each delivery by itself to learn the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.quality.keys import missing_of
from jobs.quality.measures import RuleMeasure
from jobs.quality.rules import Rule, columns_of
from jobs.tables.states import critical


def count_keys(rows: DataFrame, rules: Sequence[Rule], deliveries: Sequence[str]) -> dict[str, dict[str, RuleMeasure]]:
    """Delivery → rule id → its counts over the judged rows, for `countable` rules. One row a rule and delivery reaches the driver."""
    measures: dict[str, dict[str, RuleMeasure]] = {delivery: {rule.id: RuleMeasure() for rule in rules} for delivery in deliveries}
    if rules and deliveries:
        for row in reduce(DataFrame.unionByName, [_counted(rows, rule) for rule in rules]).toArrow().to_pylist():
            measures[row["_delivery"]][row["rule"]] = RuleMeasure(row["evaluated"], row["ignored"], row["unexpected"], shared=row["shared"])
    return measures


def _counted(rows: DataFrame, rule: Rule) -> DataFrame:
    keys = columns_of(rule)
    by_key = rows.groupBy("_delivery", *dict.fromkeys(keys)).agg(F.count(F.lit(1)).alias("_rows"), F.count_if(~critical()).alias("_valid"))
    lacking = [F.col(key).isNull() for key in keys]
    every, some = reduce(lambda a, b: a & b, lacking), reduce(lambda a, b: a | b, lacking)
    ignored = {"never": F.lit(False), "any_value_is_missing": some, "all_values_are_missing": every}[missing_of(rule)]

    def total(condition: Column, what: str = "_rows") -> Column:
        return F.coalesce(F.sum(F.when(condition, F.col(what))), F.lit(0))

    return by_key.groupBy("_delivery").agg(
        F.lit(rule.id).alias("rule"), total(~ignored).alias("evaluated"), total(ignored).alias("ignored"), total(~ignored & (F.col("_rows") > 1)).alias("unexpected"),
        total(~some & (F.col("_valid") > 1), "_valid").alias("shared"),
    )  # fmt: skip
