"""Rules on trial in production and over history, and the history of rules, on the real lake."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs import check, conform, land, register
from jobs.cli import rule_history
from jobs.contracts.model import Column, Contract, Reader
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from jobs.quality import history, trial_run
from jobs.quality.dialect import unfused
from jobs.quality.implied import rules_of
from jobs.quality.rules import Rule
from jobs.quality.vocabulary import scope_of
from tests.forget import forget

COLUMNS = (Column("id", "id", "integer", required=True), Column("name", "name", "string", classification="personal"), Column("amount", "amount", "double"))
FIRST = "id,name,amount\n1,ann,1\n2,ben,20\n3,zeynep,30\n,dan,40\n"
SECOND = "id,name,amount\n5,eve,2\n5,fay,3\n7,guy,\n"


def rule(contract: Contract, type_: str, severity: Any = "critical", **kwargs: Any) -> Rule:
    scope = scope_of(type_, kwargs, {})
    reason = unfused(type_, kwargs, {column.name: column for column in contract.columns}) if kwargs.get("column") != "nosuch" else None
    return Rule(f"{type_}:{kwargs.get('column', '')}", type_, kwargs, severity, scope, "suite", {"status": "trial"}, reason)


@pytest.fixture(scope="module")
def contract() -> Contract:
    return Contract("test", "trial", "t", "1.0.0", "t", "", "test", "events", "test_trial/q", r".*\.csv", Reader("csv"), COLUMNS, tolerated_rejected_share=0.5)


@pytest.fixture(scope="module")
def trials(contract: Contract) -> list[Rule]:
    return [
        rule(contract, "expect_column_values_to_be_between", column="amount", max_value=10),
        rule(contract, "expect_column_values_to_match_regex", column="name", regex="^(?!zeynep)"),
        rule(contract, "expect_column_values_to_be_unique", column="id"),
        rule(contract, "expect_table_row_count_to_be_between", min_value=4),
        rule(contract, "expect_column_values_to_be_between", column="nosuch", max_value=10),
        rule(contract, "expect_column_mean_to_be_between", column="name", min_value=1),
        rule(contract, "expect_column_distribution_to_stay_near", column="amount", deliveries_before={"$PARAMETER": "last_good"}, table_before={"$PARAMETER": "bronze"}),
    ]


@pytest.fixture(scope="module")
def landed(spark: SparkSession, settings: Settings, store: Any, contract: Contract, trials: list[Rule]) -> check.Checked:
    forget(spark, settings, store, contract.dataset, contract.landing)
    rules = [*rules_of(contract, settings.root), *trials]
    for period, text in (("2024-01", FIRST), ("2024-02", SECOND)):
        store.put_object(Bucket=settings.bucket("landing"), Key=f"{contract.landing}/{period}/dump.csv", Body=text.encode())
    register.run(spark, settings, contract)
    land.run(spark, settings, contract, rules)
    checked = check.run(spark, settings, contract, rules)
    conform.run(spark, settings, contract, rules)
    return checked


def test_a_rule_on_trial_judges_nothing_and_is_counted(spark: SparkSession, settings: Settings, contract: Contract, trials: list[Rule], landed: check.Checked) -> None:
    rows = Ledger(settings).rows("checks", dataset=contract.dataset)
    periods = {row["delivery"]: row["period"] for row in Ledger(settings).deliveries(contract.dataset)}
    told = {(periods[row["delivery"]], row["rule"]): row for row in rows if row["engine"] == "trial"}
    counts = {name: [told[period, each.id]["unexpected"] for period in ("2024-01", "2024-02")] for name, each in zip(("small", "regex", "unique", "rows"), trials, strict=False)}
    assert counts == {"small": [3, 0], "regex": [1, 0], "unique": [0, 2], "rows": [None, None]}
    assert [told[period, trials[3].id]["success"] for period in ("2024-01", "2024-02")] == [True, False]
    assert all("could not be judged" in told["2024-01", each.id]["observed"] and told["2024-01", each.id]["success"] is None for each in trials[4:6])
    assert (landed.held, landed.deliveries, landed.failed) == ((), 2, 1), "the id that is missing is the only failure"
    assert sorted(row[0] for row in spark.sql(f"SELECT id FROM silver.{contract.table}").collect()) == [1, 2, 3, 5, 5, 7]
    assert {(row["rule"]) for row in spark.sql(f"SELECT r.rule FROM quarantine.{contract.table} LATERAL VIEW explode(reasons) AS r").collect()} == {"not_be_null:id"}
    assert Ledger(settings).rows("rejections", dataset=contract.dataset) == []


@pytest.mark.usefixtures("landed")
def test_over_history_it_is_told_what_would_have_been_rejected_and_held(spark: SparkSession, settings: Settings, contract: Contract, trials: list[Rule]) -> None:
    trial_run.run(spark, settings, contract, trials, "2024-01", "2024")
    rows = {(row["period"], row["rule"]): row for row in Ledger(settings).rows("trials", dataset=contract.dataset)}
    assert len(rows) == 2 * len(trials)
    small, regex, unique, count, nosuch, mean, _ = (rows["2024-01", each.id] for each in trials)
    assert (small["evaluated"], small["unexpected"], small["newly"], small["would_hold"]) == (4, 3, 2, True)
    assert small["why"] == "75.0% of the rows would be rejected, the contract tolerates 50.0%"
    assert json.loads(small["sample"]) == [[3, "20.0"], [4, "30.0"], [5, "40.0"]]
    assert (regex["evaluated"], regex["unexpected"], regex["newly"], json.loads(regex["sample"])) == (4, 1, 1, [[4, "•••"]])
    assert (unique["evaluated"], unique["unexpected"], count["would_hold"]) == (3, 0, False)
    assert (nosuch["outcome"], mean["outcome"], nosuch["would_hold"]) == ("failed", "failed", False)
    later = rows["2024-02", trials[2].id]
    assert (later["evaluated"], later["unexpected"], later["newly"], json.loads(later["sample"])) == (3, 2, 2, [[2, "5"], [3, "5"]])
    assert rows["2024-02", trials[3].id]["why"] == "it fails: observed 3"
    drift = [rows[period, trials[6].id] for period in ("2024-01", "2024-02")]
    assert [(row["outcome"], row["would_hold"]) for row in drift] == [("judged", False), ("judged", True)], "compared with the last good period, which the first has none of"
    assert "zeynep" not in json.dumps(list(rows.values()), default=str)


@pytest.mark.usefixtures("landed")
def test_only_the_periods_asked_for_are_tried_and_a_repeat_writes_the_same_rows(spark: SparkSession, settings: Settings, contract: Contract, trials: list[Rule]) -> None:
    changed = dataclasses.replace(trials[0], kwargs={"column": "amount", "max_value": 25})
    for _ in range(2):
        assert [row["period"] for row in trial_run.run(spark, settings, contract, [changed], "2024-02")] == ["2024-02"]
    mine = [row for row in Ledger(settings).rows("trials", dataset=contract.dataset) if row["fingerprint"] == changed.fingerprint]
    assert [(row["period"], row["unexpected"]) for row in mine] == [("2024-02", 0)]


@pytest.mark.usefixtures("landed")
def test_the_history_names_what_judged_a_delivery_and_a_row(settings: Settings, contract: Contract, trials: list[Rule]) -> None:
    ledger = Ledger(settings)
    [delivery] = [row["delivery"] for row in ledger.deliveries(contract.dataset) if row["period"] == "2024-01"]
    rules, judgements = ledger.rows("rules", dataset=contract.dataset), ledger.rows("judgements", dataset=contract.dataset)
    found = history.versions(rules, judgements)
    assert {v.rule: (v.status, v.deliveries) for v in found} == {"not_be_null:id": ("judges", 2)} | {each.id: ("trial", 2) for each in trials}
    judges = {row["rule"]: definition for row, definition in history.judges_of(rules, judgements, delivery)}
    assert judges["not_be_null:id"]["kwargs"] == {"column": "id"}
    assert rule_history.rejections_of(settings, contract, delivery, "5") == {"not_be_null:id"}
    assert rule_history.rejections_of(settings, contract, delivery, "2") == set()
