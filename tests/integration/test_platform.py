"""The stack: roles, secrets, restarts, ports, and what the store can do."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pyspark.errors import PySparkException
from pyspark.errors.exceptions.connect import SparkConnectGrpcException
from pyspark.sql import SparkSession

from jobs.platform.components import Component, components
from jobs.platform.errors import LakeError
from jobs.platform.probe import conditional_writes
from jobs.platform.settings import Settings
from jobs.platform.spark import open_session
from jobs.platform.store import s3
from jobs.platform.supervise import start
from tests.launcher import lake

pytestmark = pytest.mark.timeout(300)
GRANTED = "silver.water__station_reading"  # by its contract; the demo lands it


@pytest.fixture(scope="module")
def analyst(settings: Settings) -> Iterator[SparkSession]:
    session = open_session(settings, "analyst")
    yield session
    session.stop()


@pytest.fixture
def private(settings: Settings, spark: SparkSession) -> Iterator[str]:
    """A table in every layer that is granted to nobody."""
    name = "test__private"
    for layer in ("bronze", "silver"):
        spark.sql(f"CREATE OR REPLACE TABLE {layer}.{name} USING delta LOCATION '{settings.uri(layer, name, scheme='s3a')}' AS SELECT 1 AS x")
    spark.sql(f"CREATE OR REPLACE VIEW quarantine.{name} AS SELECT * FROM bronze.{name}")
    yield name
    spark.sql(f"DROP VIEW quarantine.{name}")
    for layer in ("bronze", "silver"):
        spark.sql(f"DROP TABLE {layer}.{name}")


def part(settings: Settings, name: str) -> Component:
    return next(component for component in components(settings) if component.name == name)


def test_analyst_reads_no_layer_but_the_curated_by_sql(analyst: SparkSession, private: str) -> None:
    for layer in ("bronze", "silver", "quarantine"):
        with pytest.raises(PySparkException, match="AccessDenied"):
            analyst.sql(f"SELECT * FROM {layer}.{private}").collect()


@pytest.mark.parametrize("zone", ["landing", "raw", "bronze", "silver", "ops", "keys"])
def test_analyst_reads_no_layer_but_the_curated_by_path(settings: Settings, analyst: SparkSession, private: str, zone: str) -> None:
    """What has no name in the catalog, as raw, could be asked for by its place in the store; also by a reader of the client."""
    folder = settings.uri(zone, private, scheme="s3a")
    for kind in ("text", "csv", "json", "parquet", "delta", "binaryFile"):
        with pytest.raises(PySparkException, match="refused|AccessDenied"):
            analyst.sql(f"SELECT * FROM {kind}.`{folder}`").collect()
        with pytest.raises(PySparkException, match="refused|AccessDenied"):
            analyst.read.format(kind).load(folder).collect()


@pytest.mark.parametrize("zone", ["landing", "raw", "bronze", "silver", "ops", "keys"])
def test_analyst_reads_no_layer_but_the_curated_by_s3(settings: Settings, private: str, zone: str) -> None:
    job, analyst = s3(settings), s3(settings, "analyst")
    job.put_object(Bucket=settings.bucket(zone), Key="_test_private", Body=b"1")
    try:
        calls: list[Callable[[], object]] = [lambda: analyst.list_objects_v2(Bucket=settings.bucket(zone)), lambda: analyst.get_object(Bucket=settings.bucket(zone), Key="_test_private")]
        for call in calls:
            with pytest.raises(ClientError, match="AccessDenied|Access Denied"):
                call()
    finally:
        job.delete_object(Bucket=settings.bucket(zone), Key="_test_private")


def test_analyst_reads_curated_and_cannot_change_it(settings: Settings, spark: SparkSession, analyst: SparkSession) -> None:
    where = settings.uri("curated", "_test_product", scheme="s3a")
    spark.sql(f"CREATE OR REPLACE TABLE curated._test_product USING delta LOCATION '{where}' AS SELECT 7 AS answer")
    try:
        assert analyst.sql("SELECT answer FROM curated._test_product").collect()[0][0] == 7
        with pytest.raises(PySparkException, match="refused"):
            analyst.sql("INSERT INTO curated._test_product VALUES (8)").collect()
        with pytest.raises(ClientError, match="AccessDenied|Access Denied"):
            s3(settings, "analyst").put_object(Bucket=settings.bucket("curated"), Key="_test", Body=b"1")
    finally:
        spark.sql("DROP TABLE curated._test_product")


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("demo")
def test_analyst_reads_the_granted_silver_table(spark: SparkSession, analyst: SparkSession) -> None:
    assert analyst.table(GRANTED).count() == spark.table(GRANTED).count()
    with pytest.raises(PySparkException, match="refused"):
        analyst.sql(f"DELETE FROM {GRANTED}").collect()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM text.`file:/etc/hostname`",
        "SELECT * FROM parquet.`file:/etc`",
        "CREATE TABLE curated.mine (x INT) USING delta",
        "CREATE VIEW curated.mine AS SELECT 1",
        "DROP DATABASE curated CASCADE",
        "SET fs.s3a.endpoint=http://elsewhere",
        "SET spark.hadoop.fs.s3a.access.key=x",
        "SET spark.sql.analyzer.singlePassResolver.enabled=true",
        "SELECT reflect('java.lang.System', 'getenv', 'PATH')",
        "SELECT java_method('java.lang.System', 'getenv', 'PATH')",
        "ADD JAR '/tmp/any.jar'",
        "SELECT TRANSFORM(x) USING 'cat' AS y FROM (SELECT 1 AS x)",
        "CREATE TEMPORARY FUNCTION f AS 'java.lang.String'",
    ],
)
def test_analyst_is_refused(analyst: SparkSession, statement: str) -> None:
    with pytest.raises(PySparkException, match="refused|not supported|UNSUPPORTED|PATH_NOT_FOUND|UNABLE_TO_INFER|CANNOT_READ"):
        analyst.sql(statement).collect()


def test_a_refused_query_is_answered_in_two_lines(settings: Settings) -> None:
    done = lake(settings, "sql", "SELECT * FROM curated.nowhere")
    said = (done.stdout + done.stderr).splitlines()
    assert done.returncode == 1
    assert [line.split()[0] for line in said] == ["error:", "→"], said
    assert "nowhere" in said[0]


def test_analyst_brings_no_code_and_writes_no_file(settings: Settings, analyst: SparkSession) -> None:
    with pytest.raises(PySparkException, match="refused MapInArrow"):
        analyst.range(1).mapInArrow(lambda batches: batches, "id long").collect()
    forbidden_calls: list[Callable[[], object]] = [
        lambda: analyst.addArtifact(str(settings.root / "pyproject.toml"), file=True),
        lambda: analyst.conf.set("spark.sql.analyzer.singlePassResolver.enabled", "true"),
        lambda: analyst.range(1).write.parquet("file:/tmp/analyst"),
    ]
    for forbidden in forbidden_calls:
        with pytest.raises(SparkConnectGrpcException, match="the role analyst may not"):
            forbidden()


def test_the_token_of_one_role_does_not_open_the_way_of_the_other(settings: Settings) -> None:
    from urllib.parse import quote

    from jobs.platform.secrets import connect_token

    url = f"sc://localhost:{settings.port('connect')}/;token={quote(connect_token(settings, 'analyst'))};user_id=analyst"
    with pytest.raises(PySparkException, match="(?i)unauthenticated|token"):
        SparkSession.builder.remote(url).create().sql("SELECT 1").collect()


def secrets_of(settings: Settings) -> list[str]:
    stored: dict[str, Any] = json.loads((settings.state / "secrets.json").read_text())
    return [text for value in stored.values() for text in ([value["secret_key"]] if isinstance(value, dict) else [value])]


def test_no_secret_is_in_a_log(settings: Settings) -> None:
    logs = list((settings.state / "logs").glob("**/*.log"))
    assert logs
    for log in logs:
        text = log.read_text(errors="replace")
        assert not [number for number, known in enumerate(secrets_of(settings)) if known in text], f"{log} shows a secret"


def test_no_secret_is_in_sparks_configuration(settings: Settings, spark: SparkSession, analyst: SparkSession) -> None:
    for session in (spark, analyst):
        shown = str(session.sql("SET -v").collect()) + str(session.sql("SET").collect()) + str(session.conf.getAll)
        assert "spark.sql.extensions" in shown
        assert not [number for number, known in enumerate(secrets_of(settings)) if known in shown]


def test_a_taken_port_is_an_error_that_names_who_holds_it(settings: Settings, tmp_path: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        component = replace(part(settings, "metastore"), ports=(holder.getsockname()[1],))
        with pytest.raises(LakeError, match=rf"port {holder.getsockname()[1]}, which metastore needs, is taken by .*pid {os.getpid()}"):
            start(tmp_path, component)


def test_the_store_holds_all_three_conditions(settings: Settings) -> None:
    assert conditional_writes(settings) == {"PUT If-None-Match": True, "PUT If-Match": True, "CompleteMultipartUpload If-None-Match": True}


def test_doctor_looks_at_every_piece(settings: Settings) -> None:
    shown = lake(settings, "doctor").stdout
    for name in ("Python environment", "Java", "Spark jars", "object store binary", "secrets", "contracts", "store", "metastore", "spark", "spark-analyst", "a query in Spark"):
        assert f"✓ {name} " in shown


def test_doctor_says_how_to_mend_what_is_missing(settings: Settings, tmp_path: Path) -> None:
    """A state folder of its own: one jar altered, all others missing, secrets open to all, nothing running, and every port held by the first stack."""
    (tmp_path / "jars").mkdir()
    jars = [line.split()[1] for line in (settings.root / "jobs" / "platform" / "jars.sha256").read_text().splitlines()]
    (tmp_path / "jars" / jars[0]).write_bytes(b"altered")
    bare = lake(settings, "doctor", LAKE_STATE=str(tmp_path))
    assert bare.returncode == 1
    assert "✗ secrets " in bare.stdout and "→ ./lake up" in bare.stdout
    assert f"✗ Spark jars                   {', '.join(jars)}, civiclake-logstore.jar missing or altered → remove .lake/stamps/jars-*" in bare.stdout
    shutil.copy(settings.state / "secrets.json", tmp_path)
    (tmp_path / "secrets.json").chmod(0o644)
    open_to_all = lake(settings, "doctor", LAKE_STATE=str(tmp_path)).stdout
    assert f"others can read {tmp_path}/secrets.json → chmod 600 {tmp_path}/secrets.json" in open_to_all
    assert f"port {settings.port('s3')}, which store needs, is taken by weed (pid " in open_to_all
    assert open_to_all.splitlines()[-1].endswith("need mending")
