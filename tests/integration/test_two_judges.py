"""Polars while landing and Great Expectations on Spark judge the same rows alike, rule by rule and row by row."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import polars as pl
from gx_results import counted
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.contracts.model import Column
from jobs.quality.compile import judge
from jobs.quality.conditions import conditions
from jobs.quality.dialect import unfused
from jobs.quality.keys import key_measures
from jobs.quality.keys_in_spark import count_keys
from jobs.quality.measures import Measures
from jobs.quality.regexes import matches, native_regex
from jobs.quality.row_tests import ROW_TYPES
from jobs.quality.rules import Rule
from jobs.quality.validate import validate
from jobs.readers.values import polars_type

COLUMNS = {
    "word": Column("word", "word", "string"), "other": Column("other", "other", "string"), "whole": Column("whole", "whole", "integer"), "more": Column("more", "more", "integer"),
    "money": Column("money", "money", "decimal", precision=18, scale=2), "small": Column("small", "small", "decimal", precision=12, scale=3),
    "huge": Column("huge", "huge", "decimal", precision=38, scale=6), "real": Column("real", "real", "double"), "rough": Column("rough", "rough", "double"),
    "flag": Column("flag", "flag", "boolean"), "day": Column("day", "day", "date"), "later": Column("later", "later", "date"), "at": Column("at", "at", "timestamp"),
    "when": Column("when", "when", "string"), "said": Column("said", "said", "json"),
}  # fmt: skip
SAME = ("expect_multicolumn_values_to_be_equal", "expect_select_column_values_to_be_unique_within_record")
WHENS = ["2024-02-29", "2023-02-29", "20240229", " 20240229", "2024-2-9", "29/02/2024 23:59", "29/02/2024 24:00", "366", "000", "٢٠٢٤", "2024", "", "2024-02-29\n", "+2024"]
SAYINGS = ["{}", '{"a": 1}', '{"a": null, "a": 2}', "[]", "[1, 2.5]", '["x"]', "1", "1.0", "NaN", '"x"', "null", " 1 ", '{"b": "中文"}']
TEXTS = [
    "", " ", "a", "A", "abc", "abc\n", "abc\r\n", "abc\r", "abc\u2028", "a\nb", "é", "e\u0301", "ß", "SS", "İ", "😀", "😀😀", "👨‍👩‍👧", "中文", "抽样调查", "٣", "0", "-0", "007", "1e5", "NaN", "null", "\t", "\u00a0",
    "\x00", "\ufeff", "\uffff", "\x85", "EH1 7DU", "2024-02-29", "[x]", "\\",
]  # fmt: skip
WHOLES = [0, 1, -1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 10**18]
REALS = [0.0, -0.0, 1.5, -1.5, 0.1, math.nan, math.inf, -math.inf, 5e-324, 1.7976931348623157e308, 2.0**53]
DAYS = [dt.date(1, 1, 1), dt.date(1582, 10, 4), dt.date(1582, 10, 15), dt.date(1970, 1, 1), dt.date(2024, 2, 29), dt.date(9999, 12, 31)]
MOMENTS = [dt.datetime(1, 1, 2, tzinfo=dt.UTC), dt.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=dt.UTC), dt.datetime(2024, 3, 31, 1, 30, tzinfo=dt.UTC), dt.datetime(9999, 12, 30, tzinfo=dt.UTC)]


def amounts(digits: int, scale: int) -> st.SearchStrategy[Decimal]:
    most = 10**digits - 1
    return st.one_of(st.sampled_from([0, 1, -1, 110, 555, most, -most]), st.integers(-most, most)).map(lambda n: Decimal(n).scaleb(-scale))


BY_NAME: dict[str, st.SearchStrategy[Any]] = {"when": st.one_of(st.sampled_from(WHENS), st.dates().map(str)), "said": st.sampled_from(SAYINGS)}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": st.one_of(st.sampled_from(TEXTS), st.text(max_size=8)), "integer": st.one_of(st.sampled_from(WHOLES), st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1)),
    "double": st.one_of(st.sampled_from(REALS), st.floats(), st.integers(-3, 3).map(float)), "boolean": st.booleans(),
    "date": st.one_of(st.sampled_from(DAYS), st.dates()), "timestamp": st.one_of(st.sampled_from(MOMENTS), st.datetimes(min_value=dt.datetime(1, 1, 2), max_value=dt.datetime(9999, 12, 30)).map(lambda d: d.replace(tzinfo=dt.UTC))),
}  # fmt: skip


def values(column: Column) -> st.SearchStrategy[Any]:
    found = amounts(column.precision, column.scale) if column.kind == "decimal" else BY_NAME.get(column.name) or VALUES[column.kind]
    return st.one_of(st.none(), found, found, found)


ROWS = st.lists(st.tuples(*(values(c) for c in COLUMNS.values())), min_size=20, max_size=60)
PATTERNS = [r"^[a-z]+$", r"^\w*$", r"\d", r"^.$", r"^.{2}$", r"\s", r"^[^\d]$", "抽样", r"^\[", r"^(abc|A)$", "", r"^[A-Z]{1,2}[0-9]+ [0-9][A-Z]{2}$"]


def bound(value: Any) -> Any:
    """A value of the column as a suite's YAML would say it."""
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return value.isoformat() if isinstance(value, dt.date) else float(value) if isinstance(value, Decimal) else value


@st.composite
def rule_sets(draw: st.DrawFn, rows: Sequence[tuple[Any, ...]]) -> list[tuple[str, dict[str, Any]]]:
    """Rules whose bounds and sets are taken from the rows, so that equality is met."""
    at = {name: [row[i] for row in rows if row[i] is not None] for i, name in enumerate(COLUMNS)}
    found: list[tuple[str, dict[str, Any]]] = []
    for name in ("whole", "money", "small", "huge", "real", "day", "at"):
        finite = [v for v in at[name] if not (isinstance(v, float) and not math.isfinite(v))] or [dt.date(2000, 1, 1) if name in ("day", "at") else 1]
        low, high = sorted(draw(st.tuples(st.sampled_from(finite), st.sampled_from(finite))))
        strict = {"strict_min": draw(st.booleans()), "strict_max": draw(st.booleans())}
        found += [
            ("expect_column_values_to_be_between", {"column": name, "min_value": bound(low), "max_value": bound(high), **strict, "mostly": 0.5}),
            ("expect_column_values_to_be_between", {"column": name, "min_value": bound(low)}), ("expect_column_values_to_be_between", {"column": name, "max_value": bound(high), "strict_max": True}),
        ]  # fmt: skip
    for name in ("word", "whole", "flag"):
        options = draw(st.lists(st.sampled_from(at[name] or [{"word": "a", "whole": 1, "flag": True}[name]]), min_size=1, max_size=4))
        found += [("expect_column_values_to_be_in_set", {"column": name, "value_set": options}), ("expect_column_values_to_not_be_in_set", {"column": name, "value_set": options})]
    for pattern in draw(st.lists(st.sampled_from(PATTERNS), min_size=2, max_size=4, unique=True)):
        found += [(f"expect_column_values_to_{word}", {"column": "word", "regex": pattern}) for word in ("match_regex", "not_match_regex")]
    length = draw(st.integers(0, 3))
    found += [
        ("expect_column_value_lengths_to_equal", {"column": "word", "value": length}), ("expect_column_value_lengths_to_be_between", {"column": "word", "min_value": length, "strict_min": True}),
        ("expect_column_value_lengths_to_be_between", {"column": "other", "min_value": length, "max_value": length + 1, "strict_max": True}),
    ]  # fmt: skip
    for a, b in (("whole", "more"), ("real", "rough"), ("day", "later"), ("word", "other")):
        ignored = {"ignore_row_if": draw(st.sampled_from(["both_values_are_missing", "either_value_is_missing", "neither"]))}
        found += [
            ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": a, "column_B": b, "or_equal": True, **ignored}),
            ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": a, "column_B": b, **ignored}), ("expect_column_pair_values_to_be_equal", {"column_A": a, "column_B": b, **ignored}),
        ]  # fmt: skip
    found += [*many_column_rules(draw, at), *(conditioned(draw, *rule) for rule in draw(st.lists(st.sampled_from(found), min_size=6, max_size=6)))]
    return found + [(f"expect_column_values_to_{word}be_null", {"column": name}) for name in COLUMNS for word in ("", "not_")]


FORMS = ["%Y-%m-%d", "%Y%m%d", "%d/%m/%Y %H:%M", "%j", "%Y"]
SHAPES: list[dict[str, Any]] = [{"type": "object", "required": ["a"]}, {"type": "array", "items": {"type": "number"}}, {"enum": [1, "x", None]}]
CONDITIONS = [
    ('col("whole") > 0', "great_expectations"), ('col("word") == "abc"', "great_expectations"), ('col("day").notnull()', "great_expectations"), ('col("money") <= 1.1', "great_expectations"),
    ("whole BETWEEN -1 AND 3 OR flag = true", "spark"), ("NOT (word IN ('', 'a', '中文') AND real > 0)", "spark"), ("day >= '2000-01-01' AND other IS NOT NULL", "spark"), ("real < 1.5", None), ("small <> 0.5", "spark"),
]  # fmt: skip


def conditioned(draw: st.DrawFn, type_: str, kwargs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    condition, parser = draw(st.sampled_from(CONDITIONS))
    return type_, kwargs | {"row_condition": condition} | ({"condition_parser": parser} if parser else {})


def many_column_rules(draw: st.DrawFn, at: dict[str, list[Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Rules of several columns and of texts that Python's own parsers read."""
    ignored = {"ignore_row_if": draw(st.sampled_from(["all_values_are_missing", "any_value_is_missing", "never"]))}
    total = draw(st.sampled_from([0, 1, -2, 555, 1.5]))
    pairs = [list(pair) for pair in draw(st.lists(st.tuples(st.sampled_from([None, *at["word"]]), st.sampled_from([None, *at["whole"]])), min_size=1, max_size=4))]
    patterns = draw(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3, unique=True))
    return [
        *[("expect_multicolumn_sum_to_equal", {"column_list": names, "sum_total": total, **ignored}) for names in (["whole", "more"], ["real", "rough", "real"], ["money", "money"])],
        *[(type_, {"column_list": names, **ignored}) for names in (["word", "other"], ["real", "rough"], ["day", "later", "day"], ["whole", "more"]) for type_ in SAME],
        ("expect_column_pair_values_to_be_in_set", {"column_A": "word", "column_B": "whole", "value_pairs_set": pairs, "ignore_row_if": draw(st.sampled_from(["both_values_are_missing", "neither"]))}),
        ("expect_column_values_to_match_regex_list", {"column": "word", "regex_list": patterns, "match_on": draw(st.sampled_from(["any", "all"]))}),
        ("expect_column_values_to_not_match_regex_list", {"column": "word", "regex_list": patterns}),
        ("expect_column_values_to_match_strftime_format", {"column": "when", "strftime_format": draw(st.sampled_from(FORMS))}), ("expect_column_values_to_be_json_parseable", {"column": "word"}),
        ("expect_column_values_to_match_json_schema", {"column": "said", "json_schema": draw(st.sampled_from(SHAPES))}),
    ]  # fmt: skip


CASES = ROWS.flatmap(lambda rows: st.tuples(st.just(rows), rule_sets(rows)))


def rules_from(said: Sequence[tuple[str, dict[str, Any]]]) -> list[Rule]:
    return [Rule(f"{i}:{type_}", type_, kwargs, "critical", "row", "suite", {}, unfused(type_, kwargs, COLUMNS)) for i, (type_, kwargs) in enumerate(said)]


def table(rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    columns = {c.name: pl.Series(c.name, [row[i] for row in rows], dtype=polars_type(c), strict=False) for i, c in enumerate(COLUMNS.values())}
    return pl.DataFrame(columns).with_row_index("_record").with_columns(pl.col("_record").cast(pl.Int64))


def by_landing(frame: pl.DataFrame, rules: Sequence[Rule]) -> set[tuple[str, int]]:
    """(rule, row) of every failure."""
    found = pl.DataFrame({"row": frame["_record"], "r": judge(frame, rules, {}, ()).rejections}).explode("r").drop_nulls().unnest("r")
    return set(zip(found["rule"], found["row"], strict=True))


def by_gx(spark: SparkSession, frame: pl.DataFrame, rules: Sequence[Rule]) -> set[tuple[str, int]]:
    """The same, by GX's own Spark conditions: one pass for all rules of one column, one for each that has rows of its own."""
    rows = spark.createDataFrame(frame.to_arrow(compat_level=pl.CompatLevel.oldest()))
    asked = dict(zip([rule.id for rule in rules], conditions(rows, rules), strict=True))
    single = [F.when(asked[rule.id][0], F.lit(rule.id)) for rule in rules if _of_all_rows(rule)]
    parts = [rows.select(F.explode(F.array(*single)).alias("rule"), "_record")]
    for rule in rules:
        if not _of_all_rows(rule):
            unexpected, domain = asked[rule.id]
            parts.append(domain.where(unexpected).select(F.lit(rule.id).alias("rule"), "_record"))
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.unionByName(part)
    return {(row["rule"], row["_record"]) for row in whole.where("rule IS NOT NULL").toArrow().to_pylist()}


def _of_all_rows(rule: Rule) -> bool:
    return "column" in rule.kwargs and "row_condition" not in rule.kwargs


def explained(frame: pl.DataFrame, rules: Sequence[Rule], differing: set[tuple[str, int]]) -> list[str]:
    kwargs = {rule.id: rule.kwargs for rule in rules}
    return [f"{rule} {kwargs[rule]} row {frame.row(row, named=True)}" for rule, row in sorted(differing)[:5]]


@given(case=CASES)
@hypothesis_settings(max_examples=3, deadline=None, database=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
def test_the_same_rows_fail(spark: SparkSession, case: tuple[list[tuple[Any, ...]], list[tuple[str, dict[str, Any]]]]) -> None:
    frame, rules = table(case[0]), rules_from(case[1])
    assert {rule.type for rule in rules} == set(ROW_TYPES)
    assert [rule.unfused for rule in rules] == [None] * len(rules)
    assert not explained(frame, rules, by_landing(frame, rules) ^ by_gx(spark, frame, rules))


def edge_rows() -> list[tuple[Any, ...]]:
    """Edge values of every kind beside each other, with nulls in between; always the same rows."""
    edges = {"string": TEXTS, "integer": WHOLES, "double": REALS, "boolean": [True, False], "date": DAYS, "timestamp": MOMENTS, "decimal": [Decimal("0.00"), Decimal("1.10"), Decimal("-5.55")]}
    lists = [[*(WHENS if c.name == "when" else SAYINGS if c.name == "said" else edges[c.kind]), None] for c in COLUMNS.values()]
    dice = random.Random(3)
    return [tuple(dice.choice(options) for options in lists) for _ in range(200)]


EDGE_RULES: list[tuple[str, dict[str, Any]]] = [
    ("expect_column_values_to_not_be_null", {"column": "word", "mostly": 0.9}), ("expect_column_values_to_be_null", {"column": "flag", "mostly": 0.3}),
    ("expect_column_values_to_be_between", {"column": "real", "min_value": -1.5, "max_value": 1.5}), ("expect_column_values_to_be_between", {"column": "real", "min_value": 0, "strict_min": True}),
    ("expect_column_values_to_be_between", {"column": "real", "min_value": 0}), ("expect_column_values_to_be_between", {"column": "real", "max_value": 1.5}),
    ("expect_column_values_to_be_between", {"column": "real", "min_value": 0, "max_value": 1.5}), ("expect_column_values_to_be_between", {"column": "whole", "min_value": 0, "max_value": 9007199254740992, "mostly": 0.25}),
    ("expect_column_values_to_be_between", {"column": "money", "min_value": 1.1}), ("expect_column_values_to_be_between", {"column": "money", "min_value": -5.55, "strict_min": True}),
    ("expect_column_values_to_be_between", {"column": "day", "min_value": "1582-10-15", "max_value": "2024-02-29", "strict_max": True}),
    ("expect_column_values_to_be_between", {"column": "at", "min_value": "1970-01-01T07:59:59+08:00"}), ("expect_column_values_to_be_between", {"column": "at", "max_value": "1970-01-01T00:00:00"}), ("expect_column_values_to_be_in_set", {"column": "word", "value_set": ["", "é", "😀", "SS"]}),
    ("expect_column_values_to_not_be_in_set", {"column": "whole", "value_set": [0, -1]}), ("expect_column_values_to_match_regex", {"column": "word", "regex": "^[a-z]{3}$", "mostly": 0.1}),
    ("expect_column_values_to_not_match_regex", {"column": "word", "regex": r"\s"}), ("expect_column_value_lengths_to_equal", {"column": "word", "value": 1}),
    ("expect_column_value_lengths_to_be_between", {"column": "word", "min_value": 1, "max_value": 3, "strict_max": True}),
    ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "real", "column_B": "rough", "or_equal": True}),
    ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "whole", "column_B": "more", "ignore_row_if": "neither"}),
    ("expect_column_pair_values_to_be_equal", {"column_A": "word", "column_B": "other"}), ("expect_column_pair_values_to_be_equal", {"column_A": "day", "column_B": "later", "ignore_row_if": "either_value_is_missing"}),
    ("expect_column_values_to_be_between", {"column": "real", "min_value": 0, "row_condition": 'col("whole") > 0', "condition_parser": "great_expectations"}),
    ("expect_column_values_to_not_be_null", {"column": "real", "row_condition": "whole > 0", "condition_parser": "spark", "mostly": 0.9}),
    ("expect_column_values_to_be_in_set", {"column": "word", "value_set": ["", "a", "é"], "row_condition": "word IN ('', 'A', '中文', 'é') AND flag = true", "condition_parser": "spark"}),
    ("expect_column_pair_values_to_be_equal", {"column_A": "word", "column_B": "other", "row_condition": "day > '1900-01-01' OR real IS NULL", "condition_parser": "spark"}),
    ("expect_multicolumn_sum_to_equal", {"column_list": ["whole", "more"], "sum_total": 1, "ignore_row_if": "never"}), ("expect_multicolumn_sum_to_equal", {"column_list": ["money", "money"], "sum_total": 2.2}),
    ("expect_multicolumn_sum_to_equal", {"column_list": ["real", "rough"], "sum_total": 1.5, "row_condition": "flag = true"}), ("expect_multicolumn_values_to_be_equal", {"column_list": ["day", "later"], "ignore_row_if": "any_value_is_missing"}),
    ("expect_select_column_values_to_be_unique_within_record", {"column_list": ["day", "later"], "ignore_row_if": "never", "mostly": 0.5, "row_condition": "whole IS NOT NULL"}),
    ("expect_select_column_values_to_be_unique_within_record", {"column_list": ["real", "rough"]}), ("expect_column_pair_values_to_be_in_set", {"column_A": "flag", "column_B": "whole", "value_pairs_set": [[True, 0], [False, None], [None, -1]]}),
    ("expect_column_values_to_match_regex_list", {"column": "word", "regex_list": ["^a", "[0-9]$"]}), ("expect_column_values_to_match_regex_list", {"column": "word", "regex_list": ["a", "b"], "match_on": "all"}),
    ("expect_column_values_to_not_match_regex_list", {"column": "word", "regex_list": [r"\s", "^.$"]}), ("expect_column_values_to_match_strftime_format", {"column": "when", "strftime_format": "%Y-%m-%d"}),
    ("expect_column_values_to_be_json_parseable", {"column": "word"}), ("expect_column_values_to_match_json_schema", {"column": "said", "json_schema": {"type": "object"}}),
]  # fmt: skip


def test_the_same_counts_and_verdicts(spark: SparkSession) -> None:
    """GX's whole result of every rule: from Spark alone, and from what landing counted; and both are landing's counts."""
    frame, rules = table(edge_rows()), rules_from(EDGE_RULES)
    assert {rule.type for rule in rules} == set(ROW_TYPES)
    measures = judge(frame, rules, {}, ()).measures
    rows = spark.createDataFrame(frame.to_arrow(compat_level=pl.CompatLevel.oldest()))
    plain, measured = validate(rows, rules, None, "edges"), validate(rows, rules, measures, "edges")
    assert {v.rule.id: (v.evaluated, v.unexpected) for v in plain.verdicts} == {r.id: (measures.rules[r.id].evaluated, measures.rules[r.id].unexpected) for r in rules}
    assert [counted(item) for item in measured.result.results] == [counted(item) for item in plain.result.results]
    assert not explained(frame, rules, by_landing(frame, rules) ^ by_gx(spark, frame, rules))
    assert [r.id for r in rules if not 0 < measures.rules[r.id].unexpected < measures.rules[r.id].evaluated] == []  # what nothing or everything fails compares little


KEY_RULES: list[tuple[str, dict[str, Any]]] = [
    *[("expect_column_values_to_be_unique", {"column": name}) for name in COLUMNS if name != "said"], ("expect_column_values_to_be_unique", {"column": "word", "mostly": 0.01}),
    *[("expect_compound_columns_to_be_unique", {"column_list": ["flag", "word"], **said}) for said in ({}, *({"ignore_row_if": how} for how in ("never", "any_value_is_missing", "all_values_are_missing")))],
    ("expect_compound_columns_to_be_unique", {"column_list": ["real", "rough", "whole"]}),
]  # fmt: skip


def test_keys_are_counted_alike_by_landing_in_one_query_and_by_gx(spark: SparkSession) -> None:
    """GX's whole result of every rule over a key, of each delivery by itself and from counts; landing's counts are those of Spark. Deliveries without repeats and without rows are among them."""
    edges = table(edge_rows())
    rules = [Rule(f"{i}:{type_}", type_, kwargs, "critical", "rows", "suite") for i, (type_, kwargs) in enumerate(KEY_RULES)]
    deliveries = {"2024/a": edges[:120], "2024/b": edges[120:], "2024/c": edges[:1], "2024/d": edges[:0]}
    whole = pl.concat([frame.with_columns(_delivery=pl.lit(name)) for name, frame in deliveries.items()])
    rows = spark.createDataFrame(whole.to_arrow(compat_level=pl.CompatLevel.oldest()))
    severity = F.when(F.col("whole") > 1, "critical").when(F.col("whole") < 0, "warning")
    said = F.struct(F.lit("r").alias("rule"), severity.alias("severity"), *[F.lit(None).cast("string").alias(name) for name in ("column", "value", "message")])
    found = count_keys(rows.withColumn("_rejections", F.when(severity.isNotNull(), F.array(said))), rules, list(deliveries))
    for name, frame in deliveries.items():
        mine, landed = rows.where(F.col("_delivery") == name), key_measures(frame, rules, frame.select(~(pl.col("whole") > 1).fill_null(False)).to_series())
        assert landed == {rule: measure for rule, measure in found[name].items() if rule in landed}
        plain, told = validate(mine, rules, None, "keys"), validate(mine, rules, Measures(frame.height, keys=found[name]), "keys")
        assert [counted(item) for item in told.result.results] == [counted(item) for item in plain.result.results]
    assert len(landed) == len(rules) - 3, "doubles are left to Spark"
    assert [r.id for r in rules if not 0 < found["2024/a"][r.id].shared <= found["2024/a"][r.id].unexpected <= found["2024/a"][r.id].evaluated] == []


LITERAL = st.sampled_from(["a", "Z", "0", "é", "😀", "中", " ", "\n", "\r", r"\.", r"\[", r"\\", r"\t", r"\n", r"\x41", r"\u4e2d", "-", "]"])
MEMBERS = st.lists(st.sampled_from(["a", "a-z", "A-Z0-9", r"\d", r"\W", r"\s", "中", "😀", "-", r"\]", r"\-", "\n", "é-ü", "^", r"\u4e00-\u9fa5"]), min_size=1, max_size=4).map("".join)
ATOMS = st.one_of(LITERAL, st.sampled_from([".", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S"]), MEMBERS.map("[{}]".format), MEMBERS.map("[^{}]".format))
TIMES = st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{1,}", "{0,2}", "*?", "+?"])


def branches(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(parts, parts, st.sampled_from(["({}|{})", "(?:{}|{})"]), TIMES).map(lambda t: t[2].format(t[0], t[1]) + t[3])


PIECES = st.recursive(st.tuples(ATOMS, TIMES).map("".join), lambda inner: st.one_of(st.lists(inner, min_size=1, max_size=3).map("".join), branches(inner)), max_leaves=5)
REGEXES = st.one_of(st.tuples(st.sampled_from(["", "^"]), PIECES, st.sampled_from(["", "$", "$|^a$"])).map("".join), st.text(alphabet="ab01-^$[](){}|*+?.\\dwsn,&😀\n\r", max_size=8))
SUBJECTS = st.one_of(st.sampled_from(TEXTS), st.text(alphabet="aZ0é😀中 \n\r\u2028\x85-]^.\\[", max_size=5))


@given(patterns=st.lists(REGEXES, min_size=30, max_size=60), texts=st.lists(SUBJECTS, min_size=30, max_size=60))
@hypothesis_settings(max_examples=15, deadline=None, database=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
def test_native_regexes_find_what_java_finds(spark: SparkSession, patterns: list[str], texts: list[str]) -> None:
    native = [p for p in dict.fromkeys(patterns) if native_regex(p) is not None]
    frame = pl.DataFrame({"text": list(dict.fromkeys([*TEXTS, *texts]))})
    rows = spark.createDataFrame(frame.to_arrow(compat_level=pl.CompatLevel.oldest()))
    java = rows.select("text", *[F.col("text").rlike(p).alias(str(i)) for i, p in enumerate(native)]).toArrow()
    rust = frame.select("text", *[matches(pl.col("text"), p).alias(str(i)) for i, p in enumerate(native)])
    differing = [(native[i], text) for i in range(len(native)) for text, a, b in zip(frame["text"], java.column(str(i)).to_pylist(), rust[str(i)], strict=True) if a != b]
    assert not differing[:5]
