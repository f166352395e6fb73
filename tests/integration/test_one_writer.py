"""A store that does not know conditional PUTs admits one writer or none: the gateway before the real store takes the conditions away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from deltalake.transaction import AddAction

from jobs.platform.probe import MULTIPART_NEW, PUT_NEW, PUT_SAME, conditional_writes
from jobs.platform.secrets import connect_token, credentials
from jobs.platform.settings import Settings
from jobs.platform.store import delta_options, emptied
from jobs.platform.writers import CLAIM
from tests.integration.ports import free_ports
from tests.integration.spark_drivers import OURS, spark_drivers
from tests.integration.store_gateway import gateway, meeting, without_conditions

HOLD = "from jobs.platform.settings import load_settings; from jobs.platform.spark import open_session; s = open_session(load_settings()); print('open', flush=True); input()"
SELECT = ("-m", "jobs.cli.app", "sql", "--as", "job", "--format", "csv", "SELECT 6 * 7 AS answer")


@pytest.fixture
def plain_store(settings: Settings, store: Any) -> Iterator[str]:
    with gateway(settings.endpoint, before=without_conditions(settings.endpoint, credentials(settings), settings.storage.region)) as address:
        yield address
    store.delete_object(Bucket=settings.bucket("ops"), Key=CLAIM)


def at(settings: Settings, endpoint: str) -> Settings:
    return settings.model_copy(update={"storage": settings.storage.model_copy(update={"endpoint": endpoint})})


@pytest.fixture
def elsewhere(settings: Settings, plain_store: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a process whose lake is this one, seen through the store without conditions; one writer is allowed."""
    job = credentials(settings)
    return {key: value for key, value in os.environ.items() if not key.startswith("LAKE_")} | {
        "LAKE_ROOT": str(settings.root), "LAKE_STATE": str(tmp_path / "state"), "LAKE_PROFILE": "cluster", "LAKE_S3_ENDPOINT": plain_store,
        "LAKE_SPARK_CONNECT": f"sc://localhost:{settings.port('connect')}", "LAKE_SECRET_CONNECT_JOB": connect_token(settings),
        "LAKE_S3_JOB_KEY": job.access_key, "LAKE_S3_JOB_SECRET": job.secret_key, "LAKE_SINGLE_WRITER": "true", "PYTHONPATH": str(settings.root),
    }  # fmt: skip


def run(env: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], env=dict(env), cwd=env["LAKE_ROOT"], capture_output=True, text=True, check=False, timeout=300)


def test_the_probe_sees_that_the_conditions_are_gone(settings: Settings, plain_store: str) -> None:
    assert conditional_writes(at(settings, plain_store)) == {PUT_NEW: False, PUT_SAME: False, MULTIPART_NEW: False}


@pytest.mark.parametrize(("conditions", "stand"), [(True, 2), (False, 1)])
def test_two_writers_on_such_a_store_lose_a_commit(settings: Settings, store: Any, conditions: bool, stand: int) -> None:
    """Why they are refused: both commits of one version are acknowledged, and one of them is gone."""
    path, schema, meet = f"_test/{uuid.uuid4()}", pa.schema([("x", pa.int64())]), meeting(2)
    strip = without_conditions(settings.endpoint, credentials(settings), settings.storage.region)
    uri = settings.uri("ops", path)
    DeltaTable.create(uri, schema=schema, storage_options=delta_options(settings))

    def commit(number: int, endpoint: str) -> None:
        writer = DeltaTable(uri, storage_options=delta_options(at(settings, endpoint)))
        writer.create_write_transaction([AddAction(f"{number}.parquet", 1, {}, 0, True, '{"numRecords": 1}')], mode="append", schema=schema)

    with gateway(settings.endpoint, before=(lambda r: meet(r) if conditions else strip(meet(r)))) as address, ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(commit, number, address) for number in range(2)]:
            done.result()
    standing = DeltaTable(uri, storage_options=delta_options(settings))
    emptied(settings, "ops", f"{path}/")
    assert (standing.version(), len(standing.file_uris())) == (stand, stand)


def test_a_job_is_refused_where_nothing_is_said_about_writers(elsewhere: dict[str, str]) -> None:
    for arguments in (("land", "finance.spend"), ("up", "--only", "nothing"), ("sql", "--as", "job", "SELECT 1")):
        done = run(elsewhere | {"LAKE_SINGLE_WRITER": "false"}, "-m", "jobs.cli.app", *arguments)
        assert done.returncode == 1, arguments
        assert "has no conditional PUT" in done.stderr and "single_writer: true" in done.stderr, arguments


def test_a_store_that_is_down_is_one_line(elsewhere: dict[str, str]) -> None:
    done = run(elsewhere | {"LAKE_S3_ENDPOINT": f"http://127.0.0.1:{free_ports(1)[0]}"}, *SELECT)
    assert done.returncode == 1 and "does not answer" in done.stderr and "Traceback" not in done.stderr


def test_a_second_process_is_refused_until_the_first_ends(elsewhere: dict[str, str]) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD], env=elsewhere, cwd=elsewhere["LAKE_ROOT"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None and first.stdout.readline() == "open\n"
        refused = run(elsewhere, *SELECT)
        first.kill()  # kill -9: nothing is tidied up
        first.communicate()
    assert refused.returncode == 1 and f"process {first.pid} writes to the lake" in refused.stderr
    admitted = run(elsewhere, *SELECT)
    assert (admitted.returncode, admitted.stdout) == (0, "answer\n42\n"), admitted.stderr


def test_a_second_checkout_is_refused(settings: Settings, elsewhere: dict[str, str], store: Any, tmp_path: Path) -> None:
    assert run(elsewhere, *SELECT).returncode == 0
    assert json.loads(store.get_object(Bucket=settings.bucket("ops"), Key=CLAIM)["Body"].read())["checkout"] == str(settings.root)
    other = tmp_path / "other"
    other.mkdir()
    (other / "conf").symlink_to(settings.root / "conf")
    refused = run(elsewhere | {"LAKE_ROOT": str(other), "LAKE_STATE": str(tmp_path / "other-state")}, *SELECT)
    assert refused.returncode == 1 and f":{settings.root}" in refused.stderr
    store.delete_object(Bucket=settings.bucket("ops"), Key=CLAIM)
    assert run(elsewhere | {"LAKE_ROOT": str(other), "LAKE_STATE": str(tmp_path / "other-state")}, *SELECT).returncode == 0


@pytest.mark.slow
def test_a_spark_driver_of_its_own_refuses_to_commit(settings: Settings, plain_store: str, tmp_path: Path) -> None:
    """Whoever starts a Spark with this project's configuration meets the LogStore, which asks the store itself."""
    with spark_drivers(settings, tmp_path, OURS, ("spark1",), plain_store) as (driver,):
        driver.tell(settings.uri("ops", "_test/refused", scheme="s3a"), 1)
        assert driver.process.wait(300) != 0
    assert "has no conditional PUT" in driver.log.read_text()
