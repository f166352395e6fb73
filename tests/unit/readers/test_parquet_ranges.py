"""Parquet cut between its row groups: the pieces are the rows and numbers of the whole file."""

from __future__ import annotations

import io

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.contracts.model import Column
from jobs.readers import count
from jobs.readers.columnar import parquet_ranges
from jobs.readers.delivery import Piece, read_piece
from jobs.readers.formats import WAYS
from jobs.readers.raw import RawObject
from tests.unit.readers.made import contract, registered

ASKED = contract([Column("n", "n", "integer"), Column("t", "t", "string"), Column("period", "$period", "string")], format="parquet")


def parquet(rows: int, group: int) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"n": range(rows), "t": [f"t{n}" for n in range(rows)]}, schema=pa.schema([("n", pa.int64()), ("t", pa.string())])), sink, row_group_size=group)
    return sink.getvalue()


@pytest.mark.parametrize("split", [1, 300, 1 << 20])
@pytest.mark.parametrize(("rows", "group"), [(0, 1), (1, 1), (10, 3), (100, 7)])
def test_pieces_are_the_whole(rows: int, group: int, split: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(count, "SPLIT_BYTES", split)
    data = parquet(rows, group)
    content = registered(ASKED, data, "x.parquet")
    ranges = content.files[0].ranges
    assert ranges == parquet_ranges(data)
    assert (ranges[0][0], ranges[-1][1]) == (0, len(data))
    assert [end for _, end, _ in ranges[:-1]] == [start for start, _, _ in ranges[1:]]
    if split == 1 and rows:
        assert len(ranges) == -(-rows // group)
    whole = WAYS["parquet"].read(ASKED, data, {"$period": "2024"})
    if rows:
        raw = RawObject("d.t", "d", "k", len(data), encrypted=False)
        pieces = [Piece(raw, "2024", "x.parquet", s, e, n, i == len(ranges) - 1, len(ranges) == 1, content) for i, (s, e, n) in enumerate(ranges)]
        parts = [part for piece in pieces for part, _ in read_piece(ASKED, lambda s, e: data[s:e], piece)]
        assert pl.concat([part.frame for part in parts]).equals(whole.frame)
        assert sum(part.records for part in parts) == content.files[0].lines == rows
