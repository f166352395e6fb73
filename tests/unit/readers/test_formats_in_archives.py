"""Where formats meet content: every format inside archives, delimited text of every shape in every encoding, files that stay closed."""

from __future__ import annotations

import io
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.contracts.model import Archive, Capture, Column, Contract
from jobs.readers import count, packed
from jobs.readers.formats import WAYS
from jobs.readers.outcome import Refused
from jobs.readers.packed import Source, batches
from jobs.readers.sniff import READS
from tests.unit.readers import test_shapes
from tests.unit.readers.made import contract, landed, registered, rows_of
from tests.unit.readers.packing import ARCHIVES, CODECS, outcome, sevened, tarred, zipped
from tests.unit.readers.test_damaged_files import CHANGE, NAMES, WHOLE, damaged
from tests.unit.readers.test_workbook import xlsx

ID_NAME = ["id", "name"]
MEMBER = Column("member", "$member", "string")


def test_every_format_but_attachments_has_its_kinds() -> None:
    assert set(READS) == set(WAYS) - {"attachment"}
    assert {asked.reader.format for _, asked, _ in WHOLE} == set(READS)


@pytest.mark.parametrize(("kind", "asked", "data"), WHOLE, ids=NAMES)
def test_what_is_packed_is_read_as_if_it_were_not(kind: str, asked: Contract, data: bytes) -> None:
    """Also twice: the second file's records follow the first one's, and none has the number of another."""
    plain = WAYS[asked.reader.format].read(asked, data, {})
    for packed_data in [*(pack([("x/a.dat", data)]) for pack in ARCHIVES.values()), *(pack(data) for pack in CODECS.values()), zipped([("b.zip", zipped([("a", data)]))])]:
        [batch] = landed(asked, packed_data)
        assert batch.part.frame.equals(plain.frame)
        assert (batch.part.records, batch.part.preamble, batch.part.footnotes, batch.part.drift) == (plain.records, plain.preamble, plain.footnotes, tuple(sorted(set(plain.drift))))
    [batch] = landed(asked, zipped([("a", data), ("b", data)]))
    assert batch.part.records == 2 * plain.records
    assert batch.part.frame.drop("_record").equals(pl.concat([plain.frame, plain.frame]).drop("_record"))
    assert batch.part.frame.select("_record", "_part").is_unique().all()


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(WHOLE), st.lists(CHANGE, min_size=1, max_size=3), st.sampled_from([*ARCHIVES, *CODECS, "plain"]))
def test_what_is_damaged_and_packed_has_an_outcome(whole: tuple[str, Contract, bytes], changes: list[tuple[float, str, bytes]], kind: str) -> None:
    _, asked, data = whole
    data = damaged(data, changes)
    data = CODECS[kind](data) if kind in CODECS else ARCHIVES[kind]([("a", data)]) if kind in ARCHIVES else data

    def read() -> int:
        content = registered(asked, data)
        content.require()
        return sum(batch.part.records for batch in batches(asked, Source(io.BytesIO(data), len(data), "d", {}), content.files))

    found = outcome(read)
    assert isinstance(found, Refused) or found >= 0


BOOK = xlsx({"2024": [["list", "", ""], ["who", "", "n"], ["id", "name", ""], ["1", "a", 1], ["", "", ""], ["2", "b", 2], ["total", "", 3]]}, merged=["A2:B2"])
BOOKS = {"format": "excel", "preamble_lines": 1, "header_lines": 2, "totals": "^total"}


def test_workbooks_with_headers_of_two_lines_blank_rows_and_totals_in_a_zip() -> None:
    columns = [Column("id", "who id", "string"), Column("name", "who name", "string"), Column("n", "n", "integer"), Column("sheet", "$sheet", "string"), MEMBER]
    found = landed(contract(columns, **BOOKS), zipped([("a.xlsx", BOOK), ("b.xlsx", BOOK)]))
    rows = [(4, "1", "a", "1", "2024", "a.xlsx"), (6, "2", "b", "2", "2024", "a.xlsx"), (10, "1", "a", "1", "2024", "b.xlsx"), (12, "2", "b", "2", "2024", "b.xlsx")]
    assert rows_of(found) == rows
    assert [(b.part.records, b.part.preamble, b.part.footnotes) for b in found] == [(4, 6, 2)]


def test_json_lines_with_blank_lines_in_a_zip() -> None:
    data = zipped([("a.jsonl", b'{"id": 1, "name": "a"}\n\n{"id": 2, "name": "b"}\n'), ("b.jsonl", '{"id": 3, "name": "丙"}'.encode())])
    assert rows_of(landed(contract([*ID_NAME, MEMBER], format="jsonl"), data)) == [(1, "1", "a", "a.jsonl"), (3, "2", "b", "a.jsonl"), (4, "3", "丙", "b.jsonl")]


def test_xml_in_its_declared_encoding_in_a_zip_beside_what_is_no_xml() -> None:
    text = '<?xml version="1.0" encoding="gb18030"?><d><r><id>1</id><name>甲</name></r><r><id>2</id></r></d>'
    asked = contract([*ID_NAME, MEMBER], format="xml", row_element="r", archive=Archive(members=r".*\.xml"))
    data = zipped([("readme.txt", b"-"), ("a.xml", text.encode("gb18030"))])
    assert rows_of(landed(asked, data)) == [(1, "1", "甲", "a.xml"), (2, "2", None, "a.xml")]
    assert registered(asked, data).skipped == ("readme.txt",)


def test_fixed_width_files_in_an_archive_keep_header_trailer_and_ragged_lines_apart() -> None:
    columns = [Column("id", "id", "string", start=1, length=3), Column("day", "$capture.day", "string")]
    asked = contract(columns, format="fixedWidth", header_record=r"^HDR (?P<day>\d+)", trailer_record=r"^TRL (?P<count>\d+)", captures=(Capture(r"^HDR (?P<day>\d+)", 1),))
    [batch] = landed(asked, tarred([("a", b"HDR 1\n001\n\n002\nTRL 2\n"), ("b", b"HDR 2\n003\n4\nTRL 2\n")]))
    assert rows_of([batch]) == [(2, "001", "1"), (4, "002", "1"), (7, "003", "2")]
    assert [(row.record, row.text) for row in batch.part.ragged] == [(8, "4")]
    assert (batch.part.records, batch.part.preamble, batch.part.footnotes) == (4, 2, 2)


# Delimited text: an encoding that nobody stated, and every shape a header and its rows may have.

SHEET = "名单\r\n单位,,人数\r\n编号,名称,\r\n1,三丰先生在北京市,2\r\n\r\n单位,,人数\r\n编号,名称,\r\n2,海淀区人民政府,3\r\n合计,,5\r\n来源:统计局\r\n"
SHAPED: dict[str, Any] = {"format": "csv", "preamble_lines": 1, "header_lines": 2, "repeated_header": True, "totals": "^合计", "footnote": "^来源", "captures": (Capture("(?P<title>.+)", 1),)}
SHAPED_COLUMNS = [Column("id", "单位 编号", "integer"), Column("name", "单位 名称", "string"), Column("n", "人数", "integer"), Column("title", "$capture.title", "string")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("kind", ["plain", "gz", "zip", "7z"])
@pytest.mark.parametrize("split", [1 << 20, 64])
def test_headers_of_two_lines_repeated_and_totals_in_any_encoding(encoding: str, kind: str, split: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(count, "SPLIT_BYTES", split)
    monkeypatch.setattr(packed, "PART_BYTES", split)
    data, asked = SHEET.encode(encoding), contract(SHAPED_COLUMNS, **SHAPED)
    data = CODECS[kind](data) if kind in CODECS else ARCHIVES[kind]([("a.csv", data)]) if kind in ARCHIVES else data
    found = landed(asked, data)
    assert rows_of(found) == [(4, "1", "三丰先生在北京市", "2", "名单"), (8, "2", "海淀区人民政府", "3", "名单")]
    assert (sum(b.part.records for b in found), sum(b.part.preamble for b in found), sum(b.part.footnotes for b in found)) == (2, 5, 2)
    [file] = registered(asked, data).files
    assert file.encoding is not None
    assert file.encoding.name == {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(encoding, encoding)


@pytest.mark.parametrize(
    ("text", "reader", "rows"),
    [
        ('id,name\n1,"a\\"b"\n2,"x\\\n"\n', {"escape": "\\"}, [(2, "1", 'a"b'), (3, "2", "x\n")]),
        ("id||name\n1||甲,乙\n", {"delimiter": "||", "quote": None}, [(2, "1", "甲,乙")]),
        ("id|name|\n1|a|\n", {"delimiter": "|", "trailing_delimiter": True}, [(2, "1", "a")]),
        ("\r\nid,name\r\n\r\n1,a\r\n", {"preamble_lines": 1}, [(4, "1", "a")]),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_dialects_in_a_zip(text: str, reader: dict[str, Any], rows: list[tuple[int, str, str]], encoding: str) -> None:
    assert rows_of(landed(contract(ID_NAME, format="csv", **reader), zipped([("a.csv", text.encode(encoding))]))) == rows


# What stays closed, and what is told of a file before it is read.

LAYER = test_shapes.zipped(test_shapes.LAYER)


@pytest.mark.parametrize(("data", "names"), [(LAYER, ["d.zip"]), (zipped([("a.zip", LAYER), ("b.zip", LAYER)]), ["a.zip", "b.zip"])])
def test_a_zipped_shapefile_is_one_file(data: bytes, names: list[str]) -> None:
    files = registered(contract(test_shapes.SHAPE, format="shapefile"), data).files
    assert [(file.name, file.kind, file.lines) for file in files] == [(name, "shapefile", 2) for name in names]


def test_a_zip_without_a_shapefile_is_refused_and_one_of_another_format_is_opened() -> None:
    content = registered(contract(["a"], format="shapefile"), zipped([("a.csv", b"a\n1\n")]))
    assert content.refused is not None
    assert content.refused[0] == "wrong_format"
    opened = contract(["a"], format="csv", archive=Archive(members=r".*\.csv"))
    assert rows_of(landed(opened, zipped([("a.csv", b"a\n1\n"), ("r.shp", b"x"), ("r.dbf", b"x")]))) == [(2, "1")]


@pytest.mark.parametrize(
    ("data", "kind"), [(sevened([("a", b"1")], password="x"), "7z"), (zipped([("../a", b"1")]), "zip"), (b"%PDF-1.7", "pdf"), (b"\x1f\x8b\x08broken", "gz"), (bytes(range(256)), "unknown"), (b"a,b\n", "text")]
)
def test_an_attachment_may_be_anything_and_stays_closed(data: bytes, kind: str) -> None:
    content = registered(contract(["a"], format="attachment"), data, "a.bin")
    assert [(file.name, file.kind, file.lines, file.problem) for file in content.files] == [("a.bin", kind, 0, None)]
    assert (content.refused, content.in_order) == (None, False)


def test_a_counter_that_refuses_leaves_the_word_to_the_reader() -> None:
    asked = contract(["a"], format="xml", row_element="r")
    data = zipped([("a.xml", b'<!DOCTYPE d [<!ENTITY x "y">]><d><r><a>&x;</a></r></d>')])
    content = registered(asked, data)
    assert [file.problem for file in content.files] == ["Refused: the file declares entities"]
    found = outcome(lambda: list(batches(asked, Source(io.BytesIO(data), len(data), "d.zip", {}), content.files)))
    assert isinstance(found, Refused)
    assert found.reason == "unsafe_xml"
