"""The `cluster` profile: a standalone master and two workers serve the Connect server, store and metastore are external; same jobs, same results."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from pyspark.sql import SparkSession
from tenacity import Retrying, retry_if_exception_type, retry_if_not_result, stop_after_delay, wait_fixed

from jobs import check, conform, land, register
from jobs.contracts.load import contract_path, load_contract
from jobs.contracts.model import Column, Contract, Reader
from jobs.ops.ledger import Ledger
from jobs.platform.components import java_home, spark_home
from jobs.platform.secrets import connect_token, credentials, secret
from jobs.platform.settings import Settings, load_settings
from jobs.platform.spark import open_session
from jobs.quality.implied import rules_of
from jobs.quality.rules import Rule
from jobs.sample.real import deliveries
from tests.integration.ports import free_base, free_ports

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
CLOCKS = {"landed_at", "updated_at", "delivered_at", "registered_at", "checked_at"}
NAMES = {"dataset", "landing_key", "raw_key"}  # each profile lands under a name of its own


@dataclass(frozen=True)
class Lake:
    settings: Settings
    spark: SparkSession


@contextmanager
def standalone(settings: Settings, home: Path) -> Iterator[tuple[str, str]]:
    """A master and two workers: (spark address, address of the master's page). The workers' environment has the secrets, nothing else does."""
    port, page = free_ports(2)
    plain = {key: value for key, value in os.environ.items() if not key.startswith(("LAKE_", "AWS_", "SPARK_", "PYTHON"))}
    plain |= {"JAVA_HOME": str(java_home()), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "256m", "SPARK_NO_DAEMONIZE": "1"}
    job = credentials(settings)
    secrets = {"AWS_ACCESS_KEY_ID": job.access_key, "AWS_SECRET_ACCESS_KEY": job.secret_key, "LAKE_SECRET_MASTER_KEY": secret(settings, "master_key")}
    master = f"spark://127.0.0.1:{port}"
    deploy = "org.apache.spark.deploy"
    commands: list[tuple[str, Sequence[str], Mapping[str, str]]] = [
        ("master", [f"{deploy}.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", str(page)], plain),
        *((f"worker{i}", [f"{deploy}.worker.Worker", "--host", "127.0.0.1", "-c", "1", "-m", "1g", "--webui-port", "0", "-d", str(home / f"work{i}"), master], plain | secrets) for i in (1, 2)),
    ]
    with ExitStack() as stack:
        for name, arguments, env in commands:
            stack.enter_context(daemon(name, [str(spark_home() / "bin" / "spark-class"), *arguments], env, home))
        waited(lambda: httpx.get(f"http://127.0.0.1:{page}/json/").json()["aliveworkers"] == 2)
        yield master, f"http://127.0.0.1:{page}"


@contextmanager
def daemon(name: str, command: Sequence[str], env: Mapping[str, str], home: Path) -> Iterator[None]:
    with (home / f"{name}.log").open("w") as log:
        process = subprocess.Popen(command, env=dict(env), cwd=home, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        family = [*psutil.Process(process.pid).children(recursive=True), process]
        for member in family:
            member.terminate()
        process.wait(60)
        psutil.wait_procs([member for member in family if isinstance(member, psutil.Process)], timeout=60)


def waited(condition: Any) -> None:
    """A page that is being set up answers with something else than JSON for a moment (a ValueError)."""
    Retrying(stop=stop_after_delay(120), wait=wait_fixed(0.3), retry=retry_if_not_result(bool) | retry_if_exception_type((httpx.TransportError, ValueError)))(condition)


def lake(env: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "jobs.cli.app", *arguments], env=dict(env), cwd=env["LAKE_ROOT"], capture_output=True, text=True, check=False, timeout=600)


def cluster_env(settings: Settings, master: str, home: Path) -> dict[str, str]:
    """What an operator sets (docs/how-to/run-on-a-cluster.md): addresses and secrets, all from the environment, no .lake/secrets.json."""
    state = home / "state"
    state.mkdir()
    (state / "jars").symlink_to(settings.state / "jars")
    roles = {f"LAKE_S3_{role.upper()}_{part}": getattr(credentials(settings, role), name) for role in ("job", "analyst") for part, name in (("KEY", "access_key"), ("SECRET", "secret_key"))}
    names = ("master_key", "metastore_job", "connect_job", "connect_analyst")
    return roles | {f"LAKE_SECRET_{name.upper()}": secret(settings, name) for name in names} | {
        "LAKE_PROFILE": "cluster", "LAKE_STATE": str(state), "LAKE_PORT_BASE": str(free_base()), "LAKE_S3_ENDPOINT": settings.endpoint, "LAKE_SPARK_MASTER": master,
        "LAKE_METASTORE_JDBC": f"jdbc:derby://127.0.0.1:{settings.port('metastore')}/cluster_{uuid.uuid4().hex[:6]};create=true", "SPARK_LOCAL_IP": "127.0.0.1",
        "LAKE_SPARK_CONNECT_ANALYST": f"sc://localhost:{settings.port('connect_analyst')}", "LAKE_SPARK_MEMORY": "1g",
    }  # fmt: skip


@pytest.fixture(scope="module")
def embedded(settings: Settings, spark: SparkSession) -> Lake:
    return Lake(settings, spark)


@pytest.fixture(scope="module")
def page_and_env(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    home = tmp_path_factory.mktemp("cluster")
    with standalone(settings, home) as (master, page):
        given = cluster_env(settings, master, home)
        env = {key: value for key, value in os.environ.items() if not key.startswith("LAKE_")} | given | {"LAKE_ROOT": str(settings.root)}
        try:
            up = lake(env, "up", "--only", "spark")
            assert up.returncode == 0, up.stdout + up.stderr
            yield page, env
        finally:
            lake(env, "down")


@pytest.fixture(scope="module")
def cluster(page_and_env: tuple[str, dict[str, str]]) -> Iterator[Lake]:
    _, env = page_and_env
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            if name.startswith("LAKE_"):
                patch.setenv(name, value)
        settings = load_settings()
        session = open_session(settings)
        yield Lake(settings, session)
        session.stop()


def small() -> tuple[Contract, list[Rule], dict[str, bytes]]:
    """A dataset of this test's own: a personal column (its raw copy is sealed by the workers), two periods, rows that are wrong."""
    columns = (
        Column("id", "id", "integer", required=True, primary_key=1), Column("name", "name", "string", classification="personal"), Column("amount", "amount", "decimal", precision=9, scale=2),
    )  # fmt: skip
    contract = Contract("test", "cluster", "t", "1.0.0", "t", "", "test", "snapshot", "test/cluster", r".*\.csv", Reader("csv"), columns)  # type: ignore[arg-type]
    files = {"2024/a.csv": b"id,name,amount\n1,Li,3.50\n2,Ma,\nx,Wu,1\n", "2025/a.csv": b"id,name,amount\n1,Li,4.50\n2,Ma,\n3,Xu,7\n3,Xu,7\n", "2025/b.csv": b"id,name\n1,Li\n"}
    return contract, [], files


def real(settings: Settings, data: Path) -> tuple[Contract, list[Rule], dict[str, bytes]]:
    contract = load_contract(contract_path(settings.root, "traffic.collision"))
    files = {each.key.removeprefix(contract.landing + "/"): each.content() for each in deliveries(data) if each.key.startswith(contract.landing + "/")}
    return contract, rules_of(contract, settings.root), files


def landed(lake: Lake, contract: Contract, rules: Sequence[Rule], files: Mapping[str, bytes], store: Any) -> dict[str, list[Any]]:
    """The four verbs under a name of its own; every table that came of it, row for row, without clocks and names."""
    suffix = uuid.uuid4().hex[:6]
    mine = dataclasses.replace(contract, name=f"{contract.name}_{suffix}", landing=f"test_{suffix}/{contract.landing}")
    for name, body in files.items():
        store.put_object(Bucket=lake.settings.bucket("landing"), Key=f"{mine.landing}/{name}", Body=body)
    rules = rules or rules_of(mine, lake.settings.root)
    register.run(lake.spark, lake.settings, mine)
    land.run(lake.spark, lake.settings, mine, rules)
    check.run(lake.spark, lake.settings, mine, rules)
    conform.run(lake.spark, lake.settings, mine, rules)
    tables = {layer: lake.spark.table(f"{layer}.{mine.table}").toArrow().to_pylist() for layer in ("bronze", "quarantine", "silver")}
    ledger = Ledger(lake.settings)
    tables |= {name: ledger.rows(name, dataset=mine.dataset) for name in ("receipts", "deliveries", "checks", "rejections")}
    drop(lake, mine)
    return {name: sorted(repr({k: v for k, v in row.items() if k not in CLOCKS | NAMES}) for row in rows) for name, rows in tables.items()}


def drop(lake: Lake, contract: Contract) -> None:
    for kind, layer in (("TABLE", "silver"), ("VIEW", "quarantine"), ("TABLE", "bronze")):
        lake.spark.sql(f"DROP {kind} IF EXISTS {layer}.{contract.table}")


def test_a_small_dataset_gives_the_same_tables(embedded: Lake, cluster: Lake, store: Any) -> None:
    contract, rules, files = small()
    here, there = (landed(which, contract, rules, files, store) for which in (embedded, cluster))
    assert there == here
    assert {name: len(rows) for name, rows in there.items() if name in ("bronze", "receipts", "quarantine")} == {"bronze": 7, "receipts": 3, "quarantine": 1}


def test_a_real_dataset_gives_the_same_tables(embedded: Lake, cluster: Lake, store: Any, real_data: Path) -> None:
    contract, rules, files = real(embedded.settings, real_data)
    here, there = (landed(which, contract, rules, files, store) for which in (embedded, cluster))
    assert there == here
    assert len(there["silver"]) == 1176 + 1180 + 1163 + 555


def test_the_work_is_done_by_both_workers(cluster: Lake, page_and_env: tuple[str, dict[str, str]]) -> None:
    def where(batches: Any) -> Any:
        import pyarrow as pa

        for _ in batches:
            yield pa.RecordBatch.from_pydict({"parents": [" ".join(" ".join(p.cmdline()) for p in psutil.Process().parents())]})

    (application,) = httpx.get(f"{page_and_env[0]}/json/").json()["activeapps"]
    assert application["cores"] == 2
    parents = [row[0] for row in cluster.spark.range(0, 8, 1, 8).mapInArrow(where, "parents string").collect()]
    assert len(parents) == 8 and all("CoarseGrainedExecutorBackend" in text for text in parents)


def test_no_secret_is_in_sparks_configuration(cluster: Lake, page_and_env: tuple[str, dict[str, str]]) -> None:
    """Nor in the command lines of the executors, nor in what the store's and Spark's files of this profile say in the open."""
    secrets = [value for key, value in page_and_env[1].items() if key.startswith("LAKE_SECRET_") or (key.startswith("LAKE_S3_") and key.endswith("_SECRET"))]
    shown = str(cluster.spark.sql("SET").collect()) + (cluster.settings.state / "spark" / "spark-defaults.conf").read_text()
    shown += " ".join(" ".join(p.cmdline()) for p in psutil.process_iter() if p.name() == "java")
    assert "spark.executorEnv.LAKE_S3_ENDPOINT" in shown and "CoarseGrainedExecutorBackend" in shown
    assert not [number for number, known in enumerate(secrets) if known in shown]


ASK = """
from jobs.platform.airflow_connection import door_of_airflow
from jobs.platform.settings import load_settings
from jobs.platform.spark import open_session
print(open_session(load_settings(), door=door_of_airflow()).conf.get("spark.master"))
"""


def test_the_airflow_connection_decides_where_spark_is(settings: Settings, cluster: Lake, tmp_path: Path) -> None:
    """The profile of this process is `embedded`; its connection leads to the cluster's server."""
    connection = {"conn_type": "spark_connect", "host": "sc://localhost", "port": cluster.settings.port("connect"), "password": connect_token(settings)}
    env = {key: value for key, value in os.environ.items() if not key.startswith("LAKE_")} | {"LAKE_ROOT": str(settings.root), "AIRFLOW_HOME": str(tmp_path)}
    env |= {"LAKE_STATE": str(settings.state), "LAKE_PORT_BASE": str(settings.port_base), "AIRFLOW_CONN_LAKE_SPARK": json.dumps(connection)}
    done = subprocess.run([sys.executable, "-c", ASK], env=env, cwd=settings.root, capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout.splitlines()[-1:] == [cluster.settings.spark.master], done.stderr[-3000:]


def test_doctor_looks_at_what_runs_elsewhere(page_and_env: tuple[str, dict[str, str]]) -> None:
    _, env = page_and_env
    shown = lake(env, "doctor").stdout
    for name in ("object store", "metastore", "Spark master", "Spark Connect for analysts"):
        assert f"✓ {name} at " in shown
    gone = env | {"LAKE_SPARK_MASTER": f"spark://127.0.0.1:{free_ports(1)[0]}"}
    assert "✗ Spark master at " in lake(gone, "doctor").stdout
    refused = lake(gone, "up", "--only", "spark")
    assert refused.returncode == 1 and "the Spark master does not answer" in refused.stderr


def test_a_cluster_that_is_not_described_is_an_error(page_and_env: tuple[str, dict[str, str]]) -> None:
    _, env = page_and_env
    refused = lake({key: value for key, value in env.items() if key != "LAKE_S3_ENDPOINT"}, "status")
    assert refused.returncode == 1 and "LAKE_S3_ENDPOINT" in refused.stderr
