"""Parquet, ORC and Avro: typed columns as they are, nested ones as JSON text."""

from __future__ import annotations

import datetime as dt
import decimal
import io
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.orc as orc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.contracts.model import Column
from jobs.readers.columnar import _repeated
from jobs.readers.values import typed
from tests.unit.readers.made import contract, outcome, refusal

FORMATS = ["parquet", "orc", "avro"]
FIELDS = [{"name": "s", "type": ["null", "string"]}, {"name": "n", "type": ["null", "long"]}, {"name": "d", "type": ["null", {"type": "int", "logicalType": "date"}]}]
COLUMNS = [Column("s", "s", "string"), Column("n", "n", "integer"), Column("d", "d", "date")]
Row = tuple[str | None, int | None, dt.date | None]


def written(kind: str, rows: list[Row]) -> bytes:
    out = io.BytesIO()
    if kind == "avro":
        schema = fastavro.parse_schema({"type": "record", "name": "r", "fields": FIELDS})
        fastavro.writer(out, schema, [dict(zip("snd", row, strict=True)) for row in rows], codec="deflate", sync_interval=40)
        return out.getvalue()
    table = pa.table({"s": pa.array([r[0] for r in rows], pa.string()), "n": pa.array([r[1] for r in rows], pa.int64()), "d": pa.array([r[2] for r in rows], pa.date32())})
    (pq if kind == "parquet" else orc).write_table(table, out)
    return out.getvalue()


ROWS: list[Row] = [("中", 2**62, dt.date(2020, 2, 29)), (None, None, None)]


@pytest.mark.parametrize("kind", FORMATS)
def test_damage_is_refused(kind: str) -> None:
    whole = written(kind, ROWS)
    asked = contract(COLUMNS, format=kind)
    assert [refusal(asked, data) for data in (b"", b"hello, world", whole[:-9], whole[: len(whole) // 2])] == ["unreadable"] * 4
    assert refusal(contract([*COLUMNS, Column("x", "x", "string")], format=kind), whole) == "missing_column"
    assert refusal(contract(COLUMNS[:2], format=kind), whole) == "new_column"


@pytest.mark.parametrize("kind", FORMATS)
@given(rows=st.lists(st.tuples(st.none() | st.text(max_size=6).filter(lambda t: t.isprintable()), st.none() | st.integers(-(2**63), 2**63 - 1), st.none() | st.dates()), max_size=12))
def test_rows_written_are_rows_read(kind: str, rows: list[Row]) -> None:
    found = outcome(contract(COLUMNS, format=kind), written(kind, rows))
    assert found.rows == rows
    assert found.counted == len(rows)


@pytest.mark.parametrize("kind", ["parquet", "orc"])
def test_nested_columns_are_json(kind: str) -> None:
    out = io.BytesIO()
    (pq if kind == "parquet" else orc).write_table(pa.table({"s": [{"k": 'q"'}, None], "n": [[1, 2], []], "d": [b"\x01\xff", None]}), out)
    asked = contract([Column("s", "s", "json"), Column("n", "n", "json"), Column("d", "d", "string")], format=kind)
    assert outcome(asked, out.getvalue()).rows == [('{"k":"q\\""}', "[1,2]", "01ff"), (None, "[]", None)]


def test_texts_that_repeat_are_texts() -> None:
    """Arrow writes them as a dictionary, pandas its categories so."""
    out = io.BytesIO()
    pq.write_table(pa.table({name: pa.array(["34", None, "2020", "34"]).dictionary_encode() for name in "sn"}), out)
    asked = contract([Column("s", "s", "string"), Column("n", "n", "integer")], format="parquet")
    found = outcome(asked, out.getvalue())
    assert found.rows == [("34", "34"), (None, None), ("2020", "2020"), ("34", "34")]
    assert typed(found.part.frame, asked).frame["n"].to_list() == [34, None, 2020, 34]


def test_a_column_that_is_there_twice_is_a_new_one() -> None:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array(["x"]), pa.array(["y"])], names=["a", "a"]), out)
    assert refusal(contract(["a"], format="parquet"), out.getvalue()) == "new_column"


@pytest.mark.parametrize("value", [2.5, 2.0])
def test_a_fraction_in_a_whole_number_is_kept_for_judgement(value: float) -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"n": [value]}), out)
    assert outcome(contract([Column("n", "n", "integer")], format="parquet"), out.getvalue()).rows == [("2.5" if value == 2.5 else "2",)]


@pytest.mark.parametrize(
    ("kind", "values", "read"),
    [
        (["string", "long"], ["a", 7], ["a", "7"]),
        ({"type": "map", "values": "long"}, [{"k": 1}], ['{"k": 1}']),
        ({"type": "array", "items": "bytes"}, [[b"\x01"]], ['["01"]']),
        ("bytes", [b"\x01"], ["01"]),
        ({"type": "enum", "name": "e", "symbols": ["x"]}, ["x"], ["x"]),
        ({"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 2}, [decimal.Decimal("123456789012345678.25")], [decimal.Decimal("123456789012345678.25")]),
        ({"type": "long", "logicalType": "timestamp-micros"}, [dt.datetime(2020, 1, 2, 3, tzinfo=dt.UTC)], [dt.datetime(2020, 1, 2, 3, tzinfo=dt.UTC)]),
        ({"type": "int", "logicalType": "time-millis"}, [dt.time(3, 4)], ["03:04:00"]),
    ],
)
def test_types_of_avro(kind: Any, values: list[Any], read: list[Any]) -> None:
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema({"type": "record", "name": "r", "fields": [{"name": "v", "type": kind}]}), [{"v": value} for value in values])
    assert [row[0] for row in outcome(contract(["v"], format="avro"), out.getvalue()).rows] == read


def repeating(texts: list[str | None], names: tuple[str, ...] = ("s", "n")) -> bytes:
    """Texts that repeat, in row groups of 100, the last of them short."""
    out = io.BytesIO()
    pq.write_table(pa.table([pa.array(texts, pa.string()), pa.array(range(len(texts)), pa.int64())], names=list(names)), out, row_group_size=100)
    return out.getvalue()


def test_texts_that_repeat_stand_where_they_stood() -> None:
    texts: list[str | None] = ["中", None, "", "a long text of more than twelve bytes", "b"] * 250 + ["c"]
    data = repeating(texts)
    opened = pq.ParquetFile(io.BytesIO(data))
    assert _repeated(opened.metadata, opened.schema_arrow) == ["s"]
    assert outcome(contract(COLUMNS[:2], format="parquet"), data).rows == list(zip(texts, range(len(texts)), strict=True))


def test_texts_that_differ_are_read_as_they_are_written() -> None:
    data = repeating([f"text {n}" for n in range(1000)])
    opened = pq.ParquetFile(io.BytesIO(data))
    assert _repeated(opened.metadata, opened.schema_arrow) == []
    assert outcome(contract(COLUMNS[:2], format="parquet"), data).rows[999] == ("text 999", 999)


def test_a_text_that_repeats_and_is_no_utf8_is_refused() -> None:
    out = io.BytesIO()
    texts = pa.Array.from_buffers(pa.string(), 1000, pa.array([b"\xff\xfe" if n % 2 else b"ok" for n in range(1000)], pa.binary()).buffers())
    pq.write_table(pa.table({"s": texts, "n": pa.array(range(1000), pa.int64())}), out)
    assert refusal(contract(COLUMNS[:2], format="parquet"), out.getvalue()) == "unreadable"
