"""The record counter against Python's csv module, which shares no code with it."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.readers import count

CELL = st.text(alphabet='ab,"\n\r é中', min_size=1, max_size=6)
ROWS = st.lists(st.lists(CELL, min_size=1, max_size=4), min_size=1, max_size=20)


def written(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def counted(data: bytes, step: int) -> count.LineCounter:
    counter = count.LineCounter('"')
    for start in range(0, len(data), step):
        counter.feed(data[start : start + step])
    counter.finish()
    return counter


@given(ROWS, st.integers(1, 40), st.booleans())
def test_counts_records_in_any_chunking(rows: list[list[str]], step: int, ended: bool) -> None:
    data = written(rows) if ended else written(rows)[:-1]
    counter = counted(data, step)
    assert (counter.lines, counter.blank, counter.unclosed) == (len(rows), 0, False)


@given(ROWS, st.integers(1, 40))
def test_splits_start_at_records_and_cover_the_file(rows: list[list[str]], step: int) -> None:
    data = written(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(count, "SPLIT_BYTES", 16)
        splits = counted(data, step).splits()
    assert b"".join(data[s.start : s.end] for s in splits) == data
    for split in splits:
        assert data[: split.start] == written(rows[: split.lines])
