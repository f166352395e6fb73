"""JSON and XML documents read in parts are the rows of the whole document, in whatever they are packed and encoded."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.contracts.model import Column, Contract
from jobs.readers import json_document, packed, pieces, xml_rows
from jobs.readers.outcome import Refused
from tests.unit.readers.made import contract, landed, outcome, rows_of
from tests.unit.readers.packing import zipped

AB = [Column("a", "a", "string"), Column("b", "b.c", "string", fallback=("d",)), Column("by", "$doc.by.name", "string")]
JSON = contract(AB, format="json", rows_at=("x.rows", "rows", "$"), row_requires=("a",))
XML = contract([Column("a", "a", "string"), Column("b", "b.@c", "string"), Column("all", "$row", "string")], format="xml", row_element="row")


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row or two is a part; a stream comes in bites of 64 bytes."""
    monkeypatch.setattr(json_document, "PART_BYTES", 1)
    monkeypatch.setattr(json_document, "CHUNK", 64)
    monkeypatch.setattr(xml_rows, "PART_BYTES", 1)
    monkeypatch.setattr(pieces, "CHUNK", 64)
    monkeypatch.setattr(packed, "PART_BYTES", 1)


def rows(asked: Contract, data: bytes) -> list[tuple[Any, ...]]:
    """Plain, in a gzip and in a ZIP: the same."""
    found = rows_of(landed(asked, data, "x"))
    assert rows_of(landed(asked, gzip.compress(data), "x.gz")) == found
    assert rows_of(landed(asked, zipped([("x", data)]))) == found
    assert outcome(asked, data).rows == [row[1:] for row in found]
    return found


@pytest.mark.parametrize("encoding", [None, "gb18030", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"rows": [{"a": "中", "b": {"c": 1}}, None, 3, {"d": [1, {"z": "x"}]}], "by": {"name": "局"}}, [("中", "1", "局"), (None, None, "局"), (None, None, "局"), (None, '[1, {"z": "x"}]', "局")]),
        ({"by": {"name": 7}, "rows": [{"a": 1}], "x": {"rows": [{"a": 2}, {"a": 3}]}}, [("2", None, "7"), ("3", None, "7")]),
        ({"x": {"rows": {"item": {"a": 1}}}, "rows": [{"a": 2}]}, [("2", None, None)]),
        ([{"a": 1}, {"a": True}, [], ""], [("1", None, None), ("true", None, None), (None, None, None), (None, None, None)]),
        ({"a": 1, "b": {"c": "x"}, "by": {"name": "n"}}, [("1", "x", "n")]),
        ({"b": 1}, []),
        ([], []),
        ({"rows": []}, []),
    ],
)
def test_json_rows(document: Any, expected: list[tuple[Any, ...]], encoding: str | None) -> None:
    asked = replace(JSON, reader=replace(JSON.reader, encoding=encoding if encoding == "gb18030" else None))
    data = json.dumps(document, ensure_ascii=False).encode(encoding or "utf-8")
    assert rows(asked, data) == [(number, *row) for number, row in enumerate(expected, 1)]


def test_numbers_are_what_was_written() -> None:
    data = b'[{"a": 1.10, "d": 12345678901234567890.25}, {"a": -0.0}, {"a": {"x": 1.5}}]'
    assert rows(JSON, data) == [(1, "1.10", "12345678901234567890.25", None), (2, "-0.0", None, None), (3, '{"x": 1.5}', None, None)]


def test_a_member_shown_whole_and_in_part() -> None:
    asked = contract([Column("whole", "$doc.m", "json"), Column("part", "$doc.m.n", "string")], format="json", rows_at=("rows",))
    assert rows(asked, b'{"rows": [1], "m": {"n": {"k": 2}}}') == [(1, '{"n": {"k": 2}}', '{"k": 2}')]


@pytest.mark.parametrize("data", [b'{"rows": [{"a": 1}, {"a": 2', b'{"rows": [{"a": 1}]', b'{"rows": [{"a": 1}]} {}', b'{"rows": [{"a": NaN}]}', b"[1,]"])
def test_a_broken_document_is_refused_however_it_comes(data: bytes) -> None:
    for sent in (data, gzip.compress(data)):
        with pytest.raises(Refused) as refused:
            landed(JSON, sent)
        assert refused.value.reason == "unreadable"


def test_bytes_that_are_no_text_are_named() -> None:
    for sent in (data := b'{"rows": [{"a": "' + "水".encode() * 20 + b'\xff"}]}', gzip.compress(data)):
        with pytest.raises(Refused) as refused:
            landed(JSON, sent)
        assert refused.value.reason == "wrong_encoding" and "at byte 77, stand the bytes ff" in refused.value.message


def test_a_document_that_is_one_row_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_document, "MOST_DOCUMENT", 100)
    with pytest.raises(Refused) as refused:
        landed(JSON, json.dumps({"a": "x" * 200}).encode())
    assert refused.value.reason == "record_too_long"


@given(st.lists(st.tuples(st.text("ab<&中", max_size=4), st.text("xy中", max_size=3), st.sampled_from(["", "<!-- -->", "<g>1</g>", "\n"])), max_size=12), st.sampled_from(["utf-8", "utf-16", "gb18030"]))
def test_xml_rows_between_other_elements(made: list[tuple[str, str, str]], encoding: str) -> None:
    from xml.sax.saxutils import escape, quoteattr

    body = "".join(f"<group>{between}<row><a>{escape(a)}</a><b c={quoteattr(b)}/></row></group>{between}" for a, b, between in made)
    data = f'<?xml version="1.0" encoding="{encoding}"?><all>{body}</all>'.encode(encoding)
    assert [row[:3] for row in rows(XML, data)] == [(number, a or None, b or None) for number, (a, b, _) in enumerate(made, 1)]


@pytest.mark.parametrize("data", [b"<all><row><a>1</a></row><row>", b"<all><row/></all><more/>", b'<?xml version="1.0" encoding="gb18030"?><all><row><a>\xff\xff</a></row></all>'])
def test_broken_xml_is_refused_however_it_comes(data: bytes) -> None:
    for sent in (data, gzip.compress(data)):
        with pytest.raises(Refused) as refused:
            landed(XML, sent)
        assert refused.value.reason in ("unreadable", "wrong_encoding")


def test_entities_are_refused_in_a_stream_too() -> None:
    data = b'<!DOCTYPE all [<!ENTITY e "x">]><all><row><a>&e;</a></row></all>'
    for sent in (data, gzip.compress(data)):
        with pytest.raises(Refused) as refused:
            landed(XML, sent)
        assert refused.value.reason == "unsafe_xml"
