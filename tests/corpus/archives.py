"""Archives and compression around any format, nested; files that are kept as attachments; and content that is not what its name says."""

from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import zstandard

from jobs.contracts.model import Archive, Column
from tests.corpus.case import HEAD, Case, Lands, Refuses, of, texts
from tests.corpus.columnar import BORN, TABLE, parquet
from tests.corpus.tables import ATTRIBUTES, ROWS, dbf, layer
from tests.unit.readers.made import contract
from tests.unit.readers.packing import sevened, tarred, zipped
from tests.unit.readers.test_sqlite_table import database
from tests.unit.readers.test_workbook import ods, xlsx

PAIR = [Column("id", "id", "integer"), Column("name", "name", "string")]
MEMBER = [*PAIR, Column("member", "$member", "string")]
A, B = b"id,name\n1,a\n2,b\n", b"id,name\n3,c\n"
NONE, TWICE = (0, 0, 0), (2, 0, 0)
AB = [(1, "a"), (2, "b")]
ONLY_CSV = Archive(members=r".*\.csv")


def case(name: str, made: Callable[[], bytes], expected: Lands | Refuses, columns: list[Column] | None = None, file: str = "dump.zip", form: str = "csv", **reader: Any) -> Case:
    return Case(name, contract(columns or PAIR, format=form, **reader), file, made, expected)


def lands(rows: list[tuple[Any, ...]], packed: str = "", skipped: tuple[int, int, int] = HEAD, **noted: Any) -> Lands:
    return Lands(rows, skipped=skipped, noted={**({"packed": [packed]} if packed else {}), **noted})


BOOK = [["id", "name"], [1, "a"]]
LINES = b'{"id": 1, "name": "a"}\n'
FIXED = [Column("id", "id", "integer", start=1, length=3), Column("name", "name", "string", start=4, length=2)]



def pair(first: list[Any], second: list[Any]) -> Callable[[], bytes]:
    """A zip of two Parquet files with these ids."""
    return lambda: zipped([(str(at), parquet(pa.table({"id": ids, "name": ["a"] * len(ids)}))) for at, ids in enumerate((first, second))])


PACKED = [
    case("gzip", lambda: gzip.compress(A), lands(AB, "gz"), file="dump.csv.gz"),
    case("bzip2", lambda: bz2.compress(A), lands(AB, "bz2"), file="dump.csv.bz2"),
    case("Zstandard", lambda: zstandard.compress(A), lands(AB, "zst"), file="dump.csv.zst"),
    case("gzip, one stream after another", lambda: gzip.compress(A) + gzip.compress(b"3,c\n"), lands([*AB, (3, "c")], "gz"), file="dump.csv.gz"),
    case("zip", lambda: zipped([("a.csv", A)]), lands(AB, "zip")),
    case("tar", lambda: tarred([("a.csv", A)]), lands(AB, "tar"), file="dump.tar"),
    case("7z", lambda: sevened([("a.csv", A)]), lands(AB, "7z"), file="dump.7z"),
    case("tar in gzip", lambda: gzip.compress(tarred([("a.csv", A)])), lands(AB, "gz > tar"), file="dump.tgz"),
    case("zip in a zip", lambda: zipped([("in.zip", zipped([("a.csv", A)]))]), lands([(1, "a", "in.zip/a.csv"), (2, "b", "in.zip/a.csv")], "zip > zip"), MEMBER),
    case("gzip in 7z in tar", lambda: tarred([("x.7z", sevened([("a.csv.gz", gzip.compress(A))]))]), lands(AB, "tar > 7z > gz"), file="dump.tar"),
    case("several files, each with its header", lambda: zipped([("x/a.csv", A), ("b.csv", B)]), lands([(1, "a", "x/a.csv"), (2, "b", "x/a.csv"), (3, "c", "b.csv")], skipped=TWICE, files=2), MEMBER),
    case("files that nobody wants are named", lambda: zipped([("a.csv", A), ("readme.txt", b"hello"), ("__MACOSX/._a.csv", b"x")]), Lands(AB, noted={"skipped_count": 2, "skipped": ["readme.txt", "__MACOSX/._a.csv"]}), archive=ONLY_CSV),
    case("no file that somebody wants", lambda: zipped([("readme.txt", b"hello")]), Refuses("no_members", ("readme.txt",)), archive=ONLY_CSV),
    case("no file at all", lambda: zipped([]), Refuses("no_members", ("nothing",))),
    case("a file of zero bytes inside", lambda: zipped([("a.csv", A), ("b.csv", b"")]), Refuses("empty", ("b.csv",))),
    case("files of different columns", lambda: zipped([("a.csv", A), ("b.csv", b"id,title\n3,c\n")]), Refuses("missing_column", ("'name'",))),
    case("files in different encodings", lambda: zipped([("a.csv", "id,name\n1,三丰先生在北京市\n".encode("gb18030")), ("b.csv", "id,name\n2,中\n".encode("utf-16"))]), lands([(1, "三丰先生在北京市"), (2, "中")], "zip", TWICE)),
    case("names as Windows in China writes them", lambda: zipped([("AAAA.csv", A)]).replace(b"AAAA.csv", "名单".encode("gbk") + b".csv"), lands([(1, "a", "名单.csv"), (2, "b", "名单.csv")]), MEMBER),
    case("a ragged row inside", lambda: zipped([("a.csv", A + b"3\n")]), Lands(AB, {"ragged": 1})),
    case("GB18030 in gzip, as the contract says", lambda: gzip.compress("id,name\n1,㐀\n".encode("gb18030")), lands([(1, "㐀")], "gz"), file="dump.csv.gz", encoding="gb18030"),
    case("a byte that is no text, inside", lambda: zipped([("a.csv", b"id,name\n1,\xff\n")]), Refuses("wrong_encoding", ("near line 2, at byte 10",)), encoding="utf-8"),
    case("a folder and nothing in it", lambda: zipped([("x/", b"")]), Refuses("no_members")),
]
FORMATS = [
    case("workbook in a zip", lambda: zipped([("a.xlsx", xlsx({"s": BOOK}))]), lands([(1, "a")], "zip"), form="excel"),
    case("two workbooks in a 7z", lambda: sevened([("a.xlsx", xlsx({"s": BOOK})), ("b.xlsx", xlsx({"s": BOOK}))]), lands([(1, "a", "a.xlsx"), (1, "a", "b.xlsx")], "7z", TWICE), MEMBER, "dump.7z", "excel"),
    case("OpenDocument in a zip", lambda: zipped([("a.ods", ods({"id": ["1"], "name": ["a"]}))]), Lands([(1, "a")], drift=("hidden rows: not known",)), form="excel"),
    case("JSON in bzip2", lambda: bz2.compress(json.dumps({"rows": [{"id": 1, "name": "a"}]}).encode()), lands([(1, "a")], "bz2", NONE), file="dump.json.bz2", form="json", rows_at=("rows",)),
    case("JSON lines in Zstandard", lambda: zstandard.compress(LINES * 2), lands([(1, "a")] * 2, "zst", NONE), file="dump.jsonl.zst", form="jsonl"),
    case("XML in a tar", lambda: tarred([("a.xml", b"<d><r><id>1</id><name>a</name></r></d>")]), lands([(1, "a")], "tar", NONE), file="dump.tar", form="xml", row_element="r"),
    case("fixed width in gzip, with its control count", lambda: gzip.compress(b"001ab\n002cd\nT2\n"), lands([(1, "ab"), (2, "cd")], "gz", (0, 1, 0)), FIXED, "dump.txt.gz", "fixedWidth", trailer_record=r"^T(?P<count>\d+)"),
    case("Parquet in a zip", lambda: zipped([("a.parquet", parquet(TABLE.select(["id", "name"])))]), lands([(1, "王小明"), (None, None)], "zip", NONE), form="parquet"),
    case("Parquet files, a day in one where the other has a number", pair([1], [BORN]), Refuses("retyped_column", ("'id'", "Date")), form="parquet"),
    case("Parquet files, whole numbers in one where the other has fractions", pair([1], [2.0, 2.5]), Lands([(1, "a"), (2, "a")], {"castable:id": 1}, skipped=NONE), form="parquet"),
    case("Parquet files, a long whole number in one where the other has fractions", pair([2**53 + 1], [2.0]), Lands([(2**53 + 1, "a"), (2, "a")], skipped=NONE), form="parquet"),
    case("Parquet files, digits that fractions beside them would cut", pair([2**53 + 1], [2.5]), Refuses("retyped_column", ("'id'", "Float64")), [Column("id", "id", "string"), PAIR[1]], form="parquet"),
    case("Parquet files, numbers in one where the other has texts", pair([1], ["２"]), Lands([(1, "a"), (2, "a")], skipped=NONE), form="parquet"),
    case("SQLite in a zip", lambda: zipped([("a.db", database("CREATE TABLE t (id, name)", rows=[(1, "a")]))]), lands([(1, "a")], "zip", NONE), form="sqlite"),
    case("SQL dump in gzip", lambda: gzip.compress(b"INSERT INTO t (id, name) VALUES (1, 'a');\n"), lands([(1, "a")], "gz", NONE), file="dump.sql.gz", form="sql"),
    case("shapefile in a zip in a zip", lambda: zipped([("a.zip", layer()())]), lands(ROWS, "zip", NONE), ATTRIBUTES, form="shapefile"),
]  # fmt: skip

BYTES: dict[str, Callable[[], bytes]] = {
    "PDF": of(b"%PDF-1.7\n..."), "PNG": of(b"\x89PNG\r\n\x1a\n...."), "JPEG": of(b"\xff\xd8\xff\xe0...."), "ZIP": lambda: zipped([("../a", b"x")]), "7z with a password": lambda: sevened([("a", b"1")], password="x"), "text": of(A),
}  # fmt: skip
ATTACHMENTS = [case(f"attachment: {name}", made, Refuses("not_applicable", ("An attachment",)), file="scan.bin", form="attachment") for name, made in BYTES.items()]

HTML = "<html><head><meta charset='utf-8'></head><body><table><tr><td>id</td></tr></table></body></html>"
SNIFFED = [
    case("a .csv that is a workbook", lambda: xlsx({"s": BOOK}), Refuses("wrong_format", ("is named .csv, but it is an Excel workbook (.xlsx)",)), file="dump.csv"),
    case("a .csv that is an OpenDocument sheet", lambda: ods({"id": ["1"], "name": ["a"]}), Refuses("wrong_format", ("OpenDocument",)), file="dump.csv"),
    case("a .csv that is an old workbook", of(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)), Refuses("wrong_format", ("old Excel workbook",)), file="dump.csv"),
    case("a .csv that is a web page", of(HTML), Refuses("wrong_format", ("is named .csv, but it is a web page (HTML)",)), file="dump.csv"),
    case("a .csv that is JSON", of('[{"id": 1}]'), Refuses("wrong_format", ("is JSON",)), file="dump.csv"),
    case("a .csv that is XML", of("<?xml version='1.0'?><d/>"), Refuses("wrong_format", ("is XML",)), file="dump.csv"),
    case("a .csv that is Parquet", lambda: parquet(TABLE), Refuses("wrong_format", ("a Parquet file",)), file="dump.csv"),
    case("a .csv that is a PDF document", of(b"%PDF-1.7\n"), Refuses("wrong_format", ("a PDF document",)), file="dump.csv"),
    case("a .csv that is an SQLite database", database, Refuses("wrong_format", ("an SQLite database",)), file="dump.csv"),
    case("a .csv that is a zip of a .csv", lambda: zipped([("a.csv", A)]), lands(AB, "zip"), file="dump.csv"),
    case("a .csv that is gzip", lambda: gzip.compress(A), lands(AB, "gz"), file="dump.csv"),
    case("a .xls that is a web page", of(HTML), Refuses("wrong_format", ("is named .xls, but it is a web page (HTML)", "a spreadsheet")), file="dump.xls", form="excel"),
    case("a .xls that is text with tabs", of("id\tname\n1\ta\n"), Refuses("wrong_format", ("is named .xls, but it is plain text",)), file="dump.xls", form="excel"),
    case("a .xls that is text with tabs, where the contract knows that", of("id\tname\n1\ta\n"), lands([(1, "a")]), file="dump.xls", delimiter="\t"),
    case("a .xls that is UTF-16 text with tabs, as a spreadsheet saves it", of("\ufeffid\tname\r\n1\t中\r\n", "utf-16-le"), lands([(1, "中")]), file="dump.xls", delimiter="\t"),
    case("a .xls that is an .xlsx", lambda: xlsx({"s": BOOK}), lands([(1, "a")], kind=["xlsx"]), file="dump.xls", form="excel"),
    case("a .json that is JSON lines", of('{"id": 1, "name": "a"}\n{"id": 2, "name": "b"}\n'), Refuses("unreadable"), file="dump.json", form="json", rows_at=("$",)),
    case("a .zip that is text", of(A), lands(AB), file="dump.zip"),
    case("a .parquet that is text", of(A), Refuses("wrong_format", ("is named .parquet, but it is plain text",)), file="dump.parquet", form="parquet"),
    case("a text whose header starts with PAR1", of("PAR1,name\n1,a\n"), lands([("1", "a")]), texts("PAR1", "name"), file="dump.csv"),
    case("a workbook in a zip where text was agreed", lambda: zipped([("a.csv", xlsx({"s": BOOK}))]), Refuses("wrong_format", ("Excel workbook",))),
    case("a dBase table where text was agreed", dbf, Refuses("wrong_format", ("dBase table",)), file="dump.csv"),
    case("bytes that are nothing known", of(bytes(range(256)) * 4), Refuses("unknown_encoding"), file="dump.csv"),
]  # fmt: skip

CASES = [*PACKED, *FORMATS, *ATTACHMENTS, *SNIFFED]
