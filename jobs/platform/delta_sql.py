"""Rows of a Delta table by SQL, without Spark: the ledger's, and few of others.

delta-rs reads them itself. Its way through pyarrow's scanner leaves threads behind that abort the process as it exits, now and then, after all is done (apache/arrow#34314).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder


def batches(table: DeltaTable, columns: Sequence[str] = (), where: str = "", order: Sequence[str] = (), most: int | None = None) -> Iterator[pa.RecordBatch]:
    """Batch by batch, so that a table may hold more than fits here. `where`: a condition in SQL (`equal` writes one); no `columns`: all of them."""
    said = f"SELECT {', '.join(map(_quoted, columns)) or '*'} FROM t"
    said += f" WHERE {where}" if where else ""
    said += f" ORDER BY {', '.join(map(_quoted, order))}" if order else ""
    said += f" LIMIT {most}" if most is not None else ""
    for batch in QueryBuilder().register("t", table).execute(said):
        yield pa.record_batch(batch)


def rows(table: DeltaTable, columns: Sequence[str] = (), where: str = "", order: Sequence[str] = (), most: int | None = None) -> list[dict[str, Any]]:
    return [row for batch in batches(table, columns, where, order, most) for row in batch.to_pylist()]


def equal(**values: str | int) -> str:
    """The condition that columns have these values."""
    return " AND ".join(f"{_quoted(name)} = {value if isinstance(value, int) else text(value)}" for name, value in values.items())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
