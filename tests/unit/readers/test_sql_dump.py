"""SQL dumps: INSERT in several dialects, COPY blocks, damage."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.readers import sql_dump
from jobs.readers.formats import WAYS
from jobs.readers.outcome import Refused
from tests.unit.readers.made import contract, outcome, refusal

AB = ["a", "b"]
MYSQL, POSTGRES, TSQL = {"dialect": "mysql"}, {"dialect": "postgres"}, {"dialect": "tsql"}
MYSQLDUMP = """-- MySQL dump 10.13
/*!40101 SET NAMES utf8 */;
DROP TABLE IF EXISTS `t`;
CREATE TABLE `t` (`a` varchar(9) NOT NULL, `b` int DEFAULT NULL, PRIMARY KEY (`a`)) ENGINE=InnoDB;
LOCK TABLES `t` WRITE;
/*!40000 ALTER TABLE `t` DISABLE KEYS */;
INSERT INTO `t` VALUES ('it\\'s; (x),(y)',1),('\\\\',NULL),("d'q",-3);
INSERT INTO `t` VALUES ('-- no comment',0x4D);
UNLOCK TABLES;
-- Dump completed on 2024-01-01
"""
PG = """--
-- PostgreSQL database dump
--
SET client_encoding = 'UTF8';
CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (1, 2); END $$;
CREATE TABLE public.t (a text, b integer);
COPY public.t (a, b) FROM stdin;
x\\ty\t1
\\N\t2
\\\\N\\\\t\t
\\.
CREATE INDEX i ON public.t USING btree (a);
--
-- PostgreSQL database dump complete
--
"""

SSMS = """USE [city]
GO
/****** Object:  Table [dbo].[t]    Script Date: 2025/1/2 10:00:00 ******/
SET ANSI_NULLS ON
GO
CREATE TABLE [dbo].[t](
\t[a] [nvarchar](50) COLLATE Chinese_PRC_CI_AS SPARSE NULL,
\t[b] [decimal](10, 2) NULL,
\t[时间(始)] [datetime] NULL,
 CONSTRAINT [PK_t] PRIMARY KEY CLUSTERED ([a] ASC)WITH (PAD_INDEX = OFF) ON [PRIMARY]
) ON [PRIMARY] TEXTIMAGE_ON [PRIMARY]
GO
CREATE PROCEDURE [dbo].[p] AS
INSERT [dbo].[t] ([a]) VALUES (N'no row;')
DELETE FROM [dbo].[t]
GO
SET IDENTITY_INSERT [dbo].[t] ON 

GO
INSERT [dbo].[t] ([a], [b], [时间(始)]) VALUES (N'张三;
GO
(x', CAST(12.50 AS Decimal(10, 2)), CAST(N'2025-01-02T00:00:00.000' AS DateTime))
GO
INSERT [dbo].[t] ([a], [b], [时间(始)]) VALUES (N'it''s', NULL, NULL)
INSERT [dbo].[t] ([a], [b], [时间(始)]) VALUES (N'', CAST(-3.00 AS Decimal(10, 2)), CAST(N'2025-01-02' AS Date));
GO
INSERT [dbo].[t] ([a], [b], [时间(始)]) VALUES (N'上', 1, CAST(NULL AS DateTime));
PRINT N'Processed 4 total records'
SET IDENTITY_INSERT [dbo].[t] OFF
GO
ALTER TABLE [dbo].[t] ADD  CONSTRAINT [DF_t_c]  DEFAULT (getdate()) FOR [b]
GO
"""
SCRIPTED = [("张三;\nGO\n(x", "12.50", "2025-01-02T00:00:00.000"), ("it's", None, None), ("", "-3.00", "2025-01-02"), ("上", "1", None)]


@pytest.mark.parametrize("block", [1, 1 << 20])
@pytest.mark.parametrize(("encoding", "said"), [("utf-8", None), ("utf-16", None), ("utf-16", "utf-16"), ("utf-16", "UTF-16LE"), ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be"), ("gbk", "gbk")])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_script_of_sql_server(encoding: str, said: str | None, block: int, ends: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As its Generate Scripts writes them, in UTF-16 with a mark unless told otherwise."""
    monkeypatch.setattr(sql_dump, "BLOCK", block)
    found = outcome(contract(["a", "b", "时间(始)"], format="sql", encoding=said, **TSQL), SSMS.replace("\n", ends).encode(encoding))
    assert found.rows == [tuple(cell and cell.replace("\n", ends) for cell in row) for row in SCRIPTED]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("CAST(0x0000A2CC00000000 AS DateTime)", "CAST(0x0000A2CC00000000"), ("CAST(N'x' AS varbinary(3))", "CAST(N'x'"), ("GETDATE()", "GETDATE()"), ("CAST(1 AS int) + 1", "+ 1"),
        ("CONVERT(date, N'2025', 120)", "CONVERT"), ("CAST(CAST(1 AS int) AS bit)", "CAST(CAST("), ("DEFAULT", "DEFAULT"), ("[b]", "[b]"), ("N'x' + N'y'", "+ N'y'"), ("CAST(GETDATE() AS Date)", "GETDATE()"),
    ],
)  # fmt: skip
def test_what_only_a_database_can_compute_is_refused_by_row_and_column(value: str, says: str) -> None:
    with pytest.raises(Refused, match=r"Row 2 of the INSERT in line 3 of the dump gives for 'b' an expression") as refused:
        WAYS["sql"].read(contract(AB, format="sql", **TSQL), f"GO\nGO\nINSERT [t] ([a], [b]) VALUES (N'x', 1), (N'y', {value})\nGO\n".encode(), {})
    assert says in refused.value.message


@pytest.mark.parametrize(
    ("text", "reason", "says"),
    [
        ("INSERT [t] ([a], [b]) VALUES (N'x', 1)\nGO 5\n", "unreadable", "Line 2 of the dump repeats what stands before it (GO 5)"),
        ("INSERT [t] ([a], [b]) VALUES (N'x', 1)\nGO\nDELETE FROM [t]\nGO\n", "unreadable", "Line 3 of the dump changes rows (DELETE)"),
        ("INSERT [t] ([a], [b]) VALUES (N'x', 1)\nUPDATE [t] SET [a] = NULL", "unreadable", "Line 2 of the dump changes rows (UPDATE)"),
        ("INSERT [t] ([a], [b]) VALUES (N'x', 1)\nGO\nCREATE PROC p AS\nINSERT [t] ([a], [b]) VALUES (N'y', 1)\n", "truncated", "What line 3 of the dump makes has no GO after it"),
        ("INSERT [t] ([a], [b]) VALUES (N'x', 1)\nGO\nINSERT [t] ([a], [b]) VALUES (N'y', CAST(1", "unreadable", "cut off"),
        ("CREATE TABLE [dbo].[t]([a] [nvarchar](9) NULL, [b] [int] NULL) ON [PRIMARY] TEXTIMAGE_ON [PRIMARY]\nGO\n", None, ""),
    ],
)
def test_scripts_of_sql_server_that_are_more_or_less_than_rows(text: str, reason: str | None, says: str) -> None:
    asked = contract(AB, format="sql", **TSQL)
    if reason is None:
        assert outcome(asked, text.encode()).rows == []
        return
    with pytest.raises(Refused) as refused:
        WAYS["sql"].read(asked, text.encode(), {})
    assert refused.value.reason == reason
    assert says in refused.value.message


def test_a_mark_that_contradicts_the_agreed_encoding_is_refused() -> None:
    assert refusal(contract(AB, format="sql", encoding="gbk", **TSQL), SSMS.encode("utf-16")) == "wrong_encoding"


def test_bytes_that_are_no_text_are_named_by_their_line_in_utf16() -> None:
    """上 is 0A 4E in UTF-16, which is no line end."""
    with pytest.raises(Refused, match="near line 2, at byte"):
        WAYS["sql"].read(contract(AB, format="sql"), "\ufeff-- 上上上\n".encode("utf-16-le") + b"\x00\xd8\x20\x00", {})


@pytest.mark.parametrize(
    ("text", "reader", "rows"),
    [
        (MYSQLDUMP, MYSQL, [("it's; (x),(y)", "1"), ("\\", None), ("d'q", "-3"), ("-- no comment", "4D")]),
        (PG, POSTGRES, [("x\ty", "1"), (None, "2"), ("\\N\\t", "")]),
        ("INSERT INTO t (b, a) VALUES (1.10, 'x'), (2, 'it''s');", {}, [("x", "1.10"), ("it's", "2")]),
        ("INSERT INTO public.\"t\" (a, b) VALUES ('2020-01-01'::date, true), (E'a\\nb', NULL::text), ($$d('$$, -1e5);", POSTGRES, [("2020-01-01", "true"), ("a\nb", None), ("d('", "-1e5")]),
        ("INSERT INTO t (a, b) VALUES ('x', 1);\nINSERT INTO u (a) VALUES ('y');", {"table": "T"}, [("x", "1")]),
        ("INSERT [dbo].[t] ([a], [b]) VALUES (N'中', 1)\nGO\nINSERT [dbo].[t] ([a], [b]) VALUES (N'y', 2)\nGO\n", TSQL, None),
        ("INSERT INTO [dbo].[t] ([a], [b]) VALUES (N'中', 1)\nGO\nINSERT INTO [dbo].[t] ([a], [b]) VALUES (N'y', 2)\nGO\n", TSQL, [("中", "1"), ("y", "2")]),
        ("CREATE TABLE t (a text, b text);\n", {}, []),
        ("COPY t (a, b) FROM stdin;\n\\.\n", POSTGRES, []),
    ],
)  # fmt: skip
def test_rows(text: str, reader: dict[str, Any], rows: list[tuple[str | None, ...]] | None) -> None:
    found = outcome(contract(AB, format="sql", **reader), text.encode())
    assert found.rows == ([("中", "1"), ("y", "2")] if rows is None else rows)


@pytest.mark.parametrize(
    ("text", "reader", "reason"),
    [
        ("", {}, "missing_table"),
        ("hello", {}, "missing_table"),
        (MYSQLDUMP[:-40], MYSQL, "truncated"),
        (PG[: PG.index("\\.\n")], {}, "truncated"),
        ("COPY t (a, b) FROM stdin;\nx\t1\n", POSTGRES, "truncated"),
        ("COPY t (a, b) FROM stdin;\nx\n\\.\n", POSTGRES, "unreadable"),
        ("INSERT INTO t (a, b) VALUES ('x', 1), ('y', 2)", {}, "truncated"),
        ("INSERT INTO t (a, b) VALUES ('x', 1), ('y", {}, "unreadable"),
        ("INSERT INTO t (a, b) VALUES ('x', 1), ('y', ;", {}, "unreadable"),
        ("INSERT INTO t (a, b) VALUES ('x', now());", {}, "unreadable"),
        ("INSERT INTO t (a, b) VALUES ('x', 1), ('y');", {}, "unreadable"),
        ("INSERT INTO t (a, b) SELECT a, b FROM u;", {}, "unreadable"),
        ("INSERT INTO t (a, b) VALUES ('x', 1); UPDATE t SET a = 2;", {}, "unreadable"),
        ("INSERT INTO t VALUES ('x', 1);", {}, "no_header"),
        ("INSERT INTO t (a, b) VALUES ('x', 1); INSERT INTO u (a) VALUES (1);", {}, "missing_table"),
        ("INSERT INTO t (a, b) VALUES ('x', 1); INSERT INTO t (b, a) VALUES (1, 'x');", {}, "unreadable"),
        ("INSERT INTO t (a, c) VALUES ('x', 1);", {}, "missing_column"),
        ("INSERT INTO t (a, b) VALUES (" + "(" * 3000 + "1" + ")" * 3000 + ", 1);", {}, "unreadable"),
    ],
)
def test_what_is_damaged_or_more_than_rows_is_refused(text: str, reader: dict[str, Any], reason: str) -> None:
    assert refusal(contract(AB, format="sql", **reader), text.encode()) == reason


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\0"), max_size=8) | st.text("'\\();,- \n\t\"$N", max_size=8)


def copied(text: str | None) -> str:
    """As PostgreSQL's COPY writes a value."""
    if text is None:
        return "\\N"
    for plain, escaped in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"), ("\b", "\\b"), ("\f", "\\f"), ("\v", "\\v")):
        text = text.replace(plain, escaped)
    return text


def quoted(text: str | None, *, backslash: bool) -> str:
    if text is None:
        return "NULL"
    return "'" + (text.replace("\\", "\\\\") if backslash else text).replace("'", "''") + "'"


@given(st.lists(st.tuples(st.none() | TEXT, TEXT), max_size=10), st.sampled_from(["copy", "mysql", "postgres"]), st.booleans())
def test_rows_written_are_rows_read(rows: list[tuple[str | None, str]], how: str, one: bool) -> None:  # noqa: FBT001
    if how == "copy":
        dump = "COPY public.t (a, b) FROM stdin;\n" + "".join(f"{copied(a)}\t{copied(b)}\n" for a, b in rows) + "\\.\n"
    else:
        lists = [f"({quoted(a, backslash=how == 'mysql')}, {quoted(b, backslash=how == 'mysql')})" for a, b in rows]
        dump = "CREATE TABLE t (a text, b text);\n" + "".join(f"INSERT INTO t VALUES {part};\n" for part in ([", ".join(lists)] if one and lists else lists))
    found = outcome(contract(AB, format="sql", dialect="postgres" if how == "copy" else how), dump.encode())
    assert found.rows == rows
    assert found.counted == len(rows)


@given(st.lists(st.tuples(st.none() | TEXT | st.sampled_from(["GO", "\nGO\n", ";\nGO\n"]), TEXT), max_size=8), st.sampled_from(["\n", "\nGO\n", ";\n", ";\nGO\n", "\nPRINT 'x'\nGO\n"]), st.sampled_from([1, 1 << 20]))
def test_rows_that_sql_server_scripts_are_rows_read(rows: list[tuple[str | None, str]], between: str, block: int) -> None:
    cells = [("NULL" if a is None else "N" + quoted(a, backslash=False), f"CAST(N{quoted(b, backslash=False)} AS NVarChar(8))") for a, b in rows]
    dump = "CREATE TABLE [t](\n\t[a] [nvarchar](9) NULL,\n\t[b] [nvarchar](9) NULL\n) ON [PRIMARY]\nGO\n" + "".join(f"INSERT [t] ([a], [b]) VALUES ({a}, {b}){between}" for a, b in cells)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sql_dump, "BLOCK", block)
        found = outcome(contract(AB, format="sql", **TSQL), dump.encode("utf-16"))
    assert found.rows == rows
    assert found.counted == len(rows)


TRICKY = st.sampled_from([";\n", "'", "--", "/*", "*/", "$$", "\n", ";", "x", "中", "(", "),(", " "])


@given(st.lists(st.lists(TRICKY, max_size=6).map("".join), min_size=1, max_size=8), st.sampled_from(["", "-- it's a comment;\n", "/* one;\n two */\n", "SET x = 1;\n"]))
def test_blocks_are_cut_between_statements_and_nowhere_else(texts: list[str], between: str) -> None:
    """Statement by statement or all at once: the same rows, whatever stands in the texts and between the statements."""
    dump = "CREATE TABLE t (a text, b text);\n" + between.join("INSERT INTO t VALUES ('{}',NULL);\n".format(text.replace("'", "''")) for text in texts)
    asked = contract(AB, format="sql", **POSTGRES)
    whole = outcome(asked, dump.encode()).rows
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sql_dump, "BLOCK", 1)
        alone = outcome(asked, dump.encode()).rows
    assert whole == alone == [(text, None) for text in texts]


def test_the_line_of_a_statement_is_counted_from_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    dump = "CREATE TABLE t (a text);\n" + "INSERT INTO t VALUES ('x');\n" * 5 + "DELETE FROM t;\n"
    monkeypatch.setattr(sql_dump, "BLOCK", 1)
    with pytest.raises(Refused, match="Line 7 of the dump changes rows"):
        WAYS["sql"].read(contract(["a"], format="sql", **POSTGRES), dump.encode(), {})
