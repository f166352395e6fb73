"""The whole city, made by Spark's tasks: each makes one part of one dataset and writes its files itself, so that nothing passes through the driver."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from pyspark.sql import SparkSession

from jobs.platform.settings import Settings, load_settings
from jobs.platform.store import s3
from jobs.sample.city.dataset import Dataset, File
from jobs.sample.city.expected import EXPECTED, FAULTS, Account
from jobs.sample.city.making import files
from jobs.sample.city.plan import Plan
from jobs.sample.city.registry import dataset_of
from jobs.sample.deliver import stands

WHOLE = {"expected": EXPECTED, "faults": FAULTS}  # tables of a row a file, which one file each holds in the end
MOST_TASKS = 2000


@dataclass(frozen=True)
class Order:
    """`out`: folder of the truth, and of the dumps unless they go into the landing zone (`land`); `only`: deliver what comes on this day; `until`: what the truth knows of."""

    out: str
    land: bool = False
    only: dt.date | None = None
    until: dt.date | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class Made:
    """What a task has made of one part. `known`: files that stood in the landing zone already, with the same content."""

    dataset: str
    part: int
    files: int
    known: int
    bytes: int
    rows: int


def units(plan: Plan, datasets: Sequence[Dataset]) -> list[tuple[str, int]]:
    """(dataset, part), parts of one block of people next to each other."""
    return sorted(((dataset.id, part) for dataset in datasets for part in range(dataset.parts(plan))), key=lambda unit: (unit[1], unit[0]))


def generate(spark: SparkSession, plan: Plan, datasets: Sequence[Dataset], order: Order) -> Iterator[Made]:
    """Yields as the tasks end; once it is exhausted, the truth is complete. Doing it again writes the same bytes over."""
    wanted = units(plan, datasets)
    if not order.dry_run:
        _begin(Path(order.out), plan, order)
    groups = min(len(wanted), MOST_TASKS)

    def task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                answers = [json.dumps(asdict(make(plan, *unit, order))) for unit in wanted[number::groups]]
                yield pa.RecordBatch.from_arrays([pa.array(answers, pa.string())], ["made"])

    for row in spark.range(0, groups, 1, groups).mapInArrow(task, "made string").toLocalIterator(prefetchPartitions=True):
        yield Made(**json.loads(row["made"]))
    if not order.dry_run:
        finish(Path(order.out))


def make(plan: Plan, dataset_id: str, part: int, order: Order) -> Made:
    """One part of one dataset: its files to where they go, its truth to the folder of truth."""
    dataset, put = dataset_of(dataset_id), _putter(order)
    account, count, known, size, rows_made = Account(dataset, part, order.until), 0, 0, 0, 0
    for file in files(plan, dataset, part, order.until):
        if file.data:
            account.take(file)
        if _sent(file, order):
            known += not put(f"{dataset.folder}/{file.period.name}/{file.name}", file)
            count, size, rows_made = count + 1, size + len(file.body), rows_made + file.rows.height
    if not order.dry_run:
        tables = [("expected", account.expected()), ("faults", account.faults()), ("row_state", account.states()), *dataset.truth(plan, part)]
        for table, rows in ((table, rows) for table, rows in tables if rows.height):
            _write(Path(order.out) / "truth" / table / f"{dataset_id}-{part:05d}.parquet", rows)
    return Made(dataset_id, part, count, known, size, rows_made)


def _putter(order: Order) -> Any:
    """(key, file) → whether it is new."""
    if order.dry_run:
        return lambda key, file: True
    day_by_day = order.only is not None
    return _into_landing(load_settings()) if order.land else _into_folder(Path(order.out), day_by_day)


def _sent(file: File, order: Order) -> bool:
    """What a later content replaces comes into the landing zone only where the days come one by one."""
    return file.day == order.only if order.only else not (file.replaced_on and order.land)


def _into_folder(out: Path, day_by_day: bool) -> Any:
    def put(key: str, file: File) -> bool:
        path = out / (f"replaced/{file.day}" if file.replaced_on and not day_by_day else "landing") / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.body)
        return True

    return put


def _into_landing(settings: Settings) -> Any:
    """What a later content replaces never goes over what has come since."""
    client, bucket = s3(settings), settings.bucket("landing")

    def put(key: str, file: File) -> bool:
        digest = hashlib.sha256(file.body).hexdigest()
        if stands(client, bucket, key, None if file.replaced_on else digest):
            return False
        client.put_object(Bucket=bucket, Key=key, Body=file.body, Metadata={"sha256": digest})
        return True

    return put


def _write(path: Path, rows: pl.DataFrame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    out = io.BytesIO()
    rows.write_parquet(out, compression="zstd", statistics=True)
    path.write_bytes(out.getvalue())


def _begin(out: Path, plan: Plan, order: Order) -> None:
    """The truth of another city, or of another day of this one, goes; `city.json` says whose it is."""
    said, note = json.dumps({**asdict(plan), "until": order.until}, default=str), out / "truth" / "city.json"
    if not note.exists() or note.read_text() != said:
        shutil.rmtree(out / "truth", ignore_errors=True)
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(said)


def finish(out: Path) -> None:
    """One file each of the tables that have a row a file."""
    for table, schema in WHOLE.items():
        parts = sorted((out / "truth" / table).glob("*.parquet"))
        whole = pl.concat([pl.read_parquet(part) for part in parts]) if parts else pl.DataFrame(schema=schema)
        _write(out / "truth" / f"{table}.parquet", whole.sort("dataset", "period", "name", "sha256"))
