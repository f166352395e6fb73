"""A city that lives: each day's dumps come on their day, run through Airflow, and the lake is what that day's truth says; and nothing is left running after."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from tests.checkout import second_checkout

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
HOTLINE = "hotline.request"


def test_the_city_lives_day_by_day(settings: Settings, tmp_path: Path) -> None:
    """The hotline's file of the third day comes twice, that of the fifth is three days late. A second call goes on where the first stopped."""
    with second_checkout(settings, tmp_path) as second:
        said = second.lake("demo", "--live", "--days", "3", "--people", "2000")
        assert said.count(": 0 differences") == 2, "on the first day nothing has come yet"
        assert {row["period"] for row in Ledger(second.settings()).deliveries(HOTLINE)} == {"2025-01-01", "2025-01-02"}
        said = second.lake("demo", "--live", "--days", "9", "--people", "2000")
        assert "differs" not in said and said.count(": 0 differences") == 5
        found = [(row["period"], row["outcome"]) for row in Ledger(second.settings()).deliveries(HOTLINE)]
        assert sorted(found) == sorted([(f"2025-01-{day:02d}", "landed") for day in range(1, 9)] + [("2025-01-03", "resent")])
        second.lake("down")
        assert second.processes() == []
