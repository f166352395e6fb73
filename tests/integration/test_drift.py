"""Drift through the real steps: what the contract decides, what the ledger tells, and that both survive a lost write."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs import land
from jobs.contracts.model import Column, Contract, Drift
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from jobs.quality.answer_site import answer_key
from jobs.quality.implied import rules_of
from tests.integration.test_quality import COLUMNS, contract_of, deliver, run

pytestmark = pytest.mark.timeout(300)
EVOLVES = Drift("evolve", "evolve", "evolve")
FILES = {
    "new.csv": "id,name,born,visits\n1,ann,1990-01-01,7\n2,ben,1991-01-01,\n",
    "renamed.csv": "Name,born,id\ncat,1992-01-01,3\n",
    "retyped.csv": "id,name,born\n4,dan,01/02/1993\n5,eve,03/02/1993\n",
    "lost key.csv": "id,name,born\nx,fay,1994-01-01\n",
    "plain.csv": "id,name,born\n6,guy,1995-01-01\n",
}


def told(settings: Settings, contract: Contract) -> set[tuple[Any, ...]]:
    rows = Ledger(settings).rows("drift", dataset=contract.dataset)
    return {(row["name"], row["event"], row["policy"], row["suggestion"], row["found"], row["looked_at"]) for row in rows}


EVENTS = {
    ("new.csv", "new_column:visits", "evolve", "", 1, 2),
    ("renamed.csv", "new_column:Name", "evolve", "name", 1, 1), ("renamed.csv", "missing_column:name", "evolve", "Name", 1, 1), ("renamed.csv", "reordered_columns:", "", "", 1, 1),
    ("retyped.csv", "retyped_column:born", "evolve", "", 2, 2),
    ("lost key.csv", "retyped_column:id", "discard_row", "", 1, 1),
}  # fmt: skip


def test_nothing_is_lost_where_the_contract_evolves_and_it_can_follow(spark: SparkSession, settings: Settings, store: Any) -> None:
    contract = contract_of(drift=EVOLVES)
    for name, text in FILES.items():
        deliver(store, settings, contract, text, name)
    run(spark, settings, contract, [])
    assert told(settings, contract) == EVENTS
    kept = {row.id: row._extra and json.loads(row._extra) for row in spark.sql(f"SELECT id, _extra FROM bronze.{contract.table}").collect()}
    assert kept == {1: {"visits": "7"}, 2: None, 3: {"Name": "cat"}, 4: {"born": "01/02/1993"}, 5: {"born": "03/02/1993"}, 6: None, None: {"id": "x"}}
    silver = spark.sql(f"SELECT * FROM silver.{contract.table} ORDER BY id").collect()
    assert [(row.id, row.name, row.born and str(row.born), bool(row._warnings)) for row in silver] == [
        (1, "ann", "1990-01-01", False), (2, "ben", "1991-01-01", False), (3, None, "1992-01-01", False),
        (4, "dan", None, True), (5, "eve", None, True), (6, "guy", "1995-01-01", False),
    ]  # fmt: skip
    assert "_extra" not in silver[0].asDict()

    for name in ("drift", "deliveries"):  # what a job writes last may be lost
        Ledger(settings).table(name).delete(f"dataset = '{contract.dataset}'")
    follows = dataclasses.replace(contract, columns=(*COLUMNS, Column("visits", "visits", "integer", optional=True)))
    deliver(store, settings, follows, "id,name,born,visits\n1,ann,1990-01-01,8\n", "next.csv", "2025")
    run(spark, settings, follows, [])
    assert told(settings, contract) == EVENTS
    found = spark.sql(f"SELECT id, visits FROM silver.{contract.table} ORDER BY id").collect()
    assert [tuple(row) for row in found] == [(1, 8), (2, None), (3, None), (4, None), (5, None), (6, None)]


def test_a_refused_file_has_events_and_an_answer_that_names_the_header(spark: SparkSession, settings: Settings, store: Any) -> None:
    contract = contract_of(drift=Drift(retyped_column="freeze"), language="zh")
    more = {f"more {at}.csv": f"id,name,born\n{at},guy,1995-01-01\n" for at in range(10, 55)}  # their rows share files with those of refused ones
    for name, text in [*more.items(), *FILES.items()]:
        deliver(store, settings, contract, text, name)
    run(spark, settings, contract, [])
    rows = {row["name"]: row for row in Ledger(settings).deliveries(contract.dataset)}
    assert {rows.pop(name)["outcome"] for name in more} == {"landed"}
    assert {name: row["reason"] for name, row in rows.items()} == {
        "new.csv": "new_column", "renamed.csv": "missing_column", "retyped.csv": "retyped_column", "lost key.csv": "retyped_column", "plain.csv": None,
    }  # fmt: skip
    assert told(settings, contract) == {(name, event, policy and "freeze", *rest) for name, event, policy, *rest in EVENTS}
    assert "By 'Name' did you mean 'name'?" in rows["renamed.csv"]["message"]
    page = store.get_object(Bucket=settings.bucket("docs"), Key=answer_key(contract, rows["renamed.csv"]))["Body"].read().decode()
    assert "“Name”是否即“name”?" in page
    assert sorted(row.id for row in spark.table(f"bronze.{contract.table}").collect()) == [6, *range(10, 55)]
    follows = dataclasses.replace(contract, drift=EVOLVES)
    again = land.run(spark, settings, follows, rules_of(follows, settings.root), again=True)
    assert (again.deliveries, again.refused) == (4, ())
    assert sorted(row.id or 0 for row in spark.table(f"bronze.{contract.table}").collect()) == [0, *range(1, 7), *range(10, 55)]
