"""JSON lines: one object a line, its members taken by dotted paths."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence, Set
from typing import Any

import polars as pl

from jobs.contracts.model import Column, Contract, Reader
from jobs.readers.delimited import decode
from jobs.readers.frames import Part
from jobs.readers.members import members
from jobs.readers.outcome import Refused

Tree = dict[str, Any]  # member → the members wanted of it; an empty one is wanted whole, as text


def read_json_lines(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    """Raises Refused naming the line that is no JSON object."""
    text = decode(data, contract.reader.encoding).removeprefix("\ufeff").encode()
    full = _full_lines(text)
    sources = {s for column in contract.columns for s in (column.source, *column.fallback)}
    rows, tree = _parsed(text, _tree({s for s in sources if not s.startswith("$")}), full)
    if "$row" in sources:
        rows = rows.with_columns(pl.Series("$row", _texts(text)))
    columns = [_value(column, tree, constants).alias(column.name) for column in contract.columns]
    frame = rows.select(*columns).with_columns(full.alias("_record"), pl.lit(0, pl.Int32).alias("_part"))
    seen = members(contract, lambda: [json.loads(line) for line in _texts(text)], len(full))
    return Part(frame, len(full), drift=seen.words, events=seen.events, beside=seen.beside)


def count_json_lines(reader: Reader, data: bytes) -> int:
    """Lines that hold more than white space; the reader is asked for objects instead."""
    return sum(1 for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line and not line.isspace())


def _full_lines(text: bytes) -> pl.Series:
    """Numbers, from 1, of the lines that are not blank."""
    lines = text.split(b"\n")
    return pl.Series("_record", [number for number, line in enumerate(lines, 1) if line and not line.isspace()], dtype=pl.Int64)


def _texts(text: bytes) -> list[str]:
    return [line.decode().strip() for line in text.split(b"\n") if line and not line.isspace()]


def _tree(paths: Set[str]) -> Tree:
    tree: Tree = {}
    for path in sorted(paths, key=lambda p: -p.count(".")):
        node = tree
        for step in path.split("."):
            node = node.setdefault(step, {})
    for path in paths:
        _at(tree, path.split(".")).clear()
    return tree


def _at(tree: Tree, steps: Sequence[str]) -> Tree:
    """The node of a path, or the nearest one above it that is wanted whole."""
    for step in steps:
        if step not in tree:
            break
        tree = tree[step]
    return tree


def _schema(tree: Tree) -> dict[str, pl.DataType]:
    return {name: pl.Struct(_schema(inner)) if inner else pl.String() for name, inner in tree.items()}


def _parsed(text: bytes, tree: Tree, full: pl.Series) -> tuple[pl.DataFrame, Tree]:
    """The members of each line, and the tree they were read by: where one line has a value and another an object, objects are taken whole."""
    if not len(full):
        return pl.DataFrame(schema=_schema(tree)), tree
    flat: Tree = {name: {} for name in tree}
    try:
        try:
            rows = pl.read_ndjson(io.BytesIO(text), schema=_schema(tree) or {"": pl.String()})
        except pl.exceptions.PolarsError:
            if flat == tree:
                raise
            rows, tree = pl.read_ndjson(io.BytesIO(text), schema=_schema(flat)), flat
    except pl.exceptions.PolarsError as problem:
        raise Refused("unreadable", f"{_broken(text)}The file is not JSON lines ({str(problem)[:120]}). It may be cut off; send it again.") from None
    if rows.height != len(full):
        raise Refused("unreadable", f"{_broken(text)}The file holds {rows.height} objects in {len(full)} lines. Write one object a line, and send it again.")
    return rows, tree


def _broken(text: bytes) -> str:
    """Names the first line that is no object, in words; only asked for when something is wrong."""
    for number, line in enumerate(text.split(b"\n"), 1):
        try:
            if line.strip() and not isinstance(json.loads(line), dict):
                return f"Line {number} is no JSON object. "
        except (ValueError, RecursionError) as problem:
            return f"Line {number} is no JSON object: {problem}. "
    return ""


def _value(column: Column, tree: Tree, constants: Mapping[str, str]) -> pl.Expr:
    found = [_source(source, tree, constants) for source in (column.source, *column.fallback)]
    return pl.coalesce([pl.when(value != "").then(value) for value in found])


def _source(source: str, tree: Tree, constants: Mapping[str, str]) -> pl.Expr:
    if source == "$row":
        return pl.col("$row")
    if source.startswith("$"):
        return pl.lit(constants.get(source), dtype=pl.String)
    first, *rest = source.split(".")
    value, node = pl.col(first), tree[first]
    for at, step in enumerate(rest):
        if not node:  # another column wants the object whole: it is text here
            return value.str.json_path_match("$" + "".join(f"[{json.dumps(s, ensure_ascii=False)}]" for s in rest[at:]))
        value, node = value.struct.field(step), node[step]
    return value
