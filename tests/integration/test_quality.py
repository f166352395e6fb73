"""check: holds, rules judged in Spark, personal data, and expectations that Great Expectations cannot run."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs import check, conform, land, register
from jobs.contracts.model import Column, Contract, Reader
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings, load_settings
from jobs.platform.store import keys
from jobs.quality.dialect import unfused
from jobs.quality.implied import rules_of
from jobs.quality.many import MOST, judge_in_spark
from jobs.quality.plugins import plugin_kinds
from jobs.quality.rules import Rule
from jobs.quality.vocabulary import scope_of

ROOT = load_settings().root
COLUMNS = (Column("id", "id", "integer", required=True, primary_key=1), Column("name", "name", "string"), Column("born", "born", "date"))


def contract_of(**changes: Any) -> Contract:
    suffix = uuid.uuid4().hex[:8]
    made = Contract("test", f"q_{suffix}", "t", "1.0.0", "t", "", "test", "increment", f"test_{suffix}/q", r".*\.csv", Reader("csv"), COLUMNS)
    return dataclasses.replace(made, **changes)


def rule(contract: Contract, type_: str, severity: Any = "critical", **kwargs: Any) -> Rule:
    scope = scope_of(type_, kwargs, plugin_kinds(ROOT))
    columns = {column.name: column for column in contract.columns}
    return Rule(f"{type_}:{kwargs.get('column', '')}", type_, kwargs, severity, scope, "suite", {}, unfused(type_, kwargs, columns))


def deliver(store: Any, settings: Settings, contract: Contract, text: str, name: str = "dump.csv", period: str = "2024") -> None:
    store.put_object(Bucket=settings.bucket("landing"), Key=f"{contract.landing}/{period}/{name}", Body=text.encode())


def run(spark: SparkSession, settings: Settings, contract: Contract, added: Sequence[Rule]) -> check.Checked:
    rules = [*rules_of(contract, settings.root), *added]
    register.run(spark, settings, contract)
    land.run(spark, settings, contract, rules)
    try:
        return check.run(spark, settings, contract, rules)
    finally:
        conform.run(spark, settings, contract, rules)


def silver(spark: SparkSession, contract: Contract) -> list[int]:
    return sorted(row[0] for row in spark.sql(f"SELECT id FROM silver.{contract.table}").collect())


def checks(settings: Settings, contract: Contract) -> dict[str, dict[str, Any]]:
    return {row["rule"]: row for row in Ledger(settings).rows("checks", dataset=contract.dataset)}


GOOD = "id,name,born\n1,ann,1990-01-01\n2,ben,1991-01-01\n3,cat,1992-01-01\n4,dan,1993-01-01\n"
BAD = "id,name,born\n1,ann,1990-01-01\n2,,1991-01-01\n3,,1992-01-01\n4,dan,1993-01-01\n"
HOLDS = {
    "mostly": (("expect_column_values_to_not_be_null", {"column": "name", "mostly": 0.9}), "holds for too few rows: 2 of 4 fail, at least 90% must hold", {}),
    "aggregate": (("expect_column_unique_value_count_to_be_between", {"column": "name", "min_value": 3}), "failed: observed 2, expected min_value 3", {}),
    "share": (("expect_column_values_to_not_be_null", {"column": "name"}), "50.0% of the rows are rejected, the contract tolerates 40.0%", {"tolerated_rejected_share": 0.4}),
    "share_in_spark": (("expect_column_values_to_match_regex", {"column": "name", "regex": "^(?=ann)"}), "25.0% of the rows are rejected, the contract tolerates 20.0%", {"tolerated_rejected_share": 0.2}),
}  # fmt: skip


@pytest.mark.parametrize("name", HOLDS)
def test_a_delivery_is_held_before_silver_until_it_is_corrected(spark: SparkSession, settings: Settings, store: Any, name: str) -> None:
    (type_, kwargs), said, changes = HOLDS[name]
    contract = contract_of(**changes)
    added = [rule(contract, type_, **kwargs)]
    deliver(store, settings, contract, BAD)
    checked = run(spark, settings, contract, added)
    [row] = Ledger(settings).deliveries(contract.dataset)
    assert [(file, said in reason) for file, reason in checked.held] == [("dump.csv", True)]
    assert (row["outcome"], row["reason"], row["message"]) == ("held", "held", checked.held[0][1])
    assert (row["held"], row["silver"], row["quarantined_rows"]) == (4, 0, 0)
    assert silver(spark, contract) == []

    deliver(store, settings, contract, GOOD.replace("ben", "ann").replace("dan", "ann").replace("cat", "ann") if name == "share_in_spark" else GOOD)
    assert run(spark, settings, contract, added).held == ()
    rows = {row["outcome"]: row for row in Ledger(settings).deliveries(contract.dataset)}
    assert silver(spark, contract) == [1, 2, 3, 4]
    assert (rows["landed"]["silver"], rows["held"]["held"]) == (4, 4)


TOGETHER = {
    "few": "id,name,born\n1,ann,1990-01-01\n", "repeated": "id,name,born\n1,ann,1990-01-01\n1,ben,1990-01-01\n2,cat,1990-01-01\n", "same": "id,name,born\n1,ann,1990-01-01\n1,ann,1990-01-01\n3,cat,1990-01-01\n",
    "high": GOOD.replace("4,", "99,"), "bad": BAD, "dates": GOOD.replace("1990-01-01", "never"),
}  # fmt: skip


def test_many_deliveries_that_share_a_validation_are_judged_as_each_is_by_itself(spark: SparkSession, settings: Settings, store: Any) -> None:
    """Keys, row rules, and rules about the whole: of those landing measured enough for two, a third needs Spark. Some of each fail."""
    contract = contract_of()
    added = [
        rule(contract, "expect_table_row_count_to_be_between", min_value=2), rule(contract, "expect_column_max_to_be_between", "warning", column="id", max_value=10),
        rule(contract, "expect_column_stdev_to_be_between", "warning", column="id", max_value=2), rule(contract, "expect_column_values_to_not_be_null", "warning", column="name", mostly=0.9),
    ]  # fmt: skip
    texts = TOGETHER | {f"good{n}": GOOD + f"{n + 5},eve,1994-01-01\n" for n in range(6)}
    for name, text in texts.items():
        deliver(store, settings, contract, text, f"{name}.csv")
    checked = run(spark, settings, contract, added)
    rules = [*rules_of(contract, settings.root), *added]
    told = Ledger(settings).rows("checks", dataset=contract.dataset)
    assert [name for name, _ in checked.held] == ["few.csv"]
    assert len(list(keys(store, settings.bucket("docs"), f"gx/{contract.table}/"))) == 4, "repeated, same and dates have failed critical rules and have a page each; the others share one"

    def facts(row: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(row[name] for name in ("delivery", "rule", "evaluated", "unexpected", "success", "engine", "observed", "sample"))

    alone = []
    for row in Ledger(settings).deliveries(contract.dataset):
        verdicts = check._validate(spark, settings, contract, rules, [row], {})
        alone += [facts(each) for each in check._results(contract, rules, verdicts, row, alone=True)]
    assert sorted(map(facts, told), key=str) == sorted(alone, key=str)


def test_a_failed_mostly_of_a_warning_holds_nothing(spark: SparkSession, settings: Settings, store: Any) -> None:
    contract = contract_of()
    added = [rule(contract, "expect_column_values_to_not_be_null", "warning", column="name", mostly=0.9)]
    deliver(store, settings, contract, BAD)
    checked = run(spark, settings, contract, added)
    assert (checked.held, checked.failed) == ((), 1)
    assert silver(spark, contract) == [1, 2, 3, 4]


def test_what_polars_reads_differently_is_judged_in_spark(spark: SparkSession, settings: Settings, store: Any) -> None:
    contract = contract_of()
    critical = rule(contract, "expect_column_values_to_match_regex", column="name", regex="^(?!ben)")
    warning = rule(contract, "expect_column_values_to_not_match_regex", "warning", column="name", regex=r"(?i)^CAT\b")
    info = rule(contract, "expect_column_value_lengths_to_be_between", "info", column="id", max_value=0)
    deliver(store, settings, contract, GOOD + "5,ragged\n")
    run(spark, settings, contract, [critical, warning, info])
    told = {r.id: checks(settings, contract)[r.id] for r in (critical, warning, info)}
    assert [(row["engine"], row["evaluated"], row["unexpected"]) for row in told.values()] == [("spark", 4, 1), ("spark", 4, 1), ("spark", 4, 4)]
    assert checks(settings, contract)["not_be_null:id"]["engine"] == "fused"
    assert silver(spark, contract) == [1, 3, 4]
    warned = spark.sql(f"SELECT id, _warnings FROM silver.{contract.table} WHERE size(_warnings) > 0").collect()
    assert [(row[0], row[1]) for row in warned] == [(3, [warning.id])]
    reasons = spark.sql(f"SELECT _record, r.rule, r.column, r.message FROM quarantine.{contract.table} LATERAL VIEW explode(reasons) AS r ORDER BY 1").collect()
    assert [tuple(row)[:3] for row in reasons] == [(3, critical.id, "name"), (6, "ragged", None)]
    assert "^(?!ben)" in reasons[0][3]
    [row] = Ledger(settings).deliveries(contract.dataset)
    assert (row["silver"], row["quarantined_rows"]) == (3, 2)


def test_more_bad_rows_than_a_driver_should_hold_are_all_quarantined(spark: SparkSession, settings: Settings, store: Any) -> None:
    contract = contract_of()
    added = [rule(contract, "expect_column_values_to_match_regex", column="name", regex="^(?!bad)")]
    deliver(store, settings, contract, "id,name,born\n" + "".join(f"{i},{'good' if i % 1000 == 0 else 'bad'},1990-01-01\n" for i in range(MOST + 100)))
    run(spark, settings, contract, added)
    good = list(range(0, MOST + 100, 1000))
    rejections = spark.table("ops.rejections").where(f"dataset = '{contract.dataset}'")
    assert silver(spark, contract) == good
    assert (rejections.count(), rejections.select("record", "part", "rule").distinct().count()) == (MOST + 100 - len(good), MOST + 100 - len(good))
    [row] = Ledger(settings).deliveries(contract.dataset)
    judge_in_spark(spark, Ledger(settings), contract, added, [row["delivery"]])
    assert rejections.count() == MOST + 100 - len(good), "judging again writes nothing new"


def test_a_key_that_repeats_everywhere_holds_its_delivery_and_no_other(spark: SparkSession, settings: Settings, store: Any) -> None:
    contract = contract_of()
    deliver(store, settings, contract, "id,name,born\n" + "".join(f"1,n{i},1990-01-01\n" for i in range(MOST + 1)), "crowded.csv")
    deliver(store, settings, contract, GOOD.replace("\n1,", "\n11,") + "4,don,1993-01-01\n", "few.csv")
    checked = run(spark, settings, contract, [])
    assert [(file, "more than 10,000 rows repeat a key" in reason) for file, reason in checked.held] == [("crowded.csv", True)]
    assert silver(spark, contract) == [2, 3, 11]
    rows = {row["name"]: (row["held"], row["quarantined_rows"]) for row in Ledger(settings).deliveries(contract.dataset)}
    assert rows == {"crowded.csv": (MOST + 1, 0), "few.csv": (0, 2)}


SECRET = ("zeynep", "wojciech")
PERSONAL = "id,name,born\n1,zeynep,1990-01-01\n2,wojciech,1991-01-01\n3,wojciech,notadate1\n"


def personal_rules(contract: Contract) -> list[Rule]:
    return [
        rule(contract, "expect_column_values_to_match_regex", "warning", column="name", regex="^[0-9]+$"),
        rule(contract, "expect_column_values_to_not_match_regex", "warning", column="name", regex="(?i)[a-z]"),
        rule(contract, "expect_column_values_to_be_unique", "warning", column="name"),
        rule(contract, "expect_compound_columns_to_be_unique", "warning", column_list=["name", "born"]),
        rule(contract, "expect_column_most_common_value_to_be_in_set", "warning", column="name", value_set=["nobody"]),
        rule(contract, "expect_column_distinct_values_to_be_in_set", column="name", value_set=["nobody"]),
        rule(contract, "expect_column_max_to_be_between", "warning", column="born", max_value="1980-01-01"),
        rule(contract, "expect_column_unique_value_count_to_be_between", "warning", column="name", max_value=1),
    ]


def test_no_value_of_a_personal_column_is_told(spark: SparkSession, settings: Settings, store: Any) -> None:
    private = tuple(dataclasses.replace(c, classification="personal") if c.name != "id" else c for c in COLUMNS)
    contract = contract_of(columns=private)
    deliver(store, settings, contract, PERSONAL)
    checked = run(spark, settings, contract, personal_rules(contract))
    ledger = Ledger(settings)
    told = [json.dumps(ledger.rows(name, dataset=contract.dataset), default=str) for name in ("checks", "deliveries", "rejections")]
    pages = [item["Key"] for item in keys(store, settings.bucket("docs"), f"gx/{contract.table}/")]
    told += [store.get_object(Bucket=settings.bucket("docs"), Key=key)["Body"].read().decode() for key in pages]
    told += [str(checked), str(spark.sql(f"SELECT reasons FROM quarantine.{contract.table}").collect())]
    assert pages
    assert [word for word in (*SECRET, "1991", "notadate1") for text in told if word in text] == []
    row = checks(settings, contract)["expect_column_unique_value_count_to_be_between:name"]
    assert row["observed"] == "2", "a count is no value"
    assert checks(settings, contract)["castable:born"]["unexpected"] == 1


@pytest.mark.parametrize(("type_", "kwargs"), [("expect_column_mean_to_be_between", {"column": "name", "min_value": 1}), ("expect_column_pair_values_to_be_equal", {"column_A": "id", "column_B": "name"})])
def test_an_error_tells_no_personal_value_either(
    spark: SparkSession, settings: Settings, store: Any, caplog: pytest.LogCaptureFixture, type_: str, kwargs: dict[str, Any]
) -> None:
    """Spark quotes the text that it cannot cast."""
    contract = contract_of(columns=tuple(dataclasses.replace(c, classification="personal") if c.name == "name" else c for c in COLUMNS))
    deliver(store, settings, contract, PERSONAL)
    with pytest.raises(LakeError, match=type_) as caught:
        run(spark, settings, contract, [rule(contract, type_, **kwargs)])
    told = [str(caught.value), caplog.text, json.dumps(Ledger(settings).rows("deliveries", dataset=contract.dataset), default=str)]
    assert [word for word in SECRET for text in told if word in text] == []


def test_an_expectation_that_gx_cannot_run_is_an_error_that_names_it(spark: SparkSession, settings: Settings, store: Any) -> None:
    broken, sound = contract_of(), contract_of()
    added = [rule(broken, "expect_column_mean_to_be_between", column="name", min_value=1)]
    deliver(store, settings, broken, GOOD)
    deliver(store, settings, sound, GOOD)
    with pytest.raises(LakeError, match=r"dump\.csv of test\.q_\w+ could not be checked: .*expect_column_mean_to_be_between:name"):
        run(spark, settings, broken, added)
    assert run(spark, settings, sound, []).deliveries == 1
    [row] = Ledger(settings).deliveries(broken.dataset)
    assert (row["outcome"], row["checked"], row["reason"]) == ("landed", False, "unchecked")
    assert "expect_column_mean_to_be_between:name" in row["message"]
    assert not spark.catalog.tableExists(f"silver.{broken.table}")
    assert checks(settings, broken) == {}
    assert silver(spark, sound) == [1, 2, 3, 4]

    assert run(spark, settings, broken, []).deliveries == 1
    [row] = Ledger(settings).deliveries(broken.dataset)
    assert (row["outcome"], row["checked"], row["reason"], row["silver"]) == ("landed", True, None, 4)
    assert silver(spark, broken) == [1, 2, 3, 4]


def test_a_value_that_spark_cannot_judge_stops_its_own_delivery(spark: SparkSession, settings: Settings, store: Any) -> None:
    """A text that is no number fails Spark's comparison with one; the delivery beside it has none and goes on."""
    contract = contract_of()
    added = [rule(contract, "expect_column_pair_values_to_be_equal", column_A="id", column_B="name")]
    deliver(store, settings, contract, GOOD, "words.csv")
    deliver(store, settings, contract, "id,name,born\n8,8,1990-01-01\n9,9,1990-01-01\n", "numbers.csv")
    with pytest.raises(LakeError, match=r"words\.csv .* could not be checked: expect_column_pair_values_to_be_equal: cannot be judged") as caught:
        run(spark, settings, contract, added)
    assert "numbers.csv" not in str(caught.value)
    rows = {row["name"]: (row["checked"], row["reason"]) for row in Ledger(settings).deliveries(contract.dataset)}
    assert rows == {"words.csv": (False, "unchecked"), "numbers.csv": (True, None)}
    assert silver(spark, contract) == [8, 9]


def test_what_is_landed_and_not_checked_waits(spark: SparkSession, settings: Settings, store: Any) -> None:
    contract = contract_of()
    rules = rules_of(contract, settings.root)
    deliver(store, settings, contract, GOOD)
    run(spark, settings, contract, [])
    deliver(store, settings, contract, "id,name,born\n7,gus,1990-01-01\n", period="2025")
    register.run(spark, settings, contract)
    land.run(spark, settings, contract, rules)
    assert not conform.run(spark, settings, contract, rules).changed
    assert silver(spark, contract) == [1, 2, 3, 4]
    check.run(spark, settings, contract, rules)
    assert conform.run(spark, settings, contract, rules).changed
    assert silver(spark, contract) == [1, 2, 3, 4, 7]


def answers(store: Any, settings: Settings, contract: Contract) -> dict[str, str]:
    """File name → the table that stands beside its page."""
    bucket = settings.bucket("docs")
    found = [item["Key"] for item in keys(store, bucket, f"answers/{contract.table}/")]
    assert {key.rpartition(".")[0] for key in found if key.endswith(".html")} == {key.rpartition(".")[0] for key in found if key.endswith(".csv")}
    return {key.split("/", 4)[4].removesuffix(".csv"): store.get_object(Bucket=bucket, Key=key)["Body"].read().decode("utf-8-sig") for key in found if key.endswith(".csv")}


def test_a_department_is_answered_about_what_it_has_to_mend_and_nothing_else(spark: SparkSession, settings: Settings, store: Any) -> None:
    contract = contract_of(language="zh")
    deliver(store, settings, contract, "id,name,born\n1,Ann,2001-01-01\n2,Bo,yesterday\n", "bad_row.csv")
    deliver(store, settings, contract, "id,name,born\n3,Cy,2001-01-01\n3,Di,2001-01-01\n", "twice.csv")
    deliver(store, settings, contract, "", "empty.csv")
    deliver(store, settings, contract, "id,name,born\n9,Ed,2001-01-01\n", "good.csv")
    run(spark, settings, contract, [])
    said = answers(store, settings, contract)
    assert set(said) == {"bad_row.csv", "twice.csv", "empty.csv"}
    assert "bad_row.csv,3,born,yesterday,不是约定写法(例如 2024-08-25)的日期,请按此格式填写:2024-08-25。,1" in said["bad_row.csv"].splitlines()
    assert [line.split(",")[1:3] for line in said["twice.csv"].splitlines()[1:]] == [["2", "id"], ["3", "id"]]
    assert "文件为空,请重新报送。" in said["empty.csv"]
