"""`lake new` of every format whose layout a file tells, packed and plain: its contract lands that very file, row for row and with nothing rejected."""

from __future__ import annotations

import bz2
import gzip
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
import zstandard

from jobs.contracts.load import contract_path, load_contract
from jobs.contracts.model import Contract, Namespace
from jobs.platform.errors import LakeError
from tests.corpus.columnar import avro, orced, parquet
from tests.unit.readers.made import landed
from tests.unit.readers.packing import sevened, tarred, zipped
from tests.unit.readers.test_shapes import files, point
from tests.unit.readers.test_shapes import zipped as shape
from tests.unit.readers.test_sqlite_table import database
from tests.unit.readers.test_workbook import ods, xlsx
from tests.unit.scaffold.test_new import new, rejected, root

__all__ = ["root"]
NAMES = ["东湖分馆", "西湖分馆", "市图书馆", "流动图书车"]
DAYS = [date(2024, 1, at + 1) for at in range(4)]
ROWS = [{"编号": f"L{at:02d}", "分馆": name, "日期": str(DAYS[at]), "人次": at * 7 + 1, "金额": at + 0.25} for at, name in enumerate(NAMES)]
KINDS = {"编号": "string", "分馆": "string", "日期": "date", "人次": "integer", "金额": "decimal"}
HEADERS = list(KINDS)
TEXT = "\n".join([",".join(HEADERS), *(",".join(str(row[h]) for h in HEADERS) for row in ROWS)]) + "\n"
TABLE = pa.table({h: [row[h] for row in ROWS] for h in HEADERS}).set_column(2, "日期", pa.array(DAYS))
FIELDS = [{"name": f"f{at}", "type": kind} for at, kind in enumerate(["string", "string", {"type": "int", "logicalType": "date"}, "long", "double"])]
XML = "<馆>" + "".join(f'<行 编号="{r["编号"]}"><分馆>{r["分馆"]}</分馆><日期>{r["日期"]}</日期><数><人次>{r["人次"]}</人次><金额>{r["金额"]}</金额></数></行>' for r in ROWS) + "</馆>"
VALUES = ", ".join(f"('{r['编号']}', '{r['分馆']}', '{r['日期']}', {r['人次']}, {r['金额']})" for r in ROWS)
CREATE = "CREATE TABLE t (编号 text, 分馆 text, 日期 text, 人次 integer, 金额 numeric)"
COPY = "--\n-- PostgreSQL database dump\n--\nCOPY public.t (编号, 分馆, 日期, 人次, 金额) FROM stdin;\n" + "".join("\t".join(str(r[h]) for h in HEADERS) + "\n" for r in ROWS) + "\\.\n--\n-- PostgreSQL database dump complete\n--\n"
DBF = {"NO": [r["编号"] for r in ROWS], "NAME": NAMES, "DAY": DAYS, "N": [r["人次"] for r in ROWS], "AMOUNT": pa.array([r["金额"] for r in ROWS], pa.float64())}
DOCUMENT = json.dumps({"data": {"rows": ROWS}}, ensure_ascii=False)


def stored(*statements: str) -> bytes:
    with closing(sqlite3.connect(":memory:")) as kept:
        for statement in statements:
            kept.execute(statement)
        kept.commit()
        return kept.serialize()


PLAIN: dict[str, tuple[Callable[[], bytes], str]] = {
    # what is made, and the `format` of the contract
    "csv": (TEXT.encode, "csv"), "csv in GB18030": (lambda: TEXT.encode("gb18030"), "csv"), "csv in UTF-16": (lambda: TEXT.encode("utf-16"), "csv"),
    "xlsx": (lambda: xlsx({"s": [HEADERS, *([r[h] for h in HEADERS] for r in ROWS)]}), "excel"), "ods": (lambda: ods({h: [str(r[h]) for r in ROWS] for h in HEADERS}), "excel"),
    "json": (DOCUMENT.encode, "json"), "json in GB18030": (lambda: DOCUMENT.encode("gb18030"), "json"),
    "jsonl": (lambda: "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in ROWS).encode(), "jsonl"),
    "parquet": (lambda: parquet(TABLE), "parquet"), "orc": (lambda: orced(TABLE), "orc"),
    "avro": (lambda: avro(FIELDS, [dict(zip((f["name"] for f in FIELDS), r.values(), strict=True)) for r in TABLE.to_pylist()]), "avro"),
    "dbf": (lambda: files(DBF)["dbf"], "dbf"), "dbf in GBK": (lambda: files(DBF, encoding="GBK")["dbf"], "dbf"),
    "shapefile": (lambda: shape(files(DBF, [point(at, 2) for at in range(4)], encoding="GBK")), "shapefile"),
    "sqlite": (lambda: stored(CREATE, f"INSERT INTO t VALUES {VALUES}"), "sqlite"),
    "xml": (XML.encode, "xml"), "xml in GB18030": (lambda: ('<?xml version="1.0" encoding="GB18030"?>' + XML).encode("gb18030"), "xml"),
    "xml in GB18030, which it does not say": (lambda: XML.encode("gb18030"), "xml"),
    "sql": (lambda: f"{CREATE};\nINSERT INTO t VALUES {VALUES};\n".encode(), "sql"), "sql in GB18030": (lambda: f"{CREATE};\nINSERT INTO t VALUES {VALUES};\n".encode("gb18030"), "sql"),
    "sql of MySQL": (lambda: f"-- MySQL dump 10.13\n{CREATE.replace(' t ', ' `t` ')} ENGINE=InnoDB;\nINSERT INTO `t` VALUES {VALUES};\n-- Dump completed\n".encode(), "sql"),
    "sql of PostgreSQL": (COPY.encode, "sql"),
    "sql of SQL Server": (lambda: f"INSERT [dbo].[t] ([编号], [分馆], [日期], [人次], [金额]) VALUES {VALUES.replace(chr(39) + 'L', 'N' + chr(39) + 'L')}\nGO\n".encode(), "sql"),
}  # fmt: skip
PACKED: dict[str, Callable[[str, bytes], bytes]] = {
    "gz": lambda _, data: gzip.compress(data), "bz2": lambda _, data: bz2.compress(data), "zst": lambda _, data: zstandard.compress(data),
    "zip": lambda name, data: zipped([(name, data)]), "tar": lambda name, data: tarred([(name, data)]), "7z": lambda name, data: sevened([(name, data)]),
    "tar in gz": lambda name, data: gzip.compress(tarred([(name, data)])), "zip beside junk": lambda name, data: zipped([(name, data), ("__MACOSX/._a", b"x")]),
}  # fmt: skip


def made(root: Path, content: bytes, *options: str, samples: tuple[bytes, ...] = ()) -> Contract:
    """The contract made of a sample, which lands it as registering and landing do: nothing is rejected, and by law 1 nothing is lost."""
    given = []
    for at, data in enumerate((content, *samples)):
        (root / f"sample{at}").write_bytes(data)
        given += ["--sample", str(root / f"sample{at}")]
    done = new("test.sample", *given, *options)
    assert done.exit_code == 0, done.output or done.exception
    contract = load_contract(contract_path(root, "test.sample"))
    for data in (content, *samples):
        for batch in landed(contract, data):
            assert batch.part.ragged == () and rejected(root, contract, batch.part) == []
    return contract


def values(contract: Contract, content: bytes) -> pl.DataFrame:
    return pl.concat([batch.part.frame.drop("_record", "_part").rename({c.name: c.source for c in contract.columns}) for batch in landed(contract, content)])


@pytest.mark.parametrize("name", PLAIN)
def test_a_sample_lands_by_the_contract_made_of_it(root: Path, name: str) -> None:
    content, form = PLAIN[name][0](), PLAIN[name][1]
    contract = made(root, content)
    kinds = [c.kind for c in contract.columns if not c.source.startswith("$")]
    assert (contract.reader.format, kinds, contract.column(contract.key[0]).kind) == (form, list(KINDS.values()), "string")
    assert values(contract, content).height == len(ROWS)


@pytest.mark.parametrize("packing", PACKED)
@pytest.mark.parametrize("name", ["csv in GB18030", "xlsx", "json", "jsonl", "orc", "dbf", "shapefile", "sqlite", "xml", "sql"])
def test_a_packed_sample_lands_as_well(root: Path, name: str, packing: str) -> None:
    content = PACKED[packing]("data.bin", PLAIN[name][0]())
    contract = made(root, content)
    assert contract.reader.format == PLAIN[name][1] and values(contract, content).height == len(ROWS)


def test_files_of_an_archive_may_differ_in_columns(root: Path) -> None:
    content = zipped([("a.csv", b"id,n\nx,1\ny,2\n"), ("b.csv", b"id,m\nz,3\n")])
    contract = made(root, content)
    assert {c.source: (c.optional, c.required) for c in contract.columns} == {"id": (False, True), "n": (True, False), "m": (True, False)}
    assert values(contract, content)["id"].to_list() == ["x", "y", "z"]
    text = contract_path(root, "test.sample").read_text()
    assert "decide: not every file of the sample has it" in text and "every file of an archive is data" in text


REPEATED = """<d xmlns="urn:a" xmlns:g="urn:g"><head><title>t</title><page>1</page><page>2</page></head><rows>
<r id="1" xml:lang="zh"><name>a</name><g:name>A</g:name><tag k="v">x</tag><tag>y</tag><p lat="1.5"/><part><n>1</n></part></r>
<r id="2"><name>b</name><tag>z</tag><p lat="2.5"/><part><n>1</n></part><part><n>2</n></part></r>
<r id="3"><name/><part><n>3</n></part></r></rows></d>"""


def test_what_repeats_is_the_row_and_prefixes_stand_where_a_name_is_two(root: Path) -> None:
    contract = made(root, REPEATED.encode())
    assert (contract.reader.row_element, contract.reader.namespaces) == ("r", (Namespace("ns1", "urn:a"), Namespace("g", "urn:g")))
    sent = values(contract, REPEATED.encode())
    assert sent.to_dict(as_series=False) == {
        "@id": ["1", "2", "3"], "@lang": ["zh", None, None], "tag.@k": ["v", None, None], "p.@lat": ["1.5", "2.5", None], "ns1:name": ["a", "b", None], "g:name": ["A", None, None],
        "tag": ['["x", "y"]', "z", None], "part": ['{"n": "1"}', '[{"n": "1"}, {"n": "2"}]', '{"n": "3"}'],
    }  # fmt: skip
    assert "a row is an element r, of which 3 stand side by side" in contract_path(root, "test.sample").read_text()


def test_members_that_are_objects_in_some_rows_and_values_or_nothing_in_others(root: Path) -> None:
    lines = b'{"a": null, "b": {"x": 1}, "c": 1.15}\n{"a": {"x": 1}, "b": "text", "c": 12345678901234567890.25}\n'
    sent = values(made(root, lines), lines)
    assert sent.to_dict(as_series=False) == {"b": ['{"x": 1}', "text"], "c": ["1.15", "12345678901234567890.25"], "a.x": [None, "1"]}


TABLES: dict[str, tuple[Callable[[], bytes], list[str]]] = {
    "sqlite": (lambda: database("CREATE TABLE t (a, b)", "CREATE TABLE u (a, b)", rows=[("x", 1), ("y", 2)]), ["'t'", "'u'"]),
    "sql": (lambda: b"INSERT INTO t (a, b) VALUES ('x', 1), ('y', 2);\nINSERT INTO u (c) VALUES (1);\n", ["'t'", "'u'"]),
}


@pytest.mark.parametrize("name", TABLES)
def test_of_several_tables_one_is_named(root: Path, name: str) -> None:
    content, said = TABLES[name][0](), TABLES[name][1]
    (root / "s").write_bytes(content)
    failed = new("test.sample", "--sample", str(root / "s")).exception
    assert isinstance(failed, LakeError) and all(table in failed.message for table in said) and "--table" in failed.way_out
    contract = made(root, content, "--table", "t")
    assert contract.reader.table == "t" and values(contract, content).to_dict(as_series=False) == {"a": ["x", "y"], "b": ["1", "2"]}


def test_moments_with_a_zone_and_headers_that_are_none_or_twice(root: Path) -> None:
    moments = orced(pa.table({"at": pa.array([datetime(2024, 1, 1, 8, 30)] * 2, pa.timestamp("us", "Asia/Shanghai")), "n": [1.0, 2.5]}))
    assert [c.kind for c in made(root, moments).columns] == ["timestamp", "decimal"]
    contract_path(root, "test.sample").unlink()
    (root / "expectations" / "test" / "sample.yaml").unlink()
    contract = made(root, b",x,x\n0,a,b\n1,c,d\n")
    assert ([c.source for c in contract.columns], contract.drift.new_column) == (["x", "x__2"], "evolve")


REFUSED: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "fixed width": (lambda: b"001ab\n002cd\n003ef\n", "every line of bad.bin has 5 characters", "`start` and `length` of every column"),
    "a web page named .xls": (lambda: b"<html><table><tr><td>1</td></tr></table></html>", "is a web page (HTML)", "formats.md"),
    "a PDF in a zip": (lambda: zipped([("a.pdf", b"%PDF-1.7 ")]), "a.pdf is a PDF document", "formats.md"),
    "two kinds in a zip": (lambda: zipped([("a.csv", b"a,b\n1,2\n"), ("b.json", b'[{"a": 1}]')]), "b.json is format: json, rowsAt: ['$'], a.csv is format: csv, delimiter: ,", "take them out of the archive"),
    "a readme in a zip": (lambda: zipped([("a.csv", b"a,b\n1,2\n"), ("readme.txt", b"hello,you\nbye,you\n")]), "readme.txt and a.csv have no column in common", "what is no data"),
    "a zip of nothing": (lambda: zipped([]), "an archive without a file", ""),
    "a zip with a password": (lambda: sevened([("a", b"1")], password="x"), "password", ""),
    "an element alone": (lambda: b"<d><r><id>1</id></r></d>", "no element that repeats", "rowElement"),
    "entities": (lambda: b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d><r>&x;</r><r/></d>', "declares entities", ""),
    "a member no path can say": (lambda: b'[{"a.b": 1}]', "a member 'a.b'", "$row"),
    "a header no contract can say": (lambda: b"$period,n\n1,2\n", "'$period' begins with $", ""),
    "line ends of two kinds": (lambda: b"a,b\n1,2\r3,4\n", "was read as 3 records, but holds 2", ""),
    "damaged": (lambda: orced(TABLE)[:-9], "not ORC that can be read", ""),
    "rows of no columns": (lambda: stored("CREATE TABLE t (a, b)", "DROP TABLE t"), "holds the tables none", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_tells_no_layout_is_one_clear_line(root: Path, name: str) -> None:
    make, message, way_out = REFUSED[name]
    (root / "bad.bin").write_bytes(make())
    failed = new("test.sample", "--sample", str(root / "bad.bin")).exception
    assert isinstance(failed, LakeError), repr(failed)
    assert message in failed.message and way_out in failed.way_out, (failed.message, failed.way_out)


def test_a_table_of_what_has_none(root: Path) -> None:
    (root / "a.csv").write_bytes(b"a\n1\n")
    failed = new("test.sample", "--sample", str(root / "a.csv"), "--table", "t").exception
    assert isinstance(failed, LakeError) and "has no tables" in failed.message
