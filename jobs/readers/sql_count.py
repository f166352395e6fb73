"""Counts the rows of a SQL dump by its characters: texts and comments are blanked, then lists in parentheses and lines of COPY are counted."""

from __future__ import annotations

import re

from jobs.contracts.model import Reader
from jobs.readers.encoding import wide
from jobs.readers.outcome import Refused
from jobs.readers.sniff import HEAD

BACKSLASH = ("mysql", "mariadb", "hive", "spark", "databricks", "bigquery", "clickhouse", "snowflake", "doris", "starrocks", "singlestore")
NAME = r"""(?:[\w$]+|"[^"]*"|`[^`]*`|\[[^\]]*\])"""
INSERT = re.compile(rf"\bINSERT\s+(?:\w+\s+){{0,2}}?(?:INTO\s+)?(?P<table>{NAME}(?:\s*\.\s*{NAME})*)\s*(?:\([^()]*\))?\s*VALUES?\s*", re.IGNORECASE)
LIST = re.compile(r"\s*,?\s*\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\)")
BODY = re.compile(r"^[ \t]*(?:CREATE|ALTER)\s+(?:OR\s+ALTER\s+)?(?:PROC|PROCEDURE|TRIGGER|FUNCTION)\b(?s:.*?)(?:^[ \t]*GO[ \t]*\r?$|\Z)", re.IGNORECASE | re.MULTILINE)
COPY = re.compile(r"COPY\s+([^(]+)\(.*FROM\s+stdin;", re.IGNORECASE)


def count_sql_dump(reader: Reader, data: bytes) -> int:
    """Rows of the contract's table, or of the only one. Raises Refused where there are several and none is named."""
    try:
        text = data.decode(wide(data[:HEAD], reader.encoding) or reader.encoding or "utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as problem:
        raise ValueError(str(problem)) from None
    counts: dict[str, int] = {}
    rest = _count_copy(text, counts)
    blank = _blanked(rest, reader)
    if reader.dialect == "tsql":  # what a procedure would insert is no row
        blank = BODY.sub("", blank)
    for match in INSERT.finditer(blank):
        table, at, rows = _bare(match["table"]), match.end(), 0
        while found := LIST.match(blank, at):
            at, rows = found.end(), rows + 1
        counts[table] = counts.get(table, 0) + rows
    if reader.table:
        return counts.get(_bare(reader.table), 0)
    if len(counts) > 1:
        raise Refused("missing_table", "the dump holds several tables, and the contract names none")
    return sum(counts.values())


def _count_copy(text: str, counts: dict[str, int]) -> str:
    """Adds the lines between `COPY … FROM stdin;` and `\\.`; the lines outside come back."""
    outside: list[str] = []
    table = None
    for line in text.split("\n"):
        if table is not None:
            if line.rstrip("\r") == "\\.":
                table = None
            else:
                counts[table] += 1
        elif match := COPY.match(line):
            table = _bare(match[1])
            counts.setdefault(table, 0)
        else:
            outside.append(line)
    return "\n".join(outside)


def _blanked(text: str, reader: Reader) -> str:
    """Texts become '', comments a blank, names lose what is not of a name."""
    escaped = r"(?:[^'\\]++|\\(?s:.)|'')*+"
    single = f"'{escaped}'" if reader.dialect in BACKSLASH else f"[eE]'{escaped}'|'(?:[^']++|'')*+'"
    double = r'"(?:[^"\\]++|\\(?s:.)|"")*+"' if reader.dialect in BACKSLASH else r"(?!)"
    bracketed = r"|\[(?:[^\]]++|\]\])*+\]" if reader.dialect == "tsql" else ""
    pattern = rf"""(?P<text>{single}|{double}|(?<!\w)\$(?P<tag>\w*)\$(?s:.*?)\$(?P=tag)\$)|(?P<comment>--[^\n]*|/\*(?s:.*?)\*/)|(?P<name>"[^"]*"|`[^`]*`{bracketed})"""
    return re.sub(pattern, lambda m: "''" if m["text"] else " " if m["comment"] else re.sub(r"[()']", "", m["name"]), text)


def _bare(name: str) -> str:
    return re.findall(NAME, name.strip())[-1].strip('"`[]').casefold()
