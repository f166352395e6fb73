"""Parquet files of a table, written inside Spark's tasks, and what the Delta log says of each."""

from __future__ import annotations

import datetime as dt
import io
import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError, TableNotFoundError
from deltalake.transaction import AddAction
from pyspark.sql import DataFrame

from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings, load_settings
from jobs.platform.store import delta_options, emptied, s3

FILE_BYTES = 128 << 20  # a file is closed when it has become so large; a task holds it in memory until then
MILLISECOND = dt.timedelta(milliseconds=1)
LAST = dt.datetime.max - MILLISECOND
SAID = "userMetadata"  # where Spark's writer puts what a commit is to carry
LONGEST = 32  # characters of a text that is told as least or greatest, as Spark's own writer does it


def write(rows: DataFrame, bucket: str, table: str) -> list[AddAction]:
    """Write the rows into files of the table's folder. They are no part of the table until a commit adds them."""
    answers = rows.mapInArrow(_writer(bucket, table), "file string").toArrow()
    return added(map(json.loads, answers.column("file").to_pylist()))


def replace(rows: DataFrame, settings: Settings, zone: str, name: str, schema: Schema, said: str | None = None, writer: str = "replaced", meanwhile: Callable[[], Any] = tuple) -> None:
    """All rows of a table that is laid, in one commit of delta-rs, which carries what is `said`: Spark's own writer asks the log three times by a query before it writes the first row.
    `meanwhile`: what is done while the tasks write, and before the commit.

    A replacement is an application transaction of its `writer`: of two at once, which would each add all rows, the second is refused. Raises LakeError then.
    """
    table = DeltaTable(settings.uri(zone, name), storage_options=delta_options(settings))
    mark = Transaction(writer, (table.transaction_version(writer) or 0) + 1)
    with ThreadPoolExecutor(1) as beside:
        done = beside.submit(meanwhile)
        adds = write(rows, settings.bucket(zone), name)
        done.result()
    properties = CommitProperties(custom_metadata={SAID: said} if said is not None else None, app_transactions=[mark])
    try:
        table.create_write_transaction([*adds], mode="overwrite", schema=schema, commit_properties=properties)
    except CommitFailedError as problem:
        if said is None or said_last(settings, zone, name) != said:  # else the answer to the commit was lost, and this is our own
            raise LakeError(f"another run wrote {zone}.{name} meanwhile", "run it again: it is made from all that has come by then") from problem


def said_last(settings: Settings, zone: str, name: str) -> str | None:
    """What the newest commit that carries something says; None where none does, or where no table is."""
    try:
        table = DeltaTable(settings.uri(zone, name), storage_options=delta_options(settings))
    except TableNotFoundError:
        return None
    return next((str(entry[SAID]) for entry in table.history() if entry.get(SAID)), None)


def staged(rows: DataFrame, settings: Settings, name: str, zone: str = "warehouse") -> DataFrame:
    """The rows written down where no analyst can read, so that what is read twice is the same twice. What was staged under this name before goes."""
    folder, schema = f"_staged/{name}/{uuid.uuid4().hex}", rows.schema
    emptied(settings, zone, f"_staged/{name}/")
    if not write(rows, settings.bucket(zone), folder):
        return rows.sparkSession.createDataFrame([], schema)
    return rows.sparkSession.read.schema(schema).parquet(settings.uri(zone, folder, scheme="s3a"))


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
