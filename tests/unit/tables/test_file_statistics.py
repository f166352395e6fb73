"""What the log says of a file: no row lies outside, whatever was written; readers leave files out by it."""

from __future__ import annotations

import datetime as dt
import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from jobs.tables.files import LONGEST, statistics

SCHEMA = pa.schema([
    ("number", pa.int64()), ("small", pa.int32()), ("day", pa.date32()), ("at", pa.timestamp("us", tz="UTC")), ("text", pa.string()), ("share", pa.float64()),
    ("amount", pa.decimal128(14, 2)), ("yes", pa.bool_()), ("words", pa.list_(pa.string())),
])  # fmt: skip
MOMENTS = st.datetimes().map(lambda moment: moment.replace(tzinfo=dt.UTC))
ROWS = st.lists(st.fixed_dictionaries({}, optional={
    "number": st.none() | st.integers(-(2**63), 2**63 - 1), "small": st.none() | st.integers(-(2**31), 2**31 - 1), "day": st.none() | st.dates(), "at": st.none() | MOMENTS,
    "text": st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=LONGEST + 3), "share": st.none() | st.floats(), "amount": st.none() | st.decimals(-999, 999, places=2),
    "yes": st.none() | st.booleans(), "words": st.none() | st.lists(st.text(max_size=3), max_size=2),
}), min_size=1, max_size=30)  # fmt: skip


def said(rows: list[dict[str, Any]], group: int) -> dict[str, Any]:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), sink, row_group_size=group)
    sink.seek(0)
    return json.loads(statistics(pq.read_metadata(sink)))


def read(column: str, value: Any) -> Any:
    """A value of the log as Spark and delta-rs read it."""
    return dt.date.fromisoformat(value) if column == "day" else dt.datetime.fromisoformat(value) if column == "at" else value


def ordered(column: str, value: Any) -> Any:
    return value.encode() if column == "text" else value  # texts are compared byte by byte


@given(ROWS, st.integers(1, 30))
def test_no_row_lies_outside(rows: list[dict[str, Any]], group: int) -> None:
    stats = said(rows, group)
    assert stats["numRecords"] == len(rows)
    for column in SCHEMA.names:
        values = [row[column] for row in rows if row.get(column) is not None]
        if column in stats["nullCount"]:
            assert stats["nullCount"][column] == len(rows) - len(values)
        if column in stats["minValues"]:
            low, high = (ordered(column, read(column, stats[side][column])) for side in ("minValues", "maxValues"))
            assert values and all(low <= ordered(column, value) <= high for value in values)


def test_what_readers_ask_by_is_told_exactly() -> None:
    rows = [
        {"number": 2, "day": dt.date(2025, 3, 1), "at": dt.datetime(2025, 3, 1, 12, 0, 0, 1, dt.UTC), "text": "東莞市", "share": float("nan"), "yes": True, "words": ["a"]},
        {"number": -7, "day": dt.date(987, 1, 1), "at": dt.datetime(2025, 3, 1, 12, 0, 0, 1001, dt.UTC), "text": "a", "amount": None},
    ]
    assert said(rows, 1) == {
        "numRecords": 2,
        "minValues": {"number": -7, "day": "0987-01-01", "at": "2025-03-01T12:00:00.000Z", "text": "a"},
        "maxValues": {"number": 2, "day": "2025-03-01", "at": "2025-03-01T12:00:00.002Z", "text": "東莞市"},
        "nullCount": {"number": 0, "small": 2, "day": 0, "at": 0, "text": 0, "share": 1, "amount": 2, "yes": 1},
    }
