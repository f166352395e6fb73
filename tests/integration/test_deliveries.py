"""Whole deliveries through the real steps: manifests, files that belong together, corrections, shrinking snapshots, backfills."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs import check, conform, land, register
from jobs.cli.status import stopped
from jobs.contracts.model import Column, Contract, ControlTotal, ExpectedFiles, Manifest
from jobs.deliveries.approvals import Decision, decide
from jobs.deliveries.backfill import chosen, plan
from jobs.deliveries.corrections import COUNTS, _counted
from jobs.ops.ledger import Ledger
from jobs.orchestration import waiting
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import keys
from jobs.quality.implied import rules_of
from jobs.tables import bronze
from tests.integration.test_quality import contract_of

pytestmark = pytest.mark.timeout(300)
COLUMNS = (Column("id", "id", "integer", required=True, primary_key=1), Column("amount", "amount", "decimal", precision=18, scale=2))
LIST = Manifest(r"manifest\.csv", "csv", rows="rows", bytes="bytes", hash="md5", algorithm="md5", totals=(ControlTotal("sum", "amount"),))


def put(store: Any, settings: Settings, contract: Contract, period: str, name: str, body: bytes) -> None:
    store.put_object(Bucket=settings.bucket("landing"), Key=f"{contract.landing}/{period}/{name}", Body=body)


def run(spark: SparkSession, settings: Settings, contract: Contract, periods: tuple[str, ...] = ()) -> None:
    rules = rules_of(contract, settings.root)
    register.run(spark, settings, contract, periods)
    land.run(spark, settings, contract, rules, periods)
    check.run(spark, settings, contract, rules)
    conform.run(spark, settings, contract, rules)


def outcomes(settings: Settings, contract: Contract) -> dict[str, tuple[str, str | None]]:
    return {f"{row['period']}/{row['name']}": (row["outcome"], row["reason"]) for row in Ledger(settings).deliveries(contract.dataset)}


def delivery(settings: Settings, contract: Contract, period: str) -> str:
    """The only data delivery of a period."""
    (found,) = {row["delivery"] for row in Ledger(settings).deliveries(contract.dataset) if row["period"] == period and row["outcome"] not in ("manifest", "rejected")}
    return str(found)


def answered(settings: Settings, store: Any, contract: Contract) -> set[str]:
    """Period and name of every answer to the department."""
    found = [item["Key"].split("/") for item in keys(store, settings.bucket("docs"), f"answers/{contract.table}/")]
    return {f"{period}/{name}" for _, _, period, _, name in found if name.endswith(".html")}


def silver(spark: SparkSession, contract: Contract) -> list[int]:
    return sorted(row[0] for row in spark.sql(f"SELECT id FROM silver.{contract.table}").collect())


def amounts(first: int, rows: int, amount: str = "1.50") -> bytes:
    return ("id,amount\n" + "".join(f"{i},{amount}\n" for i in range(first, first + rows))).encode()


def manifest(**files: tuple[bytes, int, str]) -> bytes:
    """name without `.csv` → (content, rows, sum)."""
    lines = [f"{name}.csv,{rows},{len(body)},{hashlib.md5(body, usedforsecurity=False).hexdigest()},{total}\n" for name, (body, rows, total) in files.items()]
    return ("file,rows,bytes,md5,sum\n" + "".join(lines)).encode()


def test_nothing_loads_before_its_manifest_is_kept(spark: SparkSession, settings: Settings, store: Any) -> None:
    contract = contract_of(columns=COLUMNS, manifest=LIST)
    a, b, d, e = amounts(1, 2), amounts(3, 2), amounts(5, 2), amounts(7, 2)
    put(store, settings, contract, "2024", "a.csv", a)
    run(spark, settings, contract)
    assert outcomes(settings, contract) == {"2024/a.csv": ("waiting", "waits_for_manifest")}
    assert waiting(settings, [contract]) == []
    assert answered(settings, store, contract) == {"2024/a.csv.html"}

    put(store, settings, contract, "2024", "manifest.csv", manifest(a=(a, 2, "3"), b=(b, 2, "3.00")))
    put(store, settings, contract, "2024", "b.csv", b)
    put(store, settings, contract, "2024", "c.csv", amounts(90, 1))
    put(store, settings, contract, "2025", "d.csv", d)
    put(store, settings, contract, "2025", "manifest.csv", manifest(d=(d, 2, "3.01")))
    put(store, settings, contract, "2026", "e.csv", e)
    put(store, settings, contract, "2026", "manifest.csv", b"\xff")
    run(spark, settings, contract)
    assert outcomes(settings, contract) == {
        "2024/a.csv": ("landed", None), "2024/b.csv": ("landed", None), "2024/c.csv": ("rejected", "not_listed"), "2024/manifest.csv": ("manifest", None),
        "2025/d.csv": ("held", "control_total"), "2025/manifest.csv": ("manifest", None),
        "2026/e.csv": ("waiting", "waits_for_manifest"), "2026/manifest.csv": ("rejected", "bad_manifest"),
    }  # fmt: skip
    assert silver(spark, contract) == [1, 2, 3, 4]
    assert answered(settings, store, contract) == {"2024/c.csv.html", "2025/d.csv.html", "2026/e.csv.html", "2026/manifest.csv.html"}
    commits = [{note["delivery"][:4] for note in json.loads(entry[bronze.METADATA])} for entry in bronze.open_table(settings, contract).history() if entry.get(bronze.METADATA)]
    assert [len(c) for c in commits] == [2] and commits[0] == {"2024", "2025"}  # both files of 2024 in the one commit

    put(store, settings, contract, "2025", "manifest.csv", manifest(d=(d, 2, "3.00")))
    decide(Ledger(settings), contract.dataset, Decision(delivery(settings, contract, "2026"), True, "Ann", "they sent the list by telephone"))
    assert waiting(settings, [contract]) == [contract.dataset]
    run(spark, settings, contract)
    found = outcomes(settings, contract)
    assert (found["2025/d.csv"], found["2026/e.csv"]) == (("landed", None), ("landed", None))
    assert silver(spark, contract) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert waiting(settings, [contract]) == []
    assert answered(settings, store, contract) == {"2024/c.csv.html", "2026/manifest.csv.html"}  # what is mended is no longer asked for
    promised = {(row["period"], row["file"]): row["totals"] for row in Ledger(settings).rows("manifests", dataset=contract.dataset) if not row["problem"]}
    assert set(promised) == {("2024", "a.csv"), ("2024", "b.csv"), ("2025", "d.csv")}


def test_files_that_belong_together_reach_silver_together(spark: SparkSession, settings: Settings, store: Any) -> None:
    contract = contract_of(columns=COLUMNS, expected_files=ExpectedFiles(("east.*", "west.*")))
    put(store, settings, contract, "2024", "east.csv", amounts(1, 2))
    put(store, settings, contract, "2025", "east.csv", amounts(11, 2))
    put(store, settings, contract, "2025", "west.csv", b"")
    run(spark, settings, contract)
    assert outcomes(settings, contract) == {
        "2024/east.csv": ("waiting", "waits_for_files"), "2025/east.csv": ("held", "incomplete"), "2025/west.csv": ("rejected", "empty"),
    }  # fmt: skip
    put(store, settings, contract, "2024", "west.csv", amounts(3, 2))
    put(store, settings, contract, "2025", "west_2.csv", amounts(13, 2))
    run(spark, settings, contract)
    assert Counter(outcomes(settings, contract).values()) == {("landed", None): 4, ("rejected", "empty"): 1}
    assert silver(spark, contract) == [1, 2, 3, 4, 11, 12, 13, 14]


def test_a_correction_says_what_it_changed_and_may_be_taken_back(spark: SparkSession, settings: Settings, store: Any) -> None:
    contract = contract_of(columns=COLUMNS)
    first, second = b"id,amount\n1,1\n2,2\n3,3\nx,9\n", b"id,amount\n1,1\n2,2.5\n4,4\n5,5\nx,9\n"
    for body in (first, second, first):
        put(store, settings, contract, "2024", "a.csv", body)
        run(spark, settings, contract)
    ledger = Ledger(settings)
    rows = sorted(ledger.rows("corrections", dataset=contract.dataset), key=lambda row: row["delivered_at"])
    assert [tuple(row[name] for name in COUNTS) for row in rows] == [(2, 1, 1, 2), (1, 2, 1, 2)]
    assert rows[0]["delivery"] == rows[1]["corrects"]
    assert rows[0]["corrects"] == rows[1]["delivery"]
    assert silver(spark, contract) == [1, 2, 3]  # what was sent last counts, though it was sent before
    assert waiting(settings, [contract]) == []
    version = ledger.table("corrections").version()
    run(spark, settings, contract)
    assert ledger.table("corrections").version() == version


DIFFERENT = {  # rows of either side as (key, what it says) → added, removed, changed, unchanged
    "nothing": ("", "", None),
    "the same": ("a1 b2", "b2 a1", (0, 0, 0, 2)),
    "one of each": ("a1 b2 c3", "a1 b9 d4", (1, 1, 1, 1)),
    "a key twice, one row of it goes": ("a1 a1", "a1", (0, 1, 0, 1)),
    "a key twice, one row of it changes": ("a1 a2", "a1 a3", (0, 0, 1, 1)),
    "a key twice, one more of it": ("a1", "a2 a3", (1, 0, 1, 0)),
    "no key to some rows": ("-1 -2", "-2 -3 -4", (1, 0, 1, 1)),
    "all new": ("", "a1", (1, 0, 0, 0)),
}


@pytest.mark.parametrize("keyed", [True, False], ids=["by key", "by content"])
def test_rows_are_told_apart_exactly(spark: SparkSession, keyed: bool) -> None:
    rows = [(case, side, None if text[0] == "-" else text[0], text) for case, (*sides, _) in DIFFERENT.items() for side, said in zip(("old", "new"), sides, strict=True) for text in said.split()]
    frame = spark.createDataFrame(rows, "_pair string, _side string, key string, _said string")
    found = {row["_pair"]: tuple(row[name] for name in COUNTS) for row in _counted(frame, ["key"] if keyed else []).collect()}
    if keyed:
        assert found == {case: counts for case, (_, _, counts) in DIFFERENT.items() if counts}
    else:  # what changed by key is one row gone and one come by content
        assert found == {case: (counts[0] + counts[2], counts[1] + counts[2], 0, counts[3]) for case, (_, _, counts) in DIFFERENT.items() if counts}


def test_a_snapshot_that_shrinks_is_held_until_a_person_decides(spark: SparkSession, settings: Settings, store: Any) -> None:
    contract = contract_of(columns=COLUMNS, mode="snapshot", most_shrink=0.3)
    ledger = Ledger(settings)
    for period, rows in {"2024": 100, "2026": 60, "2027": 10, "2028": 9}.items():
        put(store, settings, contract, period, "a.csv", amounts(1, rows))
    run(spark, settings, contract)
    assert outcomes(settings, contract) == {"2024/a.csv": ("landed", None), "2026/a.csv": ("held", "shrunk"), "2027/a.csv": ("held", "shrunk"), "2028/a.csv": ("held", "shrunk")}
    said = {row["period"]: row["message"] for row in ledger.deliveries(contract.dataset)}
    assert said["2026"].startswith("The snapshot has 60 rows, 40.0% fewer than the 100 of 2024; the contract lets it lose 30.0%.")
    assert any(f"./lake approve {contract.dataset} {delivery(settings, contract, '2026')} --by" in line for line in stopped(contract.dataset, ledger.deliveries(contract.dataset)))
    with pytest.raises(LakeError, match="is landed, not held"):
        decide(ledger, contract.dataset, Decision(delivery(settings, contract, "2024"), True, "Ann", "fine"))

    put(store, settings, contract, "2025", "a.csv", amounts(1, 80))  # late: 2026 is compared with it
    decide(ledger, contract.dataset, Decision(delivery(settings, contract, "2027"), True, "Ann", "a district left"))
    decide(ledger, contract.dataset, Decision(delivery(settings, contract, "2028"), False, "Ann", "a test file"))
    assert waiting(settings, [contract]) == [contract.dataset]
    run(spark, settings, contract)
    expected = {f"{period}/a.csv": ("landed", None) for period in ("2024", "2025", "2026", "2027")} | {"2028/a.csv": ("held", "declined")}
    assert outcomes(settings, contract) == expected
    current = spark.sql(f"SELECT count(*) FROM silver.{contract.table} WHERE _is_current").collect()[0][0]
    assert current == 10
    run(spark, settings, contract)
    assert outcomes(settings, contract) == expected
    assert waiting(settings, [contract]) == []


def test_a_backfill_does_what_it_said_and_leaves_newer_periods(spark: SparkSession, settings: Settings, store: Any) -> None:
    yearly = {"columns": COLUMNS, "mode": "snapshot", "sla": (("frequency", "1 y"),)}
    contract, clean = contract_of(**yearly), contract_of(**yearly)
    bodies = {"2021": amounts(1, 3), "2022": amounts(1, 4), "2024": amounts(1, 5)}
    put(store, settings, contract, "2024", "a.csv", bodies["2024"])
    run(spark, settings, contract)
    for period in ("2021", "2022"):
        put(store, settings, contract, period, "a.csv", bodies[period])
    put(store, settings, contract, "2024", "a.csv", amounts(1, 6))
    planned = plan(settings, contract, "2021", "2024")
    assert {each.period: each.words for each in planned} == {"2021": "1 new", "2022": "1 new", "2023": "missing", "2024": "1 corrected, 1 landed"}
    assert chosen(planned, fill_gaps=False) == ("2021", "2022", "2024")
    gaps = chosen(planned, fill_gaps=True)
    assert gaps == ("2021", "2022")
    for period in reversed(gaps):  # two backfills, the later period first
        run(spark, settings, contract, (period,))
    assert {each.period: each.words for each in plan(settings, contract, "2021", "2024")} == {
        "2021": "1 landed", "2022": "1 landed", "2023": "missing", "2024": "1 corrected, 1 landed",
    }  # fmt: skip

    for period, body in bodies.items():
        put(store, settings, clean, period, "a.csv", body)
    run(spark, settings, clean)
    history = [spark.sql(f"SELECT id, amount, _valid_from, _valid_to, _is_current FROM silver.{c.table} ORDER BY ALL").collect() for c in (contract, clean)]
    assert history[0] == history[1]
    assert len(history[0]) == 5 and history[0][0]["amount"] == Decimal("1.50")
