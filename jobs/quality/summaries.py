"""What landing can tell of a column at little cost, so that expectations about the whole delivery are answered without a second read.

Only columns that such a rule asks about are summed up, and none with personal data: its smallest value would be somebody's.
Kept are facts that do not depend on the order of rows: of many different values no list, and of doubles no sum but the one that follows from how often each value stands there.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from typing import Any

import polars as pl

from jobs.quality.rules import Rule

FEW = 100  # different values that are kept
COUNTED = 1_000  # different numbers whose counts are kept: rates, ages and scores have no more
PROBE = 10 * COUNTED  # rows that tell of most columns that they have more
EXACT = 1 << 53  # whole numbers below it add up exactly as doubles, in any order
RANGE = frozenset({"expect_column_max_to_be_between", "expect_column_min_to_be_between", "expect_column_newest_value_to_be_recent"})
SUMS = frozenset({"expect_column_sum_to_be_between", "expect_column_mean_to_be_between"})
QUANTILES = frozenset({"expect_column_quantile_values_to_be_between", "expect_column_median_to_be_between"})
COUNTS = frozenset({"expect_column_proportion_of_non_null_values_to_be_between"})
DISTINCT = frozenset({
    "expect_column_distinct_values_to_be_in_set", "expect_column_distinct_values_to_contain_set", "expect_column_distinct_values_to_equal_set",
    "expect_column_unique_value_count_to_be_between", "expect_column_proportion_of_unique_values_to_be_between",
})  # fmt: skip
UNKNOWN = object()


@dataclass(frozen=True)
class ColumnSummary:
    """`rows`: that are not null; `low`, `high`: as JSON has them, null where unknown or none; `total`: exact, as text; `values`: all different ones, None if many;
    `counts`: of numbers (value, rows), None where nobody asked or they are many."""

    kind: str
    rows: int
    low: Any = None
    high: Any = None
    total: str | None = None
    values: tuple[Any, ...] | None = None
    counts: tuple[tuple[float, int], ...] | None = None

    def __add__(self, other: ColumnSummary) -> ColumnSummary:
        lows, highs = ([v for v in pair if v is not None] for pair in ((self.low, other.low), (self.high, other.high)))
        known = all(part.rows == 0 or part.low is not None for part in (self, other))
        values = None if self.values is None or other.values is None else tuple(sorted({*self.values, *other.values}))
        return ColumnSummary(
            self.kind, self.rows + other.rows, min(lows, default=None) if known else None, max(highs, default=None) if known else None,
            None if self.total is None or other.total is None else str(Decimal(self.total) + Decimal(other.total)), values if values is not None and len(values) <= FEW else None,
            _counts_together(self.counts, other.counts),
        )  # fmt: skip


def summary_from(said: Mapping[str, Any]) -> ColumnSummary:
    """From what JSON made of its fields."""
    values, counts = said["values"], said.get("counts")
    return ColumnSummary(**{**said, "values": None if values is None else tuple(values), "counts": None if counts is None else tuple((value, rows) for value, rows in counts)})


def _counts_together(these: tuple[tuple[float, int], ...] | None, others: tuple[tuple[float, int], ...] | None) -> tuple[tuple[float, int], ...] | None:
    if these is None or others is None:
        return None
    both = Counter(dict(these)) + Counter(dict(others))
    return tuple(sorted(both.items())) if len(both) <= COUNTED else None


def summaries(frame: pl.DataFrame, rules: Sequence[Rule], personal: Collection[str]) -> dict[str, ColumnSummary]:
    """By column, of those that a rule asks about."""
    asked: dict[str, set[str]] = {}
    for rule in rules:
        if "column" in rule.kwargs and rule.type in RANGE | SUMS | QUANTILES | COUNTS | DISTINCT and not rule.kwargs.get("row_condition") and rule.kwargs["column"] not in personal:
            asked.setdefault(rule.kwargs["column"], set()).add(rule.type)
    return {name: summary for name, types in asked.items() if (summary := _summed_up(frame[name], types)) is not None}


def _summed_up(cells: pl.Series, types: set[str]) -> ColumnSummary | None:
    kind = _kind(cells.dtype)
    if kind is None:
        return None
    found = ColumnSummary(kind, len(cells) - cells.null_count())
    if types & RANGE and kind in ("integer", "date"):
        found = replace(found, low=_said(cells.min()), high=_said(cells.max()))
    if types & SUMS and kind in ("integer", "decimal"):
        found = replace(found, total=_total(cells, kind))
    if types & DISTINCT and kind in ("integer", "string", "boolean"):
        different = cells.drop_nulls().unique()
        found = replace(found, values=tuple(different.sort().to_list()) if len(different) <= FEW else None)
    if (types & QUANTILES and kind in ("integer", "double")) or (types & SUMS and kind == "double"):
        found = replace(found, counts=_counted(cells))
    return found


def _counted(cells: pl.Series) -> tuple[tuple[float, int], ...] | None:
    if cells.head(PROBE).n_unique() > COUNTED + 1:  # a null is none of them
        return None
    counts = cells.drop_nulls().value_counts(sort=False).sort(cells.name)
    if counts.height > COUNTED or not counts[cells.name].is_finite().all():
        return None
    return tuple(counts.rows())


def _kind(dtype: pl.DataType) -> str | None:
    if isinstance(dtype, pl.Decimal):
        return "decimal"
    return {pl.Int64: "integer", pl.Date: "date", pl.String: "string", pl.Boolean: "boolean", pl.Float64: "double"}.get(type(dtype))


def _said(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


def _total(cells: pl.Series, kind: str) -> str | None:
    """None where a double could not hold every sum on the way."""
    if kind == "decimal":
        return str(cells.cast(pl.Decimal(38, cells.dtype.scale)).sum() or 0)  # type: ignore[attr-defined]
    if int(cells.cast(pl.Float64).abs().sum() or 0) >= EXACT:
        return None
    return str(cells.sum() or 0)


def told(summary: ColumnSummary, name: str, values: Mapping[str, Any], rows: int) -> Any:
    """The value of Great Expectations' metric `name`, or UNKNOWN."""
    if name == "column.non_null_count":
        return summary.rows
    if name == "column_values.nonnull.unexpected_count":
        return rows - summary.rows
    if name in ("column.min", "column.max"):
        known = summary.low is not None or (summary.rows == 0 and summary.kind in ("integer", "date"))
        return UNKNOWN if not known else summary.low if name == "column.min" else summary.high
    if name in ("column.sum", "column.mean"):
        return _added(summary, name) if summary.kind != "double" else _added_by_counts(summary, name)
    if name == "column.quantile_values":
        return _quantiles(summary, values)
    if name == "column.median":
        return _median(summary)
    return _listed(summary, name, values) if summary.values is not None else UNKNOWN


def _added(summary: ColumnSummary, name: str) -> Any:
    if summary.total is None or abs(Decimal(summary.total)) >= EXACT or (name == "column.mean" and summary.kind != "integer"):
        return UNKNOWN
    if not summary.rows:
        return None
    return float(summary.total) if name == "column.sum" else float(summary.total) / summary.rows


def _added_by_counts(summary: ColumnSummary, name: str) -> Any:
    """Exact, then rounded once: Spark rounds at every row, so that what it says depends on their order in the last digits."""
    if not summary.counts:
        return UNKNOWN if summary.counts is None else None
    total = sum((Fraction(value) * rows for value, rows in summary.counts), Fraction())
    return float(total if name == "column.sum" else total / summary.rows)


def _quantiles(summary: ColumnSummary, asked: Mapping[str, Any]) -> Any:
    """As Spark's approxQuantile with no error allowed: the smallest value that the share of rows does not exceed."""
    if not summary.counts or asked.get("allow_relative_error"):
        return UNKNOWN
    return [_at(summary, math.ceil(share * summary.rows)) for share in asked["quantiles"]]


def _median(summary: ColumnSummary) -> Any:
    """Of an even number of rows the mean of the two in the middle."""
    if not summary.counts:
        return UNKNOWN
    return (_at(summary, (summary.rows + 1) // 2) + _at(summary, summary.rows // 2 + 1)) / 2


def _at(summary: ColumnSummary, rank: int) -> float:
    """The value at this place, from 1, of all rows in order."""
    counts = summary.counts or ()
    up_to = accumulate(rows for _, rows in counts)
    return float(next(value for (value, _), passed in zip(counts, up_to, strict=True) if passed >= rank))


def _listed(summary: ColumnSummary, name: str, asked: Mapping[str, Any]) -> Any:
    there = set(summary.values or ())
    if name == "column.distinct_values.count":
        return len(there)
    if name == "column.distinct_values":
        return there
    options = asked.get("value_set")
    if not isinstance(options, (list, tuple)) or any(type(option) is not type(value) for option in options for value in list(there)[:1]):
        return UNKNOWN
    wanted = set(options)
    missing = name.startswith("column.distinct_values.missing_from_column")
    if not missing and not name.startswith("column.distinct_values.not_in_set"):
        return UNKNOWN
    found = wanted - there if missing else there - wanted
    return (len(options) - len(there & wanted) if missing else len(found)) if name.endswith(".count") else sorted(found)
