"""The life of a rejected row: looked at, released, discarded; silver follows once, and every record stays accounted for."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest
from killed_dataset import unconserved
from pyspark.sql import SparkSession

from jobs.cli.rule_history import show_as_of
from jobs.contracts.model import Column, Contract, Reader
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from jobs.quality.implied import rules_of
from jobs.quarantine import listing, verbs
from jobs.quarantine.applying import Taken
from jobs.quarantine.events import Step, in_order
from jobs.quarantine.selecting import Selection, selected, shelf, troubled
from tests.integration.run_through import run

COLUMNS = (
    Column("id", "id", "integer", required=True, primary_key=1), Column("name", "name", "string", classification="personal"), Column("amount", "amount", "integer", minimum=0),
)  # fmt: skip
DUMP = "id,name,amount\n1,Ann,5\n2,Bo,-7\nx,Cy,1\n3,Di,two\n4,Ed\n5,Flo,-1\n"


def made(mode: str) -> Contract:
    suffix = uuid.uuid4().hex[:8]
    return Contract("test", f"{mode}_{suffix}", "t", "1.0.0", "t", "", "test", mode, f"test_{suffix}/{mode}", r".*\.csv", Reader("csv"), COLUMNS)  # type: ignore[arg-type]


def deliver(store: Any, settings: Settings, contract: Contract, text: str, period: str = "2024") -> None:
    store.put_object(Bucket=settings.bucket("landing"), Key=f"{contract.landing}/{period}/dump.csv", Body=text.encode())


def silver(spark: SparkSession, contract: Contract) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in spark.sql(f"SELECT id, name, amount FROM silver.{contract.table}").collect())


def statuses(spark: SparkSession, settings: Settings, contract: Contract) -> dict[int, str]:
    """Record → status, of every row that is or was quarantined."""
    ledger = Ledger(settings)
    on = shelf(ledger, contract, in_order(ledger.rows("quarantine_events", dataset=contract.dataset)))
    return {row["_record"]: row["_status"] for row in troubled(spark, contract, on).collect()}


def decided(spark: SparkSession, settings: Settings, contract: Contract, action: Any, dry_run: bool = False, **selection: Any) -> Taken:
    step = Step(action, "Ann", "seen on paper", Selection(**selection))
    taken = verbs.decide(spark, settings, contract, rules_of(contract, settings.root), step, dry_run=dry_run)
    assert unconserved(Ledger(settings).deliveries(contract.dataset)) == []
    return taken


def versions(settings: Settings, contract: Contract) -> int:
    """Commits of silver so far."""
    from deltalake import DeltaTable

    from jobs.platform.store import delta_options

    return DeltaTable(settings.uri("silver", contract.table), storage_options=delta_options(settings)).version()


@pytest.mark.parametrize("mode", ["events", "increment", "snapshot"])
def test_rows_are_released_and_discarded_once(spark: SparkSession, settings: Settings, store: Any, capsys: pytest.CaptureFixture[str], mode: str) -> None:
    contract = made(mode)
    deliver(store, settings, contract, DUMP)
    run(spark, settings, contract)
    assert statuses(spark, settings, contract) == {3: "open", 4: "open", 5: "open", 6: "open", 7: "open"}
    before = versions(settings, contract)

    dry = decided(spark, settings, contract, "release", dry_run=True, rule="between:amount")
    assert (dry.event, dry.outcome.rows, dry.outcome.passing, dry.outcome.before) == (None, 2, 2, {"between:amount": 2})
    assert (statuses(spark, settings, contract)[3], versions(settings, contract), Ledger(settings).rows("quarantine_events", dataset=contract.dataset)) == ("open", before, [])

    done = decided(spark, settings, contract, "release", where="amount = -7")
    assert (done.outcome.rows, done.outcome.passing) == (1, 1)
    assert silver(spark, contract) == [(1, "Ann", 5), (2, "Bo", -7)]
    assert spark.sql(f"SELECT _warnings FROM silver.{contract.table} WHERE id = 2").collect()[0][0] == ["between:amount"]
    again = decided(spark, settings, contract, "release", where="amount = -7")
    assert (again.event, again.outcome.rows, versions(settings, contract)) == (None, 0, before + 1)

    decided(spark, settings, contract, "discard", records=(7,))
    assert statuses(spark, settings, contract) == {3: "released", 4: "open", 5: "open", 6: "open", 7: "discarded"}
    assert silver(spark, contract) == [(1, "Ann", 5), (2, "Bo", -7)]
    assert sorted(tuple(row) for row in spark.sql(f"SELECT _record, _decision FROM quarantine.{contract.table}").collect()) == [(4, None), (5, None), (6, None), (7, "discarded")]
    [delivery] = Ledger(settings).deliveries(contract.dataset)
    for record, step in ((3, "release by Ann"), (7, "discard by Ann")):
        show_as_of(settings, contract, f"{delivery['delivery']}#{record}")
        told = capsys.readouterr().out
        assert "between:amount" in told
        assert [line.split(" on ")[0] for line in told.splitlines() if " by " in line and "(seen on paper)" in line] == [step]
        assert "then it did not meet between:amount" in told
    nothing = decided(spark, settings, contract, "release", records=(4, 6))  # no key, no values
    assert nothing.event is None

    deliver(store, settings, contract, "id,name,amount\n1,Ann,6\n2,Bo,7\n")  # a correction of the period: what it corrects counts no more, with all that was decided
    run(spark, settings, contract)
    assert silver(spark, contract) == [(1, "Ann", 6), (2, "Bo", 7)]
    assert statuses(spark, settings, contract) == {}
    assert unconserved(Ledger(settings).deliveries(contract.dataset)) == []
    events = in_order(Ledger(settings).rows("quarantine_events", dataset=contract.dataset))
    assert [(row["number"], row["action"], row["by"], row["rows"], row["passing"], row["applied"]) for row in events] == [(1, "release", "Ann", 1, 1, True), (2, "discard", "Ann", 1, 0, True)]


def test_what_is_seen_of_a_personal_column(spark: SparkSession, settings: Settings, store: Any) -> None:
    contract = made("events")
    deliver(store, settings, contract, DUMP)
    run(spark, settings, contract)
    on = shelf(Ledger(settings), contract, [])
    found = {(c.rule, c.rows["open"]) for c in listing.counted(spark, [(contract, on)])}
    assert found == {("between:amount", 2), ("castable:amount", 1), ("castable:id", 1), ("not_be_null:id", 1), ("ragged", 1)}
    rows = selected(troubled(spark, contract, on), Selection())
    masked = {row["_record"]: row for row in listing.few(listing.visible(rows, contract, personal=False), 10)}
    assert (masked[5]["name"], masked[5]["amount"], masked[5]["_reasons"]) == ("•••", "two", "amount: this is not a number as agreed for this column")
    assert masked[6]["_line"] == "•••"
    whole = {row["_record"]: row for row in listing.few(listing.visible(rows, contract, personal=True), 10)}
    assert (whole[5]["name"], whole[6]["_line"]) == ("Di", "4,Ed")
    public = replace(contract, columns=(COLUMNS[0], replace(COLUMNS[1], classification="internal"), COLUMNS[2]))
    assert listing.few(listing.visible(rows, public, personal=False), 1)[0]["name"] == "Bo"
