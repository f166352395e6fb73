"""How much a query over tables reads, by which a session is fitted (jobs/platform/spark.py)."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from jobs.platform.settings import Settings
from jobs.platform.store import delta_options

PLAIN = 4  # bytes of a department's dump that became a byte of Parquet in silver, about


def read_bytes(settings: Settings, tables: Iterable[str]) -> int:
    """Of tables by the names Spark has for them, as bytes of the dumps they came from; nothing for one that is not there."""
    return PLAIN * sum(_total(settings, table, "size_bytes") for table in tables)


def read_rows(settings: Settings, tables: Iterable[str]) -> int:
    """Of tables, as their lists of files tell."""
    return sum(_total(settings, table, "num_records") for table in tables)


def _total(settings: Settings, table: str, fact: str) -> int:
    zone, _, name = table.partition(".")
    try:
        actions = DeltaTable(settings.uri(zone, name), storage_options=delta_options(settings)).get_add_actions(flatten=True)
    except TableNotFoundError:
        return 0
    return int(pl.DataFrame(actions)[fact].sum())
