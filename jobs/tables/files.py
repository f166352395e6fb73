"""Parquet files of a table, written inside Spark's tasks, and what the Delta log says of each."""

from __future__ import annotations

import datetime as dt
import io
import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake.transaction import AddAction
from pyspark.sql import DataFrame

from jobs.platform.settings import load_settings
from jobs.platform.store import s3

FILE_BYTES = 128 << 20  # a file is closed when it has become so large; a task holds it in memory until then
MILLISECOND = dt.timedelta(milliseconds=1)
LAST = dt.datetime.max - MILLISECOND
LONGEST = 32  # characters of a text that is told as least or greatest, as Spark's own writer does it


def write(rows: DataFrame, bucket: str, table: str) -> list[AddAction]:
    """Write the rows into files of the table's folder. They are no part of the table until a commit adds them."""
    answers = rows.mapInArrow(_writer(bucket, table), "file string").toArrow()
    return added(map(json.loads, answers.column("file").to_pylist()))


def added(files: Iterable[dict[str, Any]]) -> list[AddAction]:
    """What a commit says of files that were written: path, size (bytes), stats."""
    now = int(time.time() * 1000)
    return [AddAction(f["path"], f["size"], {}, now, True, f["stats"]) for f in files]


def put(client: Any, bucket: str, table: str, file: io.BytesIO) -> dict[str, Any]:
    """Its path in the table's folder, and its size."""
    path, size = f"part-{uuid.uuid4()}.zstd.parquet", file.seek(0, io.SEEK_END)
    file.seek(0)
    client.put_object(Bucket=bucket, Key=f"{table}/{path}", Body=file, ContentType="application/vnd.apache.parquet")
    return {"path": path, "size": size}


def _writer(bucket: str, table: str) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        file: _File | None = None
        for batch in batches:
            if batch.num_rows:
                file = file or _File(batch.schema)
                file.add(batch)
            if file and file.size >= FILE_BYTES:
                yield _told(file.put(bucket, table))
                file = None
        if file:
            yield _told(file.put(bucket, table))

    return task


def _told(file: dict[str, Any]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([json.dumps(file)], pa.string())], ["file"])


class _File:
    def __init__(self, schema: pa.Schema) -> None:
        self._sink = io.BytesIO()
        self._writer = pq.ParquetWriter(self._sink, schema, compression="zstd", compression_level=1)

    @property
    def size(self) -> int:
        return self._sink.tell()

    def add(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch)

    def put(self, bucket: str, table: str) -> dict[str, Any]:
        self._writer.close()
        stats = statistics(pq.read_metadata(self._sink))
        return put(s3(load_settings()), bucket, table, self._sink) | {"stats": stats}


def statistics(metadata: pq.FileMetaData) -> str:
    """Rows, nulls, least and greatest values of a file as JSON (Delta protocol, "Per-file statistics").

    Of whole numbers, days, moments and short texts, by which readers leave files out; for what is not told here no file is left out.
    """
    nulls: dict[str, int] = {}
    least: dict[str, Any] = {}
    greatest: dict[str, Any] = {}
    for number in range(metadata.num_columns):
        column, groups = metadata.schema.column(number), range(metadata.num_row_groups)
        found = [metadata.row_group(group).column(number).statistics for group in groups]
        if column.max_repetition_level or not all(found):  # of an array's elements
            continue
        nulls[column.name] = sum(each.null_count for each in found)
        held = [each for each in found if each.num_values]
        if held and all(each.has_min_max for each in held):
            low, high = _said(min(each.min for each in held)), _said(max(each.max for each in held), up=True)
            if low is not None and high is not None:
                least[column.name], greatest[column.name] = low, high
    return json.dumps({"numRecords": metadata.num_rows, "minValues": least, "maxValues": greatest, "nullCount": nulls}, ensure_ascii=False)


def _said(value: Any, up: bool = False) -> int | str | None:
    """A least or (`up`) greatest value as the log writes it; None of a kind or a length that it does not tell. Doubles are none: the file does not count what is no number."""
    if isinstance(value, dt.datetime):  # in milliseconds, and no row may lie outside
        whole = value.astimezone(dt.UTC).replace(tzinfo=None, microsecond=value.microsecond // 1000 * 1000)
        if up and value.microsecond % 1000:
            if whole > LAST:
                return None
            whole += MILLISECOND
        return f"{whole.isoformat(timespec='milliseconds')}Z"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str):
        return value if len(value) <= LONGEST else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
