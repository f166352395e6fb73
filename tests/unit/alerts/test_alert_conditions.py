"""What is wrong by the ledger."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from jobs.alerts.conditions import Facts, conditions
from jobs.contracts.load import Finding
from jobs.contracts.model import Column, Contract, Reader

NOW = dt.datetime(2026, 3, 31, 12, tzinfo=dt.UTC)
CONTRACT = Contract(
    "water", "reading", "t", "1.0.0", "t", "", "Water bureau", "events", "water/reading", r".*\.csv", Reader("csv"), (Column("id", "id", "integer"),),
    tolerated_rejected_share=0.1, sla=(("frequency", "1 m"), ("latency", "2 d")),
)  # fmt: skip
PERSONAL = dataclasses.replace(CONTRACT, columns=(Column("id", "id", "integer", classification="personal"),))


def days(ago: float) -> dt.datetime:
    return NOW - dt.timedelta(days=ago)


def file(outcome: str = "landed", rejected: int = 0, reason: str | None = None, came: float = 1, name: str = "dump.csv", **others: Any) -> dict[str, Any]:
    return {"dataset": "water.reading", "delivery": f"d{came}", "period": "2026-02", "name": name, "outcome": outcome, "reason": reason, "rows": 100, "quarantined": rejected,
            "quarantined_rows": None, "landed_at": days(came) if outcome != "rejected" else None, "updated_at": days(came)} | others  # fmt: skip


def found(contract: Contract = CONTRACT, **facts: Any) -> list[tuple[str, str]]:
    given = {"contracts": [contract], "findings": [], "runs": [], "deliveries": [], "receipts": []} | facts
    return [(c.kind, c.text) for c in conditions(Facts(**given), NOW)]


def run(outcome: str, ago: float, dataset: str = "water.reading", job: str = "land") -> dict[str, Any]:
    return {"dataset": dataset, "job": job, "outcome": outcome, "ended_at": days(ago)}


def test_a_step_has_failed_while_its_last_run_failed() -> None:
    assert found(runs=[run("done", 2), run("failed", 1)]) == [("failed", "land failed")]
    assert found(runs=[run("failed", 2), run("done", 1)]) == []
    assert found(runs=[run("failed", 2, job="check"), run("done", 1)]) == [("failed", "check failed")]
    assert found(runs=[run("failed", 1, "water.gone")]) == [], "there is no such dataset any more"


def test_a_share_over_the_tolerance_is_told_with_both_numbers() -> None:
    assert found(deliveries=[file(rejected=10)]) == []
    assert found(deliveries=[file(rejected=11)]) == [("rejected", "11.0% of the rows of dump.csv of 2026-02 are rejected, tolerated are 10.0%")]
    assert found(deliveries=[file("held", 11, "held")]) == [("rejected", "11.0% of the rows of dump.csv of 2026-02 are rejected, tolerated are 10.0%")]
    assert found(deliveries=[file(rejected=11, quarantined_rows=2)]) == [], "what was corrected in quarantine counts no more"


@pytest.mark.parametrize(("outcome", "said"), [("held", "is held before silver: shrunk"), ("rejected", "was refused: shrunk")])
def test_a_stopped_file_is_told_until_a_better_one_has_come(outcome: str, said: str) -> None:
    assert found(deliveries=[file(outcome, 0, "shrunk", 3)]) == [("stopped", f"dump.csv of 2026-02 {said}")]
    assert found(deliveries=[file(outcome, 0, "shrunk", 3), file(came=2)]) == []
    assert len(found(deliveries=[file(outcome, 0, "shrunk", 3), file(came=2, name="other.csv")])) == 1
    assert len(found(deliveries=[file(came=3), file(outcome, 0, "shrunk", 2)])) == 1


def test_the_name_of_a_file_about_persons_is_not_told() -> None:
    assert found(PERSONAL, deliveries=[file("held", 0, "shrunk", name="li_ming.csv")]) == [("stopped", "a file of 2026-02 is held before silver: shrunk")]


@pytest.mark.parametrize(("ago", "said"), [(1, []), (33, []), (33.1, [("stale", "nothing has come since 2026-02-26; it comes every 1 m and was due by 2026-03-31")])])
def test_data_that_does_not_come_is_stale_after_its_frequency_and_latency(ago: float, said: list[tuple[str, str]]) -> None:
    assert found(receipts=[{"dataset": "water.reading", "delivered_at": days(50)}, {"dataset": "water.reading", "delivered_at": days(ago)}]) == said


def test_nothing_is_stale_that_has_no_frequency_or_never_came() -> None:
    assert found(dataclasses.replace(CONTRACT, sla=()), receipts=[{"dataset": "water.reading", "delivered_at": days(900)}]) == []
    assert found() == []


def test_a_contract_that_cannot_be_read_is_told_once() -> None:
    findings = [Finding("/lake/conf/datasets/water/other.yaml", 3, 1, "wrong"), Finding("/lake/conf/datasets/water/other.yaml", 9, 1, "wrong")]
    assert [(c.dataset, c.text) for c in conditions(Facts([], findings, [], [], []), NOW)] == [("water.other", "the contract cannot be read (line 3)")]


def test_the_same_trouble_has_the_same_id_and_another_has_another() -> None:
    first, again = (conditions(Facts([CONTRACT], [], [run("failed", ago)], [], []), NOW)[0] for ago in (2, 1))
    other = conditions(Facts([CONTRACT], [], [run("failed", 1, job="check")], [], []), NOW)[0]
    assert (first.id == again.id, first.id == other.id) == (True, False)
