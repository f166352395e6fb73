"""A plain SQL dump: rows of INSERT statements by sqlglot's parser, blocks of COPY by Arrow. Nothing is executed."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.csv as pcsv

from jobs.contracts.model import Contract, Reader
from jobs.readers.delimited import decode
from jobs.readers.frames import Part, distinct, framed
from jobs.readers.outcome import Refused

MOST_CHARACTERS = 64 << 20  # of INSERT statements: sqlglot takes a second for 50,000 values
BLOCK = 1 << 20  # characters of statements that are taken apart at once: every word of them is an object
STATEMENT_END = re.compile(r";[ \t]*\r?\n")
COPY = re.compile(r"^COPY +(?P<table>[^\n(]+?) *\((?P<columns>[^\n]*)\) +FROM +stdin;\r?\n(?P<rows>(?s:.*?))(?P<end>^\\\.\r?$|\Z)", re.MULTILINE | re.IGNORECASE)
ESCAPES = {"\\\\": "\\", "\\b": "\b", "\\f": "\f", "\\n": "\n", "\\r": "\r", "\\t": "\t", "\\v": "\v"}
ENDS = (("PostgreSQL database dump", "database dump complete"), ("-- MySQL dump", "-- Dump completed"), ("-- MariaDB dump", "-- Dump completed"))
CHANGES = ("UPDATE", "DELETE", "MERGE", "REPLACE", "TRUNCATE")
Cells = list[str | None]


@dataclass(frozen=True)
class Rows:
    """`table`: bare name; `names`: its columns, none where the statement does not say; `rows`: a frame of texts."""

    table: str
    names: tuple[str, ...]
    rows: pl.DataFrame


def read_sql_dump(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    """Values as the dump spells them, without quotes. Raises Refused for what is cut off, what is more than a dump of rows, or lacks the table."""
    reader = contract.reader
    text = decode(data, reader.encoding).removeprefix("\ufeff")
    _refuse_cut(text)
    blocks = [_copied(match) for match in COPY.finditer(text)]
    created, inserts = _inserted(COPY.sub("", text), reader)
    found = [*blocks, *inserts]
    wanted = _wanted(reader, {rows.table for rows in found} | set(created))
    kept = [_named(rows, created) for rows in found if rows.table == wanted]
    if len({tuple(rows.columns) for rows in kept}) > 1:
        raise Refused("unreadable", "The statements of the dump give the columns in different orders. Write it again in one way.")
    return framed(contract, pl.concat(kept) if kept else pl.DataFrame(schema=dict.fromkeys(created.get(wanted, ()), pl.String)), constants)


def bare(name: str) -> str:
    """`"public"."T"` → `t`."""
    return name.strip().rsplit(".", 1)[-1].strip('"`[] ').casefold()


def _refuse_cut(text: str) -> None:
    for begins, ends in ENDS:
        if begins in text[:4096] and ends not in text[-4096:]:
            raise Refused("truncated", f"The dump is cut off: its last line {ends!r} is missing. Send it again.")


def _wanted(reader: Reader, tables: set[str]) -> str:
    wanted = bare(reader.table) if reader.table else next(iter(tables), "")
    if wanted not in tables or (len(tables) > 1 and not reader.table):
        raise Refused("missing_table", f"The dump holds the tables {', '.join(map(repr, sorted(tables)[:12])) or 'none'}; exactly the agreed one should be there. Send it again.")
    return wanted


def _named(rows: Rows, created: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    names = rows.names or tuple(created.get(rows.table, ()))
    if len(names) != rows.rows.width:
        raise Refused("no_header", f"The dump does not name the {rows.rows.width} columns of {rows.table!r}: write INSERT with column names, or with its CREATE TABLE before it.")
    return rows.rows.rename(dict(zip(rows.rows.columns, distinct(names), strict=True)))


def _copied(match: re.Match[str]) -> Rows:
    """Tabs part the columns, `\\N` is no value, a backslash stands before what would part or end."""
    if not match["end"]:
        raise Refused("truncated", f"The rows of {match['table']!r} do not end with \\. on a line of its own: the dump is cut off. Send it again.")
    names = [name.strip().strip('"') for name in match["columns"].split(",")]
    keys = [str(at) for at in range(len(names))]
    if not match["rows"]:
        return Rows(bare(match["table"]), tuple(names), pl.DataFrame(schema=dict.fromkeys(keys, pl.String)))
    read = pcsv.ReadOptions(use_threads=False, column_names=keys)
    parse = pcsv.ParseOptions(delimiter="\t", quote_char=False, escape_char=False, newlines_in_values=False, ignore_empty_lines=False)
    convert = pcsv.ConvertOptions(column_types=dict.fromkeys(keys, pa.string()), strings_can_be_null=True, null_values=["\\N"])
    try:
        table = pcsv.read_csv(io.BytesIO(match["rows"].encode()), read, parse, convert)
    except pa.ArrowInvalid as problem:
        raise Refused("unreadable", f"The rows of {match['table']!r} are not of its {len(names)} columns: {problem}. Send the dump again.") from None
    frame = pl.DataFrame(pl.from_arrow(table)).with_columns(pl.all().str.replace_many(list(ESCAPES), list(ESCAPES.values())))
    return Rows(bare(match["table"]), tuple(names), frame)


def _inserted(text: str, reader: Reader) -> tuple[dict[str, tuple[str, ...]], list[Rows]]:
    """Table → columns of the CREATE TABLE statements, and the rows of the INSERT statements, those of one table in a row put together."""
    from sqlglot import errors, exp

    created: dict[str, tuple[str, ...]] = {}
    parts: list[tuple[str, tuple[str, ...], list[Cells]]] = []  # of one block
    done: list[Rows] = []
    try:
        for statement in _statements(text, reader):
            if statement is None:  # the end of a block
                done += [Rows(name, names, _frame(rows)) for name, names, rows in parts]
                parts.clear()
                continue
            target = statement.find(exp.Table)
            if target is None:
                raise Refused("unreadable", f"The dump has a statement without a table: {statement.sql()[:80]!r}. Write it again.")
            name = bare(target.name)
            if isinstance(statement, exp.Create):
                created[name] = tuple(c.name for c in statement.this.expressions if isinstance(c, exp.ColumnDef))
                continue
            names = tuple(c.name for c in statement.this.expressions) if isinstance(statement.this, exp.Schema) else ()
            if not parts or parts[-1][:2] != (name, names):
                parts.append((name, names, []))
            parts[-1][2].extend(_tuples(statement))
    except (errors.SqlglotError, RecursionError) as problem:
        raise Refused("unreadable", f"The dump is not SQL that can be read: {str(problem).splitlines()[0][:200]}. It may be cut off; send it again.") from None
    return created, done


def _statements(text: str, reader: Reader) -> Iterator[Any]:
    """INSERT and CREATE TABLE statements, and None at the end of each block; others are passed over, those that change rows refused."""
    from sqlglot.dialects.dialect import Dialect

    if not re.search(r"\b(insert|create\s+table)\b", text, re.IGNORECASE):
        return
    if len(text) > MOST_CHARACTERS:
        raise Refused("too_large", f"The dump has {len(text) >> 20} MiB of INSERT statements. Send it as CSV, as COPY blocks, or as an SQLite file.")
    dialect = Dialect.get_or_raise(reader.dialect)
    for block, before in _blocks(text, dialect):
        yield from _of_block(block, before, text, dialect, reader)
        yield None


def _blocks(text: str, dialect: Any) -> Iterator[tuple[list[Any], int]]:
    """The words of some whole statements, and how many lines stand before them. A text or a comment that is cut at a `;` is no whole statement: more is taken."""
    from sqlglot.errors import TokenError

    start, lines, size = 0, 0, BLOCK
    while start < len(text):
        stop = _statement_end(text, start + size)
        size *= 2  # so that a long text full of semicolons is not read again for each of them
        try:
            tokens = dialect.tokenize(text[start:stop])
        except TokenError:
            if stop == len(text):
                raise
            continue
        if stop < len(text) and (not tokens or tokens[-1].token_type.name != "SEMICOLON"):
            continue
        yield tokens, lines
        lines += text.count("\n", start, stop)
        start, size = stop, BLOCK


def _statement_end(text: str, at: int) -> int:
    """Behind the first line from `at` on that ends with a semicolon; the end of the text where there is none."""
    found = STATEMENT_END.search(text, at)
    return found.end() if found else len(text)


def _of_block(words: Sequence[Any], before: int, text: str, dialect: Any, reader: Reader) -> Iterator[Any]:
    from sqlglot import exp

    for tokens, ended in _split(words):
        first, line = tokens[0].text.upper(), before + tokens[0].line
        if first in CHANGES:
            raise Refused("unreadable", f"Line {line} of the dump changes rows ({first}); only INSERT and COPY can be read. Send a dump of the rows as they are.")
        if first == "CREATE" and any(token.text.upper() == "TABLE" for token in tokens[1:4]):
            parsed = dialect.parser().parse(tokens, text)[0]
            if isinstance(parsed, exp.Create) and isinstance(parsed.this, exp.Schema):
                yield parsed
        if first == "INSERT":
            if not ended and reader.dialect != "tsql":
                raise Refused("truncated", f"The INSERT in line {line} has no semicolon at its end: the dump is cut off. Send it again.")
            yield dialect.parser().parse(tokens, text)[0]


def _split(tokens: Sequence[Any]) -> Iterator[tuple[list[Any], bool]]:
    """The words of each statement, and whether a semicolon (or the next statement of a script without any) ended it."""
    start = 0
    for at, token in enumerate(tokens):
        if token.text == ";" and token.token_type.name == "SEMICOLON":
            if at > start:
                yield list(tokens[start:at]), True
            start = at + 1
        elif at > start and token.token_type.name == "INSERT" and token.line > tokens[at - 1].line:
            yield [t for t in tokens[start:at] if t.text.upper() != "GO" or t.token_type.name != "VAR"] or [token], False
            start = at
    if len(tokens) > start:
        yield [t for t in tokens[start:] if t.text.upper() != "GO" or t.token_type.name != "VAR"] or list(tokens[start:]), False


def _tuples(statement: Any) -> Iterator[Cells]:
    from sqlglot import exp

    if not isinstance(statement, exp.Insert) or not isinstance(statement.expression, exp.Values):
        raise Refused("unreadable", f"An INSERT of the dump gives no VALUES: {statement.sql()[:80]!r}. Send a dump of the rows as they are.")
    for row in statement.expression.expressions:
        yield [_value(value) for value in (row.expressions if isinstance(row, exp.Tuple) else [row.this])]


def _value(value: Any) -> str | None:
    """A literal as it is spelt. Raises Refused for an expression, whose value only a database knows."""
    from sqlglot import exp

    if isinstance(value, exp.Null):
        return None
    if isinstance(value, (exp.Literal, exp.National, exp.RawString, exp.ByteString, exp.HexString)):
        return str(value.this)
    if isinstance(value, exp.Neg) and isinstance(value.this, exp.Literal):
        return f"-{value.this.this}"
    if isinstance(value, exp.Boolean):
        return "true" if value.this else "false"
    if isinstance(value, (exp.Cast, exp.Paren)) and isinstance(value.this, (exp.Literal, exp.Null)):
        return _value(value.this)
    raise Refused("unreadable", f"The dump gives an expression, not a value: {value.sql()[:80]!r}. Send a dump of the rows as they are.")


def _frame(rows: list[Cells]) -> pl.DataFrame:
    width = len(rows[0]) if rows else 0
    if any(len(row) != width for row in rows):
        raise Refused("unreadable", "The rows of an INSERT have different numbers of values. Write the dump again.")
    return pl.DataFrame({str(at): pl.Series(cells, dtype=pl.String) for at, cells in enumerate(zip(*rows, strict=True))})
