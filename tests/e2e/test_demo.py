"""What a newcomer does: `./lake demo`, through the real launcher, scheduler, store and Spark; and what the screen then says."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from jobs.sample.four_departments import Dump, dumps
from tests.launcher import lake

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def delivered(broken: bool) -> Iterator[tuple[str, str, str, Dump]]:
    """(dataset, period, file, dump)"""
    for dump in dumps():
        department, name, period, file = dump.key.split("/")
        if dump.broken == broken:
            yield f"{department}.{name}", period, file, dump


def test_the_demo_ends_well_and_says_where_to_look(demo: subprocess.CompletedProcess[str]) -> None:
    assert demo.returncode == 0, demo.stdout + demo.stderr
    for words in ("rows read", "why rows were rejected", "files that were not loaded", "./lake status", "/dags/batch/runs/"):
        assert words in demo.stdout


def test_every_planted_fault_is_found_and_nothing_else(settings: Settings, demo: subprocess.CompletedProcess[str]) -> None:
    rows = {(row["dataset"], row["period"], row["sha256"]): row for row in Ledger(settings).rows("deliveries")}
    for dataset, period, _, dump in delivered(broken=False):
        row = rows[dataset, period, _sha256(dump)]
        assert (row["outcome"], row["rows"], row["quarantined"]) == ("landed", dump.records, dump.faulty), dump.key


def test_a_broken_file_has_an_answer_for_the_clerk(settings: Settings, demo: subprocess.CompletedProcess[str]) -> None:
    rows = {(row["dataset"], row["sha256"]): row for row in Ledger(settings).rows("deliveries")}
    reasons = {file: rows[dataset, _sha256(dump)]["reason"] for dataset, _, file, dump in delivered(broken=True)}
    assert reasons == {"readings.csv": "wrong_encoding", "readings_upper_reach.csv": "empty"}
    assert "Send it again" in lake(settings, "status", "water.station_reading").stdout


def test_a_second_demo_loads_nothing_twice(settings: Settings, demo: subprocess.CompletedProcess[str]) -> None:
    before = lake(settings, "sql", "--as", "job", "--format", "csv", COUNTS)
    again = lake(settings, "demo")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "nothing was loaded twice" in again.stdout
    assert lake(settings, "sql", "--as", "job", "--format", "csv", COUNTS).stdout == before.stdout
    assert before.stdout.count("\n") == 5


COUNTS = " UNION ALL ".join(
    f"SELECT '{table}' AS name, count(*) AS n FROM silver.{table}" for table in ("civil_affairs__low_income_roster", "education__enrolment", "hotline__request", "water__station_reading")
)


def test_the_runs_are_in_the_ledger(settings: Settings, demo: subprocess.CompletedProcess[str]) -> None:
    rows = [row for row in Ledger(settings).rows("runs") if row["dataset"] == "hotline.request" and row["run"].startswith("manual__")]
    assert {row["job"] for row in rows} == {"register", "land", "check", "conform"}
    assert all(row["outcome"] == "done" and row["spark_session"] and row["seconds"] > 0 for row in rows)


def test_an_answer_is_written_in_every_format(settings: Settings, demo: subprocess.CompletedProcess[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    import polars as pl

    where = tmp_path_factory.mktemp("answers")
    query = "SELECT stage, sum(pupils) AS pupils FROM silver.education__enrolment WHERE _is_current GROUP BY stage ORDER BY stage"
    for kind, read in (("csv", pl.read_csv), ("json", pl.read_ndjson), ("parquet", pl.read_parquet)):
        done = lake(settings, "sql", "--as", "job", "--format", kind, "-o", str(where / f"answer.{kind}"), query)
        assert done.returncode == 0, done.stderr
        assert read(where / f"answer.{kind}")["stage"].to_list() == ["初中", "小学", "高中"]


def _sha256(dump: Dump) -> str:
    import hashlib

    return hashlib.sha256(dump.content).hexdigest()
