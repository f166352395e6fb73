"""Row rules → Polars expressions, judged in one pass while a dump lands."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import polars as pl

from jobs.quality.measures import SAMPLES, Measures, RuleMeasure
from jobs.quality.row_tests import Test, test_of
from jobs.quality.rules import Rule
from jobs.quality.summaries import summaries
from jobs.quality.words import message_of

REJECTION = pl.Struct({"rule": pl.String, "severity": pl.String, "column": pl.String, "value": pl.String, "message": pl.String})
REJECTIONS = pl.List(REJECTION)
MASK = "•••"


@dataclass(frozen=True)
class Found:
    """What one rule found: `mask` of the rows that fail, `ignored` and `outside` of rows that were not judged, and the values that are shown."""

    rule: Rule
    mask: pl.Series
    ignored: pl.Series
    shown: tuple[pl.Series, ...]
    columns: tuple[str, ...]
    outside: pl.Series | None = None


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
    tests = [(rule, test_of(rule.type, rule.kwargs, frame.schema)) for rule in fused(rules)]
    found = _found(frame, tests)
    for name, (mask, texts) in failed_casts.items():
        found.append(Found(retyped(name) if name in lenient else castable(name), mask, texts.is_null(), (texts,), (name,)))
    found += [Found(other.rule, other.mask, pl.repeat(False, frame.height, eager=True), (other.shown,), ("",)) for other in lacking]
    for name, (mask, texts, doubt) in (doubtful or {}).items():
        found.append(Found(unambiguous(name, doubt), mask, texts.is_null(), (texts,), (name,)))
    said = {(retyped(name) if name in lenient else castable(name)).id: message for name, message in (messages or {}).items()}
    measures = {one.rule.id: _measure(frame, one, personal) for one in found}
    rejections, critical = _rejections(frame, [one for one in found if one.rule.severity != "info"], personal, said)
    return Judged(rejections, critical, Measures(frame.height, measures, summaries(frame, rules, personal)))


def _found(frame: pl.DataFrame, tests: Sequence[tuple[Rule, Test]]) -> list[Found]:
    """All tests in one pass over the frame."""
    columns = []
    for i, (_, test) in enumerate(tests):
        ignored, failed = test.ignored.fill_null(False), test.failed.fill_null(False)
        if test.outside is not None:
            inside = test.outside.not_()
            ignored, failed = ignored & inside, failed & inside
            columns.append(test.outside.alias(f"o{i}"))
        columns += [(failed & ignored.not_()).alias(f"f{i}"), ignored.alias(f"i{i}")]
    masks = frame.with_columns(columns).select([c.meta.output_name() for c in columns]) if columns else pl.DataFrame()
    return [
        Found(rule, masks[f"f{i}"], masks[f"i{i}"], tuple(frame[name] for name in test.shown), test.shown, None if test.outside is None else masks[f"o{i}"])
        for i, (rule, test) in enumerate(tests)
    ]


def _measure(frame: pl.DataFrame, one: Found, personal: Collection[str]) -> RuleMeasure:
    skipped, bad, outside = int(one.ignored.sum()), int(one.mask.sum()), 0 if one.outside is None else int(one.outside.sum())
    samples: tuple[tuple[int, Any], ...] = ()
    if bad:
        at = one.mask.arg_true().head(SAMPLES)
        values = [_texts(shown.gather(at), name in personal) for shown, name in zip(one.shown, one.columns, strict=True)]
        shown = values[0] if len(values) == 1 else [list(row) for row in zip(*values, strict=True)]
        samples = tuple(zip(frame["_record"].gather(at).to_list(), shown, strict=True))
    return RuleMeasure(frame.height - skipped - outside, skipped, bad, samples, outside=outside)


def _texts(values: pl.Series, personal: bool) -> list[Any]:
    return [MASK if personal else v for v in values.cast(pl.String, strict=False).to_list()]


def _rejections(frame: pl.DataFrame, found: Sequence[Found], personal: Collection[str], said: Mapping[str, pl.Series]) -> tuple[pl.Series, pl.Series]:
    """Structs are built only for rows that failed something. `said`: rule id → message a row, where a rule has more than one."""
    height = frame.height
    critical = reduce(lambda a, b: a | b, (one.mask for one in found if one.rule.severity == "critical"), pl.repeat(False, height, eager=True))
    parts = [_structs(one, personal, said) for one in found if one.mask.any()]
    if not parts:
        return pl.Series("_rejections", [None] * 0, dtype=REJECTIONS).extend_constant(None, height), critical
    grouped = pl.concat(parts).with_columns(pl.col("at").cast(pl.UInt32)).group_by("at", maintain_order=True).agg(pl.struct("rule", "severity", "column", "value", "message").alias("_rejections"))
    rows = pl.DataFrame({"at": pl.int_range(0, height, dtype=pl.UInt32, eager=True)})
    return rows.join(grouped, on="at", how="left", maintain_order="left")["_rejections"], critical


def _structs(one: Found, personal: Collection[str], said: Mapping[str, pl.Series]) -> pl.DataFrame:
    """One row a failing row: of several columns the first is shown."""
    rule, count, column = one.rule, int(one.mask.sum()), one.columns[0]
    return pl.DataFrame({
        "at": one.mask.arg_true(), "rule": [rule.id] * count, "severity": [rule.severity] * count, "column": [column or None] * count,
        "value": [MASK] * count if column in personal else one.shown[0].filter(one.mask).cast(pl.String, strict=False),
        "message": said[rule.id].filter(one.mask) if rule.id in said else [message_of(rule)] * count,
    })  # fmt: skip
