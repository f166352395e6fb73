"""Every expectation that one row decides, as Polars expressions that say what Great Expectations says on Spark."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce
from typing import Any

import polars as pl

from jobs.quality.regexes import matches
from jobs.quality.row_conditions import condition_of, meets
from jobs.readers.numbers import EXACT_DIGITS

Kwargs = Mapping[str, Any]
Schema = Mapping[str, pl.DataType]


@dataclass(frozen=True)
class Test:
    """`ignored`: rows the rule does not judge; `failed`: judged rows that do not meet it. `shown`: the columns whose values are reported.

    `outside`: rows that its `row_condition` leaves out; Great Expectations does not even count them.
    """

    ignored: pl.Expr
    failed: pl.Expr
    shown: tuple[str, ...]
    outside: pl.Expr | None = None


def test_of(type_: str, kwargs: Kwargs, schema: Schema) -> Test:
    """The test of a rule that `dialect.unfused` has no objection to. Raises KeyError for another type or column."""
    test = ROW_TYPES[type_](kwargs, schema)
    condition = condition_of(kwargs)
    return test if condition is None else replace(test, outside=meets(condition, schema).fill_null(False).not_())


def _literal(value: Any, kind: pl.DataType) -> pl.Expr:
    """A bound as a literal of the type that GX compares in: a double, a day or a moment (UTC where it names no zone)."""
    if kind == pl.Date:
        return pl.lit(dt.date.fromisoformat(value) if isinstance(value, str) else value)
    if isinstance(kind, pl.Datetime):
        return pl.lit(_moment(value)).dt.cast_time_unit("us")
    return pl.lit(float(value))


def _moment(value: Any) -> dt.datetime:
    said = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    moment = said if isinstance(said, dt.datetime) else dt.datetime(said.year, said.month, said.day)
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _comparable(column: str, kind: pl.DataType) -> pl.Expr:
    """Numbers as doubles. A long decimal goes through its text: that is rounded once, as in Java, and a division twice."""
    value = pl.col(column)
    if isinstance(kind, pl.Decimal) and (kind.precision or 38) > EXACT_DIGITS:
        return value.cast(pl.String).cast(pl.Float64)
    return value.cast(pl.Float64) if kind.is_numeric() else value


def _map_test(column: str, good: pl.Expr) -> Test:
    return Test(pl.col(column).is_null(), good.not_(), (column,))


def _not_null(kwargs: Kwargs, schema: Schema) -> Test:
    return Test(pl.lit(False), pl.col(kwargs["column"]).is_null(), (kwargs["column"],))


def _null(kwargs: Kwargs, schema: Schema) -> Test:
    return Test(pl.lit(False), pl.col(kwargs["column"]).is_not_null(), (kwargs["column"],))


def _between(kwargs: Kwargs, schema: Schema) -> Test:
    column = kwargs["column"]
    kind = schema[column]
    return _map_test(column, _bounds(_comparable(column, kind), kwargs, lambda v: _literal(v, kind)))


def _bounds(value: pl.Expr, kwargs: Kwargs, literal: Callable[[Any], pl.Expr]) -> pl.Expr:
    good = pl.lit(True)
    if (low := kwargs.get("min_value")) is not None:
        good = good & ((value > literal(low)) if kwargs.get("strict_min") else (value >= literal(low)))
    if (high := kwargs.get("max_value")) is not None:
        good = good & ((value < literal(high)) if kwargs.get("strict_max") else (value <= literal(high)))
    return good


def _in_set(kwargs: Kwargs, schema: Schema) -> Test:
    column = kwargs["column"]
    return _map_test(column, reduce(lambda a, b: a | b, (pl.col(column) == pl.lit(value) for value in kwargs["value_set"]), pl.lit(False)))


def _opposite(make: Callable[[Kwargs, Schema], Test]) -> Callable[[Kwargs, Schema], Test]:
    def made(kwargs: Kwargs, schema: Schema) -> Test:
        test = make(kwargs, schema)
        return replace(test, failed=test.failed.not_())

    return made


def _regex(kwargs: Kwargs, schema: Schema) -> Test:
    column = kwargs["column"]
    return _map_test(column, matches(pl.col(column), kwargs["regex"]))


def any_of(regexes: Sequence[str]) -> str:
    """The one pattern GX makes of a list of which any may match."""
    return "|".join(regexes)


def _regex_list(kwargs: Kwargs, schema: Schema) -> Test:
    column, regexes = kwargs["column"], kwargs["regex_list"]
    if (kwargs.get("match_on") or "any") == "any":
        return _map_test(column, matches(pl.col(column), any_of(regexes)))
    return _map_test(column, reduce(lambda a, b: a & b, (matches(pl.col(column), regex) for regex in regexes)))


def _no_regex(kwargs: Kwargs, schema: Schema) -> Test:
    column = kwargs["column"]
    return _map_test(column, reduce(lambda a, b: a & b, (matches(pl.col(column), regex).not_() for regex in kwargs["regex_list"])))


def _lengths(kwargs: Kwargs, schema: Schema) -> Test:
    column = kwargs["column"]
    return _map_test(column, _bounds(pl.col(column).str.len_chars().cast(pl.Int64), kwargs, pl.lit))


def _length_equal(kwargs: Kwargs, schema: Schema) -> Test:
    return _lengths({"column": kwargs["column"], "min_value": kwargs["value"], "max_value": kwargs["value"]}, schema)


def _by_distinct(column: str, good: Callable[[str], bool]) -> pl.Expr:
    """What only Python's own parsers say as GX does, asked once of every different text."""

    def judged(values: pl.Series) -> pl.Series:
        texts = values.unique().drop_nulls().to_list()
        if not texts:
            return pl.Series(values.name, [None], dtype=pl.Boolean).new_from_index(0, len(values))
        return values.replace_strict(texts, [good(text) for text in texts], default=None, return_dtype=pl.Boolean)

    return pl.col(column).map_batches(judged, return_dtype=pl.Boolean)


def _strftime(kwargs: Kwargs, schema: Schema) -> Test:
    form = kwargs["strftime_format"]

    def reads(text: str) -> bool:
        try:
            dt.datetime.strptime(text, form)
        except ValueError:
            return False
        return True

    return _map_test(kwargs["column"], _by_distinct(kwargs["column"], reads))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _json(kwargs: Kwargs, schema: Schema) -> Test:
    return _map_test(kwargs["column"], _by_distinct(kwargs["column"], _is_json))


def _json_schema(kwargs: Kwargs, schema: Schema) -> Test:
    """A text that is no JSON fails the row; plain GX fails as a whole there."""
    from jsonschema.validators import validator_for

    checker = validator_for(kwargs["json_schema"])(kwargs["json_schema"])

    def fits(text: str) -> bool:
        return _is_json(text) and bool(checker.is_valid(json.loads(text)))

    return _map_test(kwargs["column"], _by_distinct(kwargs["column"], fits))


def _pair_ignored(kwargs: Kwargs) -> pl.Expr:
    a, b = pl.col(kwargs["column_A"]).is_null(), pl.col(kwargs["column_B"]).is_null()
    return {"either_value_is_missing": a | b, "neither": pl.lit(False)}.get(kwargs.get("ignore_row_if", "both_values_are_missing"), a & b)


def _pair_test(kwargs: Kwargs, good: pl.Expr) -> Test:
    return Test(_pair_ignored(kwargs), good.not_(), (kwargs["column_A"], kwargs["column_B"]))


def _greater(kwargs: Kwargs, schema: Schema) -> Test:
    a, b = pl.col(kwargs["column_A"]), pl.col(kwargs["column_B"])
    return _pair_test(kwargs, (a >= b) if kwargs.get("or_equal") else (a > b))  # a pair that lacks a value is neither greater nor unexpected, as in GX


def _equal(kwargs: Kwargs, schema: Schema) -> Test:
    return _pair_test(kwargs, pl.col(kwargs["column_A"]).eq_missing(pl.col(kwargs["column_B"])))


def _pair_in_set(kwargs: Kwargs, schema: Schema) -> Test:
    a, b = pl.col(kwargs["column_A"]), pl.col(kwargs["column_B"])
    kinds = schema[kwargs["column_A"]], schema[kwargs["column_B"]]
    pairs = (a.eq_missing(pl.lit(x, dtype=kinds[0])) & b.eq_missing(pl.lit(y, dtype=kinds[1])) for x, y in kwargs["value_pairs_set"])
    return _pair_test(kwargs, reduce(lambda x, y: x | y, pairs, pl.lit(False)))


def _many_test(kwargs: Kwargs, good: pl.Expr) -> Test:
    nulls = [pl.col(name).is_null() for name in kwargs["column_list"]]
    ignored = {"any_value_is_missing": pl.any_horizontal(nulls), "never": pl.lit(False)}.get(kwargs.get("ignore_row_if", "all_values_are_missing"), pl.all_horizontal(nulls))
    return Test(ignored, good.not_(), tuple(kwargs["column_list"]))


def _all_equal(kwargs: Kwargs, schema: Schema) -> Test:
    first, *others = map(pl.col, kwargs["column_list"])
    return _many_test(kwargs, reduce(lambda a, b: a & b, (first.eq_missing(other) for other in others), pl.lit(True)))


def _all_different(kwargs: Kwargs, schema: Schema) -> Test:
    """Two columns that are both null are the same, as in GX."""
    columns = [pl.col(name) for name in kwargs["column_list"]]
    pairs = (a.eq_missing(b) for i, a in enumerate(columns) for b in columns[i + 1 :])
    return _many_test(kwargs, reduce(lambda a, b: a | b, pairs, pl.lit(False)).not_())


def _sum(kwargs: Kwargs, schema: Schema) -> Test:
    """A null counts as nothing. Whole numbers and decimals are added exactly, doubles from left to right."""
    names, total = kwargs["column_list"], kwargs["sum_total"]
    kind = schema[names[0]]
    if kind == pl.Float64:
        return _many_test(kwargs, reduce(lambda a, b: a + b, (pl.col(name).fill_null(0.0) for name in names)) == pl.lit(float(total)))
    wide = pl.Decimal(38, kind.scale) if isinstance(kind, pl.Decimal) else pl.Decimal(38, 0)
    found = reduce(lambda a, b: a + b, (pl.col(name).cast(wide).fill_null(Decimal(0)) for name in names))
    if isinstance(total, float):
        return _many_test(kwargs, found.cast(pl.String).cast(pl.Float64) == pl.lit(total))
    return _many_test(kwargs, found == pl.lit(Decimal(total)).cast(wide))


ROW_TYPES: dict[str, Callable[[Kwargs, Schema], Test]] = {
    "expect_column_values_to_not_be_null": _not_null,
    "expect_column_values_to_be_null": _null,
    "expect_column_values_to_be_between": _between,
    "expect_column_values_to_be_in_set": _in_set,
    "expect_column_values_to_not_be_in_set": _opposite(_in_set),
    "expect_column_values_to_match_regex": _regex,
    "expect_column_values_to_not_match_regex": _opposite(_regex),
    "expect_column_values_to_match_regex_list": _regex_list,
    "expect_column_values_to_not_match_regex_list": _no_regex,
    "expect_column_values_to_match_strftime_format": _strftime,
    "expect_column_values_to_be_json_parseable": _json,
    "expect_column_values_to_match_json_schema": _json_schema,
    "expect_column_value_lengths_to_be_between": _lengths,
    "expect_column_value_lengths_to_equal": _length_equal,
    "expect_column_pair_values_a_to_be_greater_than_b": _greater,
    "expect_column_pair_values_to_be_equal": _equal,
    "expect_column_pair_values_to_be_in_set": _pair_in_set,
    "expect_multicolumn_sum_to_equal": _sum,
    "expect_multicolumn_values_to_be_equal": _all_equal,
    "expect_select_column_values_to_be_unique_within_record": _all_different,
}
