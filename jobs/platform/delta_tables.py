"""Tables of the lake before they have rows: laid by one commit of delta-rs, then known to the catalog by name."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from typing import Any

from deltalake import DeltaTable, Schema
from deltalake.exceptions import CommitFailedError, TableNotFoundError
from pyspark.sql import SparkSession

from jobs.platform.settings import Settings
from jobs.platform.store import delta_options


def lay(settings: Settings, zone: str, name: str, schema: Schema, **how: Any) -> None:
    """An empty table where there is none. Spark's CREATE TABLE leaves a folder behind when it dies before its commit, and refuses it ever after. `how`: of DeltaTable.create."""
    if not is_there(settings, f"{zone}.{name}"):
        with suppress(CommitFailedError):  # another run made it meanwhile, or this one did and the answer was lost
            DeltaTable.create(settings.uri(zone, name), schema=schema, mode="ignore", storage_options=delta_options(settings), **how)


def name_table(spark: SparkSession, settings: Settings, table: str) -> None:
    """`zone.name` for what stands there. Nothing is said where it has its name already: the catalog takes up to a second to hear it again, and `tableExists` to open the table."""
    zone, _, name = table.partition(".")
    if not spark.sql(f"SHOW TABLES IN {zone} LIKE '{name}'").collect():
        spark.sql(f"CREATE TABLE IF NOT EXISTS {table} USING delta LOCATION '{settings.uri(zone, name, scheme='s3a')}'")


def is_there(settings: Settings, table: str) -> bool:
    """Whether `zone.name` is a table, with rows or without."""
    zone, _, name = table.partition(".")
    return bool(DeltaTable.is_deltatable(settings.uri(zone, name), delta_options(settings)))


def written_since(settings: Settings, table: str, moment: dt.datetime) -> bool:
    """Whether `zone.name` has a commit of that moment or later, by the writers' clocks. A try that is repeated finds nothing to do and cannot tell what the one before it wrote; the table can."""
    zone, _, name = table.partition(".")
    try:
        last = DeltaTable(settings.uri(zone, name), storage_options=delta_options(settings)).history(1)
    except TableNotFoundError:
        return False
    return dt.datetime.fromtimestamp(last[0]["timestamp"] / 1000, dt.UTC) >= moment
