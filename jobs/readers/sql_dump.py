"""A plain SQL dump: rows of INSERT statements by sqlglot's parser, blocks of COPY by Arrow. Nothing is executed."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.csv as pcsv

from jobs.contracts.model import Contract, Reader
from jobs.readers.delimited import decode
from jobs.readers.encoding import wide
from jobs.readers.frames import Part, distinct, framed
from jobs.readers.outcome import Refused
from jobs.readers.sniff import HEAD

MOST_CHARACTERS = 64 << 20  # of INSERT statements: sqlglot takes a second for 50,000 values
BLOCK = 1 << 20  # characters of statements that are taken apart at once: every word of them is an object
STATEMENT_END = re.compile(r";[ \t]*\r?\n|^[ \t]*GO[ \t]*\r?\n", re.MULTILINE | re.IGNORECASE)
COPY = re.compile(r"^COPY +(?P<table>[^\n(]+?) *\((?P<columns>[^\n]*)\) +FROM +stdin;\r?\n(?P<rows>(?s:.*?))(?P<end>^\\\.\r?$|\Z)", re.MULTILINE | re.IGNORECASE)
ESCAPES = {"\\\\": "\\", "\\b": "\b", "\\f": "\f", "\\n": "\n", "\\r": "\r", "\\t": "\t", "\\v": "\v"}
ENDS = (("PostgreSQL database dump", "database dump complete"), ("-- MySQL dump", "-- Dump completed"), ("-- MariaDB dump", "-- Dump completed"))
CHANGES = ("UPDATE", "DELETE", "MERGE", "REPLACE", "TRUNCATE")
# T-SQL needs no semicolon before what begins a statement; what makes one of the bodies goes on up to the next GO
BEGINS = ("INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "SET", "PRINT", "USE", "CREATE", "ALTER", "DROP", "EXEC", "EXECUTE", "DECLARE", "IF", "BEGIN", "END", "COMMIT", "GO")
BODIES = ("PROC", "PROCEDURE", "TRIGGER", "FUNCTION")
TEXTS = ("STRING", "NATIONAL_STRING", "IDENTIFIER")  # kinds of words that stand for no word of SQL, whatever they say
BYTES = ("binary", "varbinary", "image", "rowversion")
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
    text = decode(data, wide(data[:HEAD], reader.encoding) or reader.encoding).removeprefix("\ufeff")
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
        for line, statement in _statements(text, reader):
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
            parts[-1][2].extend(_tuples(statement, line, names or created.get(name, ()), reader.dialect))
    except (errors.SqlglotError, RecursionError) as problem:
        raise Refused("unreadable", f"The dump is not SQL that can be read: {str(problem).splitlines()[0][:200]}. It may be cut off; send it again.") from None
    return created, done


def _statements(text: str, reader: Reader) -> Iterator[tuple[int, Any]]:
    """The line and the parts of INSERT and CREATE TABLE statements, and None for the parts at the end of each block; others are passed over, those that change rows refused."""
    if not re.search(r"\b(insert|create\s+table)\b", text, re.IGNORECASE):
        return
    if len(text) > MOST_CHARACTERS:
        raise Refused("too_large", f"The dump has {len(text) >> 20} MiB of INSERT statements. Send it as CSV, as COPY blocks, or as an SQLite file.")
    dialect, script, body = _dialect(reader.dialect), reader.dialect == "tsql", 0  # the line that a procedure begins in, which is no row of anything
    for words, before in _blocks(text, dialect):
        for tokens, end in _split(words, BEGINS if script else ("INSERT",)):
            if script and not body and _makes_body(tokens):
                body = before + tokens[0].line
            if not body:
                yield from _of_statement(tokens, end, before, text, dialect, reader)
            elif end == "GO":
                body = 0
        yield 0, None
    if body:
        raise Refused("truncated", f"What line {body} of the dump makes has no GO after it: the dump is cut off. Send it again.")


@cache
def _dialect(name: str | None) -> Any:
    """Of T-SQL one in which GO, PRINT and EXEC are words like others: sqlglot takes all up to the next semicolon for one text, and a script may have none."""
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.dialects.tsql import TSQL

    class Script(TSQL):
        class Tokenizer(TSQL.Tokenizer):
            COMMANDS = set()  # noqa: RUF012

    return Script() if name == "tsql" else Dialect.get_or_raise(name)


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
        if stop < len(text) and not (tokens and _end(tokens, len(tokens) - 1)):
            continue
        yield tokens, lines
        lines += text.count("\n", start, stop)
        start, size = stop, BLOCK


def _statement_end(text: str, at: int) -> int:
    """Behind the first line from `at` on that ends with a semicolon or is a GO; the end of the text where there is none."""
    found = STATEMENT_END.search(text, at)
    return found.end() if found else len(text)


def _of_statement(tokens: Sequence[Any], end: str, before: int, text: str, dialect: Any, reader: Reader) -> Iterator[tuple[int, Any]]:
    from sqlglot import errors, exp

    first, line = tokens[0].text.upper(), before + tokens[0].line
    if first in CHANGES:
        raise Refused("unreadable", f"Line {line} of the dump changes rows ({first}); only INSERT and COPY can be read. Send a dump of the rows as they are.")
    if first == "GO" and len(tokens) > 1 and tokens[1].token_type.name == "NUMBER":
        raise Refused("unreadable", f"Line {line} of the dump repeats what stands before it (GO {tokens[1].text}). Send a dump of the rows as they are.")
    if first == "CREATE" and any(token.text.upper() == "TABLE" for token in tokens[1:4]):
        try:
            parsed = dialect.parser().parse(_columns(tokens), text)[0]
        except errors.ParseError:
            if reader.dialect != "tsql":  # there INSERT is scripted with the names of its columns, and columns with what sqlglot does not know
                raise
            return
        if isinstance(parsed, exp.Create) and isinstance(parsed.this, exp.Schema):
            yield line, parsed
    if first == "INSERT":
        if not end and reader.dialect != "tsql":
            raise Refused("truncated", f"The INSERT in line {line} has no semicolon at its end: the dump is cut off. Send it again.")
        yield line, dialect.parser().parse(list(tokens), text)[0]


def _columns(tokens: Sequence[Any]) -> list[Any]:
    """A CREATE TABLE up to the end of its columns: where and how the table is stored is nothing to a reader, and not all of it known to sqlglot."""
    depth = 0
    for at, token in enumerate(tokens):
        kind = token.token_type.name
        depth += (kind == "L_PAREN") - (kind == "R_PAREN")
        if kind == "R_PAREN" and depth == 0:
            return list(tokens[: at + 1])
    return list(tokens)


def _makes_body(tokens: Sequence[Any]) -> bool:
    return tokens[0].text.upper() in ("CREATE", "ALTER") and any(token.text.upper() in BODIES for token in tokens[1:4])


def _split(tokens: Sequence[Any], begins: Sequence[str]) -> Iterator[tuple[list[Any], str]]:
    """The words of each statement, and what ended it: `;`, `GO`, or nothing but the next one of a script without any, that begins a line."""
    start = 0
    for at, token in enumerate(tokens):
        if end := _end(tokens, at):
            if at > start:
                yield list(tokens[start:at]), end
            start = at + 1
        elif at > start and token.line > tokens[at - 1].line and token.token_type.name not in TEXTS and token.text.upper() in begins:
            yield list(tokens[start:at]), ""
            start = at
    if len(tokens) > start:
        yield list(tokens[start:]), ""


def _end(tokens: Sequence[Any], at: int) -> str:
    """`;` or a GO that is all of its line; else nothing."""
    token = tokens[at]
    if token.text == ";" and token.token_type.name == "SEMICOLON":
        return ";"
    if len(token.text) != 2 or token.text.upper() != "GO" or token.token_type.name in TEXTS:
        return ""
    alone = (at == 0 or token.line > tokens[at - 1].line) and (at + 1 == len(tokens) or tokens[at + 1].line > token.line)
    return "GO" if alone else ""


def _tuples(statement: Any, line: int, names: Sequence[str], dialect: str | None) -> Iterator[Cells]:
    from sqlglot import exp

    if not isinstance(statement, exp.Insert) or not isinstance(statement.expression, exp.Values):
        raise Refused("unreadable", f"An INSERT of the dump gives no VALUES: {statement.sql()[:80]!r}. Send a dump of the rows as they are.")
    for number, row in enumerate(statement.expression.expressions, 1):
        cells: Cells = []
        for at, cell in enumerate(row.expressions if isinstance(row, exp.Tuple) else [row.this]):
            try:
                cells.append(_value(cell))
            except ValueError:
                place = f"Row {number} of the INSERT in line {line} of the dump gives" + (f" for {names[at]!r}" if at < len(names) else "")
                raise Refused("unreadable", f"{place} an expression, not a value: {cell.sql(dialect)[:80]!r}. Only a database can compute it. Send a dump of the rows as they are.") from None
        yield cells


def _value(value: Any) -> str | None:
    """A literal as it is spelt, also inside a CAST. Raises ValueError for an expression, whose value only a database knows: bytes that are cast are one."""
    from sqlglot import exp

    if isinstance(value, exp.Null):
        return None
    if isinstance(value, (exp.Literal, exp.National, exp.RawString, exp.ByteString, exp.HexString)):
        return str(value.this)
    if isinstance(value, exp.Neg) and isinstance(value.this, exp.Literal):
        return f"-{value.this.this}"
    if isinstance(value, exp.Boolean):
        return "true" if value.this else "false"
    if isinstance(value, exp.Paren) and isinstance(value.this, (exp.Literal, exp.Null)):
        return _value(value.this)
    if isinstance(value, exp.Cast) and isinstance(value.this, (exp.Literal, exp.National, exp.Neg, exp.Null)) and not value.is_type(*BYTES):
        return _value(value.this)
    raise ValueError


def _frame(rows: list[Cells]) -> pl.DataFrame:
    width = len(rows[0]) if rows else 0
    if any(len(row) != width for row in rows):
        raise Refused("unreadable", "The rows of an INSERT have different numbers of values. Write the dump again.")
    return pl.DataFrame({str(at): pl.Series(cells, dtype=pl.String) for at, cells in enumerate(zip(*rows, strict=True))})
