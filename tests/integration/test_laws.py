"""Same input, same lake: any order, corrections, resends, bad files beside good ones."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import replace
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs import conform
from jobs.contracts.model import Column, Contract, Reader
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from tests.integration.run_through import run

PERIODS = {"2024": "id,name\n1,a\n2,b\n", "2025": "id,name\n1,a\n2,B\n3,c\n", "2026": "id,name\n1,a\n3,c\n"}


def small_contract(mode: str) -> Contract:
    suffix = uuid.uuid4().hex[:8]
    columns = (Column("id", "id", "integer", required=True, primary_key=1), Column("name", "name", "string"))
    return Contract(
        "test", f"{mode}_{suffix}", "t", "1.0.0", "t", "", "test", mode, f"test_{suffix}/{mode}", r".*\.csv", Reader("csv"), columns  # type: ignore[arg-type]
    )  # fmt: skip


def deliver(store: Any, settings: Settings, contract: Contract, period: str, text: str, name: str = "dump.csv") -> None:
    store.put_object(Bucket=settings.bucket("landing"), Key=f"{contract.landing}/{period}/{name}", Body=text.encode())


def silver(spark: SparkSession, contract: Contract) -> list[tuple[Any, ...]]:
    history = ", _valid_from, _valid_to, _is_current" if contract.mode == "snapshot" else ""
    rows = spark.sql(f"SELECT id, name, _delivery, _record{history} FROM silver.{contract.table}").collect()
    return sorted((tuple(row) for row in rows), key=str)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["snapshot", "increment", "events"])
def test_periods_in_every_order_make_the_same_silver(spark: SparkSession, settings: Settings, store: Any, mode: str) -> None:
    results = []
    for order in itertools.permutations(PERIODS):
        contract = small_contract(mode)
        for period in order:
            deliver(store, settings, contract, period, PERIODS[period])
            run(spark, settings, contract)
        results.append(silver(spark, contract))
    assert all(result == results[0] for result in results)
    assert len(results[0]) == {"snapshot": 4, "increment": 3, "events": 7}[mode]


def test_snapshot_history_has_versions_and_ends(spark: SparkSession, settings: Settings, store: Any) -> None:
    contract = small_contract("snapshot")
    for period, text in PERIODS.items():
        deliver(store, settings, contract, period, text)
    run(spark, settings, contract)
    found = {(row[0], row[1]): row[4:] for row in silver(spark, contract)}
    assert found == {(1, "a"): ("2024", None, True), (2, "b"): ("2024", "2025", False), (2, "B"): ("2025", "2026", False), (3, "c"): ("2025", None, True)}


def test_a_correction_supersedes_and_an_identical_resend_does_nothing(spark: SparkSession, settings: Settings, store: Any) -> None:
    contract = small_contract("increment")
    deliver(store, settings, contract, "2024", "id,name\n1,a\n2,b\n")
    run(spark, settings, contract)
    deliver(store, settings, contract, "2024", "id,name\n1,x\n")
    deliver(store, settings, contract, "2024", "id,name\n1,x\n", "again.csv")
    run(spark, settings, contract)
    assert [row[:2] for row in silver(spark, contract)] == [(1, "x")]
    rows = Ledger(settings).deliveries(contract.dataset)
    assert sorted(row["outcome"] for row in rows) == ["landed", "landed", "resent"]
    assert sorted((row["silver"], row["superseded"]) for row in rows if row["outcome"] == "landed") == [(0, 2), (1, 0)]


BAD = {
    "empty.csv": (b"", "empty"),
    "header_only.csv": (b"id,name\n", "no_rows"),
    "latin.csv": (b"id,name\n1,caf\xe9\n", "unknown_encoding"),
    "columns.csv": (b"id\n1\n", "missing_column"),
    "extra.csv": (b"id,name,more\n1,a,2\n", "new_column"),
    "nul.csv": (b"id,name\n1,a\x00\n", "nul_bytes"),
    "open_quote.csv": (b'id,name\n1,"a\n2,b\n', "count_mismatch"),
}


def test_a_bad_file_stops_itself_and_nothing_else(spark: SparkSession, settings: Settings, store: Any) -> None:
    contract = small_contract("increment")
    deliver(store, settings, contract, "2024", "id,name\n1,a\nx,b\n3\n", "good.csv")
    for name, (body, _) in BAD.items():
        store.put_object(Bucket=settings.bucket("landing"), Key=f"{contract.landing}/2024/{name}", Body=body)
    run(spark, settings, contract)
    rows = {row["name"]: row for row in Ledger(settings).deliveries(contract.dataset)}
    assert [row[:2] for row in silver(spark, contract)] == [(1, "a")]
    assert rows["good.csv"]["quarantined"] == 2
    for name, (_, reason) in BAD.items():
        assert rows[name]["outcome"] == "rejected", name
        assert rows[name]["message"], name
        assert rows[name]["reason"] == reason, name
    reasons = spark.sql(f"SELECT _record, _raw, reasons[0].rule FROM quarantine.{contract.table} ORDER BY 1").collect()
    assert [tuple(row) for row in reasons] == [(3, '{"id":"x","name":"b"}', "not_be_null:id"), (4, "3", "ragged")]


def test_a_lost_ledger_row_is_rebuilt_from_the_tables(spark: SparkSession, settings: Settings, store: Any) -> None:
    contract = small_contract("increment")
    deliver(store, settings, contract, "2024", PERIODS["2024"])
    run(spark, settings, contract)
    ledger = Ledger(settings)
    clocks = {"landed_at", "updated_at"}
    before = [{k: v for k, v in row.items() if k not in clocks} for row in ledger.deliveries(contract.dataset)]
    ledger.table("deliveries").delete(f"dataset = '{contract.dataset}'")
    run(spark, settings, contract)
    after = [{k: v for k, v in row.items() if k not in clocks} for row in ledger.deliveries(contract.dataset)]
    assert after == before
    assert spark.table(f"bronze.{contract.table}").count() == 2




def test_counts_of_a_run_that_ended_between_silver_and_ledger_are_made_good(spark: SparkSession, settings: Settings, store: Any) -> None:
    contract = small_contract("increment")
    deliver(store, settings, contract, "2024", "id,name\n1,a\n1,a\n2,b\n")
    run(spark, settings, contract)
    ledger = Ledger(settings)
    before = ledger.deliveries(contract.dataset)
    every_row = replace(contract, mode="events")
    conform.run(spark, settings, every_row)
    assert [(row["silver"], row["duplicate"]) for row in ledger.deliveries(contract.dataset)] == [(3, 0)]
    ledger.merge("deliveries", before)  # as the ledger stood when the new silver was committed
    again = conform.run(spark, settings, every_row)
    assert not again.changed
    assert [(row["silver"], row["duplicate"]) for row in ledger.deliveries(contract.dataset)] == [(3, 0)]
