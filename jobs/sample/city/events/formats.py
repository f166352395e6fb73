"""Formats that few departments use: dBASE, SQLite, fixed width with control records, XML with attributes, gzip. The same rows give the same bytes."""

from __future__ import annotations

import gzip
import sqlite3
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import polars as pl

from jobs.sample.city.writers import Writer

Field = tuple[str, int, int]  # C, N or D; bytes; decimals


def dbf(fields: Mapping[str, Field]) -> Writer:
    """dBASE III in GB18030; names of ten ASCII letters at most."""
    head = b"".join(name.encode("ascii").ljust(11, b"\0") + kind.encode("ascii") + bytes(4) + bytes((width, decimals)) + bytes(14) for name, (kind, width, decimals) in fields.items())
    record = 1 + sum(width for _, width, _ in fields.values())

    def write(rows: pl.DataFrame) -> bytes:
        body = b"".join(b" " + b"".join(_cell(value, *fields[name]) for name, value in zip(fields, values, strict=True)) for values in rows.select(list(fields)).iter_rows())
        return bytes((3, 125, 1, 1)) + rows.height.to_bytes(4, "little") + (33 + len(head)).to_bytes(2, "little") + record.to_bytes(2, "little") + bytes(20) + head + b"\r" + body + b"\x1a"

    return write


def _cell(value: Any, kind: str, width: int, decimals: int) -> bytes:
    if value is None:
        return b" " * width
    if kind == "N" and not isinstance(value, str):
        return f"{value:.{decimals}f}".rjust(width).encode("ascii")
    text = f"{value:%Y%m%d}" if kind == "D" and not isinstance(value, str) else str(value)
    while len(data := text.encode("gb18030")) > width:
        text = text[:-1]
    return data.ljust(width)


def sqlite(table: str) -> Writer:
    """A database of one table; its bytes do not tell which library wrote it, or when."""

    def write(rows: pl.DataFrame) -> bytes:
        kinds = {name: "REAL" if kind.is_float() else "INTEGER" if kind.is_integer() else "TEXT" for name, kind in rows.schema.items()}
        texts = rows.with_columns(pl.col(name).cast(pl.String) for name, kind in kinds.items() if kind == "TEXT")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "dump.db"
            base = sqlite3.connect(path)
            columns = ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
            base.execute(f"CREATE TABLE {table} ({columns})")
            base.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(kinds))})", texts.iter_rows())  # noqa: S608  # the name is ours
            base.commit()
            base.close()
            data = bytearray(path.read_bytes())
        data[96:100] = bytes(4)
        return bytes(data)

    return write


def counted_lines(widths: Mapping[str, int], head: str, tail: str) -> Writer:
    """ASCII lines of columns of a width, numbers to the right; `head` and `tail`: records around them, with `{count}`."""

    def write(rows: pl.DataFrame) -> bytes:
        cells = []
        for name, width in widths.items():
            text = pl.col(name).cast(pl.String).fill_null("")
            cells.append(text.str.pad_start(width) if rows[name].dtype.is_numeric() else text.str.pad_end(width))
        lines = rows.select(pl.concat_str(cells)).to_series().to_list()
        return ("\n".join((head.format(count=rows.height), *lines, tail.format(count=rows.height))) + "\n").encode("ascii")

    return write


def marked_xml(root: str, row: str, encoding: str = "UTF-8") -> Writer:
    """An element a row; columns named `@…` stand in its opening tag. What has no value has no element."""

    def write(rows: pl.DataFrame) -> bytes:
        parts = [f'<?xml version="1.0" encoding="{encoding}"?>\n<{root}>\n']
        for values in rows.with_columns(pl.all().cast(pl.String)).iter_rows(named=True):
            marks = "".join(f' {name[1:]}="{escape(value, {chr(34): "&quot;"})}"' for name, value in values.items() if name[0] == "@" and value is not None)
            inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items() if name[0] != "@" and value is not None)
            parts.append(f"  <{row}{marks}>{inner}</{row}>\n")
        return "".join((*parts, f"</{root}>\n")).encode(encoding)

    return write


def gzipped(inside: Writer) -> Writer:
    return lambda rows: gzip.compress(inside(rows), compresslevel=6, mtime=0)


def mysql_dump(table: str) -> Writer:
    """INSERT statements of 200 rows each, as mysqldump writes them."""

    def write(rows: pl.DataFrame) -> bytes:
        columns = ", ".join(f"`{name}`" for name in rows.columns)
        defined = ",\n  ".join(f"`{name}` varchar(255) DEFAULT NULL" for name in rows.columns)
        parts = [f"-- MySQL dump 10.13\nDROP TABLE IF EXISTS `{table}`;\nCREATE TABLE `{table}` (\n  {defined}\n) DEFAULT CHARSET=utf8mb4;\n"]
        for start in range(0, rows.height, 200):
            values = ",\n".join("(" + ",".join(_quoted(value) for value in row) + ")" for row in rows[start : start + 200].iter_rows())
            parts.append(f"INSERT INTO `{table}` ({columns}) VALUES\n{values};\n")  # noqa: S608  # text of a file, run by nobody
        return "".join((*parts, "-- Dump completed on 2025-01-01  0:00:00\n")).encode()

    return write


def _quoted(value: Any) -> str:
    return "NULL" if value is None else str(value) if isinstance(value, int | float) else "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"
