"""The periods a dataset should have, and what a backfill would do with each."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.contracts.model import Manifest
from jobs.deliveries.backfill import Planned, chosen, file_states
from jobs.deliveries.periods import FORMS, MOST, Form, expected, form_of, start_of, within
from jobs.platform.errors import LakeError
from tests.unit.readers.made import contract

PLAIN = contract(["a"], format="csv")


@pytest.mark.parametrize(
    ("frequency", "first", "last", "names"),
    [
        ("1 y", "2022", "2024", "2022 2023 2024"),
        ("1 m", "2024-11", "2025-02", "2024-11 2024-12 2025-01 2025-02"),
        ("3 months", "202401", "202409", "202401 202404 202407"),
        ("6 m", "2024-03", "2025-03", "2024-03 2024-09 2025-03"),
        ("1 y", "2023-09", "2025-09", "2023-09 2024-09 2025-09"),
        ("1 q", "2023-Q4", "2024-Q2", "2023-Q4 2024-Q1 2024-Q2"),
        ("3 m", "2023Q4", "2024Q1", "2023Q4 2024Q1"),
        ("1 d", "2024-02-28", "2024-03-01", "2024-02-28 2024-02-29 2024-03-01"),
        ("1 w", "20241230", "20250113", "20241230 20250106 20250113"),
        ("1 w", "2024-W51", "2025-W02", "2024-W51 2024-W52 2025-W01 2025-W02"),
        ("2 weeks", "2020W52", "2021W03", "2020W52 2021W01 2021W03"),  # 2020 had 53 weeks
        ("14 d", "2024-W01", "2024-W05", "2024-W01 2024-W03 2024-W05"),
        ("1 y", "2023-2024学年", "2025-2026学年", "2023-2024学年 2024-2025学年 2025-2026学年"),
        ("1 y", "2024-2025", "2025-2026", "2024-2025 2025-2026"),
        ("1 term", "2023-2024-2", "2025-2026-1", "2023-2024-2 2024-2025-1 2024-2025-2 2025-2026-1"),
        ("6 m", "2024-2025学年第一学期", "2025-2026学年第一学期", "2024-2025学年第一学期 2024-2025学年第二学期 2025-2026学年第一学期"),
        ("1 y", "2024-2025-2", "2026-2027-2", "2024-2025-2 2025-2026-2 2026-2027-2"),
        ("1 y", "2024-2026", "2025-2027", ""),  # no school year
        ("1 w", "2021-W53", "2022-W02", ""),  # 2021 had 52
        ("1 m", "2024-W01", "2024-W09", ""),
        ("1 d", "2024-W01", "2024-W09", ""),
        ("1 d", "2024-01", "2024-02", ""),  # a folder a month that is filled daily: its files tell, not its name
        ("1 m", "2024-01-15", "2024-03-15", ""),
        ("", "2024", "2025", ""),
        ("weekly", "2024", "2025", ""),
        ("0 y", "2024", "2025", ""),
        ("1 m", "east", "west", ""),
        ("1 m", "2024-13", "2024-14", ""),
        ("1 y", "2024", "2025-01", ""),
    ],
)
def test_expected_periods(frequency: str, first: str, last: str, names: str) -> None:
    assert " ".join(expected(replace(PLAIN, sla=(("frequency", frequency),), period_pattern=r"[\w-]+"), first, last)) == names


def test_only_names_the_contract_takes() -> None:
    assert expected(replace(PLAIN, sla=(("frequency", "1 y"),), period_pattern="202[0-3]"), "2022", "2025") == ("2022", "2023")


@pytest.mark.parametrize(("first", "last", "said"), [("2025", "2024", "is before"), ("0001-01-01", "9999-12-31", "3,652,059 periods")])
def test_a_range_that_cannot_be_meant(first: str, last: str, said: str) -> None:
    with pytest.raises(LakeError, match=said):
        expected(replace(PLAIN, sla=(("frequency", "1 d"),)), first, last)
    assert MOST < 3_652_059


@given(form=st.sampled_from(FORMS), days=st.lists(st.dates(dt.date(1000, 1, 1), dt.date(9000, 1, 1)), min_size=2, max_size=2))
def test_names_sort_as_their_periods_do(form: Form, days: list[dt.date]) -> None:
    """Each name of a form says when its period began, and is the name of that day."""
    starts = sorted(_begin(form, day) for day in days)
    names = [form.name(start) for start in starts]
    assert [start_of(form, name) for name in names] == starts
    assert names == sorted(names) and form_of(*names) == form


def _begin(form: Form, day: dt.date) -> dt.date:
    """The begin of a period of this form somewhere near the day."""
    if form.months == 12 or form.months == 6:
        school = "-" in form.pattern
        return day.replace(month=(9 if school else 1) if form.months == 12 or day.month > 6 else 3, day=1)
    if form.days:
        return day - dt.timedelta(days=day.weekday() if form.days == 7 else 0)
    return day.replace(month=(day.month - 1) // form.months * form.months + 1, day=1)


def test_names_within_a_range() -> None:
    assert within(["2025-02", "2024-12", "2025-01", "2025-01", "2025-03"], "2024-12", "2025-02") == ["2024-12", "2025-01", "2025-02"]


def row(outcome: str, **facts: Any) -> dict[str, Any]:
    return {"delivery": "d", "name": "a.csv", "period": "1", "outcome": outcome, "silver": None} | facts


RECEIPT = {"delivery": "d", "name": "a.csv", "period": "1"}


@pytest.mark.parametrize(
    ("receipts", "deliveries", "fresh", "states"),
    [
        ([], [], [("1", "a.csv")], ["new"]),
        ([RECEIPT], [], [], ["unfinished"]),
        ([RECEIPT], [row("landed")], [], ["unfinished"]),
        ([RECEIPT], [row("landed", silver=3)], [], ["landed"]),
        ([RECEIPT], [row("landed", silver=3)], [("1", "a.csv")], ["landed", "corrected"]),
        ([RECEIPT], [row("landed", silver=3)], [("1", "b.csv")], ["landed", "new"]),
        ([RECEIPT], [row("rejected")], [("1", "a.csv")], ["rejected", "new"]),
        ([RECEIPT], [row("held")], [], ["held"]),
        ([RECEIPT], [row("waiting")], [], ["waiting"]),
        ([RECEIPT], [row("resent")], [], []),
        ([RECEIPT], [row("not_applicable")], [], []),
        ([RECEIPT, RECEIPT], [row("landed", silver=0)], [], ["landed"]),  # delivered again
        ([RECEIPT | {"name": "SUMS"}], [], [], []),
        ([RECEIPT], [row("held")], [("1", "SUMS")], ["held", "new"]),
    ],
)
def test_what_a_file_is(receipts: list[Any], deliveries: list[Any], fresh: list[tuple[str, str]], states: list[str]) -> None:
    made = replace(PLAIN, manifest=Manifest("SUMS", "checksums"))
    assert file_states(made, fresh, receipts, deliveries).get("1", []) == states


PLANS = {
    "1": ["landed"], "2": ["landed", "corrected"], "3": [], "4": ["new", "new"], "5": ["unfinished"], "6": ["held"], "7": ["rejected"], "8": ["rejected", "new"], "9": ["waiting"],
}  # fmt: skip


def test_which_periods_are_run() -> None:
    planned = [Planned(period, Counter(states)) for period, states in PLANS.items()]
    assert "".join(chosen(planned, fill_gaps=False)) == "24589"
    assert "".join(chosen(planned, fill_gaps=True)) == "4589"
    assert [p.words for p in planned] == ["1 landed", "1 corrected, 1 landed", "missing", "2 new", "1 unfinished", "1 held", "1 rejected", "1 new, 1 rejected", "1 waiting"]
    assert [p.period for p in planned if p.missing] == ["3"]
