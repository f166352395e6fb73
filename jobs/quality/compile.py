"""Row rules → Polars expressions, judged in one pass while a dump lands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import polars as pl

from jobs.quality.measures import SAMPLES, Measures, RuleMeasure
from jobs.quality.regexes import matches
from jobs.quality.rules import Rule
from jobs.quality.words import message_of

REJECTION = pl.Struct({"rule": pl.String, "severity": pl.String, "column": pl.String, "value": pl.String, "message": pl.String})
REJECTIONS = pl.List(REJECTION)
MASK = "•••"
EXACT_DIGITS = 15  # a decimal of so many digits is one exact double divided by another


@dataclass(frozen=True)
class Test:
    """`ignored`: rows the rule does not judge; `failed`: judged rows that do not meet it. `shown`: the column whose value is reported."""

    ignored: pl.Expr
    failed: pl.Expr
    shown: str


@dataclass(frozen=True)
class Judged:
    """`rejections`: list of structs a row (null where none); `critical`: whether the row is quarantined."""

    rejections: pl.Series
    critical: pl.Series
    measures: Measures


@dataclass(frozen=True)
class Lacking:
    """Rows that do not meet a rule which the rows' values do not decide. `shown`: what is reported of each."""

    rule: Rule
    mask: pl.Series
    shown: pl.Series


Schema = Mapping[str, pl.DataType]


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
    return Test(pl.col(column).is_null(), good.not_(), column)


def _between(kwargs: Mapping[str, Any], schema: Schema) -> Test:
    column = kwargs["column"]
    kind = schema[column]
    return _map_test(column, _bounds(_comparable(column, kind), kwargs, lambda v: _literal(v, kind)))


def _bounds(value: pl.Expr, kwargs: Mapping[str, Any], literal: Callable[[Any], pl.Expr]) -> pl.Expr:
    good = pl.lit(True)
    if (low := kwargs.get("min_value")) is not None:
        good = good & ((value > literal(low)) if kwargs.get("strict_min") else (value >= literal(low)))
    if (high := kwargs.get("max_value")) is not None:
        good = good & ((value < literal(high)) if kwargs.get("strict_max") else (value <= literal(high)))
    return good


def _in_set(kwargs: Mapping[str, Any], schema: Schema) -> Test:
    column = kwargs["column"]
    return _map_test(column, reduce(lambda a, b: a | b, (pl.col(column) == pl.lit(value) for value in kwargs["value_set"]), pl.lit(False)))


def _opposite(make: Callable[[Mapping[str, Any], Schema], Test]) -> Callable[[Mapping[str, Any], Schema], Test]:
    def made(kwargs: Mapping[str, Any], schema: Schema) -> Test:
        test = make(kwargs, schema)
        return Test(test.ignored, test.failed.not_(), test.shown)

    return made


def _regex(kwargs: Mapping[str, Any], schema: Schema) -> Test:
    column = kwargs["column"]
    return _map_test(column, matches(pl.col(column), kwargs["regex"]))


def _lengths(kwargs: Mapping[str, Any], schema: Schema) -> Test:
    column = kwargs["column"]
    return _map_test(column, _bounds(pl.col(column).str.len_chars().cast(pl.Int64), kwargs, pl.lit))


def _length_equal(kwargs: Mapping[str, Any], schema: Schema) -> Test:
    return _lengths({"column": kwargs["column"], "min_value": kwargs["value"], "max_value": kwargs["value"]}, schema)


def _pair_ignored(kwargs: Mapping[str, Any]) -> pl.Expr:
    a, b = pl.col(kwargs["column_A"]).is_null(), pl.col(kwargs["column_B"]).is_null()
    return {"either_value_is_missing": a | b, "neither": pl.lit(False)}.get(kwargs.get("ignore_row_if", "both_values_are_missing"), a & b)


def _greater(kwargs: Mapping[str, Any], schema: Schema) -> Test:
    a, b = pl.col(kwargs["column_A"]), pl.col(kwargs["column_B"])
    good = (a >= b) if kwargs.get("or_equal") else (a > b)
    return Test(_pair_ignored(kwargs), good.not_(), kwargs["column_A"])  # a pair that lacks a value is neither greater nor unexpected, as in GX


def _equal(kwargs: Mapping[str, Any], schema: Schema) -> Test:
    good = pl.col(kwargs["column_A"]).eq_missing(pl.col(kwargs["column_B"]))
    return Test(_pair_ignored(kwargs), good.not_(), kwargs["column_A"])


ROW_TYPES: dict[str, Callable[[Mapping[str, Any], Schema], Test]] = {
    "expect_column_values_to_not_be_null": lambda k, s: Test(pl.lit(False), pl.col(k["column"]).is_null(), k["column"]),
    "expect_column_values_to_be_null": lambda k, s: Test(pl.lit(False), pl.col(k["column"]).is_not_null(), k["column"]),
    "expect_column_values_to_be_between": _between,
    "expect_column_values_to_be_in_set": _in_set,
    "expect_column_values_to_not_be_in_set": _opposite(_in_set),
    "expect_column_values_to_match_regex": _regex,
    "expect_column_values_to_not_match_regex": _opposite(_regex),
    "expect_column_value_lengths_to_be_between": _lengths,
    "expect_column_value_lengths_to_equal": _length_equal,
    "expect_column_pair_values_a_to_be_greater_than_b": _greater,
    "expect_column_pair_values_to_be_equal": _equal,
}


def castable(column: str) -> Rule:
    """The reader's own rule: a text that is there must become a value of the column's type. It is no GX expectation."""
    return Rule(f"castable:{column}", "castable", {"column": column}, "critical", "row", "contract")


def unambiguous(column: str, doubt: str | None = None) -> Rule:
    """The reader's own rule: a value should have one reading only. `doubt`: what is not clear about it."""
    return Rule(f"unambiguous:{column}", "unambiguous", {"column": column}, "warning", "row", "contract", {"message": {"en": doubt}} if doubt else {})


def retyped(column: str) -> Rule:
    """Instead of `castable` where the contract lets a column change its type: the cell is null, the row passes."""
    return Rule(f"retyped:{column}", "retyped", {"column": column}, "warning", "row", "contract")


def unknown_column() -> Rule:
    return Rule("unknown_column", "unknown_column", {}, "critical", "row", "contract")


def lacking_column() -> Rule:
    return Rule("lacking_column", "lacking_column", {}, "critical", "row", "contract")


def reader_rule(rule_id: str) -> Rule | None:
    """The reader's own rule that a measure of this id is of; None for a measure of a contract's or a suite's rule."""
    type_, _, column = rule_id.partition(":")
    if whole := {"unknown_column": unknown_column, "lacking_column": lacking_column}.get(rule_id):
        return whole()
    made = {"castable": castable, "unambiguous": unambiguous, "retyped": retyped}.get(type_)
    return made(column) if made else None


def fused(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules this module judges; the others are for Spark."""
    return tuple(rule for rule in rules if rule.scope == "row" and rule.unfused is None)


def judge(
    frame: pl.DataFrame, rules: Sequence[Rule], failed_casts: Mapping[str, tuple[pl.Series, pl.Series]], personal: Collection[str],
    messages: Mapping[str, pl.Series] | None = None, doubtful: Mapping[str, tuple[pl.Series, pl.Series, str]] | None = None,
    lenient: Collection[str] = (), lacking: Sequence[Lacking] = (),
) -> Judged:  # fmt: skip
    """Judge every row once.

    `frame`: typed columns and `_record`. `failed_casts`: column → (mask of texts that did not become values, the texts); `messages`: column → what is
    wrong with each; `doubtful`: column → (mask of values with another reading, the texts, what is not clear).
    `lenient`: columns in which a failed cast only flags; `lacking`: rows that drift discards.
    """
    tests = {rule.id: (rule, ROW_TYPES[rule.type](rule.kwargs, frame.schema)) for rule in fused(rules)}
    masks = _masks(frame, tests)
    found = [(rule, masks[f"f{i}"], masks[f"i{i}"], frame[test.shown], test.shown) for i, (rule, test) in enumerate(tests.values())]
    for name, (mask, texts) in failed_casts.items():
        found.append((retyped(name) if name in lenient else castable(name), mask, texts.is_null(), texts, name))
    found += [(other.rule, other.mask, pl.repeat(False, frame.height, eager=True), other.shown, "") for other in lacking]
    for name, (mask, texts, doubt) in (doubtful or {}).items():
        found.append((unambiguous(name, doubt), mask, texts.is_null(), texts, name))
    said = {(retyped(name) if name in lenient else castable(name)).id: message for name, message in (messages or {}).items()}
    measures = {rule.id: _measure(frame, mask, ignored, shown, column in personal) for rule, mask, ignored, shown, column in found}
    rejections, critical = _rejections(frame, [(r, m, shown, c) for r, m, _, shown, c in found if r.severity != "info"], personal, said)
    return Judged(rejections, critical, Measures(frame.height, measures))


def _masks(frame: pl.DataFrame, tests: Mapping[str, tuple[Rule, Test]]) -> pl.DataFrame:
    columns = []
    for i, (_, test) in enumerate(tests.values()):
        ignored = test.ignored.fill_null(False)
        columns += [(test.failed.fill_null(False) & ignored.not_()).alias(f"f{i}"), ignored.alias(f"i{i}")]
    return frame.with_columns(columns).select([c.meta.output_name() for c in columns]) if columns else pl.DataFrame()


def _measure(frame: pl.DataFrame, mask: pl.Series, ignored: pl.Series, shown: pl.Series, personal: bool) -> RuleMeasure:
    skipped, bad = int(ignored.sum()), int(mask.sum())
    samples: tuple[tuple[int, Any], ...] = ()
    if bad:
        at = mask.arg_true().head(SAMPLES)
        values = [MASK if personal else v for v in shown.gather(at).cast(pl.String, strict=False).to_list()]
        samples = tuple(zip(frame["_record"].gather(at).to_list(), values, strict=True))
    return RuleMeasure(frame.height - skipped, skipped, bad, samples)


def _rejections(frame: pl.DataFrame, found: list[tuple[Rule, pl.Series, pl.Series, str]], personal: Collection[str], said: Mapping[str, pl.Series]) -> tuple[pl.Series, pl.Series]:
    """Structs are built only for rows that failed something. `said`: rule id → message a row, where a rule has more than one."""
    height = frame.height
    critical = reduce(lambda a, b: a | b, (m for r, m, _, _ in found if r.severity == "critical"), pl.repeat(False, height, eager=True))
    parts = [
        pl.DataFrame({
            "at": mask.arg_true(), "rule": [rule.id] * int(mask.sum()), "severity": [rule.severity] * int(mask.sum()), "column": [column or None] * int(mask.sum()),
            "value": [MASK] * int(mask.sum()) if column in personal else shown.filter(mask).cast(pl.String, strict=False),
            "message": said[rule.id].filter(mask) if rule.id in said else [message_of(rule)] * int(mask.sum()),
        })
        for rule, mask, shown, column in found
        if mask.any()
    ]  # fmt: skip
    if not parts:
        return pl.Series("_rejections", [None] * 0, dtype=REJECTIONS).extend_constant(None, height), critical
    grouped = pl.concat(parts).with_columns(pl.col("at").cast(pl.UInt32)).group_by("at", maintain_order=True).agg(pl.struct("rule", "severity", "column", "value", "message").alias("_rejections"))
    rows = pl.DataFrame({"at": pl.int_range(0, height, dtype=pl.UInt32, eager=True)})
    return rows.join(grouped, on="at", how="left", maintain_order="left")["_rejections"], critical
