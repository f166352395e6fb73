"""Which row rules Polars judges as Spark does, and why the others are left to Spark."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from jobs.contracts.model import Column
from jobs.quality.regexes import native_regex

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?")
NUMBERS = ("integer", "decimal", "double")
LONG = 1 << 63
Columns = Mapping[str, Column]


def unfused(type_: str, kwargs: Mapping[str, Any], columns: Columns) -> str | None:
    """Why this rule is judged in Spark although one row decides it; None where Polars and Spark say the same of every value."""
    decide = DECISIONS.get(type_)
    return decide(kwargs, columns) if decide else None


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
}
