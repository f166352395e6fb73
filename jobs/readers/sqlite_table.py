"""SQLite: a table, or a query, of a database file that is opened in memory and can only be read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import polars as pl

from jobs.contracts.model import Contract, Reader
from jobs.readers.frames import Part, distinct, framed
from jobs.readers.outcome import Refused

MAGIC = b"SQLite format 3\0"
MOST_STEPS = 400  # of 1,000,000 instructions each: a view that never ends is stopped; a table of 10 million rows takes about 200
MOST_CELL = 64 << 20  # bytes of a text or blob; functions in a view can make them larger than the file
MOST_ROWS = 5_000_000  # that a view may make of a file that has fewer bytes
READS = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)


def read_sqlite(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    """Values as text, bytes in hexadecimal. Raises Refused for what is no database, is damaged, or lacks the table."""
    with _opened(data) as database:
        query = _query(database, contract.reader)
        if (made := _count(database, query)) > max(MOST_ROWS, len(data)):
            raise Refused("too_large", f"The database makes {made} rows of {len(data) >> 20} MiB. Send the table itself, not a view.")
        cursor = database.execute(query)
        names = distinct([column[0] for column in cursor.description])
        rows = cursor.fetchall()
    values = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return framed(contract, pl.DataFrame({name: _column(cells) for name, cells in zip(names, values, strict=True)}), constants)


def count_sqlite(reader: Reader, data: bytes) -> int:
    """By the database's own count, which fetches no row."""
    with _opened(data) as database:
        return _count(database, _query(database, reader))


def _count(database: sqlite3.Connection, query: str) -> int:
    return int(database.execute(f"SELECT count(*) FROM ({query})").fetchone()[0])


@contextmanager
def _opened(data: bytes) -> Iterator[sqlite3.Connection]:
    if not data.startswith(MAGIC):
        raise Refused("unreadable", "The file is not an SQLite database. Send the database file itself.")
    if data[18:20] == b"\x02\x02":  # written with a journal beside it, which a database in memory has not
        data = data[:18] + b"\x01\x01" + data[20:]
    with closing(sqlite3.connect(":memory:")) as database:
        try:
            database.deserialize(data)
            database.text_factory = _text
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_CELL)
            database.execute("PRAGMA trusted_schema = OFF")
            database.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in READS else sqlite3.SQLITE_DENY)
            steps = iter(range(MOST_STEPS))
            database.set_progress_handler(lambda: next(steps, None) is None, 1_000_000)
            yield database
        except (sqlite3.Error, MemoryError, OverflowError, UnicodeError) as problem:
            raise Refused("unreadable", f"The database cannot be read: {problem}. It may be cut off or damaged; check it with `PRAGMA integrity_check` and send it again.") from None


def _query(database: sqlite3.Connection, reader: Reader) -> str:
    if reader.query:
        return reader.query.rstrip().rstrip(";")
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name")]
    wanted = reader.table if reader.table is not None else tables[0] if len(tables) == 1 else None
    if wanted is None or wanted not in tables:
        raise Refused("missing_table", f"The database holds the tables {', '.join(map(repr, tables[:12])) or 'none'}; exactly the agreed one should be there. Send it again.")
    return 'SELECT * FROM "{}"'.format(wanted.replace('"', '""'))


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Refused("wrong_encoding", f"A text of the database is not UTF-8: its bytes are {data[:20].hex(' ')}. Write it again through a program that stores UTF-8.") from None


def _column(cells: Any) -> pl.Series:
    """SQLite has a type a value, not a column: all become text."""
    return pl.Series([None if c is None else c if isinstance(c, str) else c.hex() if isinstance(c, bytes) else repr(c) for c in cells], dtype=pl.String)
