"""`row_condition` of a rule: which rows it is about. The part of GX's two notations that Polars reads as Spark does.

`condition_parser: great_expectations` has `col("x") > 5`, `col("x") == "text"` and `col("x").notnull()`; `condition_parser: spark` has
SQL: comparisons, IN, BETWEEN, IS NULL with AND, OR, NOT and parentheses. Whatever else Spark's SQL knows is left to Spark.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, reduce
from typing import Any

import polars as pl

from jobs.contracts.model import Column

GX_PARSERS = ("great_expectations", "great_expectations__experimental__")
PARSERS = (*GX_PARSERS, "spark")
GX_FORM = re.compile(r"""\s*col\("(?P<column>\w+)"\)\s*(?:(?P<notnull>\.notnull\(\))|(?P<op>>=|<=|==|!=|>|<)\s*(?:(?P<number>[+-]?\d+(?:\.\d+)?)|"(?P<a>[^"'\\]+)"|'(?P<b>[^"'\\]+)'))\s*""", re.IGNORECASE)
TOKEN = re.compile(r"""\s*(?:(?P<number>-?\d+(?:\.\d+)?(?![\w.]))|'(?P<a>[^'\\]*)'(?!\s*')|"(?P<b>[^"\\]*)"(?!\s*")|`(?P<quoted>\w+)`|(?P<word>[A-Za-z_]\w*)|(?P<op><>|!=|==|<=(?!>)|>=|[=<>(),]))""")
KEYWORDS = ("and", "or", "not", "in", "is", "null", "between", "true", "false", "like", "rlike", "case", "exists", "interval")
OPS = {"=": "eq", "==": "eq", "<>": "ne", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
LONG = 1 << 63
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Unreadable(ValueError):
    """The condition is not of the part that is understood here."""


@dataclass(frozen=True)
class Compared:
    column: str
    op: str
    value: Any


@dataclass(frozen=True)
class Empty:
    column: str


@dataclass(frozen=True)
class Joined:
    """`op`: and, or, not."""

    op: str
    parts: tuple[Condition, ...]


Condition = Compared | Empty | Joined


def condition_of(kwargs: Mapping[str, Any]) -> Condition | None:
    """The condition of a rule, None where it has none. Raises Unreadable."""
    text = kwargs.get("row_condition")
    return None if text is None else parsed(str(text), kwargs.get("condition_parser") in GX_PARSERS)


@lru_cache(maxsize=1024)
def parsed(text: str, by_gx: bool) -> Condition:
    """Raises Unreadable with what was not understood."""
    return _of_gx(text) if by_gx else _Sql(text).whole()


def left_to_spark(kwargs: Mapping[str, Any], columns: Mapping[str, Column]) -> str | None:
    """Why Polars cannot say which rows the condition is about; None where it can, or where there is none."""
    try:
        condition = condition_of(kwargs)
    except Unreadable as problem:
        return str(problem)
    return None if condition is None else next(filter(None, (_odd(c, columns) for c in _leaves(condition))), None)


def meets(condition: Condition, schema: Mapping[str, pl.DataType]) -> pl.Expr:
    """Whether a row meets it: true, false, or null as in SQL."""
    if isinstance(condition, Empty):
        return pl.col(condition.column).is_null()
    if isinstance(condition, Compared):
        return getattr(pl.col(condition.column), condition.op)(_value(condition.value, schema[condition.column]))
    parts = [meets(part, schema) for part in condition.parts]
    return parts[0].not_() if condition.op == "not" else reduce((lambda a, b: a & b) if condition.op == "and" else (lambda a, b: a | b), parts)


def columns_in(condition: Condition) -> list[str]:
    return [leaf.column for leaf in _leaves(condition)]


def _leaves(condition: Condition) -> list[Compared | Empty]:
    return [leaf for part in condition.parts for leaf in _leaves(part)] if isinstance(condition, Joined) else [condition]


def _odd(leaf: Compared | Empty, columns: Mapping[str, Column]) -> str | None:
    if leaf.column not in columns:
        return f"row_condition speaks of {leaf.column!r}, which the contract does not have"
    if isinstance(leaf, Empty):
        return None
    column = columns[leaf.column]
    return None if _alike(leaf.value, column, leaf.op) else f"Spark compares a column of type {column.kind} with {leaf.value!r} of row_condition in its own way"


def _alike(value: Any, column: Column, op: str) -> bool:
    if column.kind in ("string", "json"):
        return isinstance(value, str)
    if column.kind == "boolean":
        return isinstance(value, bool) and op in ("eq", "ne")
    if column.kind == "date":
        return isinstance(value, str) and _is_day(value)
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return False
    if column.kind == "integer":
        return isinstance(value, int) and -LONG <= value < LONG
    return column.kind == "double" or (column.kind == "decimal" and _places(value) <= column.scale and abs(value) < 10 ** (column.precision - column.scale))


def _places(value: int | Decimal) -> int:
    return 0 if isinstance(value, int) else max(0, -int(value.as_tuple().exponent))


def _is_day(text: str) -> bool:
    try:
        return DAY.fullmatch(text) is not None and dt.date.fromisoformat(text) is not None
    except ValueError:
        return False


def _value(value: Any, kind: pl.DataType) -> pl.Expr:
    if kind == pl.Date:
        return pl.lit(dt.date.fromisoformat(value))
    if kind == pl.Float64:
        return pl.lit(float(value))
    return pl.lit(Decimal(value)).cast(kind) if isinstance(kind, pl.Decimal) else pl.lit(value)


def _of_gx(text: str) -> Condition:
    match = GX_FORM.fullmatch(text)
    if match is None:
        raise Unreadable(f"row_condition {text!r} is not of the simple form col(\"x\") > 5")
    if match["notnull"]:
        return Joined("not", (Empty(match["column"]),))
    said = match["a"] or match["b"]
    if said is not None and said != said.strip():
        raise Unreadable(f"row_condition {text!r} has a text with space around it, which GX drops")
    return Compared(match["column"], OPS[match["op"]], _number(match["number"]) if match["number"] else said)


def _number(text: str) -> int | Decimal:
    return Decimal(text) if "." in text else int(text)


class _Sql:
    """Recursive descent over the tokens of a condition."""

    def __init__(self, text: str) -> None:
        self._text, self._tokens, self._at = text, [], 0
        position, end = 0, len(text.rstrip())
        while position < end:
            match = TOKEN.match(text, position)
            if match is None:
                raise self._unreadable()
            self._tokens.append(self._token(match))
            position = match.end()

    _tokens: list[tuple[str, Any]]

    def _token(self, match: re.Match[str]) -> tuple[str, Any]:
        kind = str(match.lastgroup)
        if kind == "number":
            return "value", _number(match[kind])
        if kind in ("a", "b"):
            return "value", match[kind]
        word = match[kind]
        if kind == "word" and word.lower() in ("true", "false"):
            return "value", word.lower() == "true"
        if kind == "word" and word.lower() in KEYWORDS:
            return "keyword", word.lower()
        return ("name", word) if kind in ("word", "quoted") else ("op", word)

    def _unreadable(self) -> Unreadable:
        return Unreadable(f"row_condition {self._text!r} says more than comparisons, IN, BETWEEN and IS NULL with AND, OR and NOT")

    def _taken(self, *options: tuple[str, Any]) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] in options:
            self._at += 1
            return True
        return False

    def _must(self, kind: str, value: Any = None) -> Any:
        if self._at >= len(self._tokens) or self._tokens[self._at][0] != kind or (value is not None and self._tokens[self._at][1] != value):
            raise self._unreadable()
        self._at += 1
        return self._tokens[self._at - 1][1]

    def whole(self) -> Condition:
        found = self._either()
        if self._at != len(self._tokens):
            raise self._unreadable()
        return found

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._taken(("keyword", "or")):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Joined("or", tuple(parts))

    def _both(self) -> Condition:
        parts = [self._one()]
        while self._taken(("keyword", "and")):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Joined("and", tuple(parts))

    def _one(self) -> Condition:
        if self._taken(("keyword", "not")):
            return Joined("not", (self._one(),))
        if self._taken(("op", "(")):
            inner = self._either()
            self._must("op", ")")
            return inner
        return self._said_of(self._must("name"))

    def _said_of(self, column: str) -> Condition:
        if self._taken(("keyword", "is")):
            negated = self._taken(("keyword", "not"))
            self._must("keyword", "null")
            return Joined("not", (Empty(column),)) if negated else Empty(column)
        negated = self._taken(("keyword", "not"))
        found = self._listed(column)
        if found is None and not negated:
            found = Compared(column, self._op(), self._literal())
        if found is None:
            raise self._unreadable()
        return Joined("not", (found,)) if negated else found

    def _listed(self, column: str) -> Condition | None:
        if self._taken(("keyword", "in")):
            self._must("op", "(")
            options = [self._literal()]
            while self._taken(("op", ",")):
                options.append(self._literal())
            self._must("op", ")")
            return Joined("or", tuple(Compared(column, "eq", option) for option in options))
        if self._taken(("keyword", "between")):
            low = self._literal()
            self._must("keyword", "and")
            return Joined("and", (Compared(column, "ge", low), Compared(column, "le", self._literal())))
        return None

    def _op(self) -> str:
        op = self._must("op")
        if op not in OPS:
            raise self._unreadable()
        return OPS[op]

    def _literal(self) -> Any:
        return self._must("value")
