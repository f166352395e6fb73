"""Fixed width: places in characters and in bytes, control records, lines of another length."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.contracts.model import Capture, Column
from tests.unit.readers.made import contract, outcome, refusal

COLUMNS = [Column("id", "id", "string", start=1, length=3), Column("name", "name", "string", start=4, length=4)]
HEADER, TRAILER = r"^HDR (?P<day>\d+)", r"^TRL *(?P<count>\d+)"


@pytest.mark.parametrize(
    ("data", "reader", "rows", "numbers", "skipped"),
    [
        ("001abcd\n002x   \n", {}, [("001", "abcd"), ("002", "x")], [1, 2], (0, 0)),
        ("\ufeff001张三  \r\n\r\n  2    \r\n", {}, [("001", "张三"), ("  2", "")], [1, 3], (0, 0)),
        ("001张三\n002ab  \n", {"positions": "bytes", "encoding": "gb18030"}, [("001", "张三"), ("002", "ab")], [1, 2], (0, 0)),
        ("HDR 20240101\n001abcd\nTRL   1\n", {"header_record": HEADER, "trailer_record": TRAILER}, [("001", "abcd")], [2], (1, 1)),
        ("001abcdzz\n", {"record_length": 9}, [("001", "abcd")], [1], (0, 0)),
        ("", {}, [], [], (0, 0)),
    ],
)
def test_columns_at_their_places(data: str, reader: dict[str, Any], rows: list[tuple[str, str]], numbers: list[int], skipped: tuple[int, int]) -> None:
    found = outcome(contract(COLUMNS, format="fixedWidth", **reader), data.encode(reader.get("encoding", "utf-8")))
    assert (found.rows, found.records, (found.part.preamble, found.part.footnotes)) == (rows, numbers, skipped)
    assert found.part.ragged == ()


def test_a_value_out_of_the_header_record() -> None:
    columns = [*COLUMNS, Column("day", "$capture.day", "string")]
    asked = contract(columns, format="fixedWidth", header_record=HEADER, captures=(Capture(HEADER, 1),))
    assert outcome(asked, b"HDR 20240101\n001abcd\n").rows == [("001", "abcd", "20240101")]
    assert refusal(asked, b"001abcd\n") == "unexpected_preamble"


def test_lines_of_another_length_are_rejected_rows() -> None:
    found = outcome(contract(COLUMNS, format="fixedWidth"), b"001abcd\n002ab\n003abcdx\n")
    assert found.rows == [("001", "abcd")]
    assert [(r.record, r.text, r.expected, r.actual) for r in found.part.ragged] == [(2, "002ab", 7, 5), (3, "003abcdx", 7, 8)]


@pytest.mark.parametrize(
    ("data", "reader", "reason"),
    [
        (b"001abcd\nTRL   2\n", {"trailer_record": TRAILER}, "control_count"),
        (b"001abcd\n002abcd\nTRL   1\n", {"trailer_record": TRAILER}, "control_count"),
        (b"001abcd\n002abcd\n", {"trailer_record": TRAILER}, "control_count"),
        (b"HDR x\n", {"header_record": r"^HDR (?P<count>\w+)"}, "control_count"),
        ("001张三\n".encode("gb18030"), {}, "wrong_encoding"),
        ("01张三\n".encode("gb18030") + b"1" * 7 + b"\n", {"positions": "bytes", "encoding": "gb18030", "record_length": 6}, "cut_character"),
    ],
)
def test_what_is_refused(data: bytes, reader: dict[str, Any], reason: str) -> None:
    assert refusal(contract(COLUMNS, format="fixedWidth", **reader), data) == reason


@pytest.mark.parametrize("positions", ["characters", "bytes"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "big5"])
@given(rows=st.lists(st.lists(st.text("a1 中文.", max_size=5), min_size=2, max_size=2), max_size=15), end=st.sampled_from(["\n", "\r\n", "\n\n"]), last=st.booleans())
def test_rows_written_are_rows_read(positions: str, encoding: str, rows: list[list[str]], end: str, last: bool) -> None:  # noqa: FBT001
    width = 10
    columns = [Column(f"c{i}", f"c{i}", "string", start=1 + i * width, length=width) for i in range(2)]
    fill = [text + " " * (width - (len(text.encode(encoding)) if positions == "bytes" else len(text))) for row in rows for text in row if len(text.encode(encoding)) <= width]
    lines = [a + b for a, b in zip(fill[::2], fill[1::2], strict=False)]
    data = (end.join(lines) + (end if last and lines else "")).encode(encoding)
    found = outcome(contract(columns, format="fixedWidth", positions=positions, encoding=encoding), data)
    assert found.rows == [(a.rstrip(" "), b.rstrip(" ")) for a, b in zip(fill[::2], fill[1::2], strict=False)]
    assert found.counted == len(lines)
