"""One table in every format and wrapping, through the real steps: the same rows in silver, conserved, and evidence as it was sent."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from typing import Any

import fastavro
import polars as pl
import pyarrow as pa
import pytest
import xlsxwriter
import zstandard
from pyarrow import orc
from pyspark.sql import SparkSession

from jobs.contracts.model import Column, Contract, Reader
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from tests.integration.test_quality import contract_of, deliver, run

pytestmark = pytest.mark.timeout(300)
ROWS = [(1, "王小明", "2001-02-03"), (2, "欧阳 娜娜", "1999-12-31"), (3, "Ann, \"A\"", "2020-02-29")]
NAMES = ("id", "name", "born")
FRAME = pl.DataFrame(ROWS, schema=list(NAMES), orient="row")
FIXED = (Column("id", "id", "integer", required=True, primary_key=1, start=1, length=2), Column("name", "name", "string", start=3, length=10), Column("born", "born", "date", start=13, length=10))


def csv() -> bytes:
    return FRAME.write_csv().encode()


def xlsx() -> bytes:
    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate([NAMES, *ROWS]):
            sheet.write_row(at, 0, row)
    return sink.getvalue()


def xml() -> bytes:
    rows = "".join(f'<row id="{i}"><name>{n.replace("&", "&amp;")}</name><born>{b}</born></row>' for i, n, b in ROWS)
    return f'<?xml version="1.0" encoding="UTF-8"?><rows>{rows}</rows>'.encode()


def avro() -> bytes:
    sink = io.BytesIO()
    fields = [{"name": "id", "type": "long"}, {"name": "name", "type": "string"}, {"name": "born", "type": "string"}]
    fastavro.writer(sink, fastavro.parse_schema({"type": "record", "name": "r", "fields": fields}), [dict(zip(NAMES, row, strict=True)) for row in ROWS])
    return sink.getvalue()


def orc_file() -> bytes:
    sink = pa.BufferOutputStream()
    orc.write_table(pa.Table.from_pylist([dict(zip(NAMES, row, strict=True)) for row in ROWS]), sink)
    return sink.getvalue().to_pybytes()


def parquet() -> bytes:
    sink = io.BytesIO()
    FRAME.write_parquet(sink)
    return sink.getvalue()


def sqlite() -> bytes:
    base = sqlite3.connect(":memory:")
    base.execute("CREATE TABLE people (id INTEGER, name TEXT, born TEXT)")
    base.executemany("INSERT INTO people VALUES (?, ?, ?)", ROWS)
    base.commit()
    return base.serialize()


def zipped(name: str, data: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return sink.getvalue()


def tarred(name: str, data: bytes) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return sink.getvalue()


XML_COLUMNS = (Column("id", "@id", "integer", required=True, primary_key=1), Column("name", "name", "string"), Column("born", "born", "date"))
CASES: dict[str, tuple[Reader, Callable[[], bytes], dict[str, Any]]] = {
    "csv, UTF-16": (Reader("csv"), lambda: csv().decode().encode("utf-16"), {}),
    "csv, GB18030 told by the contract, gzip": (Reader("csv", encoding="gb18030"), lambda: gzip.compress(csv().decode().encode("gb18030")), {}),
    "csv in a zip in a zip": (Reader("csv"), lambda: zipped("inner.zip", zipped("a.csv", csv())), {}),
    "csv, Zstandard": (Reader("csv"), lambda: zstandard.compress(csv()), {}),
    "JSON lines": (Reader("jsonl"), lambda: b"".join(json.dumps(dict(zip(NAMES, row, strict=True)), ensure_ascii=False).encode() + b"\n" for row in ROWS), {}),
    "JSON, bzip2": (Reader("json", rows_at=("data",)), lambda: bz2.compress(json.dumps({"data": [dict(zip(NAMES, row, strict=True)) for row in ROWS]}).encode()), {}),
    "Excel": (Reader("excel"), xlsx, {}),
    "Excel in a tar.gz": (Reader("excel"), lambda: tarred("a.xlsx", xlsx()), {}),
    "XML": (Reader("xml", row_element="row"), xml, {"columns": XML_COLUMNS}),
    "Parquet": (Reader("parquet"), parquet, {}),
    "ORC": (Reader("orc"), orc_file, {}),
    "Avro": (Reader("avro"), avro, {}),
    "SQLite": (Reader("sqlite", table="people"), sqlite, {}),
    "fixed width": (Reader("fixedWidth", trim=True, trailer_record=r"^T(?P<count>\d+)$"), lambda: "".join(f"{i:<2}{n:<10}{b}\n" for i, n, b in ROWS).encode() + b"T3\n", {"columns": FIXED}),
}  # fmt: skip


def dataset(reader: Reader, **changes: Any) -> Contract:
    return contract_of(reader=reader, file_pattern=".*", **changes)


@pytest.mark.parametrize("case", CASES)
def test_the_same_rows_whatever_they_came_in(spark: SparkSession, settings: Settings, store: Any, case: str) -> None:
    reader, made, changes = CASES[case]
    contract = dataset(reader, **changes)
    store.put_object(Bucket=settings.bucket("landing"), Key=f"{contract.landing}/2024/delivered.bin", Body=made())
    run(spark, settings, contract, [])
    found = spark.sql(f"SELECT id, name, CAST(born AS STRING) FROM silver.{contract.table} ORDER BY id").collect()
    assert [tuple(row) for row in found] == ROWS
    (row,) = Ledger(settings).deliveries(contract.dataset)
    assert (row["outcome"], row["rows"], row["silver"], row["quarantined"]) == ("landed", 3, 3, 0)
    assert row["records"] - row["skipped_preamble"] - row["skipped_footnotes"] - row["skipped_blank"] == row["records_read"]


def test_what_is_not_what_it_says_is_refused_with_the_reason(spark: SparkSession, settings: Settings, store: Any) -> None:
    contract = dataset(Reader("csv"))
    bomb = zipped("a.csv", b"0" * (64 << 20))
    for name, body in {"an_excel.csv": xlsx(), "a_bomb.zip": bomb, "out.zip": zipped("../../etc/passwd", csv()), "good.csv": csv()}.items():
        store.put_object(Bucket=settings.bucket("landing"), Key=f"{contract.landing}/2024/{name}", Body=body)
    deliver(store, settings, contract, "id,name,born\n9,Ed,2001-01-01\n", "other.csv")
    run(spark, settings, contract, [])
    found = {row["name"]: (row["outcome"], row["reason"]) for row in Ledger(settings).deliveries(contract.dataset)}
    assert found == {
        "an_excel.csv": ("rejected", "wrong_format"), "a_bomb.zip": ("rejected", "zip_bomb"), "out.zip": ("rejected", "unsafe_path"), "good.csv": ("landed", None), "other.csv": ("landed", None),
    }  # fmt: skip
