"""Two Spark drivers and a delta-rs writer commit to one table at once: with the project's LogStore no commit is lost."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import CommitProperties, DeltaTable, write_deltalake

from jobs.platform.components import java_home
from jobs.platform.secrets import credentials
from jobs.platform.settings import Settings
from jobs.platform.store import delta_options, keys

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
COMMITS = 40
SCHEMA = pa.schema([("writer", pa.string()), ("number", pa.int64())])


@contextmanager
def spark_drivers(settings: Settings, log_store: str) -> Iterator[list[subprocess.Popen[str]]]:
    who = credentials(settings)
    env = {key: value for key, value in os.environ.items() if not key.startswith("SPARK_")} | {
        "AWS_ACCESS_KEY_ID": who.access_key, "AWS_SECRET_ACCESS_KEY": who.secret_key, "JAVA_HOME": str(java_home()), "PYTHONPATH": str(settings.root),
        "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1",
    }  # fmt: skip
    program = [sys.executable, str(Path(__file__).with_name("spark_committer.py"))]
    drivers = [
        subprocess.Popen([*program, f"spark{i}", log_store], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for i in (1, 2)
    ]
    try:
        for driver in drivers:
            hear(driver, "ready")
        yield drivers
    finally:
        for driver in drivers:
            with suppress(BrokenPipeError):
                driver.communicate(timeout=60)


def hear(driver: subprocess.Popen[str], word: str) -> None:
    assert driver.stdout is not None
    heard = driver.stdout.readline().strip()
    assert heard == word, f"the driver ended with {driver.wait(10)} where it should say {word}"


def race(settings: Settings, drivers: list[subprocess.Popen[str]]) -> tuple[int, int]:
    """All three writers at once on a new table. Returns (rows that stand, commits in its history), of 3 × COMMITS acknowledged."""
    path, options = f"_test/{uuid.uuid4()}", delta_options(settings)
    table = DeltaTable.create(settings.uri("ops", path), schema=pa_schema(), storage_options=options)
    for driver in drivers:
        assert driver.stdin is not None
        driver.stdin.write(f"{settings.uri('ops', path, scheme='s3a')} {COMMITS}\n")
        driver.stdin.flush()
    for number in range(COMMITS):
        row = pa.table({"writer": ["delta-rs"], "number": [number]}, schema=SCHEMA)
        write_deltalake(settings.uri("ops", path), row, mode="append", storage_options=options, commit_properties=CommitProperties(max_commit_retries=200))
    for driver in drivers:
        hear(driver, "done")
    table.update_incremental()
    return table.to_pyarrow_table().group_by(["writer", "number"]).aggregate([]).num_rows, table.version()


def pa_schema() -> Any:
    from deltalake import Schema

    return Schema.from_arrow(SCHEMA)


@pytest.fixture(autouse=True)
def swept(settings: Settings, store: Any) -> Iterator[None]:
    yield
    for item in list(keys(store, settings.bucket("ops"), "_test/")):
        store.delete_object(Bucket=settings.bucket("ops"), Key=item["Key"])


def test_no_commit_of_three_writers_is_lost(settings: Settings, store: Any) -> None:
    with spark_drivers(settings, "org.civiclake.ConditionalLogStore") as drivers:
        assert race(settings, drivers) == (3 * COMMITS, 3 * COMMITS)


def test_the_default_log_store_loses_commits(settings: Settings, store: Any) -> None:
    """The proof that the test above can fail. A loss is a matter of timing, so it has five races to show."""
    with spark_drivers(settings, "io.delta.storage.S3SingleDriverLogStore") as drivers:
        assert any(race(settings, drivers)[0] < 3 * COMMITS for _ in range(5))
