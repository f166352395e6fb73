"""A ledger that is written for years stays quick to read: a dataset's rows lie in few files."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.ops.ledger import MOST_FILES, Ledger
from jobs.platform.settings import Settings

pytestmark = pytest.mark.timeout(300)
WRITERS = 2


def _files(ledger: Ledger, dataset: str) -> int:
    return len(ledger.table("runs").file_uris(file_pruning_predicate=[("dataset", "=", dataset)]))


def _run(ledger: Ledger, dataset: str, run: str) -> None:
    ledger.merge("runs", [{"run": run, "job": "land", "dataset": dataset, "seconds": 1.0, "outcome": "done"}])


def test_many_merges_leave_few_files_and_every_row(settings: Settings) -> None:
    ledger, dataset = Ledger(settings), f"law.files_{uuid.uuid4().hex[:8]}"
    runs = [f"run {number:03}" for number in range(2 * MOST_FILES + 3)]
    for run in runs:
        _run(ledger, dataset, run)
    _run(ledger, dataset, runs[0])  # said again
    assert [row["run"] for row in ledger.rows("runs", dataset=dataset)] == runs
    assert _files(ledger, dataset) <= MOST_FILES


def test_two_writers_and_their_tidying_lose_nothing(settings: Settings) -> None:
    dataset, each = f"law.files_{uuid.uuid4().hex[:8]}", 2 * MOST_FILES

    def write(writer: int) -> None:
        ledger = Ledger(settings)
        for number in range(each):
            _run(ledger, dataset, f"{writer}/{number}")

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    ledger = Ledger(settings)
    assert {row["run"] for row in ledger.rows("runs", dataset=dataset)} == {f"{writer}/{number}" for writer in range(WRITERS) for number in range(each)}
    assert _files(ledger, dataset) <= MOST_FILES + WRITERS  # who met the other's commit leaves the tidying to the next
