"""The same payments in the formats that a library writes whole: columnar files, Avro, a workbook, a database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.orc as orc
import pyarrow.parquet as pq
import xlsxwriter

from jobs.bench import payments

MOMENT = "%Y-%m-%d %H:%M:%S"
TABLE = "payment"


def parquet(path: Path, frames: Iterable[pl.DataFrame]) -> int:
    schema = _schema()
    with pq.ParquetWriter(path, schema) as writer:
        return sum(_passed(frame, lambda frame: writer.write_table(frame.to_arrow().cast(schema))) for frame in frames)


def orc_file(path: Path, frames: Iterable[pl.DataFrame]) -> int:
    """Texts as ORC has them, 32-bit offsets."""
    schema = pa.schema([f.with_type(pa.string()) if pa.types.is_large_string(f.type) or pa.types.is_string_view(f.type) else f for f in _schema()])
    with closing(orc.ORCWriter(str(path), compression="zstd")) as writer:
        return sum(_passed(frame, lambda frame: writer.write(frame.to_arrow().cast(schema))) for frame in frames)


def avro(path: Path, frames: Iterable[pl.DataFrame]) -> int:
    import fastavro

    kinds = {
        "payment_id": "long", "amount": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}, "tax_rate": "double",
        "booked_on": {"type": "int", "logicalType": "date"}, "paid_at": {"type": "long", "logicalType": "local-timestamp-micros"},
    }  # fmt: skip
    schema = fastavro.parse_schema({"type": "record", "name": "payment", "fields": [{"name": name, "type": ["null", kinds.get(name, "string")]} for name in payments.POLARS_SCHEMA]})
    rows = 0

    def records() -> Iterator[dict[str, Any]]:
        nonlocal rows
        for frame in frames:
            rows += frame.height
            yield from frame.iter_rows(named=True)

    with path.open("wb") as file:
        fastavro.writer(file, schema, records(), codec="deflate")
    return rows


def workbook(path: Path, frames: Iterable[pl.DataFrame]) -> int:
    """One sheet, days and moments as a department's own tool writes them: texts; numbers as numbers."""
    at = 0
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("payments")
        sheet.write_row(0, 0, list(payments.POLARS_SCHEMA))
        for frame in frames:
            shown = frame.with_columns(pl.col("paid_at").dt.to_string(MOMENT), pl.col("booked_on").cast(pl.String), pl.col("amount").cast(pl.Float64))
            for row in shown.iter_rows():
                at += 1
                sheet.write_row(at, 0, row)
    return at


def sqlite(path: Path, frames: Iterable[pl.DataFrame]) -> int:
    with closing(sqlite3.connect(path)) as base:
        base.execute(f"CREATE TABLE {TABLE} (payment_id INTEGER, vendor_code TEXT, category TEXT, amount TEXT, tax_rate REAL, booked_on TEXT, paid_at TEXT, note TEXT)")
        rows = sum(_passed(frame, lambda frame: base.executemany(f"INSERT INTO {TABLE} VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _plain(frame).iter_rows())) for frame in frames)
        base.commit()
    return rows


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("paid_at").dt.to_string(MOMENT), pl.col("booked_on").cast(pl.String), pl.col("amount").cast(pl.String))


def _schema() -> pa.Schema:
    return payments.frame(0, 1).to_arrow().schema


def _passed(frame: pl.DataFrame, write: Callable[[pl.DataFrame], Any]) -> int:
    write(frame)
    return frame.height


# format → what the contract's reader says of it, and how all of it is written; returns its rows
WHOLE: dict[str, tuple[dict[str, Any], Callable[[Path, Iterable[pl.DataFrame]], int]]] = {
    "parquet": ({"format": "parquet"}, parquet), "orc": ({"format": "orc"}, orc_file), "avro": ({"format": "avro"}, avro), "excel": ({"format": "excel"}, workbook),
    "sqlite": ({"format": "sqlite", "table": TABLE}, sqlite),
}  # fmt: skip
