"""What somebody might send to do harm, and what damaged programs send without meaning it: each a clear outcome, in little memory.

`most` bounds the memory that reading a case may take beyond what the process holds.
"""

from __future__ import annotations

import gzip
import io
import random
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import fastavro
import py7zr
import zstandard

from jobs.contracts.model import Archive, Column
from tests.corpus.case import Case, Lands, Refuses, of, texts
from tests.unit.readers.made import contract
from tests.unit.readers.packing import CODECS, linked, rezipped, sevened, tarred, zipped
from tests.unit.readers.test_containers import broken_crc, encrypted_zip, linked_zip, long_named_tar, overlapping_zip, quine
from tests.unit.readers.test_sqlite_table import ENDLESS, database
from tests.unit.readers.test_workbook import bomb, far, ods, xlsx

PAIR = texts("id", "name")
CSV = b"id,name\n1,a\n"
NONE = (0, 0, 0)


def case(name: str, made: Callable[[], bytes], expected: Lands | Refuses, columns: list[Column] | None = None, form: str = "csv", file: str = "dump.zip", most: int = 256, **reader: Any) -> Case:
    return Case(name, contract(columns or PAIR, format=form, **reader), file, made, expected, most)


def lying(data: bytes, size: int, said: int) -> bytes:
    """A ZIP whose headers say another size for its only member."""
    return data.replace(size.to_bytes(4, "little"), said.to_bytes(4, "little"))


def changed(change: Callable[[bytearray, int], None]) -> bytes:
    """A 7z in whose header (from this place on) something was changed, its checksums in order again."""
    sink = io.BytesIO()
    with py7zr.SevenZipFile(sink, "w") as archive:
        archive.set_encoded_header_mode(False)  # noqa: FBT003
        archive.writestr(CSV, "xx/a.csv")
    data = bytearray(sink.getvalue())
    offset, size = struct.unpack_from("<QQ", data, 12)
    header = 32 + int(offset)
    change(data, header)
    struct.pack_into("<I", data, 28, zlib.crc32(data[header : header + size]))
    struct.pack_into("<I", data, 8, zlib.crc32(data[12:32]))
    return bytes(data)


def greedy(data: bytearray, header: int) -> None:
    """Its coder (LZMA2, one byte of properties) asks for the largest dictionary there is."""
    data[data.index(b"\x21\x21\x01", header) + 3] = 40


def climbing(data: bytearray, header: int) -> None:
    at = data.index("xx/a.csv".encode("utf-16-le"), header)
    data[at : at + 4] = "..".encode("utf-16-le")


def stretched(rows: int, columns: int, cell: str) -> bytes:
    """A small .ods, and a cell below it that is said to come so often."""
    row = f'<table:table-row table:number-rows-repeated="{rows}"><table:table-cell {cell} table:number-columns-repeated="{columns}"/></table:table-row>'
    return rezipped(ods({"id": ["1"], "name": ["a"]}), lambda name, content: (name, content.replace(b"</table:table>", row.encode() + b"</table:table>") if name == "content.xml" else content))


def claims(records: int) -> bytes:
    """An Avro file whose one block of no bytes claims so many records of nulls."""
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema({"type": "record", "name": "r", "fields": [{"name": "n", "type": "null"}]}), [{"n": None}])
    made, one = out.getvalue(), b"\x02\x00"  # a record, in no bytes; numbers are zigzag, seven bits a byte
    number, coded = records * 2, bytearray()
    while number > 127:
        number, coded = number >> 7, coded + bytes([number & 127 | 128])
    at = made.rindex(one + made[-16:])
    return made[:at] + bytes(coded) + bytes([number]) + made[at + 1 :]


def placed(*changes: tuple[bytes, bytes]) -> Callable[[], bytes]:
    """A header and two rows, whose sheet's XML (`<row r="3" …><c r="A3" …>`) is changed: pattern → what stands there instead."""

    def change(name: str, content: bytes) -> tuple[str, bytes]:
        for pattern, text in changes if name == "xl/worksheets/sheet1.xml" else ():
            content = re.sub(pattern, text, content)
        return name, content

    return lambda: rezipped(xlsx({"s": [["id", "name"], ["1", "a"], ["2", "b"]]}), change)


def broken(workbook: bytes) -> bytes:
    """Its sheet is not what its checksum says, in either place that tells it."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as packed:
        said = struct.pack("<L", packed.getinfo("xl/worksheets/sheet1.xml").CRC)
    return workbook.replace(said, bytes(4))


def elsewhere(workbook: bytes) -> bytes:
    """Its sheet is another member than sheets usually are."""
    return rezipped(workbook, lambda name, content: (name.replace("worksheets/sheet1.xml", "other/s.xml"), content.replace(b"worksheets/sheet1.xml", b"other/s.xml")))


def zeros(mebibytes: int) -> bytes:
    return bytes(mebibytes << 20)


UNPACKS = ("unpacks to more than 250 times its size",)
BOMBS = [
    *(case(f"a bomb of zeros ({kind})", lambda pack=pack: pack(zeros(80)), Refuses("zip_bomb", UNPACKS)) for kind, pack in CODECS.items()),  # type: ignore[misc]
    case("a bomb of zeros (zip)", lambda: zipped([("a.csv", zeros(80))]), Refuses("zip_bomb", UNPACKS)),
    case("a bomb of zeros (7z)", lambda: sevened([("a.csv", zeros(80))]), Refuses("zip_bomb", UNPACKS)),
    case("a bomb in a bomb", lambda: zipped([("a.csv.gz", gzip.compress(zeros(80)))]), Refuses("zip_bomb")),
    case("many small bombs", lambda: zipped([(f"{at}.csv", zeros(4)) for at in range(20)]), Refuses("zip_bomb")),
    case("a bomb in a workbook", bomb, Refuses("zip_bomb"), form="excel", file="dump.xlsx"),
    case("a bomb in a workbook that is named .csv", bomb, Refuses("zip_bomb"), file="dump.csv"),
    case("a bomb that says it is small", lambda: lying(zipped([("a.csv", zeros(80))]), 80 << 20, 100), Refuses("damaged_archive")),
    case("members that share their bytes", overlapping_zip, Refuses("zip_bomb", ("overlap",))),
    case("a gzip of rows that repeat, packed tightly but not beyond measure", lambda: gzip.compress(b"id,name\n" + b"1,some words that repeat\n" * 100_000), Lands(100_000), file="dump.csv.gz"),
    case("more bytes than the contract takes", lambda: gzip.compress(CSV * 1000), Refuses("zip_bomb"), archive=Archive(most_bytes=1000)),
    case("more files than the contract takes", lambda: zipped([(f"{at}.csv", CSV) for at in range(4)]), Refuses("too_many_members"), archive=Archive(most_members=3)),
    case("more files than any delivery has", lambda: zipped([(f"{at}", b"") for at in range(10_001)], zipfile.ZIP_STORED), Refuses("too_many_members"), archive=Archive(members="x")),
    case("more held in memory than the contract takes", lambda: sevened([("a.csv", CSV * 1000)]), Refuses("too_big_inside"), archive=Archive(most_held=1000)),
    case("a 7z that asks for 4 GiB of memory", lambda: changed(greedy), Refuses("zip_bomb", ("of memory",))),
]

NESTS = [
    case("an archive that never ends", lambda: quine(20), Refuses("nested_too_deep", ("holds itself",))),
    case("compressed four times", lambda: gzip.compress(gzip.compress(gzip.compress(gzip.compress(CSV)))), Refuses("nested_too_deep")),
    case("archives where the contract takes none", lambda: zipped([("a.csv", CSV)]), Refuses("nested_too_deep"), archive=Archive(most_depth=0)),
]

PATHS = [
    *(case(f"a path that leads out: {name}", lambda name=name: zipped([(name, CSV)]), Refuses("unsafe_path", ("leads out of its folder",))) for name in ("../a.csv", "x/../../a.csv", "/etc/passwd", "C:\\a.csv", "x\\..\\..\\a.csv")),  # type: ignore[misc]
    case("a path that leads out (tar)", lambda: tarred([("../a.csv", CSV)]), Refuses("unsafe_path")),
    case("a path that leads out (7z)", lambda: changed(climbing), Refuses("unsafe_path")),
    case("a path that leads out, of a file that nobody wants", lambda: tarred([("../a.txt", CSV), ("a.csv", CSV)]), Refuses("unsafe_path"), archive=Archive(members=r".*\.csv")),
    case("a link to another file (tar)", lambda: linked("a.csv", tarfile.SYMTYPE), Refuses("link_in_archive")),
    case("a hard link (tar)", lambda: linked("a.csv", tarfile.LNKTYPE), Refuses("link_in_archive")),
    case("a device (tar)", lambda: linked("a.csv", tarfile.CHRTYPE), Refuses("link_in_archive")),
    case("a link to another file (zip)", linked_zip, Refuses("link_in_archive")),
]

DAMAGED = [
    case("a password (zip)", encrypted_zip, Refuses("encrypted", ("without one",))),
    case("a password (7z)", lambda: sevened([("a.csv", CSV)], "secret"), Refuses("encrypted")),
    case("a method that nobody reads", lambda: zipped([("a.csv", CSV)], zipfile.ZIP_LZMA), Refuses("unsupported_archive", ("Deflate",))),
    case("bytes that changed on the way (zip)", broken_crc, Refuses("damaged_archive")),
    case("bytes that changed on the way (gzip)", lambda: gzip.compress(CSV)[:-8] + bytes(8), Refuses("damaged_archive")),
    case("cut off (zip)", lambda: zipped([("a.csv", CSV)])[:-9], Refuses("damaged_archive")),
    case("cut off (tar)", lambda: tarred([("a.csv", CSV * 200)])[:1600], Refuses("damaged_archive")),
    case("cut off (Zstandard)", lambda: zstandard.compress(CSV * 100)[:-6], Refuses("damaged_archive")),
    case("followed by rubbish (gzip)", lambda: gzip.compress(CSV) + b"rubbish", Refuses("damaged_archive")),
    case("a name of 8 GiB (tar)", long_named_tar, Refuses("damaged_archive")),
    case("two files of one name (7z)", lambda: sevened([("a.csv", CSV), ("a.csv", CSV)]), Refuses("damaged_archive")),
]

LAUGHS = '<!DOCTYPE d [<!ENTITY a "ha">' + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)) + "]>"
UNSAFE = Refuses("unsafe_xml", ("without a DOCTYPE",))


def xml(name: str, text: str | Callable[[], bytes], expected: Lands | Refuses, most: int = 256) -> Case:
    return case(f"XML, {name}", of(text) if isinstance(text, str) else text, expected, [Column("a", "a", "string")], "xml", "dump.xml", most, row_element="r")


XML = [
    xml("a billion laughs", LAUGHS + "<d><r><a>&j;</a></r></d>", UNSAFE),
    xml("a billion laughs in an attribute", LAUGHS + '<d><r x="&j;"><a>1</a></r></d>', UNSAFE),
    xml("an entity that reads a file", '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d><r><a>&x;</a></r></d>', UNSAFE),
    xml("an entity that asks a server", '<!DOCTYPE d [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd">%x;]><d><r><a>1</a></r></d>', UNSAFE),
    xml("an entity of megabytes, used often", lambda: f'<!DOCTYPE d [<!ENTITY x "{"x" * 1_000_000}">]><d><r><a>{"&x;" * 1000}</a></r></d>'.encode(), UNSAFE),
    xml("a DTD that is somewhere else is not fetched", '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd"><d><r><a>1</a></r></d>', Lands([("1",)], skipped=NONE)),
    xml("an inclusion that is not followed", '<d xmlns:xi="http://www.w3.org/2001/XInclude"><r><a><xi:include href="file:///etc/passwd" parse="text"/></a></r></d>', Lands([('{"include": ""}',)], skipped=NONE)),
    xml("elements inside elements without end", lambda: b"<d>" * 100_000 + b"<r/>" + b"</d>" * 100_000, Refuses("unreadable")),
    xml("a text of 11 MB", lambda: b"<d><r><a>" + b"x" * 11_000_000 + b"</a></r></d>", Refuses("unreadable")),
    xml("a million attributes", lambda: b"<d><r " + b" ".join(b'a%d="1"' % at for at in range(1_000_000)) + b"/></d>", Refuses("unreadable"), 1200),
    xml("a NUL", "<d><r><a>\x00</a></r></d>", Refuses("unreadable")),
]

TEXT = [
    case("a cell of 10 MB", lambda: b"id,name\n1," + b"x" * 10_000_000 + b"\n2,a\n", Lands(2), file="dump.csv"),
    case("a quoted cell of 10 MB with line ends", lambda: b'id,name\n1,"' + b"x\n" * 5_000_000 + b'"\n2,a\n', Lands(2), file="dump.csv", most=700),
    case("a line of 80 MB", lambda: b"id,name\n1," + b"x" * (80 << 20) + b"\n", Refuses("record_too_long", ("32 MiB",)), file="dump.csv", most=700),
    case("a quote that never ends before 80 MB", lambda: b'id,name\n1,"' + b"x\n" * (40 << 20), Refuses("record_too_long"), file="dump.csv", most=900),
    case("a million columns", lambda: b",".join(b"c%d" % at for at in range(1_000_000)) + b"\n", Refuses("too_many_columns", ("no more than 10000",)), file="dump.csv"),
    case("more columns than can be read", lambda: b",".join(b"%d" % at for at in range(100_001)) + b"\n1\n", Refuses("too_many_columns", ("at least 100001 columns",)), file="dump.csv"),
    case("a million fields in a row", lambda: CSV + b"," * 1_000_000 + b"\n2,b\n", Lands([("1", "a"), ("2", "b")], {"ragged": 1}), file="dump.csv"),
    case("a million blank lines", lambda: CSV + b"\n" * 1_000_000, Lands([("1", "a")], skipped=(1, 0, 1_000_000)), file="dump.csv", most=500),
    case("300,000 ragged rows", lambda: CSV + b"1\n" * 300_000, Lands([("1", "a")], {"ragged": 300_000}), file="dump.csv", most=1200),
    case("NULs in a text", of(b"id,name\n1,a\x00b\n"), Refuses("nul_bytes", ("byte 11",)), file="dump.csv"),
    case("a block of NULs at the end, as a full disk leaves it", lambda: CSV * 100 + bytes(4096), Refuses("nul_bytes"), file="dump.csv"),
    case("nothing but NULs", lambda: bytes(4096), Refuses("nul_bytes"), file="dump.csv"),
    case("nothing but quotes", lambda: b'"' * 100_001, Refuses("unreadable"), file="dump.csv"),
    case("nothing but line ends", lambda: b"\n" * 100_000, Refuses("no_header"), file="dump.csv"),
    case("nothing but a mark", of("\ufeff"), Refuses("no_header"), file="dump.csv"),
    case("characters that turn a text around", of("id,name\n1,\u202egnp.exe\n"), Lands([("1", "\u202egnp.exe")]), file="dump.csv"),
    case("cells that a spreadsheet would run", of('id,name\n1,"=HYPERLINK(""http://x"",""y"")"\n2,@SUM(A1)\n3,-1+cmd|\' /C calc\'!A0\n4,+1\n5,-\n6,=1\n'),
         Lands([("1", '=HYPERLINK("http://x","y")'), ("2", "@SUM(A1)"), ("3", "-1+cmd|' /C calc'!A0"), ("4", "+1"), ("5", "-"), ("6", "=1")], noted={"formulas": 4}), file="dump.csv"),
    case("a header that is named as the lake's own column", of("id,name,_record\n1,a,9\n"), Lands([("1", "a", "9")]), [*PAIR, Column("r", "_record", "string")], file="dump.csv"),
    case("random bytes", lambda: random.Random(1).randbytes(100_000), Refuses("unknown_encoding"), file="dump.csv"),
]

OTHERS = [
    case("JSON, arrays inside arrays without end", lambda: b'{"rows": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", Refuses("unreadable"), form="json", rows_at=("rows",)),
    case("JSON, a number of a million digits", lambda: b'{"rows": [{"id": ' + b"9" * 1_000_000 + b', "name": "a"}]}', Refuses("unreadable"), form="json", rows_at=("rows",)),
    case("JSON, a text of 10 MB", lambda: b'{"rows": [{"id": "1", "name": "' + b"x" * 10_000_000 + b'"}]}', Lands(1, skipped=NONE), form="json", rows_at=("rows",)),
    case("JSON lines, arrays inside arrays without end", lambda: b'{"id": ' + b"[" * 200_000 + b"]" * 200_000 + b"}\n", Refuses("unreadable"), form="jsonl"),
    case("JSON lines, a text of 10 MB", lambda: b'{"id": "1", "name": "' + b"x" * 10_000_000 + b'"}\n', Lands(1, skipped=NONE), form="jsonl"),
    case("SQLite, a view that never ends", lambda: database("CREATE TABLE t (a, b)", ENDLESS), Refuses("unreadable"), texts("a", "b"), "sqlite", "dump.db", table="v"),
    case("SQLite, a view that writes a blob of 1 GB", lambda: database("CREATE TABLE t (a, b)", "CREATE VIEW v AS SELECT zeroblob(999999999) AS a, 1 AS b"), Refuses("unreadable"), texts("a", "b"), "sqlite", "dump.db", table="v"),
    case("SQL, a cell of 10 MB", lambda: b"INSERT INTO t (id, name) VALUES (1, '" + b"x" * 10_000_000 + b"');\n", Lands(1, skipped=NONE), form="sql", file="dump.sql", most=500),
    case("SQL, parentheses without end", lambda: b"INSERT INTO t (id, name) VALUES (1, " + b"(" * 100_000 + b"1" + b")" * 100_000 + b");\n", Refuses("unreadable"), form="sql", file="dump.sql", most=700),
    case("workbook, a cell of the largest text", lambda: xlsx({"s": [["id", "name"], ["1", "x" * 32_767]]}), Lands([("1", "x" * 32_767)]), form="excel", file="dump.xlsx"),
    case("workbook, a cell in the last corner of the sheet", lambda: far(1_048_575, 16_383), Refuses("too_large", ("17179869184 cells",)), form="excel", file="dump.xlsx"),
    case("workbook, a cell far below", lambda: far(900_000, 0), Lands([("1", "a"), ("x", None)]), form="excel", file="dump.xlsx", most=900),
    case("workbook, a cell in the last corner of a sheet that is kept elsewhere", lambda: elsewhere(far(1_048_575, 16_383)), Refuses("too_large", ("17179869184 cells",)), form="excel", file="dump.xlsx"),
    case("workbook, a row that no sheet has", placed((b'r="B3"', b'r="B4294967295"')), Refuses("too_large"), form="excel", file="dump.xlsx"),
    case("workbook, a column that no sheet has", placed((b'r="B3"', b'r="AAAAAAA3"')), Refuses("too_large"), form="excel", file="dump.xlsx"),
    case("workbook, cells that do not say where they stand, in a row that no sheet has", placed((b' r="[AB]3"', b""), (b' r="3"', b' r="4000000000"')), Refuses("too_large", ("8000000000 cells",)), form="excel", file="dump.xlsx"),
    case("workbook, a far cell behind a sign that ends no tag", placed((b'<c r="B3"', b'<c x=">" r="XFD1048576"')), Refuses("too_large"), form="excel", file="dump.xlsx"),
    case("workbook, a far cell in a name space with a prefix", placed((b"<(/?)([a-z])", rb"<\1a-b:\2"), (b" xmlns=", b" xmlns:a-b="), (b'r="B3"', b'r="XFD1048576"')), Refuses("too_large"), form="excel", file="dump.xlsx"),
    case("workbook, rows and cells that do not say where they stand", placed((b' r="[A-Z]*[0-9]+"', b"")), Lands([("1", "a"), ("2", "b")]), form="excel", file="dump.xlsx"),
    case("workbook, a sheet that was changed on the way", lambda: broken(placed()()), Refuses("damaged_archive"), form="excel", file="dump.xlsx"),
    case("OpenDocument, one cell that comes in every row and column", lambda: stretched(1_048_574, 16_384, 'office:value-type="float" office:value="1"'), Refuses("too_large", ("17179869184 cells",)), form="excel", file="dump.ods"),
    case("OpenDocument, as many cells that are empty, as every sheet ends", lambda: stretched(1_048_574, 16_384, ""), Lands([("1", "a")], drift=("hidden rows: not known",)), form="excel", file="dump.ods"),
    case("Avro, a block that claims a thousand million values of nothing", lambda: claims(1_000_000_000), Refuses("too_large", ("1,000,000,000 values",)), [Column("n", "n", "string")], "avro", "dump.avro"),
    case("workbook, a formula that would run", lambda: xlsx({"s": [["id", "name"], ["1", "=cmd|' /C calc'!A0"]]}), Lands([("1", "=cmd|' /C calc'!A0")], noted={"formulas": 1}), form="excel", file="dump.xlsx"),
    case("fixed width, a line of 10 MB", lambda: b"1a\n" + b"x" * 10_000_000 + b"\n", Lands([("1", "a")], {"ragged": 1}, skipped=NONE), [Column("id", "id", "string", start=1, length=1), Column("name", "name", "string", start=2, length=1)], "fixedWidth", "dump.txt"),
    case("Parquet, a footer that claims 2 GiB", lambda: b"PAR1" + bytes(100) + b"\xff\xff\xff\x7fPAR1", Refuses("unreadable"), form="parquet", file="dump.parquet"),
    case("DBF, a head that claims four thousand million records", lambda: b"\x03\x18\x01\x01\xff\xff\xff\xff\x41\x00\x02\x00" + bytes(20) + b"A" + bytes(10) + b"C" + bytes(4) + b"\x01" + bytes(15) + b"\r a", Refuses("truncated", ("says 4294967295 records",)), texts("A"), "dbf", "dump.dbf"),
]  # fmt: skip


CASES = [*BOMBS, *NESTS, *PATHS, *DAMAGED, *XML, *TEXT, *OTHERS]
