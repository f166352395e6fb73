"""JSON lines: one object a line, its members taken by dotted paths."""

from __future__ import annotations

import codecs
import io
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from jobs.contracts.model import Column, Contract, Reader
from jobs.readers.cells import Cells
from jobs.readers.delimited import decode
from jobs.readers.frames import Part, Ragged
from jobs.readers.lined import SPACES, JsonLineCounter, Place
from jobs.readers.members import absent, has_member, members
from jobs.readers.numbers import EXACT_DIGITS, styled
from jobs.readers.outcome import Refused

LONG = re.compile(rb"[0-9][0-9.]{%d}" % EXACT_DIGITS)
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
HALF = re.compile(rb"\\u[dD][89abAB]..(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F]")
Kinds = Mapping[str, pl.DataType]  # member → what the parser makes of it, where that is no text
TYPES: Kinds = {"integer": pl.Int64(), "double": pl.Float64(), "boolean": pl.Boolean()}
NUMBER = r"^-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$"
Tree = dict[str, Any]  # member → the members wanted of it; an empty one is wanted whole, as text
Found = tuple[pl.DataFrame, Tree, Kinds]
MOST_ODD = 1000  # lines of a range that only the fast parser refuses; each costs it some attempts to find


@dataclass(frozen=True)
class Lines:
    """`text`: UTF-8; `starts`, `stops`: where its lines that are not blank begin and end in it; `numbers`: which lines of the file they are."""

    text: bytes
    starts: Sequence[int]
    stops: Sequence[int]
    numbers: pl.Series

    def __len__(self) -> int:
        return len(self.numbers)

    def line(self, at: int) -> bytes:
        return self.text[self.starts[at] : self.stops[at]].strip()

    def without(self, bad: Set[int]) -> Lines:
        kept = [at for at in range(len(self)) if at not in bad]
        return _lines(b"\n".join(self.line(at) for at in kept), self.numbers.gather(kept))


def read_json_lines(contract: Contract, data: bytes, constants: Mapping[str, str], place: Place = Place()) -> Part:  # noqa: B008
    """A line that is no object is a rejected row. Raises Refused where the first lines hold none at all, or the file is cut off in its last line."""
    lines = _numbered(_utf8(data, contract.reader, place), place.line)
    sources = {s for column in contract.columns for s in (column.source, *column.fallback)}
    wanted = _tree({s for s in sources if not s.startswith("$")})
    kinds = _kinds(contract, wanted)
    ragged: tuple[Ragged, ...] = ()
    found = None if _torn(lines) else _as_written(contract, lines, wanted, kinds)
    if found is None:
        bad = _bad(lines, wanted)
        _refuse_hopeless(lines, bad, data, place)
        ragged = tuple(Ragged(int(lines.numbers[at]), lines.line(at).decode(), 1, 0, wrong=f"the line is no JSON object: {why}") for at, why in bad.items())
        lines = lines.without(bad.keys())
        found = _as_written(contract, lines, wanted, kinds)
    if found is None:
        raise Refused("unreadable", "The file is not JSON lines: its lines cannot be read one by one. Write one object a line, and send it again.")
    rows, tree, kinds = found
    if "$row" in sources:
        rows = rows.with_columns(pl.Series("$row", [lines.line(at).decode() for at in range(len(lines))], dtype=pl.String))
    columns = [_value(column, tree, kinds, constants).alias(column.name) for column in contract.columns]
    frame = rows.select(*columns).with_columns(lines.numbers, pl.lit(0, pl.Int32).alias("_part"))
    seen = members(contract, lambda: [json.loads(lines.line(at)) for at in range(len(lines))], len(lines))
    lacking = absent(contract, frame, lambda paths: _has(lines, paths))
    return Part(Cells.of(frame), len(lines) + len(ragged), ragged, drift=seen.words, events=seen.events, beside=seen.beside, absent=lacking)


def _has(lines: Lines, paths: Sequence[str]) -> bool:
    """Whether a line has a member at one of these paths. What is nowhere in the text needs no parser; what this one does not read is not said to be absent."""
    names = [json.dumps(path.partition(".")[0], ensure_ascii=False).encode() for path in paths]
    if b"\\u" not in lines.text and not any(name in lines.text for name in names):
        return False
    try:
        return any(has_member(row, path) for row in (json.loads(lines.line(at)) for at in range(len(lines))) for path in paths)
    except (ValueError, RecursionError):
        return True


def count_json_lines(reader: Reader, data: bytes) -> int:
    """Lines that hold more than white space; the reader is asked for objects instead."""
    counter = JsonLineCounter(None)
    if data:
        counter.feed(data)
    counter.finish()
    return counter.lines - counter.blank


def _utf8(data: bytes, reader: Reader, place: Place) -> bytes:
    """Raises Refused for bytes that are no text. ASCII is told from the rest at once and needs no decoding."""
    is_utf8 = codecs.lookup(reader.encoding or "utf-8").name == "utf-8"
    text = data if is_utf8 and data.isascii() else decode(data, reader.encoding, place.line, place.offset).encode()
    return text.removeprefix(codecs.BOM_UTF8) if place.first else text


def _numbered(text: bytes, first: int) -> Lines:
    """The lines that are not blank, `first` being the number of the first line."""
    found = _lines(text, None)
    return Lines(text, found.starts, found.stops, found.numbers + first)


def _lines(text: bytes, numbers: pl.Series | None) -> Lines:
    """`numbers`: of the lines, where none is blank; left out: counted from 0."""
    data = np.frombuffer(text, dtype=np.uint8)
    stops = np.flatnonzero(data == ord("\n"))
    if len(data) and not text.endswith(b"\n"):
        stops = np.append(stops, len(data))
    starts = np.concatenate([[0], stops[:-1] + 1]) if len(stops) else stops
    doubtful = np.flatnonzero(np.isin(data[starts], SPACES)) if len(stops) else stops  # nearly every line starts with its brace
    blank = [at for at in doubtful if not text[starts[at] : stops[at]].strip()]
    if numbers is None:
        numbers = pl.Series("_record", np.delete(np.arange(len(stops), dtype=np.int64), blank))
    return Lines(text, np.delete(starts, blank), np.delete(stops, blank), numbers)  # type: ignore[arg-type]


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


def _schema(tree: Tree, kinds: Kinds) -> dict[str, pl.DataType]:
    return {name: pl.Struct(_schema(inner, {})) if inner else kinds.get(name, pl.String()) for name, inner in tree.items()}


def _kinds(contract: Contract, tree: Tree) -> Kinds:
    """Members that the parser may read as the numbers and booleans they are: it does so exactly or fails. Not where the contract reads something else out of their texts."""
    sources = Counter(s for column in contract.columns for s in (column.source, *column.fallback))
    return {c.source: TYPES[c.kind] for c in contract.columns if c.kind in TYPES and sources[c.source] == 1 and tree.get(c.source) == {} and _is_plain(c, contract.reader)}


def _is_plain(column: Column, reader: Reader) -> bool:
    words = {*reader.null_values, *column.null_values}
    return not column.fallback and not column.value_map and not styled(column.numbers or reader.numbers) and not any(re.search("[0-9]|true|false", word) for word in words)


def _parsed(lines: Lines, tree: Tree, kinds: Kinds) -> Found | None:
    """The members of each line, and the tree they were read by: where one line has a value and another an object, objects are taken whole.

    None where some line is no object.
    """
    if not len(lines):
        return pl.DataFrame(schema=_schema(tree, kinds)), tree, kinds
    flat: Tree = {name: {} for name in tree}
    ways: list[tuple[Tree, Kinds]] = [(tree, kinds), (tree, {}), (flat, {})]
    for at, (wanted, typed) in enumerate(ways):
        if (wanted, typed) in ways[:at]:
            continue
        rows = _read(lines.text, wanted, typed)
        if rows is not None and rows.height == len(lines):
            return rows, wanted, typed
    return None


def _read(text: bytes, tree: Tree, kinds: Kinds) -> pl.DataFrame | None:
    try:
        return pl.read_ndjson(io.BytesIO(text), schema=_schema(tree, kinds) or {"": pl.String()})
    except pl.exceptions.PolarsError:
        return None


def _as_written(contract: Contract, lines: Lines, tree: Tree, kinds: Kinds) -> Found | None:
    """As `_parsed`, but with numbers as the texts they are written in, where the fast parser would spell them anew: those of more digits than a double keeps, where a decimal
    column may be meant to keep them, and those of a text column, of which an id may have been made 1.1E+17 or 123.0."""
    if any(c.kind == "decimal" and c.precision > EXACT_DIGITS for c in contract.columns) and LONG.search(lines.text):
        lines = _lines(b"\n".join(_as_text(line, EXACT_DIGITS) if LONG.search(line := lines.line(at)) else line for at in range(len(lines))), lines.numbers)
    found = _parsed(lines, tree, kinds)
    names = _of_numbers(contract, found[0]) if found else []
    pattern = rf'"(?:{"|".join(names)})"\s*:\s*-?[0-9]+(?:[.eE]|[0-9]{{{EXACT_DIGITS}}})'
    if not names or not pl.Series([lines.text.decode("utf-8", "replace")]).str.contains(pattern).item():
        return found
    odd = re.compile(pattern.encode())
    return _parsed(_lines(b"\n".join(_as_text(line, 0) if odd.search(line := lines.line(at)) else line for at in range(len(lines))), lines.numbers), tree, kinds)


def _of_numbers(contract: Contract, rows: pl.DataFrame) -> list[str]:
    """Names, as a pattern, of members that text columns are read from and that hold a number, quoted or not."""
    sources = {source for c in contract.columns if c.kind == "string" for source in (c.source, *c.fallback) if not source.startswith("$")}
    found = [source for source in sources if source not in rows.columns or rows[source].dtype != pl.String or rows[source].str.contains(NUMBER).any()]
    return sorted({re.escape(json.dumps(source.rpartition(".")[2], ensure_ascii=False)[1:-1]) for source in found})


def _as_text(line: bytes, digits: int) -> bytes:
    """Numbers of more characters than these; whole ones only where they are many. What is no JSON stays as it is: it is found out later."""
    try:
        value = json.loads(line, parse_float=lambda text: text if len(text) > digits else float(text), parse_int=lambda text: text if len(text) > EXACT_DIGITS else int(text))
        return json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return line


def _torn(lines: Lines) -> bool:
    """Whether half a pair of surrogates is written somewhere: the fast parser makes a NUL of it without a word."""
    if not SURROGATE.search(lines.text):
        return False
    return any(SURROGATE.search(line := lines.line(at)) and HALF.search(line.replace(rb"\\", b"")) for at in range(len(lines)))


def _bad(lines: Lines, tree: Tree) -> dict[int, str]:
    """Lines that are no object → why, in words; only asked for when something is wrong."""
    found: dict[int, str] = {}
    for at in range(len(lines)):
        try:
            if not isinstance(value := json.loads(lines.line(at), parse_constant=_no_constant), dict):
                found[at] = "it is a value of another kind"
            elif SURROGATE.search(lines.line(at)):
                json.dumps(value, ensure_ascii=False).encode()  # half a pair is no character
        except (ValueError, RecursionError) as problem:
            found[at] = str(problem)
    good = [at for at in range(len(lines)) if at not in found]
    return dict(sorted((found | dict.fromkeys(_odd(lines, good, {name: {} for name in tree}), "its escapes or numbers are none that JSON has")).items()))


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _odd(lines: Lines, at: Sequence[int], flat: Tree) -> list[int]:
    """Lines among `at` that only the fast parser refuses, found by halving. Raises Refused where they are too many to be an accident."""
    found: list[int] = []
    waiting = [at] if at else []
    while waiting:
        some = waiting.pop()
        rows = _read(b"\n".join(lines.line(i) for i in some), flat, {})
        if rows is not None and rows.height == len(some):
            continue
        if len(some) == 1:
            found += some
        else:
            waiting += [some[: len(some) // 2], some[len(some) // 2 :]]
        if len(found) > MOST_ODD:
            raise Refused("unreadable", f"More than {MOST_ODD} lines of the file are no JSON objects, from line {lines.numbers[min(found)]}. Write one object a line, and send it again.")
    return found


def _refuse_hopeless(lines: Lines, bad: Mapping[int, str], data: bytes, place: Place) -> None:
    last = len(lines) - 1
    if place.first and len(bad) == len(lines):
        raise Refused("unreadable", f"Line {lines.numbers[0]} is no JSON object: {bad[0]}. The file is not JSON lines. Write one object a line, and send it again.")
    if place.last and last in bad and not data.endswith(b"\n"):
        raise Refused("unreadable", f"Line {lines.numbers[last]}, the last one, is no JSON object: {bad[last]}. The file is cut off; send it again.")


def _value(column: Column, tree: Tree, kinds: Kinds, constants: Mapping[str, str]) -> pl.Expr:
    found = [_source(source, tree, constants) for source in (column.source, *column.fallback)]
    if len(found) == 1 and column.source in kinds:
        return found[0]
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
