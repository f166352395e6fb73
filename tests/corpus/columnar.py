"""Parquet, ORC and Avro: values that have types already, nested ones, and files that are damaged or something else."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal as D
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import orc

from jobs.contracts.model import Column, Format
from tests.corpus.case import Case, Lands, Refuses, column, texts
from tests.unit.readers.made import contract

NONE = (0, 0, 0)
TYPED = [Column("id", "id", "integer"), Column("name", "name", "string"), Column("born", "born", "date")]
BORN = dt.date(2001, 2, 3)
TABLE = pa.table({"id": pa.array([1, None], pa.int64()), "name": ["王小明", None], "born": pa.array([BORN, None])})
ROWS = [(1, "王小明", BORN), (None, None, None)]
NULLABLE = [{"name": "id", "type": ["null", "long"]}, {"name": "name", "type": ["null", "string"]}, {"name": "born", "type": ["null", {"type": "int", "logicalType": "date"}]}]


def parquet(table: pa.Table, **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def orced(table: pa.Table, **options: Any) -> bytes:
    out = io.BytesIO()
    orc.write_table(table, out, **options)
    return out.getvalue()


def avro(fields: list[dict[str, Any]], rows: list[dict[str, Any]], codec: str = "deflate") -> bytes:
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema({"type": "record", "name": "r", "fields": fields}), rows, codec=codec)
    return out.getvalue()


def flipped(data: bytes) -> bytes:
    """The first bytes of its only block are others: it starts with its two lengths, and ends with the 16 bytes that the head ends with."""
    at = data.index(data[-16:]) + 18
    return data[:at] + b"\xff" * 8 + data[at + 8 :]


def whole(kind: Format, table: pa.Table = TABLE) -> bytes:
    """The same table in any of the three."""
    return avro(NULLABLE, table.to_pylist()) if kind == "avro" else (parquet if kind == "parquet" else orced)(table)


def case(kind: Format, name: str, made: Callable[[], bytes], expected: Lands | Refuses, columns: list[Column] | None = None, zone: str = "UTC") -> Case:
    return Case(f"{kind}, {name}", replace(contract(columns or TYPED, format=kind), source_time_zone=zone), f"dump.{kind}", made, expected)


def of_each(kind: Format) -> list[Case]:
    return [
        case(kind, "typed values and nulls", lambda: whole(kind), Lands(ROWS, skipped=NONE)),
        case(kind, "no row", lambda: whole(kind, TABLE.slice(0, 0)), Refuses("no_rows")),
        case(kind, "cut off", lambda: whole(kind)[:-9], Refuses("unreadable")),
        case(kind, "a column that is missing", lambda: whole(kind), Refuses("missing_column", ("'x'",)), [*TYPED, Column("x", "x", "string")]),
        case(kind, "a column that nobody knows", lambda: whole(kind), Refuses("new_column", ("'born'",)), TYPED[:2]),
        case(kind, "values that are no dates", lambda: whole(kind), Lands([(None, None, None)], {"castable:name": 1}, skipped=NONE), [TYPED[0], Column("name", "name", "date"), TYPED[2]]),
    ]


def only(values: Any) -> Callable[[], bytes]:
    """A Parquet file of one column named `x`."""
    return lambda: parquet(pa.table({"x": values}))


def x(kind: str, **options: Any) -> list[Column]:
    return [column("x", kind, **options)]  # type: ignore[arg-type]


def landed(*values: Any, **more: Any) -> Lands:
    return Lands([(value,) for value in values], skipped=NONE, **more)


NOON = dt.datetime(2013, 8, 5, 12)

PARQUET = [
    case("parquet", "moments with a zone", only(pa.array([NOON], pa.timestamp("ms", "Asia/Shanghai"))), landed(NOON.replace(tzinfo=dt.UTC)), x("timestamp")),
    case("parquet", "moments without a zone are the contract's local time", only(pa.array([NOON], pa.timestamp("us"))), landed(dt.datetime(2013, 8, 5, 4, tzinfo=dt.UTC)), x("timestamp"), "Asia/Shanghai"),
    case("parquet", "decimals", only(pa.array([D("1.50"), D("-99.99")], pa.decimal128(9, 2))), landed(D("1.50"), D("-99.99")), x("decimal", precision=9, scale=2)),
    case("parquet", "whole numbers kept as floats", only([1.0, 12.5, None]), landed(1, None, rejected={"castable:v": 1}, says=("whole number",)), x("integer")),
    case("parquet", "an identifier kept as a float", only([1.10101199003070016e17]), landed(rejected={"castable:v": 1}), x("string", identifier=True)),
    case("parquet", "numbers as texts", only(["1", "１２", "x"]), landed(1, 12, rejected={"castable:v": 1}), x("integer")),
    case("parquet", "days as whole numbers of eight digits", only(pa.array([20130805, 20130231], pa.int32())), landed(dt.date(2013, 8, 5), rejected={"castable:v": 1}), x("date", formats=("%Y%m%d",))),
    case("parquet", "lists and records", only([[1, 2], None]), landed("[1,2]", None), x("json")),
    case("parquet", "records", only([{"a": 1, "b": "中"}]), landed('{"a":1,"b":"中"}'), x("json")),
    case("parquet", "bytes", only(pa.array([b"\x01\xff"], pa.binary())), landed("01ff"), x("string")),
    case("parquet", "values of a dictionary", only(pa.array(["a", "b", "a"]).dictionary_encode()), landed("a", "b", "a"), x("string")),
    case("parquet", "many groups of rows, packed by Zstandard", lambda: parquet(pa.table({"x": list(range(1000))}), row_group_size=10, compression="zstd"), Lands(1000, skipped=NONE), x("integer")),
    case("parquet", "a whole number too large", only(pa.array([2**64 - 1], pa.uint64())), landed(rejected={"castable:v": 1}), x("integer")),
    case("parquet", "headers that are there twice", lambda: parquet(pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], ["x", "x"])), Lands([("a", "b")], skipped=NONE), texts("x", "x__2")),
    case("parquet", "a text that is no UTF-8", only(pa.Array.from_buffers(pa.string(), 1, [None, pa.array([0, 1], pa.int32()).buffers()[1], pa.py_buffer(b"\xff")])), Refuses("unreadable", ("UTF8",)), x("string")),
]
ORC = [
    case("orc", "moments of the contract's local time", lambda: orced(pa.table({"x": pa.array([NOON], pa.timestamp("ns"))})), landed(dt.datetime(2013, 8, 5, 4, tzinfo=dt.UTC)), x("timestamp"), "Asia/Shanghai"),
    case("orc", "lists and decimals, packed by Zlib", lambda: orced(pa.table({"x": [["a"]], "d": pa.array([D("1.50")], pa.decimal128(9, 2))}), compression="zlib"), Lands([('["a"]', D("1.50"))], skipped=NONE),
         [column("x", "json"), column("d", "decimal", name="d", precision=9, scale=2)]),
]  # fmt: skip
MILLIS, TWO = {"type": "long", "logicalType": "timestamp-millis"}, {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
AVRO = [
    *(case("avro", f"blocks packed as {codec}", lambda codec=codec: avro(NULLABLE, TABLE.to_pylist(), codec), Lands(ROWS, skipped=NONE)) for codec in ("null", "bzip2", "zstandard", "xz")),  # type: ignore[misc]
    case("avro", "moments and decimals", lambda: avro([{"name": "x", "type": MILLIS}, {"name": "d", "type": TWO}], [{"x": NOON.replace(tzinfo=dt.UTC), "d": D("1.50")}]), Lands([(NOON.replace(tzinfo=dt.UTC), D("1.50"))], skipped=NONE),
         [column("x", "timestamp"), column("d", "decimal", name="d", precision=9, scale=2)]),
    case("avro", "values of several types", lambda: avro([{"name": "x", "type": ["null", "long", "string"]}], [{"x": 1}, {"x": "a"}, {"x": None}]), landed("1", "a", None), x("string")),
    case("avro", "lists, maps and words of a list", lambda: avro([{"name": "x", "type": {"type": "array", "items": "string"}}, {"name": "m", "type": {"type": "map", "values": "long"}}, {"name": "e", "type": {"type": "enum", "name": "e", "symbols": ["A", "B"]}}],
         [{"x": ["中"], "m": {"k": 1}, "e": "B"}]), Lands([('["中"]', '{"k": 1}', "B")], skipped=NONE), [column("x", "json"), column("m", "json", name="m"), column("e", name="e")]),
    *(case("avro", f"a block that is damaged, packed as {codec}", lambda codec=codec: flipped(avro(NULLABLE, TABLE.to_pylist(), codec)), Refuses("unreadable")) for codec in ("deflate", "bzip2", "zstandard", "xz")),  # type: ignore[misc]
    case("avro", "a block whose end is damaged", lambda: whole("avro")[:-3] + b"xyz", Refuses("unreadable")),
]  # fmt: skip

CASES = [*(case for kind in ("parquet", "orc", "avro") for case in of_each(kind)), *PARQUET, *ORC, *AVRO]  # type: ignore[arg-type]
