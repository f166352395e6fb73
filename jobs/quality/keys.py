"""Rules over a key: how many rows of a delivery repeat it. Counted while landing where the delivery is read in one piece; `keys_in_spark` counts the others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import polars as pl

from jobs.quality.measures import RuleMeasure
from jobs.quality.rules import Rule, columns_of
from jobs.quality.vocabulary import KEYS

IGNORED = "all_values_are_missing"  # Great Expectations' own default for several columns


def countable(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules over a key, of all rows of a delivery."""
    return tuple(rule for rule in rules if rule.type in KEYS and not rule.kwargs.get("row_condition"))


def missing_of(rule: Rule) -> str:
    """What must be missing of a key so that Great Expectations leaves the row out: `all_values_are_missing`, `any_value_is_missing` or `never`."""
    return IGNORED if "column" in rule.kwargs else str(rule.kwargs.get("ignore_row_if", IGNORED))


def key_measures(frame: pl.DataFrame, rules: Sequence[Rule], valid: pl.Series) -> dict[str, RuleMeasure]:
    """Rule id → its counts over all judged rows of a delivery. `valid`: of rows without a critical rejection. Of keys with doubles nothing: Spark has its own idea of equal ones."""
    rows = frame.with_columns(valid.alias("_valid"))
    asked = [rule for rule in countable(rules) if not any(frame.schema[name].is_float() for name in columns_of(rule))]
    return {rule.id: _measured(rows, rule) for rule in asked}


def _measured(rows: pl.DataFrame, rule: Rule) -> RuleMeasure:
    keys = columns_of(rule)
    lacking = [pl.col(key).is_null() for key in keys]
    every, some = reduce(lambda a, b: a & b, lacking), reduce(lambda a, b: a | b, lacking)
    ignored = {"never": pl.lit(False), "any_value_is_missing": some, "all_values_are_missing": every}[missing_of(rule)]
    by_key = rows.group_by(list(dict.fromkeys(keys))).agg(pl.len().alias("_rows"), pl.col("_valid").sum().alias("_of_valid"))
    found = by_key.select(
        evaluated=pl.col("_rows").filter(~ignored).sum(), ignored=pl.col("_rows").filter(ignored).sum(), unexpected=pl.col("_rows").filter(~ignored & (pl.col("_rows") > 1)).sum(),
        shared=pl.col("_of_valid").filter(~some & (pl.col("_of_valid") > 1)).sum(),
    )  # fmt: skip
    evaluated, left_out, unexpected, shared = map(int, found.row(0))
    return RuleMeasure(evaluated, left_out, unexpected, shared=shared)
