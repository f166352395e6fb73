"""Every expectation there is, run by Great Expectations on Spark; rows judged against other rows and tables; and a judge that is broken is found out."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from gx_results import counted
from pyspark.sql import SparkSession
from test_quality import contract_of, deliver, run
from test_two_judges import EDGE_RULES, by_gx, by_landing, edge_rows, rules_from, table

from jobs.contracts.model import Column
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings, load_settings
from jobs.quality import row_tests
from jobs.quality.compile import judge
from jobs.quality.dialect import unfused
from jobs.quality.measures import Measures
from jobs.quality.plugins import load, plugin_kinds
from jobs.quality.row_tests import ROW_TYPES, Test
from jobs.quality.rules import Rule
from jobs.quality.validate import validate
from jobs.quality.vocabulary import REFUSED, core_types, scope_of
from jobs.readers.values import polars_type

ROOT = load_settings().root
KINDS = [Column("n", "n", "integer"), Column("s", "s", "string"), Column("r", "r", "double"), Column("d", "d", "decimal", precision=18, scale=2), Column("day", "day", "date"), Column("at", "at", "timestamp")]
ROWS = [(i, "abc"[i % 3], float(i % 7), Decimal(i) / 4, dt.date(2024, 1, 1) + dt.timedelta(i), dt.datetime(2024, 1, 1, i % 24, tzinfo=dt.UTC)) for i in range(40)] + [(None,) * 6]
LAST: dict[str, Any] = {"deliveries_before": {"$PARAMETER": "last_good"}, "table_before": {"$PARAMETER": "bronze"}}
SHARES = {"values": ["a", "b", "c"], "weights": [0.4, 0.3, 0.3]}
# type, arguments, success, observed (None: not compared)
WHOLE: list[tuple[str, dict[str, Any], bool, Any]] = [
    ("expect_column_distinct_values_to_be_in_set", {"column": "s", "value_set": ["a"]}, False, None), ("expect_column_distinct_values_to_be_in_set", {"column": "s", "value_set": ["a", "b", "c", "d"]}, True, None),
    ("expect_column_distinct_values_to_contain_set", {"column": "s", "value_set": ["a", "z"]}, False, None), ("expect_column_distinct_values_to_equal_set", {"column": "s", "value_set": ["a", "b", "c"]}, True, None),
    ("expect_column_kl_divergence_to_be_less_than", {"column": "s", "partition_object": SHARES, "threshold": 0.001}, False, None),
    ("expect_column_max_to_be_between", {"column": "n", "max_value": 38}, False, "39"), ("expect_column_max_to_be_between", {"column": "day", "min_value": "2024-02-09", "max_value": "2024-02-09"}, True, "2024-02-09"),
    ("expect_column_max_to_be_between", {"column": "r", "max_value": 6}, True, "6.0"), ("expect_column_min_to_be_between", {"column": "n", "min_value": 0}, True, "0"),
    ("expect_column_min_to_be_between", {"column": "day", "min_value": "2024-01-02"}, False, "2024-01-01"), ("expect_column_mean_to_be_between", {"column": "n", "min_value": 19.5, "max_value": 19.5}, True, "19.5"),
    ("expect_column_median_to_be_between", {"column": "r", "min_value": 3, "max_value": 3}, True, "3.0"), ("expect_column_stdev_to_be_between", {"column": "n", "max_value": 11}, False, None),
    ("expect_column_sum_to_be_between", {"column": "d", "min_value": 195, "max_value": 195}, True, "195.0"), ("expect_column_sum_to_be_between", {"column": "n", "max_value": 272, "row_condition": "s = 'a'"}, False, "273.0"),
    ("expect_column_most_common_value_to_be_in_set", {"column": "s", "value_set": ["b"]}, False, "['a']"), ("expect_column_proportion_of_non_null_values_to_be_between", {"column": "s", "min_value": 0.99}, False, None),
    ("expect_column_proportion_of_unique_values_to_be_between", {"column": "s", "max_value": 0.08}, True, "0.075"),
    ("expect_column_quantile_values_to_be_between", {"column": "r", "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[0, 2]]}}, False, None),
    ("expect_column_quantile_values_to_be_between", {"column": "n", "quantile_ranges": {"quantiles": [0.025, 0.05, 0.5, 0.95, 1.0], "value_ranges": [[0, 0], [1, 1], [19, 19], [37, 37], [39, 39]]}}, True, None),
    ("expect_column_median_to_be_between", {"column": "n", "min_value": 19.5, "max_value": 19.5}, True, "19.5"), ("expect_column_mean_to_be_between", {"column": "r", "min_value": 2, "max_value": 3}, True, None),
    ("expect_column_sum_to_be_between", {"column": "r", "min_value": 115, "max_value": 115}, True, "115.0"),
    ("expect_column_to_exist", {"column": "s"}, True, None), ("expect_column_type_to_be", {"column": "s", "type_": "StringType"}, True, "StringType"),
    ("expect_column_unique_value_count_to_be_between", {"column": "s", "min_value": 4}, False, "3"), ("expect_column_values_to_be_of_type", {"column": "n", "type_": "StringType"}, False, "LongType"),
    ("expect_column_values_to_be_in_type_list", {"column": "n", "type_list": ["LongType"]}, True, "LongType"), ("expect_table_column_count_to_be_between", {"min_value": 7}, False, "6"),
    ("expect_table_column_count_to_equal", {"value": 6}, True, "6"), ("expect_table_columns_to_match_ordered_list", {"column_list": ["s", "n"]}, False, None),
    ("expect_table_columns_to_match_set", {"column_set": ["n", "s", "r", "d", "day", "at"]}, True, None), ("expect_table_row_count_to_be_between", {"max_value": 35, "row_condition": "n > 3"}, False, "36"),
    ("expect_table_row_count_to_equal", {"value": 41}, True, "41"), ("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT s FROM {batch} GROUP BY s HAVING count(*) > 13"}, False, "1"),
]  # fmt: skip
# type, arguments, unexpected
MANY: list[tuple[str, dict[str, Any], int]] = [
    ("expect_column_value_z_scores_to_be_less_than", {"column": "r", "threshold": 1.5, "double_sided": True}, 5), ("expect_column_values_to_not_be_outliers", {"column": "n", "multiplier": 0.4}, 4),
    ("expect_column_values_to_be_increasing", {"column": "r"}, 5), ("expect_column_values_to_be_decreasing", {"column": "day", "strictly": True}, 39), ("expect_column_values_to_be_unique", {"column": "s"}, 40),
    ("expect_compound_columns_to_be_unique", {"column_list": ["s", "r"]}, 38), ("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT * FROM {batch} WHERE n > 30"}, 9),
]  # fmt: skip


def rules(said: Sequence[tuple[str, dict[str, Any]]]) -> list[Rule]:
    return [Rule(f"{i}:{type_}", type_, kwargs, "critical", scope_of(type_, kwargs, plugin_kinds(ROOT)), "suite", {}) for i, (type_, kwargs) in enumerate(said)]


def frame_of(spark: SparkSession) -> Any:
    return spark.createDataFrame(ROWS, "n bigint, s string, r double, d decimal(18,2), day date, at timestamp")


def test_every_expectation_of_many_rows_runs_over_connect_and_says_what_is_so(spark: SparkSession) -> None:
    of_rows = {name for name, *_ in MANY} | set(ROW_TYPES)
    assert core_types() - set(REFUSED) == {name for name, *_ in WHOLE} | of_rows, "every expectation is tried here or in test_two_judges"
    asked = rules([(type_, kwargs) for type_, kwargs, *_ in WHOLE] + [(type_, kwargs) for type_, kwargs, _ in MANY])
    plain = validate(frame_of(spark), asked, None, "whole")
    verdicts = plain.verdicts
    wrong = [(v.rule.id, v.success, v.observed) for v, (_, _, success, observed) in zip(verdicts, WHOLE, strict=False) if v.success is not success or observed not in (None, v.observed)]
    assert wrong == []
    found = [(v.rule.type, v.unexpected if v.unexpected is not None else int(v.observed or 0)) for v in verdicts[len(WHOLE) :]]
    assert found == [(type_, unexpected) for type_, _, unexpected in MANY]
    measured = validate(frame_of(spark), asked, measures(asked), "whole")
    assert [counted(item) for item in measured.result.results] == [counted(item) for item in plain.result.results]


def measures(asked: Sequence[Rule]) -> Measures:
    """What landing makes of the rows, in two pieces."""
    frame = pl.DataFrame({c.name: pl.Series(c.name, [row[i] for row in ROWS], dtype=polars_type(c)) for i, c in enumerate(KINDS)}).with_row_index("_record")
    return judge(frame[:17], asked, {}, ()).measures + judge(frame[17:], asked, {}, ()).measures


def own(spark: SparkSession, said: Sequence[tuple[str, dict[str, Any]]], **parameters: Any) -> list[tuple[bool, str | None]]:
    load(ROOT)
    return [(v.success, v.observed) for v in validate(frame_of(spark), rules(said), None, "own", parameters=parameters).verdicts]


def test_the_expectations_of_the_project_say_what_is_so(spark: SparkSession) -> None:
    units, moved = f"units_{uuid.uuid4().hex[:8]}", f"before_{uuid.uuid4().hex[:8]}"
    spark.createDataFrame([("a", 13.5, "x"), ("z", 181.5, "x"), ("y", 1.0, "w")], "s string, total double, kind string").createOrReplaceTempView(units)
    before = [("one", None, i % 40, "abd"[i % 3], float(i % 7)) for i in range(80)] + [("two", None, 1, "a", 1.0)]
    spark.createDataFrame(before, "_delivery string, _rejections array<struct<severity:string>>, n bigint, s string, r double").createOrReplaceTempView(moved)
    drift = {"deliveries_before": ["one"], "table_before": moved}
    found = own(spark, [
        ("expect_column_newest_value_to_be_recent", {"column": "day", "within_days": 1, "as_of": {"$PARAMETER": "delivered_at"}}), ("expect_column_newest_value_to_be_recent", {"column": "at", "within_days": 3, "as_of": "2024-01-09"}),
        ("expect_column_distinct_values_to_cover_table", {"column": "s", "reference": units}), ("expect_column_distinct_values_to_cover_table", {"column": "s", "reference": units, "mostly": 0.3}),
        ("expect_column_periods_to_be_complete", {"column": "day", "every": "day"}), ("expect_column_periods_to_be_complete", {"column": "day", "every": "day", "by": "s", "mostly": 0.5}),
        ("expect_column_periods_to_be_complete", {"column": "at", "every": "hour", "end": "2024-01-02T00:00:00"}), ("expect_column_share_of_value_to_be_between", {"column": "r", "value": 0, "max_value": 0.1}),
        ("expect_column_sum_to_equal_control", {"column": "d", "total": 195}), ("expect_column_sum_to_equal_control", {"column": "d", "reference": units, "control_column": "total", "where": "kind = 'x'"}),
        ("expect_column_sum_to_equal_control", {"column": "n", "total": "779", "tolerance": 0.5}), ("expect_column_distribution_to_stay_near", {"column": "s", **drift}),
        ("expect_column_distribution_to_stay_near", {"column": "r", "threshold": 0.3, **drift}), ("expect_column_distribution_to_stay_near", {"column": "r", **LAST}),
    ], delivered_at="2024-02-10T00:00:00+00:00", last_good=[], bronze="nowhere")  # fmt: skip
    assert [success for success, _ in found] == [True, False, False, True, True, False, False, False, True, True, False, False, True, True]
    assert [observed for _, observed in found][2:10] == [
        "2 of 3 missing: y, z", "2 of 3 missing: y, z", "0 of 40 missing", "80 of 120 missing (3 units)", "1 of 25 missing", "0.15", "195.00, control 195", "195.00, control 195.0",
    ]  # fmt: skip
    assert found[-1][1] == "nothing to compare with"


def of(contract: Any, type_: str, severity: Any = "critical", **kwargs: Any) -> Rule:
    columns = {column.name: column for column in contract.columns}
    return Rule(f"{type_}:{kwargs.get('column', '')}", type_, kwargs, severity, scope_of(type_, kwargs, plugin_kinds(ROOT)), "suite", {}, unfused(type_, kwargs, columns))


def test_rows_are_judged_against_other_rows_and_against_a_table_as_it_was_on_the_day(spark: SparkSession, settings: Settings, store: Any) -> None:
    """A district that is dissolved at the end of 2023 and one that is founded then; a plate that is registered; a query; an order."""
    districts = contract_of(mode="snapshot", columns=(Column("code", "code", "string", required=True, primary_key=1), Column("name", "name", "string")))
    for period, text in (("2023", "code,name\nA,Old Town\nB,Harbour\n"), ("2024", "code,name\nB,Harbour\nC,New Town\n")):
        deliver(store, settings, districts, text, "districts.csv", period)
    run(spark, settings, districts, [])
    plates = f"plates_{uuid.uuid4().hex[:8]}"
    spark.createDataFrame([("XA1",), ("XB2",)], "plate string").createOrReplaceTempView(plates)
    columns = (Column("id", "id", "integer", required=True, primary_key=1), Column("district", "district", "string"), Column("day", "day", "date"), Column("plate", "plate", "string"), Column("fine", "fine", "integer"))
    events = contract_of(columns=columns)
    added = [
        of(events, "expect_column_values_to_be_in_table", column="district", reference=f"silver.{districts.table}", key="code", on_date="day"),
        of(events, "expect_column_values_to_be_in_table", column="plate", reference=plates, row_condition="fine > 0", mostly=0.5), of(events, "expect_column_values_to_be_increasing", "warning", column="id"),
        of(events, "unexpected_rows_expectation", unexpected_rows_query="SELECT * FROM {batch} WHERE fine < 0"),
    ]  # fmt: skip
    deliver(store, settings, events, "id,district,day,plate,fine\n1,A,2023-12-31,XA1,10\n2,A,2024-01-01,XA1,10\n3,C,2023-06-01,XB2,10\n5,C,2024-06-01,XB2,10\n4,B,2023-06-01,,10\n6,B,,NO1,10\n7,,2024-06-01,NO1,0\n8,B,2024-01-01,XA1,-5\n")
    checked = run(spark, settings, events, added)
    found = {(row["rule"].split(":")[0].removeprefix("expect_column_values_to_") + ":" + row["column"], row["record"]) for row in Ledger(settings).rows("rejections", dataset=events.dataset)}
    assert found == {("be_in_table:district", 3), ("be_in_table:district", 4), ("be_in_table:plate", 7), ("be_increasing:id", 6), ("unexpected_rows_expectation:", 9)}
    assert sorted(row[0] for row in spark.sql(f"SELECT id FROM silver.{events.table}").collect()) == [1, 4, 5, 7]
    assert checked.held == ()
    told = {row["rule"]: (row["evaluated"], row["unexpected"], row["success"]) for row in Ledger(settings).rows("checks", dataset=events.dataset)}
    assert told["expect_column_values_to_be_in_table:plate"] == (5, 1, True)
    assert told["expect_column_values_to_be_in_table:district"] == (7, 2, False)


def test_a_delivery_that_drifts_from_the_last_good_period_or_is_old_is_held(spark: SparkSession, settings: Settings, store: Any) -> None:
    """Three periods land together; the second drifts and is held, so the third is compared with the first. The order of delivery days says what is recent."""
    contract = contract_of(columns=(Column("id", "id", "integer", required=True, primary_key=1), Column("kind", "kind", "string")))
    rule = of(contract, "expect_column_distribution_to_stay_near", column="kind", **LAST)
    for number, (period, letters) in enumerate((("2024-01", "ab"), ("2024-02", "c"), ("2024-03", "ba"))):
        text = "id,kind\n" + "".join(f"{number * 100 + i},{letters[i % len(letters)]}\n" for i in range(40))
        deliver(store, settings, contract, text, f"{period}.csv", period)
    checked = run(spark, settings, contract, [rule])
    assert [(name, "expect_column_distribution_to_stay_near" in reason) for name, reason in checked.held] == [("2024-02.csv", True)]
    seen = {row["success"] for row in Ledger(settings).rows("checks", dataset=contract.dataset) if row["rule"] == rule.id}
    assert seen == {True, False}


BROKEN = {
    "says the opposite": lambda test: Test(test.ignored, test.failed.not_(), test.shown, test.outside),
    "fails nothing": lambda test: Test(test.ignored, pl.lit(False), test.shown, test.outside),
    "fails everything": lambda test: Test(test.ignored, pl.lit(True), test.shown, test.outside),
    "judges what it should ignore": lambda test: Test(pl.lit(False), test.failed | test.ignored, test.shown, test.outside),
}
ARGUMENTS = ("strict_min", "strict_max", "min_value", "max_value", "or_equal", "ignore_row_if", "match_on", "row_condition")


@pytest.fixture(scope="module")
def plain(spark: SparkSession) -> tuple[set[tuple[str, int]], dict[str, tuple[Any, Any]]]:
    """What plain Great Expectations says of the edge rows: failing rows, and (evaluated, unexpected) of every rule. Asked once."""
    frame, asked = table(edge_rows()), rules_from(EDGE_RULES)
    rows = spark.createDataFrame(frame.to_arrow(compat_level=pl.CompatLevel.oldest()))
    return by_gx(spark, frame, asked), {v.rule.id: (v.evaluated, v.unexpected) for v in validate(rows, asked, None, "edges").verdicts}


def differs(plain: tuple[set[tuple[str, int]], dict[str, tuple[Any, Any]]], asked: Sequence[Rule]) -> set[str]:
    """The rules that landing and plain GX do not say the same of."""
    frame = table(edge_rows())
    measures = judge(frame, asked, {}, ()).measures.rules
    return {rule for rule, _ in by_landing(frame, asked) ^ plain[0]} | {name for name, told in plain[1].items() if told != (measures[name].evaluated, measures[name].unexpected)}


@pytest.mark.parametrize("type_", ROW_TYPES)
def test_a_rule_that_is_compiled_wrongly_is_found_out(plain: Any, type_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = rules_from(EDGE_RULES)
    mine = {rule.id for rule in asked if rule.type == type_}
    assert mine
    assert differs(plain, asked) == set()
    right = ROW_TYPES[type_]
    for how, broken in BROKEN.items():
        if how == "judges what it should ignore" and type_.endswith("_null"):
            continue  # these ignore nothing
        with monkeypatch.context() as patched:
            patched.setitem(row_tests.ROW_TYPES, type_, lambda kwargs, schema, broken=broken: broken(right(kwargs, schema)))
            found = differs(plain, asked)
        assert found <= mine
        assert found, how


def test_an_argument_that_is_forgotten_is_found_out(plain: Any) -> None:
    asked = rules_from(EDGE_RULES)
    kept = []
    for i, rule in enumerate(asked):
        for name in ARGUMENTS:
            if rule.kwargs.get(name) is not None and not (name in ("min_value", "max_value") and len([b for b in ("min_value", "max_value") if b in rule.kwargs]) == 1):
                without = Rule(rule.id, rule.type, {k: v for k, v in rule.kwargs.items() if k != name}, "critical", "row", "suite")
                if rule.id not in differs(plain, [*asked[:i], without, *asked[i + 1 :]]):
                    kept.append((rule.id, name))
    assert kept == []


def test_what_great_expectations_tells_is_bounded_and_names_nobody(spark: SparkSession) -> None:
    """Ten thousand failing rows: a handful of values in the result; of a personal column none, whatever kind of rule it is."""
    frame = spark.range(10_000).selectExpr("id AS n", "concat('secret', id) AS s")
    said = [("expect_column_values_to_match_regex", {"column": "s", "regex": "^x"}), ("expect_column_pair_values_to_be_equal", {"column_A": "n", "column_B": "n"}), ("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT * FROM {batch}"}),
            ("expect_column_distinct_values_to_be_in_set", {"column": "s", "value_set": ["x"]}), ("expect_select_column_values_to_be_unique_within_record", {"column_list": ["s", "s"]})]  # fmt: skip
    open_, masked = (validate(frame, rules(said), None, "bounded", personal).result for personal in ((), ("s",)))
    assert "secret1" in json.dumps(open_.to_json_dict())
    assert all(len(json.dumps(result.to_json_dict())) < 60_000 for result in (open_, masked))
    assert "secret1" not in json.dumps(masked.to_json_dict())


