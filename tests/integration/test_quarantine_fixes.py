"""Rejected rows put right: by a table that a clerk edits, by SQL, by a changed contract; each row is judged again by every rule, and silver follows once."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from killed_dataset import unconserved
from pyspark.sql import SparkSession
from test_quarantine import COLUMNS, deliver, made, run, silver, statuses, versions

from jobs.contracts.model import Contract
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.quality.implied import rules_of
from jobs.quarantine import edit_file, verbs
from jobs.quarantine.applying import Taken
from jobs.quarantine.events import Step, in_order
from jobs.quarantine.listing import visible
from jobs.quarantine.selecting import Selection, selected, shelf, troubled

DUMP = "id,name,amount\n1,Ann,5\n2,Bo,-7\nx,Cy,1\n3,Di,two\n4,Ed\n6,Gus,2\n6,Gus,9\n"


def by_sql(spark: SparkSession, settings: Settings, contract: Contract, assignments: list[str], **selection: Any) -> Taken:
    step = Step("fix", "Ann", "the sign was lost", Selection(**selection), "; ".join(assignments))
    return sound(settings, contract, verbs.fix_by_sql(spark, settings, contract, rules_of(contract, settings.root), step, assignments))


def by_file(spark: SparkSession, settings: Settings, contract: Contract, path: Path, **selection: Any) -> Taken:
    step = Step("fix", "Ann", "asked the desk", Selection(**selection), edit_file.send(settings, contract, path))
    return sound(settings, contract, verbs.fix_by_file(spark, settings, contract, rules_of(contract, settings.root), step))


def replayed(spark: SparkSession, settings: Settings, contract: Contract, **selection: Any) -> Taken:
    step = Step("replay", "Ann", "the rule changed", Selection(**selection))
    return sound(settings, contract, verbs.replay(spark, settings, contract, rules_of(contract, settings.root), step))


def sound(settings: Settings, contract: Contract, taken: Taken) -> Taken:
    assert unconserved(Ledger(settings).deliveries(contract.dataset)) == []
    return taken


def download(spark: SparkSession, settings: Settings, contract: Contract, path: Path, personal: bool) -> list[dict[str, str]]:
    on = shelf(Ledger(settings), contract, in_order(Ledger(settings).rows("quarantine_events", dataset=contract.dataset)))
    edit_file.write(visible(selected(troubled(spark, contract, on), Selection()), contract, personal=personal), path, contract)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def save(rows: list[dict[str, str]], path: Path, encoding: str = "utf-8", delimiter: str = ",") -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def test_rows_are_put_right_and_judged_again(spark: SparkSession, settings: Settings, store: Any, tmp_path: Path) -> None:
    contract = made("increment")
    deliver(store, settings, contract, DUMP)
    run(spark, settings, contract)
    assert silver(spark, contract) == [(1, "Ann", 5)]

    done = by_sql(spark, settings, contract, ["amount = abs(amount)"], where="amount < 0")
    assert (done.outcome.rows, done.outcome.passing, done.outcome.before, done.outcome.after) == (1, 1, {"between:amount": 1}, {})
    assert silver(spark, contract) == [(1, "Ann", 5), (2, "Bo", 7)]
    stood = versions(settings, contract)
    assert by_sql(spark, settings, contract, ["amount = abs(amount)"], where="amount < 0").event is None
    assert versions(settings, contract) == stood

    rows = {row["_record"]: row for row in download(spark, settings, contract, tmp_path / "out.csv", personal=True)}
    assert {number: (row["id"], row["name"], row["amount"], row["_line"]) for number, row in rows.items()} == {
        "4": ("x", "Cy", "1", ""), "5": ("3", "Di", "two", ""), "6": ("", "", "", "4,Ed"), "7": ("6", "Gus", "2", ""), "8": ("6", "Gus", "9", ""),
    }  # fmt: skip
    rows["4"]["id"], rows["5"]["amount"] = "8", "-2"
    rows["6"] |= {"id": "4", "name": "艾德", "amount": "3"}
    save(list(rows.values()), tmp_path / "edited.csv", "gb18030", ";")  # as Excel may save it
    done = by_file(spark, settings, contract, tmp_path / "edited.csv")
    assert (done.outcome.rows, done.outcome.passing, done.outcome.after) == (3, 2, {"between:amount": 1})
    assert silver(spark, contract) == [(1, "Ann", 5), (2, "Bo", 7), (4, "艾德", 3), (8, "Cy", 1)]
    assert by_file(spark, settings, contract, tmp_path / "edited.csv").event is None

    assert replayed(spark, settings, contract).event is None  # nothing new is to be said of any row
    assert by_sql(spark, settings, contract, ["name = concat(name, '!')"], records=(8,)).outcome.after == {"unique:id": 1}  # its key is still another row's
    assert by_sql(spark, settings, contract, ["id = id + 1"], records=(8,)).outcome.passing == 1
    assert replayed(spark, settings, contract).outcome.passing == 1  # the other row of the key is alone now
    tolerant = replace(contract, columns=(*COLUMNS[:2], replace(COLUMNS[2], minimum=-5)))
    done = replayed(spark, settings, tolerant)
    assert (done.outcome.before, done.outcome.passing) == ({"between:amount": 1}, 1)
    assert silver(spark, contract) == [(1, "Ann", 5), (2, "Bo", 7), (3, "Di", -2), (4, "艾德", 3), (6, "Gus", 2), (7, "Gus!", 9), (8, "Cy", 1)]
    assert set(statuses(spark, settings, contract).values()) == {"fixed"}
    assert spark.table(f"quarantine.{contract.table}").count() == 0
    assert [tuple(row) for row in spark.sql(f"SELECT id, amount FROM bronze.{contract.table} WHERE _record IN (3, 5) ORDER BY _record").collect()] == [(2, -7), (3, None)]  # as it landed
    assert [row["number"] for row in in_order(Ledger(settings).rows("quarantine_events", dataset=contract.dataset))] == [1, 2, 3, 4, 5, 6]


def test_a_correction_that_cannot_be_meant_is_refused(spark: SparkSession, settings: Settings, store: Any, tmp_path: Path) -> None:
    contract = made("events")
    deliver(store, settings, contract, DUMP)
    run(spark, settings, contract)
    rows = download(spark, settings, contract, tmp_path / "out.csv", personal=False)
    assert {row["name"] for row in rows} == {"•••", ""}
    rows[0]["amount"] = "7"  # the mask beside it stays what it hides
    save(rows, tmp_path / "edited.csv")
    assert by_file(spark, settings, contract, tmp_path / "edited.csv").outcome.passing == 1
    assert (2, "Bo", 7) in silver(spark, contract)
    for spoilt, said in (([row | {"weight": "1"} for row in rows], "weight"), ([{k: v for k, v in row.items() if k != "_part"} for row in rows], "_part"), ([*rows, rows[1]], "more than once")):
        save(spoilt, tmp_path / "spoilt.csv")
        with pytest.raises(LakeError, match=said):
            by_file(spark, settings, contract, tmp_path / "spoilt.csv")
    for assignment, said in (("weight = 1", "weight"), ("amount = no_such(amount)", "--set amount")):
        with pytest.raises(LakeError, match=said):
            by_sql(spark, settings, contract, [assignment])
    with pytest.raises(LakeError, match="--where"):
        by_sql(spark, settings, contract, ["amount = 1"], where="nothing = 1")
