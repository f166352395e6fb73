"""Two Spark drivers and a delta-rs writer commit to one table at once: with the project's LogStore no commit is lost, even where answers are."""

from __future__ import annotations

import itertools
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import CommitProperties, DeltaTable, write_deltalake

from jobs.platform.settings import Settings
from jobs.platform.store import delta_options, emptied
from tests.integration.spark_drivers import DEFAULT, OURS, spark_drivers
from tests.integration.store_gateway import Request, gateway, meeting

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]  # a net for a hang; on two quiet cores the whole file takes minutes
COMMITS = 40
SCHEMA = pa.schema([("writer", pa.string()), ("number", pa.int64())])


@dataclass(frozen=True)
class Log:
    """A new Delta table of this test. `path`: below the ops bucket."""

    settings: Settings
    path: str

    @property
    def s3a(self) -> str:
        return self.settings.uri("ops", self.path, scheme="s3a")

    def append(self, number: int) -> None:
        row = pa.table({"writer": ["delta-rs"], "number": [number]}, schema=SCHEMA)
        properties = CommitProperties(max_commit_retries=500)
        write_deltalake(self.settings.uri("ops", self.path), row, mode="append", storage_options=delta_options(self.settings), commit_properties=properties)

    def stands(self) -> tuple[set[tuple[str, int]], int, int]:
        """(the rows, their number, the version)"""
        table = DeltaTable(self.settings.uri("ops", self.path), storage_options=delta_options(self.settings))
        rows = [(row["writer"], row["number"]) for row in table.to_pyarrow_table().to_pylist()]
        return set(rows), len(rows), table.version()


@pytest.fixture
def table(settings: Settings, store: Any) -> Iterator[Log]:
    made = Log(settings, f"_test/{uuid.uuid4()}")
    DeltaTable.create(settings.uri("ops", made.path), schema=_schema(), storage_options=delta_options(settings))
    yield made
    emptied(settings, "ops", f"{made.path}/")


def _schema() -> Any:
    from deltalake import Schema

    return Schema.from_arrow(SCHEMA)


def test_no_commit_of_three_writers_is_lost(settings: Settings, table: Log, tmp_path: Path) -> None:
    with spark_drivers(settings, tmp_path, OURS) as drivers:
        for driver in drivers:
            driver.tell(table.s3a, COMMITS)
        for number in range(COMMITS):
            table.append(number)
        for driver in drivers:
            driver.hear("done")
    everything = set(itertools.product(("spark1", "spark2", "delta-rs"), range(COMMITS)))
    assert table.stands() == (everything, 3 * COMMITS, 3 * COMMITS)


@pytest.mark.parametrize(("log_store", "stand"), [(OURS, 2), (DEFAULT, 1)])
def test_two_drivers_at_one_version(settings: Settings, table: Log, tmp_path: Path, log_store: str, stand: int) -> None:
    """Both commits are acknowledged. With the default LogStore the later overwrites the earlier: the proof that a loss would be seen."""
    with gateway(settings.endpoint, before=meeting(2)) as address, spark_drivers(settings, tmp_path, log_store, endpoint=address) as drivers:
        for driver in drivers:
            driver.tell(table.s3a, 1)
        for driver in drivers:
            driver.hear("done")
    rows, count, version = table.stands()
    assert (len(rows), count, version) == (stand, stand, stand)


def test_a_commit_whose_answer_is_lost_is_made_once(settings: Settings, table: Log, tmp_path: Path) -> None:
    """Every second answer to a commit never arrives; ten commits are ten versions."""
    numbers, lost = itertools.count(), []

    def answers(request: Request, status: int) -> bool:
        if not request.is_commit or next(numbers) % 2:
            return True
        lost.append((re.findall(r"\d{20}", request.path)[0], status))
        return False

    with gateway(settings.endpoint, answers=answers) as address, spark_drivers(settings, tmp_path, OURS, ("spark1",), address) as (driver,):
        driver.tell(table.s3a, 10)
        driver.hear("done")
    assert sum(status == 200 for _, status in lost) >= 5, lost
    assert table.stands() == ({("spark1", number) for number in range(10)}, 10, 10)
