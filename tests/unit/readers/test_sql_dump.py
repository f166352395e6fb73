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
