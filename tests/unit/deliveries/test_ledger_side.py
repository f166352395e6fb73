"""Decisions, corrections and promises as the ledger's rows tell them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from jobs.contracts.load import contract_path, load_contract
from jobs.contracts.model import Contract, ControlTotal, Manifest
from jobs.deliveries.approvals import pending
from jobs.deliveries.corrections import corrections
from jobs.deliveries.holds import unkept
from jobs.deliveries.manifest import Promise
from jobs.deliveries.promised import listed, taken_up, with_arrival
from jobs.platform.settings import load_settings
from jobs.tables.states import standings

NOON = dt.datetime(2024, 8, 5, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("outcome", "reason", "approved", "acts"),
    [
        ("held", "shrunk", True, True),
        ("held", "held", True, True),
        ("held", "shrunk", False, True),
        ("held", "declined", False, False),
        ("held", "declined", True, True),
        ("held", "shrunk", None, False),
        ("waiting", "waits_for_files", True, True),
        ("rejected", "not_listed", True, True),
        ("rejected", "empty", True, False),
        ("landed", None, True, False),
    ],
)
def test_a_decision_that_has_not_taken_effect(outcome: str, reason: str | None, approved: bool | None, acts: bool) -> None:
    approvals = [] if approved is None else [{"dataset": "a.b", "delivery": "d", "approved": approved}]
    assert pending([{"dataset": "a.b", "delivery": "d", "outcome": outcome, "reason": reason}], approvals) == ({"a.b"} if acts else set())


CORRECTED = r"(?P<file>a|b)(_corrected)?\.csv"


def files(pattern: str) -> Contract:
    return dataclasses.replace(load_contract(contract_path(load_settings().root, "finance.spend")), file_pattern=pattern)


def receipt(delivery: str, hour: int, name: str = "a.csv") -> dict[str, Any]:
    return {"period": "1", "name": name, "delivery": delivery, "sha256": delivery, "delivered_at": NOON.replace(hour=hour)}


@pytest.mark.parametrize(
    ("receipts", "not_landed", "pairs"),
    [
        ([receipt("x", 1)], "", []),
        ([receipt("x", 1), receipt("y", 2)], "", ["x>y"]),
        ([receipt("y", 2), receipt("x", 1), receipt("z", 3)], "", ["x>y", "y>z"]),
        ([receipt("x", 1), receipt("y", 2), receipt("z", 3)], "y", ["x>z"]),
        ([receipt("x", 1), receipt("y", 2), receipt("x", 3)], "", ["x>y", "y>x"]),
        ([receipt("x", 1), receipt("x", 2)], "", []),
        ([receipt("x", 1), receipt("y", 2, "b.csv")], "", []),
        ([receipt("x", 1), receipt("y", 2, "a_corrected.csv"), receipt("z", 3, "b_corrected.csv")], "", ["x>y"]),
        ([receipt("x", 1, "b.csv"), receipt("y", 2, "b_corrected.csv"), receipt("z", 3, "b.csv")], "", ["x>y", "y>z"]),
    ],
)
def test_which_content_corrects_which(receipts: list[Any], not_landed: str, pairs: list[str]) -> None:
    rows = [{"delivery": d, "outcome": "held" if d in not_landed else "landed"} for d in {r["delivery"] for r in receipts}]
    assert [f"{c.corrects}>{c.delivery}" for c in corrections(files(CORRECTED), rows, receipts)] == pairs


def test_a_correction_under_another_name_takes_the_place_of_the_file() -> None:
    receipts = [receipt("x", 1), receipt("y", 2, "b.csv"), receipt("z", 3, "a_corrected.csv")]
    rows = [{"delivery": r["delivery"], "outcome": "landed"} for r in receipts]
    stands = {pattern: {s.delivery: s.standing for s in standings(files(pattern), rows, receipts)} for pattern in (".*", CORRECTED)}
    assert stands == {".*": {"x": "effective", "y": "effective", "z": "effective"}, CORRECTED: {"x": "superseded", "y": "effective", "z": "effective"}}


ROW = {"records_read": 3, "quarantined": 0}


@pytest.mark.parametrize(
    ("promises", "sums", "reason"),
    [
        ([], {}, None),
        ([Promise("a")], {}, None),
        ([Promise("a", rows=3)], {}, None),
        ([Promise("a", rows=4)], {}, "control_rows"),
        ([Promise("a", rows=4), Promise("a", rows=3)], {}, None),  # a later manifest is right
        ([Promise("a", 3, totals=(("n", Decimal("1.50")),))], {"n": Decimal("1.5")}, None),
        ([Promise("a", 3, totals=(("n", Decimal("1.51")),))], {"n": Decimal("1.5")}, "control_total"),
        ([Promise("a", 3, totals=(("n", Decimal("0.3")), ("m", Decimal(1))))], {"n": Decimal("0.3"), "m": Decimal(2)}, "control_total"),
        ([Promise("a", 3, totals=(("n", Decimal(0)),))], {}, None),
    ],
)
def test_promises_are_kept_or_not(promises: list[Promise], sums: dict[str, Decimal], reason: str | None) -> None:
    hold = unkept(ROW, promises, sums)
    assert (hold.reason if hold else None) == reason


def test_a_manifest_comes_back_from_the_ledger_as_it_was_read() -> None:
    manifest = Manifest("m", "csv", rows="n", totals=(ControlTotal("sum", "amount"),))
    sha256, rows = taken_up([b"file,n,sum\n", b"a.csv,3,1.50\nb.csv,,\n"], manifest, "a.b", "1", "m")
    (found,) = listed(with_arrival(rows, NOON))
    assert (found.period, found.name, found.problem) == ("1", "m", None)
    assert found.promises == (Promise("a.csv", 3, totals=(("amount", Decimal("1.50")),)), Promise("b.csv"))
    assert len(sha256) == 64


def test_a_manifest_that_cannot_be_read_comes_back_with_the_reason() -> None:
    _, rows = taken_up([b"\xff"], Manifest("m", "csv"), "a.b", "1", "m")
    (found,) = listed(with_arrival(rows, NOON))
    assert (found.promises, bool(found.problem)) == ((), True)
