"""SQLite: tables, queries, damage, and databases that would run for ever."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.readers import sqlite_table
from tests.unit.readers.made import contract, outcome, refusal

AB = ["a", "b"]


def database(*statements: str, rows: list[tuple[Any, ...]] | None = None, pages: str = "UTF-8") -> bytes:
    with closing(sqlite3.connect(":memory:")) as made:
        made.execute(f"PRAGMA encoding = '{pages}'")
        for statement in statements or ("CREATE TABLE t (a, b)",):
            made.execute(statement)
        made.executemany("INSERT INTO t VALUES (?, ?)", rows or [])
        made.commit()
        return made.serialize()


TWO = ("CREATE TABLE t (a, b)", "CREATE TABLE u (a, b)")
ENDLESS = "CREATE VIEW v AS WITH RECURSIVE n(a, b) AS (SELECT 1, 1 UNION ALL SELECT a + 1, 1 FROM n) SELECT * FROM n"


@pytest.mark.parametrize(
    ("data", "reader", "rows"),
    [
        (database(rows=[("x", 1), (None, 1.5), (b"\x01\xff", 2**62)]), {}, [("x", "1"), (None, "1.5"), ("01ff", str(2**62))]),
        (database(*TWO, rows=[("x", 1)]), {"table": "t"}, [("x", "1")]),
        (database('CREATE TABLE "q "" x" (a, b)', "CREATE TABLE t (a, b)"), {"table": 'q " x'}, []),
        (database(rows=[("x", 1), ("y", 2)]), {"query": "SELECT b AS a, a AS b FROM t WHERE b > 1;"}, [("2", "y")]),
        (database(rows=[("中", 1)], pages="UTF-16le"), {}, [("中", "1")]),
        (database(), {}, []),
    ],
)
def test_rows(data: bytes, reader: dict[str, Any], rows: list[tuple[Any, ...]]) -> None:
    assert outcome(contract(AB, format="sqlite", **reader), data).rows == rows


def test_a_database_written_with_a_journal(tmp_path: Any) -> None:
    with closing(sqlite3.connect(tmp_path / "w.db")) as made:
        made.execute("PRAGMA journal_mode = WAL")
        made.execute("CREATE TABLE t (a, b)")
        made.execute("INSERT INTO t VALUES ('x', 1)")
        made.commit()
    assert outcome(contract(AB, format="sqlite"), (tmp_path / "w.db").read_bytes()).rows == [("x", "1")]


BIG = database(rows=[("x" * 500, n) for n in range(200)])


@pytest.mark.parametrize(
    ("data", "reader", "reason"),
    [
        (b"", {}, "unreadable"),
        (b"a,b\n1,2\n", {}, "unreadable"),
        (BIG[: len(BIG) // 2], {}, "unreadable"),
        (BIG[:100], {}, "unreadable"),
        (BIG[:8192] + b"\xff" * 4096 + BIG[12288:], {}, "unreadable"),
        (database(*TWO), {}, "missing_table"),
        (database(*TWO), {"table": "w"}, "missing_table"),
        (database("CREATE TABLE t (a, b)", "INSERT INTO t VALUES (CAST(x'ff' AS TEXT), 1)"), {}, "wrong_encoding"),
        (database("CREATE TABLE t (a, c)"), {}, "missing_column"),
        (database(rows=[("x", 1)]), {"query": "SELECT * FROM nothing"}, "unreadable"),
        (database(rows=[("x", 1)]), {"query": "SELECT a, b FROM t; DROP TABLE t"}, "unreadable"),
        (database(rows=[("x", 1)]), {"query": "WITH q AS (SELECT 1) DELETE FROM t"}, "unreadable"),
    ],
)
def test_what_is_damaged_or_not_agreed_is_refused(data: bytes, reader: dict[str, Any], reason: str) -> None:
    assert refusal(contract(AB, format="sqlite", **reader), data) == reason


def test_a_view_without_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_table, "MOST_STEPS", 2)
    assert refusal(contract(AB, format="sqlite", table="v"), database("CREATE TABLE t (a, b)", ENDLESS)) == "unreadable"


@given(st.lists(st.tuples(st.none() | st.text(max_size=8), st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)), max_size=15))
def test_rows_written_are_rows_read(rows: list[tuple[str | None, Any]]) -> None:
    try:
        data = database(rows=rows)
    except UnicodeEncodeError:  # a lone surrogate is no text
        return
    found = outcome(contract(AB, format="sqlite"), data)
    assert found.rows == [(a, repr(b)) for a, b in rows]
    assert found.counted == len(rows)
