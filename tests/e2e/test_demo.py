"""What a newcomer does: `./lake demo`, through the real launcher, scheduler, store and Spark; and what the screen then says."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import suppress

import polars as pl
import pytest

from jobs.cli.demo import FEW
from jobs.ops.ledger import Ledger
from jobs.platform.airflow_api import Airflow
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from tests.launcher import lake

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
WATER = "water.station_reading"


def test_the_demo_ends_well_and_says_where_to_look(demo: subprocess.CompletedProcess[str]) -> None:
    assert demo.returncode == 0, demo.stdout + demo.stderr
    for words in ("rows read", "why rows were rejected", "files that were not loaded", "the lake against the truth", "./lake status", "/dags/batch/runs/"):
        assert words in demo.stdout


def test_every_dataset_is_row_for_row_what_the_truth_says(settings: Settings, demo: subprocess.CompletedProcess[str]) -> None:
    said = lake(settings, "score", "landing", "--json")
    found = json.loads(said.stdout)
    assert (said.returncode, found["differences"], found["found"]) == (0, 0, [])
    assert found["datasets"] == len(FEW)
    assert f"{found['datasets']} datasets, {found['files']:,} files, {found['rows']:,} rows expected: 0 differences" in demo.stdout


def test_a_row_more_in_the_truth_is_a_difference(settings: Settings, demo: subprocess.CompletedProcess[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("truth")
    shutil.copytree(settings.state / "city" / "truth" / "row_state", other / "row_state")
    for table in ("expected", "faults"):
        rows = pl.read_parquet(settings.state / "city" / "truth" / f"{table}.parquet")
        rows.with_columns(pl.col("rows") + (pl.col("dataset") == WATER).cast(pl.Int64)).write_parquet(other / f"{table}.parquet")
    said = lake(settings, "score", "landing", "--json", "--truth", str(other))
    assert said.returncode == 1
    found = json.loads(said.stdout)["found"]
    assert {each["dataset"] for each in found} == {WATER} and "rows" in {each["what"] for each in found}
    assert not [each["what"] for each in found if each["what"].startswith("rows ")], "row for row nothing differs: other places are told there"


def test_a_row_in_another_place_is_a_difference(settings: Settings, demo: subprocess.CompletedProcess[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """As many rows as expected are in silver, but two of them are others."""
    truth, other = settings.state / "city" / "truth", tmp_path_factory.mktemp("truth")
    for table in ("expected", "faults"):
        shutil.copy(truth / f"{table}.parquet", other)
    (other / "row_state").mkdir()
    for part in (truth / "row_state").glob("*.parquet"):
        rows = pl.read_parquet(part)
        if WATER in part.name:  # the row after each rejected one would be rejected in its place
            bad = pl.col("state") == "quarantined"
            rows = rows.with_columns(pl.when(bad).then(pl.col(end) + 1).when(bad.shift(1 if end == "first" else -1)).then(pl.col(end) + 1).otherwise(pl.col(end)).alias(end) for end in ("first", "last"))
        rows.write_parquet(other / "row_state" / part.name)
    said = lake(settings, "score", "landing", "--json", "--truth", str(other))
    found = json.loads(said.stdout)["found"]
    assert said.returncode == 1 and {each["dataset"] for each in found} == {WATER}
    assert "rows in silver" in {each["what"] for each in found} and any(each["what"].startswith("rows rejected by ") for each in found)
    assert all(each["expected"].startswith("row ") and each["found"].startswith("row ") for each in found)


def test_a_broken_file_has_an_answer_for_the_clerk(settings: Settings, demo: subprocess.CompletedProcess[str]) -> None:
    rows = Ledger(settings).rows("deliveries", dataset=WATER)
    assert {row["name"]: row["reason"] for row in rows if row["outcome"] == "rejected"} == {"断_readings.csv": "wrong_encoding", "空_readings.csv": "empty"}
    assert "Send it again" in lake(settings, "status", WATER).stdout


def test_the_log_of_the_task_says_why_a_file_was_not_loaded(settings: Settings, demo: subprocess.CompletedProcess[str]) -> None:
    airflow, said = Airflow(settings), ""
    for run in airflow.get("/dags/batch/dagRuns?order_by=-run_after&limit=20")["dag_runs"]:  # the first of them, where this lake was not new
        for group in range(settings.batch_groups):
            with suppress(LakeError):  # a run of few datasets has fewer groups
                said += json.dumps(airflow.get(f"/dags/batch/dagRuns/{run['dag_run_id']}/taskInstances/group.land/logs/1?map_index={group}"), ensure_ascii=False)
    refused = {row["name"]: row["message"] for row in Ledger(settings).rows("deliveries") if row["outcome"] == "rejected" and row["dataset"] in FEW}
    assert len(refused) > 2
    assert [name for name, message in refused.items() if json.dumps(f"{name}: {message}", ensure_ascii=False).strip('"') not in said] == []


def test_status_tells_of_every_dataset_and_where_its_pages_are(settings: Settings, demo: subprocess.CompletedProcess[str]) -> None:
    said = lake(settings, "status").stdout
    assert [dataset for dataset in FEW if dataset not in said] == []
    assert all(words in said for words in ("outcome", "h ago", "quality pages:"))


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


def test_a_product_runs_once_for_all_that_a_batch_changed(settings: Settings, demo: subprocess.CompletedProcess[str]) -> None:
    airflow, dag = Airflow(settings), "curated__education_flow"
    runs = [run["dag_run_id"] for run in airflow.get(f"/dags/{dag}/dagRuns")["dag_runs"]]
    heard = [airflow.get(f"/dags/{dag}/dagRuns/{run}/upstreamAssetEvents")["asset_events"] for run in runs]
    batches = {event["source_run_id"] for events in heard for event in events}
    assert len(batches) == len(heard) > 0
    first = {(event["source_task_id"], event["uri"]) for event in heard[0]}
    assert first == {("announce", f"lake://silver/{table}") for table in ("education__enrolment", "planning__community", "public_security__household_register")}


def test_an_answer_is_written_in_every_format(settings: Settings, demo: subprocess.CompletedProcess[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    where = tmp_path_factory.mktemp("answers")
    query = "SELECT stage, sum(pupils) AS pupils FROM silver.education__enrolment WHERE _is_current GROUP BY stage ORDER BY stage"
    for kind, read in (("csv", pl.read_csv), ("json", pl.read_ndjson), ("parquet", pl.read_parquet)):
        done = lake(settings, "sql", "--as", "job", "--format", kind, "-o", str(where / f"answer.{kind}"), query)
        assert done.returncode == 0, done.stderr
        assert read(where / f"answer.{kind}")["stage"].to_list() == ["初中", "小学", "高中"]
