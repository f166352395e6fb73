"""Spark sessions over Connect. Jobs never build one; the edges (CLI, Airflow, tests) open it here and pass it in."""

from __future__ import annotations

import logging
import socket
import uuid
from dataclasses import dataclass, field
from urllib.parse import quote, urlparse

from pyspark.logger import PySparkLogger
from pyspark.sql import SparkSession
from pyspark.sql.connect.client.retries import DefaultPolicy

from jobs.platform.errors import LakeError
from jobs.platform.secrets import connect_token
from jobs.platform.settings import DATABASES, Settings
from jobs.platform.writers import admit

SMALL_BYTES, SMALL_ROWS = 64 << 20, 50_000
NARROW_BYTES = 1024  # a row, as delivered
FITTED = "spark.civiclake.fits"  # what a session was made for: names of FITS
# Of a small dataset planning, compiling and adapting queries costs more than the rows: 5 s of processor time for a query over a hundred rows became 1.5 s
SMALL = {
    "spark.sql.adaptive.enabled": "false", "spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN", "spark.sql.shuffle.partitions": "1",
    "spark.databricks.delta.snapshotPartitions": "1",
}  # fmt: skip
# Before each row that goes to Python Spark asks how large the batch has become, which of an array is counted anew from its first row: 55 s for half a million rows, 5 s where nobody asks
NARROW = {"spark.sql.execution.arrow.maxBytesPerBatch": str(2**31 - 1)}
FITS = {"small": SMALL, "narrow": NARROW}
# Through these the client writes every refused query to stderr with both its traces, before it raises: who catches it has said it in a line
ANSWERED = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")
NAMESPACE = uuid.UUID("6f7bd8a4-54a5-4a0f-9a3c-2a1b0a3c9d11")


@dataclass(frozen=True)
class Door:
    """A way into Spark. `url`: sc://host:port/;token=…, as Airflow's hook of a spark_connect connection says it too."""

    url: str = field(repr=False)


def door_of(settings: Settings, role: str = "job") -> Door:
    """The way of a role: the profile's address, or the server of this checkout."""
    given = settings.spark.connect if role == "job" else settings.spark.connect_analyst
    port = settings.port("connect" if role == "job" else "connect_analyst")
    return Door(f"{given or f'sc://localhost:{port}'}/;token={quote(connect_token(settings, role))}")


def open_session(settings: Settings, role: str = "job", session_id: str | None = None, door: Door | None = None) -> SparkSession:
    """A session of `role` on the Connect server.

    Raises LakeError within seconds where no server listens, and where the store would lose this process's commits or another's.
    A server that dies takes its sessions along, so the client waits for it some 12 s, enough for a broken connection, and not ten minutes.
    """
    if role == "job":
        admit(settings)
    door = door or door_of(settings, role)
    require_listening(door.url)
    parts = [door.url] if ";user_id=" in door.url else [door.url, f"user_id={role}"]
    if session_id:
        parts.append(f"session_id={session_id}")
    for logger in ANSWERED:
        PySparkLogger.getLogger(logger).setLevel(logging.CRITICAL)
    session = SparkSession.builder.remote(";".join(parts)).create()
    session.client.set_retry_policies([DefaultPolicy(max_retries=6, max_backoff=4000)])
    return session


def fit(spark: SparkSession, size: int, rows: int = 0) -> None:
    """Make the session one for queries over so many bytes and records of delivered files; `rows` is left out where nobody counted."""
    fits = {"small": size <= SMALL_BYTES and rows <= SMALL_ROWS, "narrow": rows > 0 and size <= NARROW_BYTES * rows}
    wanted, have = [name for name in FITS if fits[name]], (spark.conf.get(FITTED, "") or "").split()
    if wanted == have:
        return
    for name, settings in FITS.items():
        for key, value in settings.items():
            if name in wanted and name not in have:
                spark.conf.set(key, value)
            elif name in have and name not in wanted:
                spark.conf.unset(key)
    spark.conf.set(FITTED, " ".join(wanted))


def require_listening(address: str) -> None:
    """The Connect client has no deadline of its own, so the port is tried first."""
    where = urlparse(address)
    try:
        socket.create_connection((where.hostname or "localhost", where.port or 15002), timeout=3).close()
    except OSError:
        raise LakeError(f"no Spark Connect server answers at {where.hostname}:{where.port}", "start it with ./lake up, or see .lake/logs/spark.log; in the cluster profile, see LAKE_SPARK_CONNECT") from None


def task_session_id(dag: str, run: str, task: str, map_index: int, attempt: int) -> str:
    """The same try always has the same session, so that the next try can find and stop it."""
    return str(uuid.uuid5(NAMESPACE, f"{dag}/{run}/{task}/{map_index}/{attempt}"))


def stop_earlier(settings: Settings, session_id: str, door: Door | None = None) -> None:
    """Reopen an earlier try's session, interrupt what still runs in it, and close it."""
    from pyspark.errors import PySparkException

    session = open_session(settings, session_id=session_id, door=door)
    try:
        session.interruptAll()
    except PySparkException:
        return  # the server has closed that session already: nothing of it runs
    finally:
        session.stop()


def make_databases(spark: SparkSession, settings: Settings) -> None:
    for database in DATABASES:
        zone = database if database != "quarantine" else "bronze"
        spark.sql(f"CREATE DATABASE IF NOT EXISTS {database} LOCATION '{settings.uri(zone, '_database', scheme='s3a')}'")
