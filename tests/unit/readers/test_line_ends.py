"""Files whose lines end in several ways are refused or read whole, never half."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jobs.contracts.model import Reader
from jobs.readers.delimited import read_head, read_range
from jobs.readers.outcome import Refused

ENDS = st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n", b"\r\r\n", b"\n\r\n"])


@given(st.lists(st.tuples(st.sampled_from([b"1,a", b'2,"b\nc"', b"3", b""]), ENDS), min_size=1, max_size=8))
def test_records_have_one_number_each(lines: list[tuple[bytes, bytes]]) -> None:
    reader = Reader("csv")
    head = read_head(b"id,name\n", reader)
    try:
        parsed = read_range(b"".join(text + end for text, end in lines), reader, head, 2, last=True)
    except Refused:
        return  # whole
    assert parsed.table.num_rows == len(parsed.records)
    assert len(set(parsed.records) | {row.record for row in parsed.ragged}) == len(parsed.records) + len(parsed.ragged)
