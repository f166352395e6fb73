"""DBF and shapefiles, SQLite databases, SQL dumps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pyarrow as pa

from jobs.contracts.model import Column, Drift
from tests.corpus.case import Case, Lands, Refuses, of
from tests.unit.readers.made import contract
from tests.unit.readers.test_shapes import deleted, files, point, zipped
from tests.unit.readers.test_sqlite_table import database

NONE = (0, 0, 0)
AB = [Column("a", "a", "string"), Column("b", "b", "integer")]
ATTRIBUTES = [Column("name", "NAME", "string"), Column("n", "N", "integer"), Column("d", "D", "date")]
SHAPE = [*ATTRIBUTES, Column("shape", "$geometry", "string"), Column("crs", "$projection", "string")]
DAY = dt.date(2020, 2, 29)
TABLE: dict[str, Any] = {"NAME": ["甲乡", "b"], "N": pa.array([1, None], pa.int64()), "D": [DAY, None]}
ROWS = [("甲乡", 1, DAY), ("b", None, None)]
POINTS = [point(1, 2).hex(), point(3, 4).hex()]


def dbf(encoding: str = "GBK") -> bytes:
    return files(TABLE, encoding=encoding)["dbf"]


def paged(data: bytes, page: int) -> bytes:
    """With this code page in its head."""
    return data[:29] + bytes([page]) + data[30:]


def layer(**changed: bytes | None) -> Callable[[], bytes]:
    """A zipped shapefile of two points, some of its members changed or (None) left out."""

    def made() -> bytes:
        members: dict[str, Any] = files(TABLE, [point(1, 2), point(3, 4)], encoding="GBK") | changed
        return zipped({end: content for end, content in members.items() if content is not None})

    return made


def case(form: str, name: str, made: Callable[[], bytes], expected: Lands | Refuses, columns: list[Column] | None = None, file: str = "", drift: Drift | None = None, **reader: Any) -> Case:
    ends = {"dbf": "dbf", "shapefile": "zip", "sqlite": "db", "sql": "sql"}
    return Case(f"{form}, {name}", contract(columns or AB, drift, format=form, **reader), file or f"dump.{ends[form]}", made, expected)


def landed(*rows: tuple[Any, ...], **more: Any) -> Lands:
    return Lands(list(rows), skipped=NONE, **more)


LONG = {"X": pa.array([110101199003070012.0], pa.float64())}
DAYS, TRUTHS = files({"D": [DAY, dt.date(2024, 1, 1)]})["dbf"], files({"X": pa.array([True, False])})["dbf"]
DBF = [
    case("dbf", "texts in GBK, numbers, days, and nothing", dbf, landed(*ROWS), ATTRIBUTES, encoding="gbk"),
    case("dbf", "texts in UTF-8", lambda: dbf("UTF-8"), landed(*ROWS), ATTRIBUTES),
    case("dbf", "texts in GBK where nobody said so", dbf, Refuses("wrong_encoding"), ATTRIBUTES),
    case("dbf", "texts in GBK where its head says so", lambda: paged(dbf(), 0x4D), landed(*ROWS, encoding=("gbk", "declared")), ATTRIBUTES),
    case("dbf", "texts in UTF-8 where its head says GBK", lambda: paged(dbf("UTF-8"), 0x4D), landed(*ROWS, encoding=("utf-8", "utf-8")), ATTRIBUTES),
    case("dbf", "texts in GBK where its head says Windows ANSI, as many do", lambda: paged(dbf(), 0x57), Refuses("wrong_encoding"), ATTRIBUTES),
    case("dbf", "headers in GBK", lambda: files({"名称": ["甲"]}, encoding="GBK")["dbf"], landed(("甲",)), [Column("name", "名称", "string")], encoding="gbk"),
    case("dbf", "a record that was deleted", lambda: deleted(dbf(), 0), landed(ROWS[1]), ATTRIBUTES, encoding="gbk"),
    case("dbf", "decimals", lambda: files({"X": pa.array([12.5, -0.25], pa.float64())})["dbf"], landed((D("12.50"),), (D("-0.25"),)), [Column("x", "X", "decimal", precision=9, scale=2)]),
    case("dbf", "an identifier kept as a number of 18 digits", lambda: files(LONG)["dbf"], Refuses("lost_precision", ("Row 1 of 'X'", "15 digits")), [Column("x", "X", "string", identifier=True)]),
    case("dbf", "a day that no calendar has", lambda: dbf().replace(b"20200229", b"20200231"), landed(ROWS[1], rejected={"castable:d": 1}, says=("no date in an agreed form",)), ATTRIBUTES, encoding="gbk"),
    case("dbf", "half a day", lambda: dbf().replace(b"20200229", b"2020    "), landed(ROWS[1], rejected={"castable:d": 1}, says=("half a date",)), ATTRIBUTES, encoding="gbk"),
    case("dbf", "a day beside one that is none, in the form that was agreed", lambda: DAYS.replace(b"20240101", b"2024010x"), landed((DAY,), rejected={"castable:d": 1}), [Column("d", "D", "date", formats=("%d.%m.%Y",))]),
    case("dbf", "truths, one of them neither", lambda: TRUTHS.replace(b" F", b" X"), landed((True,), rejected={"castable:x": 1}, says=("neither yes nor no",)), [Column("x", "X", "boolean")]),
    case("dbf", "a numeric field filled with stars, which is no number", lambda: dbf().replace(b"                 1", b"*" * 18), landed(("甲乡", None, DAY), ROWS[1]), ATTRIBUTES, encoding="gbk"),
    case("dbf", "a number that is none", lambda: dbf().replace(b"                 1", b"                1x"), landed(ROWS[1], rejected={"castable:n": 1}), ATTRIBUTES, encoding="gbk"),
    case("dbf", "a fraction in a field of whole numbers", lambda: dbf().replace(b"                 1", b"              12.5"), landed(("甲乡", D("12.5"), DAY), ROWS[1]),
         [ATTRIBUTES[0], Column("n", "N", "decimal", precision=9, scale=1), ATTRIBUTES[2]], encoding="gbk"),
    case("dbf", "cut off", lambda: dbf()[:-30], Refuses("truncated", ("says 2 records, 1 are there",)), ATTRIBUTES, encoding="gbk"),
    case("dbf", "texts in a second file", lambda: b"\x83" + dbf()[1:], Refuses("missing_member", ("memo",)), ATTRIBUTES, encoding="gbk"),
    case("dbf", "a column that is missing", dbf, Refuses("missing_column", ("'AREA'",)), [*ATTRIBUTES, Column("area", "AREA", "double")], encoding="gbk"),
]

SHAPEFILES = [
    case("shapefile", "attributes, shapes and their projection", layer(), landed((*ROWS[0], POINTS[0], "EPSG:4490"), (*ROWS[1], POINTS[1], "EPSG:4490")), SHAPE),
    case("shapefile", "no projection", layer(prj=None), landed((*ROWS[0], POINTS[0], None), (*ROWS[1], POINTS[1], None)), SHAPE),
    case("shapefile", "attributes alone", layer(), landed(*ROWS, encoding=("gbk", "declared")), ATTRIBUTES),
    case("shapefile", "no file of attributes", layer(dbf=None), Refuses("missing_member", (".dbf",)), SHAPE),
    case("shapefile", "no index", layer(shx=None), Refuses("missing_member", (".shx",)), SHAPE),
    case("shapefile", "shapes that are cut off", lambda: zipped((lambda f: f | {"shp": f["shp"][:-9]})(files(TABLE, [point(1, 2), point(3, 4)], encoding="GBK"))), Refuses("truncated", (".shp",)), SHAPE),
    case("shapefile", "more shapes than rows of attributes", layer(dbf=files({"NAME": ["a"], "N": [1], "D": [DAY]}, encoding="GBK")["dbf"]), Refuses("count_mismatch", ("2 shapes", "1 rows")), SHAPE),
    case("shapefile", "another encoding than its .cpg says", layer(cpg=b"UTF-8"), Refuses("wrong_encoding"), SHAPE),
    case("shapefile", "no layer in the zip", lambda: zipped({"csv": b"a\n1\n"}), Refuses("wrong_format", ("a shapefile, zipped",)), SHAPE),
]

TWO = ("CREATE TABLE t (a, b)", "CREATE TABLE u (a, b)")
ENDLESS = "CREATE VIEW t AS WITH RECURSIVE n(a, b) AS (SELECT 1, 1 UNION ALL SELECT a + 1, 1 FROM n) SELECT * FROM n"
SQLITE = [
    case("sqlite", "the only table", lambda: database(rows=[("x", 1), (None, None)]), landed(("x", 1), (None, None))),
    case("sqlite", "one of two tables", lambda: database(*TWO, rows=[("x", 1)]), landed(("x", 1)), table="t"),
    case("sqlite", "two tables and none is named", lambda: database(*TWO), Refuses("missing_table", ("'t'", "'u'"))),
    case("sqlite", "a query", lambda: database(rows=[("x", 1), ("y", 2)]), landed(("y", 2)), query="SELECT a, b FROM t WHERE b > 1"),
    case("sqlite", "values of other types than their column", lambda: database(rows=[(b"\x01\xff", "2"), ("y", "z")]), landed(("01ff", 2), rejected={"castable:b": 1})),
    case("sqlite", "texts kept as UTF-16", lambda: database(rows=[("中", 1)], pages="UTF-16le"), landed(("中", 1))),
    case("sqlite", "no row", database, Refuses("no_rows")),
    case("sqlite", "a table that is not there", database, Refuses("missing_table", ("'t'",)), table="z"),
    case("sqlite", "cut off", lambda: database(rows=[("x" * 3000, 1)] * 20)[:-9000], Refuses("unreadable", ("integrity_check",))),
    case("sqlite", "a query that would write", lambda: database(rows=[("x", 1)]), Refuses("unreadable"), query="DELETE FROM t"),
    case("sqlite", "a query that would open another file", lambda: database(rows=[("x", 1)]), Refuses("unreadable"), query="ATTACH DATABASE '/tmp/x' AS y"),
]

MYSQLDUMP = """-- MySQL dump 10.13
/*!40101 SET NAMES utf8 */;
DROP TABLE IF EXISTS `t`;
CREATE TABLE `t` (`a` varchar(9) NOT NULL, `b` int DEFAULT NULL, PRIMARY KEY (`a`)) ENGINE=InnoDB;
INSERT INTO `t` VALUES ('it\\'s; (x),(y)',1),('中\\n',NULL);
INSERT INTO `t` VALUES ('-- no comment',-3);
-- Dump completed on 2024-01-01
"""
PG_DUMP = """--
-- PostgreSQL database dump
--
CREATE TABLE public.t (a text, b integer);
COPY public.t (a, b) FROM stdin;
x\\ty\t1
\\N\t2
中\t\\N
\\.
--
-- PostgreSQL database dump complete
--
"""
SSMS = """USE [city]\r
GO\r
/****** Object:  Table [dbo].[t]    Script Date: 2025/1/2 10:00:00 ******/\r
SET ANSI_NULLS ON\r
GO\r
CREATE TABLE [dbo].[t](\r
\t[a] [nvarchar](50) NULL,\r
\t[金额(元)] [decimal](10, 2) NULL,\r
\t[d] [datetime] NULL,\r
 CONSTRAINT [PK_t] PRIMARY KEY CLUSTERED ([a] ASC)WITH (PAD_INDEX = OFF) ON [PRIMARY]\r
) ON [PRIMARY] TEXTIMAGE_ON [PRIMARY]\r
GO\r
SET IDENTITY_INSERT [dbo].[t] ON \r
GO\r
INSERT [dbo].[t] ([a], [金额(元)], [d]) VALUES (N'张三; (上', CAST(12.50 AS Decimal(10, 2)), CAST(N'2025-01-02T00:00:00.000' AS DateTime))\r
GO\r
INSERT [dbo].[t] ([a], [金额(元)], [d]) VALUES (N'it''s', NULL, NULL)\r
GO\r
SET IDENTITY_INSERT [dbo].[t] OFF\r
GO\r
"""
SCRIPTED = [Column("a", "a", "string"), Column("n", "金额(元)", "decimal", precision=10, scale=2), Column("d", "d", "timestamp", formats=("%Y-%m-%dT%H:%M:%S%.f",))]
MYSQL, POSTGRES, TSQL = {"dialect": "mysql"}, {"dialect": "postgres"}, {"dialect": "tsql"}
INSERT = "INSERT INTO t (b, a) VALUES (1, 'x'), (2, 'it''s');\n"
SQL = [
    case("sql", "INSERT as MySQL dumps it", of(MYSQLDUMP), landed(("it's; (x),(y)", 1), ("中\n", None), ("-- no comment", -3)), **MYSQL),
    case("sql", "COPY as PostgreSQL dumps it", of(PG_DUMP), landed(("x\ty", 1), (None, 2), ("中", None)), **POSTGRES),
    case("sql", "INSERT that names its columns", of(INSERT), landed(("x", 1), ("it's", 2))),
    case("sql", "INSERT as SQL Server scripts it", of("INSERT [dbo].[t] ([a], [b]) VALUES (N'中', 1)\nGO\nINSERT [dbo].[t] ([a], [b]) VALUES (N'y', 2)\nGO\n"), landed(("中", 1), ("y", 2)), **TSQL),
    case("sql", "a script of SQL Server in UTF-16, with casts", of("\ufeff" + SSMS, "utf-16-le"), landed(("张三; (上", D("12.50"), dt.datetime(2025, 1, 2, tzinfo=dt.UTC)), ("it's", None, None), encoding=("utf-16-le", "mark")), SCRIPTED, **TSQL),
    case("sql", "a script of SQL Server in UTF-16 where GBK was agreed", of("\ufeff" + SSMS, "utf-16-le"), Refuses("wrong_encoding", ("utf-16-le",)), SCRIPTED, encoding="gbk", **TSQL),
    case("sql", "bytes that SQL Server casts to a day", of(SSMS.replace("N'2025-01-02T00:00:00.000'", "0x0000B25B00000000")), Refuses("unreadable", ("Row 1 of the INSERT in line 15", "'d'", "0x0000B25B00000000")), SCRIPTED, **TSQL),
    case("sql", "a script of SQL Server that repeats its rows", of("INSERT [t] ([a], [b]) VALUES (N'x', 1)\nGO 5\n"), Refuses("unreadable", ("GO 5",)), **TSQL),
    case("sql", "what a procedure of SQL Server would insert", of("CREATE PROCEDURE [p] AS\nINSERT [t] ([a], [b]) VALUES (N'y', 2)\nGO\nINSERT [t] ([a], [b]) VALUES (N'x', 1)\nGO\n"), landed(("x", 1)), **TSQL),
    case("sql", "INSERT as Oracle scripts it", of("INSERT INTO T (A, B) VALUES ('x', 1);\n"), landed(("x", 1)), [Column("a", "A", "string"), Column("b", "B", "integer")], dialect="oracle"),
    case("sql", "in GBK", of(INSERT.replace("x", "中"), "gbk"), landed(("中", 1), ("it's", 2)), encoding="gbk"),
    case("sql", "in GBK where nobody said so", of("INSERT INTO t (b, a) VALUES (1, '上海市浦东新区人民政府'), (2, '世纪大道');\n", "gbk"), landed(("上海市浦东新区人民政府", 1), ("世纪大道", 2), encoding=("gb18030", "detected"))),
    case("sql", "too little of GBK to tell", of(INSERT.replace("x", "中"), "gbk"), Refuses("unknown_encoding", ("gb18030 (reads",))),
    case("sql", "a mark before it", of("\ufeff" + INSERT), landed(("x", 1), ("it's", 2))),
    case("sql", "one of two tables", of(INSERT + "INSERT INTO u (a) VALUES ('y');\n"), landed(("x", 1), ("it's", 2)), table="t"),
    case("sql", "two tables and none is named", of(INSERT + "INSERT INTO u (a) VALUES ('y');\n"), Refuses("missing_table", ("'t'", "'u'"))),
    case("sql", "values without names of columns", of("INSERT INTO t VALUES ('x', 1);\n"), Refuses("no_header", ("CREATE TABLE",))),
    case("sql", "an expression that only a database can compute", of("INSERT INTO t (a, b) VALUES (now(), 1);\n"), Refuses("unreadable", ("expression",))),
    case("sql", "statements that change rows", of(INSERT + "DELETE FROM t WHERE b = 1;\n"), Refuses("unreadable", ("DELETE",))),
    case("sql", "INSERT that is cut off", of(INSERT + "INSERT INTO t (b, a) VALUES (3, 'y')"), Refuses("truncated", ("semicolon",))),
    case("sql", "a dump of PostgreSQL that is cut off", of(PG_DUMP[:-60]), Refuses("truncated", ("cut off",)), **POSTGRES),
    case("sql", "COPY that is cut off", of("COPY t (a, b) FROM stdin;\nx\t1\n"), Refuses("truncated"), **POSTGRES),
    case("sql", "a table without rows", of("CREATE TABLE t (a text, b integer);\n"), Refuses("no_rows")),
    case("sql", "a value that is none of its type", of("INSERT INTO t (a, b) VALUES ('x', 'y'), ('z', 1);\n"), landed(("z", 1), rejected={"castable:b": 1})),
]  # fmt: skip

CASES = [*DBF, *SHAPEFILES, *SQLITE, *SQL]
