"""How long what a contract promises is."""

from __future__ import annotations

import datetime as dt

import pytest

from jobs.contracts.intervals import interval

DAY = 24
SAID = [
    ("1 d", (0, 1), DAY), ("2 weeks", (0, 14), 14 * DAY), ("36 h", None, 36), ("48 hours", (0, 2), 48), ("1 m", (1, 0), 31 * DAY), ("0.5 day", None, 12), ("1 Y", (12, 0), 366 * DAY),
    ("1 quarter", (3, 0), 93 * DAY), ("2 terms", (12, 0), 366 * DAY), ("18 mo", (18, 0), (366 + 6 * 31) * DAY), ("0 d", (0, 0), 0), ("0.5 y", (6, 0), 186 * DAY),
]  # fmt: skip


@pytest.mark.parametrize(("text", "whole", "hours"), SAID)
def test_intervals_are_read_as_contracts_say_them(text: str, whole: tuple[int, int] | None, hours: float) -> None:
    found = interval(text)
    assert found and (found.whole, found.longest) == (whole, dt.timedelta(hours=hours))


@pytest.mark.parametrize("text", ["daily", "", "1 fortnight", "1d", "-1 d", "d", "12345 d"])
def test_anything_else_is_none(text: str) -> None:
    assert interval(text) is None
