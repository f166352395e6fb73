"""Lines read in byte ranges are the rows, numbers, rejections and skips of the whole file, wherever it is cut and in whatever it is packed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.contracts.model import Capture, Column, Contract
from jobs.readers import count
from jobs.readers.formats import WAYS
from jobs.readers.frames import Part
from jobs.readers.line_pieces import read_line_piece
from jobs.readers.lined import JsonLineCounter, Place
from jobs.readers.outcome import Refused
from tests.unit.readers.made import contract, landed, registered
from tests.unit.readers.packing import zipped

JSON_LINES = contract([Column("a", "a", "string"), Column("b", "b.c", "string"), Column("row", "$row", "json")], format="jsonl")
HEADER, TRAILER = r"^HDR (?P<day>\d+)", r"^TRL *(?P<count>\d+)"
FIXED = contract(
    [Column("id", "id", "string", start=1, length=3), Column("name", "name", "string", start=4, length=4), Column("day", "$capture.day", "string")],
    format="fixedWidth", header_record=HEADER, trailer_record=TRAILER, captures=(Capture(HEADER, 1),),
)  # fmt: skip
LINE = st.sampled_from(['{"a": "中"}', '{"b": {"c": 1}}', ' {"a": null}', "", "  ", "[1]", '{"b": 2}\r', '{"a": "x\\n"}', "{", "\t\r"])


def pieces(asked: Contract, data: bytes, split: int, monkey: pytest.MonkeyPatch) -> list[Part]:
    """As landing reads them: each byte range by itself, out of what registering noted."""
    monkey.setattr(count, "SPLIT_BYTES", split)
    content = registered(asked, data, "x")
    content.require()
    [file] = content.files
    return [
        read_line_piece(asked, lambda s, e: data[s:e], Place(lines + 1, start, start == 0, end == len(data)), end, content.files, {})
        for start, end, lines in file.ranges
    ]  # fmt: skip


def said(parts: Sequence[Part]) -> tuple[Any, ...]:
    """All that landing makes of the parts."""
    ragged = [(r.record, r.text) for part in parts for r in part.ragged]
    return pl.concat([part.frame for part in parts]).rows(), ragged, sum(p.records for p in parts), sum(p.preamble for p in parts), sum(p.footnotes for p in parts)


@given(lines=st.lists(LINE, max_size=30), mark=st.booleans(), encoding=st.sampled_from([None, "gb18030"]), split=st.sampled_from([1, 16, 1000]))
def test_json_lines_cut_anywhere(lines: list[str], mark: bool, encoding: str | None, split: int) -> None:  # noqa: FBT001
    asked = replace(JSON_LINES, reader=replace(JSON_LINES.reader, encoding=encoding))
    data = ("\ufeff" * (mark and not encoding) + '{"a": 0}\n' + "".join(line + "\n" for line in lines)).encode(encoding or "utf-8")
    with pytest.MonkeyPatch.context() as monkey:
        parts = pieces(asked, data, split, monkey)
        assert said(parts) == said([WAYS["jsonl"].read(asked, data, {})])
        assert said([batch.part for batch in landed(asked, gzip.compress(data), "x.jsonl.gz")]) == said(parts)
        content = registered(asked, data, "x")
        assert sum(part.records for part in parts) == (content.files[0].lines or 0) - content.files[0].blank


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("split", [1, 20, 1000])
def test_fixed_width_cut_anywhere(encoding: str, split: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"{n:03d}张三{n % 10} " for n in range(40)]
    text = "\r\n".join(["HDR 20240101", *rows[:20], "", "7", *rows[20:], "TRL 41", ""])
    asked, data = replace(FIXED, reader=replace(FIXED.reader, encoding=encoding)), text.encode(encoding)
    if encoding == "utf-16":
        monkeypatch.setattr(count, "SPLIT_BYTES", split)
        found = said([batch.part for batch in landed(asked, data, "x.txt")])
    else:
        found = said(pieces(asked, data, split, monkeypatch))
        assert said([batch.part for batch in landed(asked, zipped([("x.txt", data)]))]) == found
    numbers = [*range(2, 22), *range(24, 44)]
    assert found[0] == [(row[:3], row[3:].rstrip(), "20240101", number, 0) for row, number in zip(rows, numbers, strict=True)]
    assert found[1:] == ([(23, "7")], 41, 1, 1)


@pytest.mark.parametrize("split", [1, 20, 1000])
@pytest.mark.parametrize(("header", "trailer"), [("HDR 20240101", "TRL 3"), ("HDR 20240101", ""), ("HDR x", "TRL 2")])
def test_a_control_count_is_of_the_whole_file(header: str, trailer: str, split: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = "\n".join([header, "001abcd", "002abcd", trailer]).encode()
    with pytest.raises(Refused) as cut:
        pieces(FIXED, data, split, monkeypatch)
    assert cut.value.reason == ("unexpected_preamble" if header == "HDR x" else "control_count")
    with pytest.raises(Refused) as packed:
        landed(FIXED, gzip.compress(data))
    assert packed.value.reason == cut.value.reason


def test_a_bad_byte_is_named_by_its_place_in_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b'{"a": 1}\n' * 9 + b'{"a": "\xe4\xb8"}\n'
    with pytest.raises(Refused, match="near line 10, at byte 88"):
        pieces(JSON_LINES, data, 16, monkeypatch)


@given(st.binary(max_size=60).map(lambda b: bytes(b"\n \t{}\xef\xbb\xbf\r"[c % 9] for c in b)), st.integers(1, 9))
def test_blank_lines_are_counted_in_whatever_chunks_they_come(data: bytes, size: int) -> None:
    counter = JsonLineCounter(None)
    for start in range(0, len(data), size):
        counter.feed(data[start : start + size])
    counter.finish()
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    assert counter.lines - counter.blank == sum(1 for line in lines if line.strip())


def test_a_line_without_end_is_refused_when_it_is_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    from jobs.readers import inspection

    monkeypatch.setattr(inspection, "MOST_RECORD", 100)
    monkeypatch.setattr(inspection, "SPLIT_BYTES", 100)
    monkeypatch.setattr(count, "SPLIT_BYTES", 100)
    content = registered(JSON_LINES, json.dumps({"a": "x" * 300}).encode() + b"\n", "x.jsonl")
    assert content.refused is not None
    assert content.refused[0] == "record_too_long"
