"""Which row rules Polars judges as Spark does, and why the others are left to Spark."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from jobs.contracts.model import Column
from jobs.quality.regexes import native_regex
from jobs.quality.row_conditions import left_to_spark
from jobs.quality.row_tests import ROW_TYPES, any_of

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?")
NUMBERS = ("integer", "decimal", "double")
LONG = 1 << 63
MOST_DIGITS = 38
Columns = Mapping[str, Column]


def unfused(type_: str, kwargs: Mapping[str, Any], columns: Columns) -> str | None:
    """Why this rule is judged in Spark although one row decides it; None where Polars and Spark say the same of every value."""
    decide = DECISIONS.get(type_)
    return (decide(kwargs, columns) if decide else None) or (left_to_spark(kwargs, columns) if type_ in ROW_TYPES else None)


def _between(kwargs: Mapping[str, Any], columns: Columns) -> str | None:
    kind = columns[kwargs["column"]].kind
    bounds = [kwargs[k] for k in ("min_value", "max_value") if kwargs.get(k) is not None]
    if not bounds:
        return "it has no bound"
    fits = {"date": _is_day, "timestamp": _is_moment}.get(kind, _is_number if kind in NUMBERS else lambda _: False)
    return None if all(fits(bound) for bound in bounds) else f"Spark compares a column of type {kind} with such bounds in its own way"


def _is_number(bound: Any) -> bool:
    return isinstance(bound, (int, float)) and not isinstance(bound, bool)


def _is_day(bound: Any) -> bool:
    return _reads(dt.date.fromisoformat, bound, DAY) if isinstance(bound, str) else isinstance(bound, dt.date) and not isinstance(bound, dt.datetime)


def _is_moment(bound: Any) -> bool:
    return _reads(dt.datetime.fromisoformat, bound, MOMENT) if isinstance(bound, str) else isinstance(bound, dt.date)


def _reads(read: Callable[[str], Any], text: str, form: re.Pattern[str]) -> bool:
    try:
        return form.fullmatch(text) is not None and read(text) is not None
    except ValueError:
        return False


def _in_set(kwargs: Mapping[str, Any], columns: Columns) -> str | None:
    kind, options = columns[kwargs["column"]].kind, kwargs.get("value_set")
    if not isinstance(options, (list, tuple)) or not options:
        return "it has no set of values"
    alike = {
        "string": lambda v: isinstance(v, str), "json": lambda v: isinstance(v, str), "boolean": lambda v: isinstance(v, bool),
        "integer": lambda v: isinstance(v, int) and not isinstance(v, bool) and -LONG <= v < LONG,
    }.get(kind)  # fmt: skip
    return None if alike and all(map(alike, options)) else f"Spark compares a column of type {kind} with such a set in its own way"


def _regex(kwargs: Mapping[str, Any], columns: Columns) -> str | None:
    if (kind := columns[kwargs["column"]].kind) not in ("string", "json"):
        return f"Spark writes a column of type {kind} as text in its own way"
    return None if native_regex(str(kwargs["regex"])) is not None else "the regex is read differently by Polars and Spark (look-around, flags, \\b, \\p, …)"


def _lengths(kwargs: Mapping[str, Any], columns: Columns) -> str | None:
    if (kind := columns[kwargs["column"]].kind) not in ("string", "json"):
        return f"Spark writes a column of type {kind} as text in its own way"
    bounds = [kwargs[k] for k in ("min_value", "max_value", "value") if kwargs.get(k) is not None]
    return None if bounds and all(isinstance(b, int) and not isinstance(b, bool) for b in bounds) else "a length is a whole number"


def _pair(kwargs: Mapping[str, Any], columns: Columns) -> str | None:
    a, b = columns[kwargs["column_A"]], columns[kwargs["column_B"]]
    same = (a.kind, a.precision, a.scale) == (b.kind, b.precision, b.scale) if a.kind == "decimal" else a.kind == b.kind
    return None if same else f"Spark compares a {a.kind} with a {b.kind} in its own way"


def _regex_list(kwargs: Mapping[str, Any], columns: Columns) -> str | None:
    regexes = [str(regex) for regex in kwargs.get("regex_list") or ()]
    if not regexes:
        return "it has no regex"
    joined = [any_of(regexes)] if (kwargs.get("match_on") or "any") == "any" else []
    return next(filter(None, (_regex({"column": kwargs["column"], "regex": regex}, columns) for regex in [*regexes, *joined])), None)


def _text(kwargs: Mapping[str, Any], columns: Columns) -> str | None:
    kind = columns[kwargs["column"]].kind
    return None if kind in ("string", "json") else f"a column of type {kind} is no text"


def _pair_in_set(kwargs: Mapping[str, Any], columns: Columns) -> str | None:
    pairs = kwargs.get("value_pairs_set") or ()
    if not pairs:
        return "it has no set of values"
    for side, key in enumerate(("column_A", "column_B")):
        options = [pair[side] for pair in pairs if pair[side] is not None]
        if options and (said := _in_set({"column": kwargs[key], "value_set": options}, columns)):
            return said
    return None


def _alike(kwargs: Mapping[str, Any], columns: Columns) -> str | None:
    first, *others = kwargs["column_list"]
    return next(filter(None, (_pair({"column_A": first, "column_B": other}, columns) for other in others)), None)


def _sum(kwargs: Mapping[str, Any], columns: Columns) -> str | None:
    kind = columns[kwargs["column_list"][0]].kind
    if kind not in NUMBERS:
        return f"a column of type {kind} cannot be added up"
    wide = columns[kwargs["column_list"][0]].precision + len(kwargs["column_list"]) > MOST_DIGITS
    if kind == "decimal" and wide:
        return "Spark rounds a sum of so many digits"
    return _alike(kwargs, columns) or (None if _is_number(kwargs.get("sum_total")) else "the total is no number")


DECISIONS: Mapping[str, Callable[[Mapping[str, Any], Columns], str | None]] = {
    "expect_column_values_to_be_between": _between,
    "expect_column_values_to_be_in_set": _in_set,
    "expect_column_values_to_not_be_in_set": _in_set,
    "expect_column_values_to_match_regex": _regex,
    "expect_column_values_to_not_match_regex": _regex,
    "expect_column_value_lengths_to_be_between": _lengths,
    "expect_column_value_lengths_to_equal": _lengths,
    "expect_column_pair_values_a_to_be_greater_than_b": _pair,
    "expect_column_pair_values_to_be_equal": _pair,
    "expect_column_values_to_match_regex_list": _regex_list,
    "expect_column_values_to_not_match_regex_list": _regex_list,
    "expect_column_values_to_match_strftime_format": _text,
    "expect_column_values_to_be_json_parseable": _text,
    "expect_column_values_to_match_json_schema": _text,
    "expect_column_pair_values_to_be_in_set": _pair_in_set,
    "expect_multicolumn_sum_to_equal": _sum,
    "expect_multicolumn_values_to_be_equal": _alike,
    "expect_select_column_values_to_be_unique_within_record": _alike,
}
