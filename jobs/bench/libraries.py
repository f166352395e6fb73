"""The same files read by the libraries one would take without a lake, to Arrow of the same types."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.json as pjson
import pyarrow.orc as orc
import pyarrow.parquet as pq
from python_calamine import CalamineWorkbook

from jobs.bench.dumps import Dump
from jobs.bench.dumps_binary import MOMENT, TABLE
from jobs.bench.payments import POLARS_SCHEMA

ARROW_SCHEMA = pa.schema(
    [("payment_id", pa.int64()), ("vendor_code", pa.string()), ("category", pa.string()), ("amount", pa.decimal128(12, 2)), ("tax_rate", pa.float64()), ("booked_on", pa.date32()),
     ("paid_at", pa.timestamp("us")), ("note", pa.string())]
)  # fmt: skip
DATED = {"booked_on": pl.String, "paid_at": pl.String}
DECIMAL = pl.col("amount").cast(pl.Decimal(12, 2))
DATES = [pl.col("booked_on").str.to_date("%Y-%m-%d"), pl.col("paid_at").str.to_datetime(MOMENT, time_unit="us")]


def _polars_csv(dump: Dump) -> int:
    encoding = {"csv_gb18030": "gb18030", "csv_utf16": "utf-16"}.get(dump.form, "utf8")
    return pl.read_csv(dump.path, schema=POLARS_SCHEMA, encoding=encoding).to_arrow().num_rows


def _arrow_csv(dump: Dump) -> int:
    encoding = {"csv_gb18030": "gb18030", "csv_utf16": "utf-16"}.get(dump.form, "utf8")
    read = pcsv.ReadOptions(encoding=encoding)
    convert = pcsv.ConvertOptions(column_types=ARROW_SCHEMA)
    return int(pcsv.read_csv(dump.path, read, convert_options=convert).num_rows)


def _polars_json_lines(dump: Dump) -> int:
    """Dates are read as texts and the decimal as a number, then cast: its JSON reader has no formats for the one and refuses the other."""
    schema: dict[str, Any] = {**POLARS_SCHEMA, **DATED, "amount": pl.Float64}
    return pl.read_ndjson(dump.path, schema=schema).with_columns(*DATES, DECIMAL).to_arrow().num_rows


def _arrow_json_lines(dump: Dump) -> int:
    """Arrow's JSON reader reads a decimal out of a text only: the number is cast after it was read."""
    raw = pa.schema([pa.field(f.name, {"amount": pa.float64(), "booked_on": pa.timestamp("s")}.get(f.name, f.type)) for f in ARROW_SCHEMA])
    table = pjson.read_json(dump.path, parse_options=pjson.ParseOptions(explicit_schema=raw))
    return int(pl.DataFrame(pl.from_arrow(table)).with_columns(DECIMAL, pl.col("booked_on").cast(pl.Date)).to_arrow().num_rows)


def _polars_parquet(dump: Dump) -> int:
    return pl.read_parquet(dump.path).to_arrow().num_rows


def _arrow_parquet(dump: Dump) -> int:
    return int(pq.read_table(dump.path).num_rows)


def _arrow_orc(dump: Dump) -> int:
    return int(orc.read_table(dump.path).cast(ARROW_SCHEMA).num_rows)


def _fastavro(dump: Dump) -> int:
    """Polars reads no decimals of Avro."""
    import fastavro

    with dump.path.open("rb") as file:
        return int(pa.Table.from_pylist(list(fastavro.reader(file)), schema=ARROW_SCHEMA).num_rows)


def _calamine(dump: Dump) -> int:
    """Its rows as lists of Python objects, then cast."""
    head, *rows = CalamineWorkbook.from_path(str(dump.path)).get_sheet_by_index(0).to_python()
    return pl.DataFrame(rows, schema=[str(name) for name in head], orient="row").with_columns(pl.col("payment_id").cast(pl.Int64), DECIMAL, *DATES).to_arrow().num_rows


def _sqlite(dump: Dump) -> int:
    """The standard library's rows, by Polars."""
    with closing(sqlite3.connect(dump.path)) as base:
        rows = pl.read_database(f"SELECT * FROM {TABLE}", base)
    return rows.with_columns(DECIMAL, *DATES).to_arrow().num_rows


CSV: dict[str, Callable[[Dump], int]] = {"polars": _polars_csv, "pyarrow": _arrow_csv}
LIBRARIES: dict[str, dict[str, Callable[[Dump], int]]] = {
    "csv": CSV, "csv_gb18030": CSV, "csv_utf16": CSV,
    "jsonl": {"polars": _polars_json_lines, "pyarrow": _arrow_json_lines},
    "parquet": {"polars": _polars_parquet, "pyarrow": _arrow_parquet},
    "orc": {"pyarrow": _arrow_orc}, "avro": {"fastavro": _fastavro}, "excel": {"calamine": _calamine}, "sqlite": {"sqlite3": _sqlite},
}  # fmt: skip
