"""What a clerk reads about a row that fails a rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jobs.quality.rules import Rule

SHOWN = 12  # values of a set that are named


def message_of(rule: Rule) -> str:
    """The suite's own words where it has some (`meta.message`, English first), else the rule in plain words."""
    said = rule.meta.get("message")
    if isinstance(said, dict):
        return str(said.get("en") or next(iter(said.values())))
    words = WORDS.get(rule.type)
    said = words(rule.kwargs) if words else _as_it_is(rule)
    return f"{said} (where {rule.kwargs['row_condition']})" if rule.kwargs.get("row_condition") else said


def bounds(kwargs: Mapping[str, Any]) -> str:
    """`at least 1 and less than 9`; nothing where there is no limit."""
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    parts = [f"{'more than' if kwargs.get('strict_min') else 'at least'} {low}"] if low is not None else []
    parts += [f"{'less than' if kwargs.get('strict_max') else 'at most'} {high}"] if high is not None else []
    return " and ".join(parts)


def some(among: Iterable[Any]) -> str:
    """The first values of a set, and how many more there are."""
    values = list(map(str, among))
    return ", ".join(values[:SHOWN]) + (f" and {len(values) - SHOWN} more" if len(values) > SHOWN else "")


def _as_it_is(rule: Rule) -> str:
    facts = ", ".join(f"{k} {v}" for k, v in rule.kwargs.items() if k not in ("column", "mostly"))
    return f"{rule.type.removeprefix('expect_').replace('_', ' ')}{': ' + facts if facts else ''}"


WORDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "castable": lambda k: "this text is not a value of the column's type",
    "retyped": lambda k: "this text is not a value of the column's type; the cell was left empty",
    "unknown_column": lambda k: "this row has a value in a column that is not agreed",
    "lacking_column": lambda k: "an agreed column is missing from the file",
    "unambiguous": lambda k: "this value can be read in more than one way",
    "expect_column_values_to_not_be_null": lambda k: "must not be empty",
    "expect_column_values_to_be_null": lambda k: "must be empty",
    "expect_column_values_to_be_between": lambda k: f"must be {bounds(k)}",
    "expect_column_values_to_be_in_set": lambda k: f"must be one of: {some(k['value_set'])}",
    "expect_column_values_to_not_be_in_set": lambda k: f"must not be one of: {some(k['value_set'])}",
    "expect_column_values_to_match_regex": lambda k: f"must look like {k['regex']}",
    "expect_column_values_to_not_match_regex": lambda k: f"must not look like {k['regex']}",
    "expect_column_value_lengths_to_be_between": lambda k: f"must be {bounds(k)} characters long",
    "expect_column_value_lengths_to_equal": lambda k: f"must be {k['value']} characters long",
    "expect_column_pair_values_a_to_be_greater_than_b": lambda k: f"{k['column_A']} must be {'at least' if k.get('or_equal') else 'more than'} {k['column_B']}",
    "expect_column_pair_values_to_be_equal": lambda k: f"{k['column_A']} must be the same as {k['column_B']}",
    "expect_column_values_to_match_regex_list": lambda k: f"must look like {'one' if (k.get('match_on') or 'any') == 'any' else 'each'} of: {', '.join(k['regex_list'])}",
    "expect_column_values_to_not_match_regex_list": lambda k: f"must look like none of: {', '.join(k['regex_list'])}",
    "expect_column_values_to_match_strftime_format": lambda k: f"must be a date written as {k['strftime_format']}",
    "expect_column_values_to_be_json_parseable": lambda k: "must be JSON",
    "expect_column_values_to_match_json_schema": lambda k: "must be JSON of the agreed shape",
    "expect_column_pair_values_to_be_in_set": lambda k: f"{k['column_A']} and {k['column_B']} do not go together",
    "expect_multicolumn_sum_to_equal": lambda k: f"{' + '.join(k['column_list'])} must be {k['sum_total']}",
    "expect_multicolumn_values_to_be_equal": lambda k: f"{', '.join(k['column_list'])} must all be the same",
    "expect_select_column_values_to_be_unique_within_record": lambda k: f"{', '.join(k['column_list'])} must all be different",
    "expect_column_values_to_be_increasing": lambda k: f"must be {'more' if k.get('strictly') else 'no less'} than in the row before",
    "expect_column_values_to_be_decreasing": lambda k: f"must be {'less' if k.get('strictly') else 'no more'} than in the row before",
    "expect_column_value_z_scores_to_be_less_than": lambda k: "lies far from the other values",
    "expect_column_values_to_not_be_outliers": lambda k: "lies far from the other values",
    "unexpected_rows_expectation": lambda k: "a query finds this row wrong",
    "expect_column_values_to_be_unique": lambda k: "another row has the same value",
    "expect_compound_columns_to_be_unique": lambda k: f"another row has the same {' and '.join(k['column_list'])}",
}
