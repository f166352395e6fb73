"""Files damaged anywhere: every reader and counter ends in a known outcome, never in another exception."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import ijson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.contracts.model import Column, Contract
from jobs.readers.formats import WAYS
from jobs.readers.outcome import Refused
from jobs.readers.values import typed
from tests.unit.readers import test_columnar, test_shapes, test_sql_dump, test_sqlite_table, test_workbook
from tests.unit.readers.made import contract

COUNTER_ERRORS = (Refused, ijson.JSONError, pa.ArrowException, ValueError, KeyError, OSError)  # those that register notes
PLACED = [Column("a", "a", "string", start=1, length=2), Column("b", "b", "string", start=3, length=2)]
AB = ["a", "b"]
BOOK = test_workbook.xlsx({"s": [["a", "b"], ["1", 2]]})
WHOLE: list[tuple[str, Contract, bytes]] = [
    ("csv", contract(AB, format="csv", totals="^s", repeated_header=True), b'a,b\n"1\n,",2\n\n3,4\nsum,9\n'),
    ("csv", contract(AB, format="csv", escape="\\", header_lines=2), b'a,b\n,\n"1\\"",2\n3\\,,4\n'),
    ("csv", contract(AB, format="csv", encoding="gb18030"), "a,b\n中文,2\n".encode("gb18030")),
    ("json", contract(AB, format="json", rows_at=("d",)), b'{"d": [{"a": 1, "b": {"c": "x"}}, null, 3]}'),
    ("jsonl", contract(AB, format="jsonl"), b'{"a": 1, "b": {"c": "x"}}\n\n{"a": [1.5]}\n'),
    ("fixed", contract(PLACED, format="fixedWidth", trailer_record=r"^T(?P<count>\d+)"), b"1234\n5678\nT2\n"),
    ("xml", contract(AB, format="xml", row_element="r"), '<?xml version="1.0"?><d><r b="1"><a>é</a></r></d>'.encode()),
    *((kind, contract(test_columnar.COLUMNS, format=kind), test_columnar.written(kind, test_columnar.ROWS)) for kind in test_columnar.FORMATS),
    ("xlsx", contract(AB, format="excel"), BOOK),
    ("ods", contract(AB, format="excel"), test_workbook.ods({"a": ["1", "x"], "b": [None, "y"]})),
    ("dbf", contract(test_shapes.COLUMNS, format="dbf", encoding="gbk"), test_shapes.DBF),
    ("shapefile", contract(test_shapes.SHAPE, format="shapefile"), test_shapes.zipped(test_shapes.LAYER)),
    ("sqlite", contract(AB, format="sqlite"), test_sqlite_table.database(rows=[("x", 1), (None, 2)])),
    ("mysql", contract(AB, format="sql", dialect="mysql"), test_sql_dump.MYSQLDUMP.encode()),
    ("copy", contract(AB, format="sql", dialect="postgres"), test_sql_dump.PG.encode()),
]
NAMES = [f"{name}{at}" for at, (name, _, _) in enumerate(WHOLE)]
CHANGE = st.tuples(st.floats(0, 1), st.sampled_from(["cut", "drop", "flip", "put", "twice"]), st.binary(min_size=1, max_size=4))


def damaged(data: bytes, changes: list[tuple[float, str, bytes]]) -> bytes:
    for place, how, put in changes:
        at = int(place * len(data))
        head, tail = data[:at], data[at:]
        data = {"cut": head, "drop": head + tail[len(put) :], "flip": head + put + tail[len(put) :], "put": head + put + tail, "twice": data + data[at : at + 400]}[how]
    return data


def ends(way: Any, asked: Contract, data: bytes) -> None:
    with suppress(Refused):
        part = way.read(asked, data, {})
        assert part.frame.height == part.records - len(part.ragged)
        assert part.frame.columns == [*(c.name for c in asked.columns), "_record", "_part"]
        assert typed(part.frame, asked).frame.height == part.frame.height
    with suppress(*COUNTER_ERRORS):
        assert way.count(asked.reader, data) >= 0


@pytest.mark.parametrize("at", range(len(WHOLE)), ids=NAMES)
@settings(max_examples=60, deadline=None)
@given(changes=st.lists(CHANGE, min_size=1, max_size=3))
def test_damage_is_a_known_outcome(at: int, changes: list[tuple[float, str, bytes]]) -> None:
    _, asked, whole = WHOLE[at]
    ends(WAYS[asked.reader.format], asked, damaged(whole, changes))


@pytest.mark.parametrize("at", range(len(WHOLE)), ids=NAMES)
@settings(max_examples=30, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_known_outcome(at: int, data: bytes) -> None:
    asked = WHOLE[at][1]
    ends(WAYS[asked.reader.format], asked, data)
