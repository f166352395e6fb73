"""From a delivery's bytes to its rows: what registering counts is what landing reads, through archives and wide encodings, and hostile text has an outcome."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.contracts.model import Archive, Capture, Column, Contract, Drift, Reader
from jobs.readers import count, packed
from jobs.readers.content import Content, from_json
from jobs.readers.delimited import MOST_COLUMNS, MOST_HEADER, read_head, read_range
from jobs.readers.encoding import Odd
from jobs.readers.frames import Part
from jobs.readers.inspection import text_content
from jobs.readers.outcome import Refused
from tests.unit.readers.made import landed, registered, rows_of
from tests.unit.readers.packing import ARCHIVES, CODECS, outcome, sevened, tarred, zipped

COLUMNS = (Column("id", "id", "integer"), Column("name", "name", "string"), Column("member", "$member", "string"))


def contract(form: str = "csv", **reader: object) -> Contract:
    return Contract("d", "n", "i", "1", "", "", "", "events", "d/n", ".*", Reader(form, **reader), COLUMNS, Drift())  # type: ignore[arg-type]


def rows(made: Contract, data: bytes, name: str = "d.zip") -> list[tuple[object, ...]]:
    """(record, id, name, member), once law 1 holds."""
    return rows_of(landed(made, data, name), "id", "name", "member")


def reason(made: Contract, data: bytes, name: str = "d.zip") -> tuple[str, str]:
    refused = outcome(lambda: rows(made, data, name))
    assert isinstance(refused, Refused)
    return refused.reason, refused.message


A, B = b"id,name\n1,a\n2,b\n", "名单\n\nid,name\n\n7,七\n8,八\n".encode("utf-16")


@pytest.mark.parametrize("kind", ARCHIVES)
def test_members_are_one_delivery_with_records_numbered_on(kind: str) -> None:
    data = ARCHIVES[kind]([("x/a.csv", A), ("notes.txt", b"-"), ("b.csv", gzip.compress(A))])
    made = contract(archive=Archive(members=r".*\.csv"))
    assert rows(made, data) == [(2, "1", "a", "x/a.csv"), (3, "2", "b", "x/a.csv"), (5, "1", "a", "b.csv"), (6, "2", "b", "b.csv")]
    content = registered(made, data)
    assert (content.skipped, content.skipped_count, content.in_order) == (("notes.txt",), 1, True)
    assert [file.packed for file in content.files] == [(kind,), (kind, "gz")]


def test_each_member_has_its_encoding_preamble_footnote_and_columns() -> None:
    made = contract(preamble_lines=2, footnote="^Source", captures=(Capture("(?P<title>.+)", 1),))
    made = replace(made, columns=(*COLUMNS[:2], Column("member", "$capture.title", "string")))
    data = zipped([("u.csv", B), ("g.csv", "册\n\nname,id\r\n三丰先生在北京市,9\r\nSource: x\r\n".encode("gb18030"))])
    assert rows(made, data) == [(5, "7", "七", "名单"), (6, "8", "八", "名单"), (10, "9", "三丰先生在北京市", "册")]
    assert [file.encoding.name for file in registered(made, data).files if file.encoding] == ["utf-16-le", "gb18030"]


def test_a_plain_utf16_file_is_read_as_one() -> None:
    data = "id,name\n1,一\n\n2,\ue000\ufffd\n".encode("utf-16-be")
    assert rows(contract(), data, "x.csv") == [(2, "1", "一", "x.csv"), (4, "2", "\ue000\ufffd", "x.csv")]
    [batch] = landed(contract(), data)
    assert batch.part.odd == Odd(1, 1)


def test_json_documents_inside_an_archive() -> None:
    files = [(f"{i}.json", json.dumps({"rows": [{"id": i, "name": n} for n in names]}).encode()) for i, names in enumerate(["ab", "c"])]
    assert rows(contract("json", rows_at=("rows",)), tarred(files)) == [(1, "0", "a", "0.json"), (2, "0", "b", "0.json"), (3, "1", "c", "1.json")]


def test_workbooks_inside_an_archive() -> None:
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink)
    sheet = book.add_worksheet()
    for number, row in enumerate([("id", "name"), (1, "a")]):
        sheet.write_row(number, 0, row)
    book.close()
    data = zipped([("a.xlsx", sink.getvalue()), ("x/b.xlsx", sink.getvalue())])
    assert rows(contract("excel"), data) == [(2, "1", "a", "a.xlsx"), (4, "1", "a", "x/b.xlsx")]
    assert rows(contract("excel"), sink.getvalue(), "list.csv") == [(2, "1", "a", "list.csv")]


REFUSED: list[tuple[str, bytes, str, str, str]] = [
    ("csv", sevened([("notes.txt", b"-")]), "d.7z", "no_members", "it holds notes.txt"),
    ("csv", zipped([]), "d.zip", "no_members", "nothing"),
    ("csv", zipped([("a.csv", A), ("b.csv", b"")]), "d.zip", "empty", "b.csv"),
    ("csv", zipped([("a.csv", A), ("b.csv", b"%PDF-1.7")]), "d.zip", "wrong_format", "is named .csv, but it is a PDF document"),
    ("csv", b"<table><tr><td>1</td></tr></table>", "x.csv", "wrong_format", "a web page"),
    ("csv", zipped([("xl/workbook.xml", b"")]), "x.csv", "wrong_format", "an Excel workbook"),
    ("excel", A, "x.xlsx", "wrong_format", "is named .xlsx, but it is plain text"),
    ("excel", b"<html><table>", "x.xls", "wrong_format", "a web page"),
    ("json", A, "x.json", "wrong_format", "plain text"),
]


@pytest.mark.parametrize(("form", "data", "name", "why", "said"), REFUSED, ids=[f"{form}-{why}-{i}" for i, (form, _, _, why, _) in enumerate(REFUSED)])
def test_what_cannot_be_read_is_refused(form: str, data: bytes, name: str, why: str, said: str) -> None:
    made = contract(form, archive=Archive(members=r".*\.(csv|xlsx)"), rows_at=("rows",))
    found, message = reason(made, data, name)
    assert found == why
    assert said in message


def test_a_receipt_of_an_older_version_says_nothing() -> None:
    assert from_json(None) == Content()
    assert not Content().in_order


def test_the_summary_says_what_a_person_wants_to_know() -> None:
    content = registered(contract(archive=Archive(members=r".*\.csv")), zipped([("a.csv", A), ("b.txt", b"-")]))
    assert json.loads(content.summary({"formulas": 2, "replacement": 0})) == {
        "kind": ["text"], "packed": ["zip"], "files": 1, "encoding": [{"name": "utf-8", "confidence": 1.0, "how": "utf-8"}],
        "skipped": ["b.txt"], "skipped_count": 1, "formulas": 2,
    }  # fmt: skip


CELLS = st.text("ab,é一\"\n", max_size=4).map(lambda text: f"_{text}")


@settings(max_examples=150)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=9), min_size=1, max_size=3), st.sampled_from([*ARCHIVES, *CODECS]), st.sampled_from(["utf-8", "utf-16", "gb18030"]))
def test_conservation_through_archives_and_splits(names: list[list[str]], kind: str, encoding: str) -> None:
    """Every record comes out once, under its number, however the text is cut and put together again."""
    texts = ["".join(["id,name\n", *('{},"{}"\n'.format(i, cell.replace('"', '""')) for i, cell in enumerate(cells))]) for cells in names]
    files = [(f"{i}.csv", text.encode(encoding)) for i, text in enumerate(texts)]
    if kind in CODECS:
        names, data = names[:1], CODECS[kind](files[0][1])
    else:
        data = ARCHIVES[kind](files)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(count, "SPLIT_BYTES", 16)
        patch.setattr(packed, "PART_BYTES", 40)
        found = rows(contract(encoding=encoding), data)
    numbers = iter(range(1, 1000))
    wanted = []
    for cells in names:
        next(numbers)
        wanted += [(next(numbers), str(i), cell) for i, cell in enumerate(cells)]
    assert [row[:3] for row in found] == wanted


# Hostile text: outcomes within bounded memory.

MIB = 1 << 20


def plain(data: bytes) -> Part | Refused:
    """A whole plain file, as landing reads it."""

    def read() -> Part:
        [batch] = landed(contract(), data)
        return batch.part

    return outcome(read)


def test_a_cell_of_ten_megabytes_is_a_cell() -> None:
    part = plain(b"id,name\n1," + b"x" * (10 * MIB) + b"\n2,b\n")
    assert isinstance(part, Part)
    assert part.frame["name"].str.len_bytes().to_list() == [10 * MIB, 1]


def test_a_million_columns_are_refused_before_they_are_read() -> None:
    tracemalloc.start()
    refused = plain(b",".join(b"c%d" % i for i in range(100_000)) + b"\n1\n")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(refused, Refused)
    assert refused.reason == "too_many_columns"
    assert peak < 32 * MIB
    wider = plain(b"c," * 1_000_000 + b"\n1\n")
    assert isinstance(wider, Refused)
    assert wider.reason == "too_many_columns"


def test_as_many_columns_as_are_allowed_are_read() -> None:
    head = read_head(b",".join(b"c%d" % i for i in range(MOST_COLUMNS)) + b"\n", Reader("csv"))
    assert len(head.names) == MOST_COLUMNS


def test_a_line_of_a_million_fields_is_one_ragged_record() -> None:
    part = plain(b"id,name\n1,a\n" + b"x," * 1_000_000 + b"\n2,b\n")
    assert isinstance(part, Part)
    assert [(row.record, row.actual) for row in part.ragged] == [(3, 1_000_001)]
    assert part.frame["id"].to_list() == ["1", "2"]


def test_a_header_that_does_not_end_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        read_head(b"x" * MOST_HEADER, Reader("csv"))
    assert refused.value.reason == "header_too_long"


@pytest.mark.parametrize("start", [b"", b'id,name\n1,"'], ids=["no line ends", "a quote that never closes"])
def test_a_record_without_end_is_refused_without_being_held(start: bytes) -> None:
    def chunks() -> Iterator[bytes]:
        yield start + b"x"
        for _ in range(60):
            yield b"y" * MIB

    tracemalloc.start()
    content = text_content(chunks(), "x.csv", Reader("csv"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert content.refused is not None
    assert content.refused[0] == "record_too_long"
    assert peak < 16 * MIB


def test_nul_bytes_are_named_by_their_place_in_the_file() -> None:
    reader = Reader("csv")
    with pytest.raises(Refused, match="first at byte 1003") as refused:
        read_range(b"1,a\x00\n", reader, read_head(b"id,name\n", reader), 9, last=True, offset=1000)
    assert refused.value.reason == "nul_bytes"


def test_the_frame_of_parts_is_whole() -> None:
    [batch] = landed(contract(), zipped([("a.csv", A), ("b.csv", A)]))
    assert batch.last
    assert batch.part.frame.schema == {"id": pl.String, "name": pl.String, "member": pl.String, "_record": pl.Int64, "_part": pl.Int32}
