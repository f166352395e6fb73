"""Files that libraries wrote are told by their content, and texts that only look like them are not."""

from __future__ import annotations

import io
import sqlite3
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import fastavro
import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet as pq
import pyogrio.raw
import pytest
import xlsxwriter
from hypothesis import example, given
from hypothesis import strategies as st

from jobs.readers import sniff
from jobs.readers.outcome import Refused
from tests.unit.readers.packing import ARCHIVES, CODECS, zipped

TABLE = pa.table({"id": [1, 2], "name": ["a", "b"]})
PEOPLE = "编号,名称,地址\n1,张三,北京市海淀区\n"


def written(write: Callable[[io.BytesIO], object]) -> bytes:
    sink = io.BytesIO()
    write(sink)
    return sink.getvalue()


def xlsx() -> bytes:
    def write(sink: io.BytesIO) -> None:
        book = xlsxwriter.Workbook(sink)
        book.add_worksheet().write(0, 0, "id")
        book.close()

    return written(write)


def avro() -> bytes:
    schema = {"type": "record", "name": "row", "fields": [{"name": "id", "type": "long"}]}
    return written(lambda sink: fastavro.writer(sink, schema, [{"id": 1}]))


def sqlite() -> bytes:
    base = sqlite3.connect(":memory:")
    base.execute("CREATE TABLE t (id)")
    return base.serialize()


def dbf(folder: Path) -> bytes:
    fields = [np.array([1, 2]), np.array(["a", "b"], dtype=object)]
    pyogrio.raw.write(folder / "t.dbf", None, fields, ["id", "name"], driver="ESRI Shapefile")
    return (folder / "t.dbf").read_bytes()


BINARY: dict[str, Callable[[], bytes]] = {
    "parquet": lambda: written(lambda sink: pq.write_table(TABLE, sink)),
    "orc": lambda: written(lambda sink: pa.orc.write_table(TABLE, sink)),
    "avro": avro,
    "sqlite": sqlite,
    **{kind: lambda pack=pack: pack([("a.csv", b"id\n1\n")]) for kind, pack in ARCHIVES.items()},  # type: ignore[misc]
    **{kind: lambda pack=pack: pack(b"id\n1\n") for kind, pack in CODECS.items()},  # type: ignore[misc]
}


@pytest.mark.parametrize("kind", BINARY)
def test_what_libraries_write(kind: str) -> None:
    assert sniff.kind_of(BINARY[kind]()[: sniff.HEAD]) == kind


def test_a_dbase_table(tmp_path: Path) -> None:
    assert sniff.kind_of(dbf(tmp_path)) == "dbf"


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (zipfile.ZipFile(io.BytesIO(xlsx())).namelist(), "xlsx"),
        (zipfile.ZipFile(io.BytesIO(written(lambda sink: openpyxl.Workbook().save(sink)))).namelist(), "xlsx"),
        (["[Content_Types].xml", "xl/workbook.bin"], "xlsb"),
        (["mimetype", "content.xml", "styles.xml"], "ods"),
        (["a.csv"], "zip"),
        ([], "zip"),
        (["x/Roads.SHP", "x/Roads.dbf"], "shapefile"),
    ],
)
def test_office_files_are_told_from_archives(names: list[str], kind: str) -> None:
    assert sniff.kind_of_zip(names, shapes=True) == kind


def test_a_zip_with_a_shapefile_is_an_archive_to_other_formats() -> None:
    assert sniff.kind_of_zip(["roads.shp", "a.csv"]) == "zip"


TEXTS: list[tuple[bytes, str]] = [
    (b"", "empty"),
    (b"id,name\n1,a\n", "text"),
    (b"id\tname\n1\ta\n", "text"),
    (b"PAR1,PAR2\n1,2\n", "text"),
    (b"ORC,name\n1,2\n", "text"),
    (b"BZh9,name\n1,2\n", "text"),
    (b"[id],[name]\n1,2\n", "text"),
    (b"{id},{name}\n", "text"),
    (b"<id>,<name>\n1,2\n", "text"),
    (b"<5,>5\n1,2\n", "text"),
    (PEOPLE.encode("gb18030"), "text"),
    (PEOPLE.encode("utf-16"), "text"),
    (PEOPLE.encode("utf-16-be"), "text"),
    (b"<html><body><table><tr><td>1</td></tr></table>", "html"),
    (b"\n <!-- report --> <TABLE border=1><tr>", "html"),
    ("<!DOCTYPE html><html>".encode("utf-16"), "html"),
    (b'<?xml version="1.0"?><rows/>', "xml"),
    (b'\xef\xbb\xbf<?xml version="1.0"?><rows/>', "xml"),
    (b'<rows xmlns="urn:x"><row/></rows>', "xml"),
    ("<数据><行>1</行></数据>".encode(), "xml"),
    (b"<rows/>\n", "xml"),
    (b"12\t\tabcdefghijklmnopqrstuvwxyz0123456789\n", "text"),
    (b'{"a": 1}', "json"),
    (b'[\n  {"a": 1}', "json"),
    (b"[1, 2]", "json"),
    ('{"名": 1}'.encode("utf-16"), "json"),
    (b'{"a": 1}\n{"a": 2}\n', "jsonl"),
    (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "pdf"),
    (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "png"),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "jpeg"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), "xls"),
    (bytes(range(256)), "unknown"),
]


@pytest.mark.parametrize(("data", "kind"), TEXTS, ids=[f"{kind}-{data[:12]!r}" for data, kind in TEXTS])
def test_texts_and_marks(data: bytes, kind: str) -> None:
    assert sniff.kind_of(data) == kind


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (PEOPLE.encode("utf-16-le"), "utf-16-le"),
        (PEOPLE.encode("utf-16-be"), "utf-16-be"),
        (b"\xff\xfe" + PEOPLE.encode("utf-16-le"), "utf-16-le"),
        (b"\xfe\xff" + PEOPLE.encode("utf-16-be"), "utf-16-be"),
        (PEOPLE.encode("utf-32"), "utf-32-le"),
        ("id,name\n1,a\n".encode("utf-16-le"), "utf-16-le"),
        ("一一一一,一\n".encode("utf-16-le"), "utf-16-le"),
        ("一一一一,一\n".encode("utf-16-be"), "utf-16-be"),
        ("𠮷,㐀\n".encode("utf-16-le"), "utf-16-le"),
        (PEOPLE.encode(), None),
        (PEOPLE.encode("utf-8-sig"), None),
        (PEOPLE.encode("gb18030"), None),
        (b"id,name\n1,a\x00\n2,b\n", None),
        (b"\x00\x00\x00\x00", None),
        (b"", None),
    ],
)
def test_wide_text_is_told_by_its_mark_or_its_nuls(data: bytes, encoding: str | None) -> None:
    assert sniff.wide_encoding(data) == encoding


@pytest.mark.parametrize(
    ("kind", "contract", "name", "said"),
    [
        ("xlsx", "csv", "a/list.csv", "is named .csv, but it is an Excel workbook"),
        ("html", "excel", "list.xls", "is named .xls, but it is a web page"),
        ("text", "excel", "list.xls", "is named .xls, but it is plain text"),
        ("pdf", "json", "report", "(report) is a PDF document"),
        ("dbf", "parquet", "a.parquet", "is a dBase table"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_name(kind: str, contract: str, name: str, said: str) -> None:
    with pytest.raises(Refused, match="agreed format") as refused:
        sniff.require(kind, contract, name)
    assert refused.value.reason == "wrong_format"
    assert said in refused.value.message


@pytest.mark.parametrize(
    ("kind", "contract"), [("text", "csv"), ("xls", "excel"), ("ods", "excel"), ("xlsb", "excel"), ("json", "json"), ("unknown", "csv"), ("empty", "parquet"), ("pdf", "a format of tomorrow")]
)
def test_what_can_be_read_anyway_is_not_refused(kind: str, contract: str) -> None:
    sniff.require(kind, contract, "x.csv")


MARKS = st.sampled_from([b"", *(mark for mark, _ in sniff.BOMS), *(magic for magic, _ in sniff.MAGIC)])


@given(MARKS, st.binary(max_size=600))
@example(b"", struct.pack("<4BIHH", 3, 99, 12, 31, 1, 65, 2) + bytes(60))
@example(b"", b"\xff\xfei\x00d\xdc,\x00n\x00")
@example(b"", zipped([])[:7])
def test_any_bytes_are_of_some_kind(mark: bytes, data: bytes) -> None:
    assert sniff.kind_of(mark + data) in {*sniff.WORDS, "empty", "unknown"}
    assert sniff.wide_encoding(mark + data) in {None, "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"}
