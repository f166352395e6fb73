"""Counts of a dataset, from rows of the ledger."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jobs.ops.summary import summarise

WHEN = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)
NONE = dict.fromkeys(("rows", "silver", "duplicate", "superseded", "quarantined", "quarantined_rows", "landed_at")) | {"name": "f.csv", "updated_at": WHEN}


def row(outcome: str, period: str = "2025-01", dataset: str = "a.b", **counts: Any) -> dict[str, Any]:
    return NONE | {"dataset": dataset, "outcome": outcome, "period": period} | counts


def test_files_count_by_outcome_and_rows_by_state() -> None:
    rows = [
        row("landed", rows=10, silver=7, quarantined=9, quarantined_rows=2, duplicate=1, superseded=0, landed_at=WHEN),
        row("landed", "2025-02", rows=5, quarantined=1),  # landed, not yet through conform: what landing rejected counts
        row("rejected"), row("held", rows=3), row("resent"), row("not_applicable"), row("landed", dataset="a.other", rows=100),
    ]  # fmt: skip
    found = summarise("a.b", rows)
    assert (found.files, found.landed, found.held, found.rejected, found.resent, found.waiting) == (5, 2, 1, 1, 1, 1)
    assert (found.rows, found.silver, found.quarantined, found.duplicate) == (18, 7, 3, 1)
    assert (found.newest_period, found.landed_at) == ("2025-02", WHEN)
    assert found.rejected_share == 3 / 18


def test_a_dataset_without_files_is_all_zeros() -> None:
    found = summarise("a.b", [])
    assert found.files == 0 and found.rejected_share == 0.0 and found.newest_period == "" and found.landed_at is None and found.last == "none"


def test_the_last_outcome_is_of_the_file_that_was_judged_last() -> None:
    later, again = WHEN + dt.timedelta(hours=1), WHEN + dt.timedelta(days=9)
    rows = [row("landed", "2025-02", landed_at=WHEN, updated_at=again), row("rejected", "2025-01", updated_at=later)]  # silver is counted again each time that it is made
    assert summarise("a.b", rows).last == "rejected"
    assert summarise("a.b", [*rows, row("landed", landed_at=again)]).last == "landed"
    assert summarise("a.b", [row(None)]).last == "waiting"  # type: ignore[arg-type]
