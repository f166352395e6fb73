"""Which periods were due by a day: from the names, the frequency and the latency of the contract."""

from __future__ import annotations

import datetime as dt

import pytest

from jobs.contracts.model import Contract, Reader
from jobs.deliveries.due import due, latency


def contract_of(**sla: str) -> Contract:
    return Contract("d", "n", "t", "1", "t", "", "o", "increment", "d/n", r".*", Reader("csv"), (), sla=tuple(sla.items()))


@pytest.mark.parametrize(("said", "days"), [("10 d", 10), ("2 weeks", 14), ("1 w", 7), ("0 d", 0), ("3 h", None), ("soon", None), ("", None)])
def test_a_latency_is_days(said: str, days: int | None) -> None:
    assert latency(contract_of(latency=said)) == days


def test_with_a_latency_every_period_is_due_so_long_after_its_end() -> None:
    found = due(contract_of(frequency="1 mo", latency="10 d"), ["2025-01", "2025-03"], dt.date(2025, 5, 11))
    assert found is not None
    assert [(each.period, each.by, each.promised) for each in found] == [
        ("2025-01", dt.date(2025, 2, 10), True), ("2025-02", dt.date(2025, 3, 10), True), ("2025-03", dt.date(2025, 4, 10), True), ("2025-04", dt.date(2025, 5, 10), True),
    ]  # fmt: skip


def test_a_day_that_is_not_over_is_not_missed() -> None:
    found = due(contract_of(frequency="1 mo", latency="10 d"), ["2025-01"], dt.date(2025, 2, 10))
    assert found == ()


def test_without_a_latency_a_period_is_missed_once_a_later_one_came() -> None:
    found = due(contract_of(frequency="1 mo"), ["2025-01", "2025-03"], dt.date(2026, 1, 1))
    assert found is not None
    assert [(each.period, each.promised) for each in found] == [("2025-01", False), ("2025-02", False), ("2025-03", False)]


@pytest.mark.parametrize("came", [["spring"], ["2025-01", "2025-01-extra"], ["2025-01-01"]])
def test_names_that_do_not_tell_which_should_be_there_are_not_judged(came: list[str]) -> None:
    assert due(contract_of(frequency="1 mo", latency="1 d"), came, dt.date(2025, 3, 1)) is None


def test_nothing_is_due_before_anything_came() -> None:
    assert due(contract_of(frequency="1 mo", latency="1 d"), [], dt.date(2025, 3, 1)) == ()
