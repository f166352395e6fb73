"""Row filters of shares: SQL that one row decides, over columns of the table, and nothing that could look elsewhere."""

from __future__ import annotations

from collections.abc import Collection

import sqlglot
from sqlglot import exp

# Comparisons of columns with written values. No function, no subquery: what is not here is refused, so nothing has to be known about it.
ALLOWED = (
    exp.And, exp.Or, exp.Not, exp.Paren, exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between, exp.Like, exp.Is, exp.Null, exp.Boolean, exp.Column, exp.Identifier,
    exp.Literal, exp.Neg, exp.Cast, exp.DataType,
)  # fmt: skip


def problem_of(text: str, columns: Collection[str]) -> str:
    """Why the filter may not be used, in plain words; empty where it may. `columns`: those it may look at."""
    try:
        found = sqlglot.parse_one(text, dialect="spark")
    except sqlglot.ParseError:
        return f"the filter {text!r} is no SQL condition"
    for node in found.walk():
        if not isinstance(node, ALLOWED):
            return f"the filter {text!r} has {node.key.upper()}: it may compare columns with values (=, <, IN, BETWEEN, LIKE, IS NULL, AND, OR, NOT)"
        if isinstance(node, exp.Column) and (node.table or node.name not in columns):
            return f"the filter looks at {node.sql(dialect='spark')!r}, which is not among {', '.join(sorted(columns))}"
    return "" if isinstance(found, exp.Predicate | exp.Connector | exp.Not | exp.Paren) else f"the filter {text!r} is no condition"


def as_checked(text: str) -> str:
    """The condition written anew from what `problem_of` looked at, so that Spark reads nothing else into it."""
    return sqlglot.parse_one(text, dialect="spark").sql(dialect="spark")
