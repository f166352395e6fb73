"""Members of JSON and XML rows that no column asks for, and columns whose member no row has.

A document always has more than a table takes: what no column asks for is looked at only where the contract says what to do with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from jobs.contracts.model import Column, Contract
from jobs.readers.drift import Drifted
from jobs.readers.unknown import Observed, observed

MOST_PATHS = 1_000  # a document whose keys are data has as many as it has rows
Tree = dict[str, Any]


def members(contract: Contract, rows: Callable[[], Iterable[Any]], height: int, plain: Callable[[str], str] = str, *, through_lists: bool = False) -> Observed:
    """Unknown members by dotted path are what unknown columns are elsewhere.

    `rows`: the objects, asked for only where they are looked at; `plain`: a path of the contract as members are named in them;
    `through_lists`: a path leads into every item of a list (in JSON it ends there).
    """
    paths = {plain(s) for column in contract.columns for s in (column.source, *column.fallback)}
    if contract.drift.new_column == "freeze" or "$row" in paths:
        return Observed({}, (), (), None)
    tree = _tree(sorted(p for p in paths if not p.startswith("$")))
    found = [_texts(_unwanted(row, tree, through_lists)) for row in rows()]
    names = sorted({name for row in found for name in row})
    if len(names) > MOST_PATHS:
        message = f"The rows have {len(names):,} different members that no column asks for, such as {names[0][:80]!r}: names seem to be data. Send data as values."
        raise Drifted("new_column", message)
    table = pl.DataFrame([pl.Series(name, [row.get(name) for row in found], dtype=pl.String) for name in names]) if names else pl.DataFrame(schema={}).clear(height)
    return observed(_only_new(contract), table)


def awaited(column: Column) -> bool:
    """Whether some row of a delivery should have a member for it."""
    return not column.optional and not any(source.startswith("$") or source == "." for source in (column.source, *column.fallback))


def absent(contract: Contract, frame: pl.DataFrame, has: Callable[[Sequence[str]], bool]) -> frozenset[str]:
    """Columns of rows whose member is in none of them. `has`: whether a row has one of these paths, if only with a null; asked where no row has a value."""
    empty = [column for column in contract.columns if frame.height and awaited(column) and frame[column.name].null_count() == frame.height]
    return frozenset(column.name for column in empty if not has((column.source, *column.fallback)))


def has_member(row: Any, path: str) -> bool:
    """A null on the way says nothing of what could lie inside it."""
    for step in path.split("."):
        if row is None:
            return True
        if not isinstance(row, dict) or step not in row:
            return False
        row = row[step]
    return True


def _only_new(contract: Contract) -> Contract:
    """A member that is not in a row is a null, no missing column; paths have no synonyms."""
    columns = tuple(replace(column, optional=True, source="$", synonyms=()) for column in contract.columns)
    return replace(contract, columns=columns, reader=replace(contract.reader, unpivot=None))


def _tree(paths: Sequence[str]) -> Tree:
    """Member → the members wanted of it; an empty one is wanted whole."""
    tree: Tree = {}
    for path in sorted(paths, key=lambda p: -p.count(".")):
        node = tree
        for step in _steps(path):
            node = node.setdefault(step, {})
    for path in paths:
        node = tree
        for step in _steps(path):
            node = node.get(step, {})
        node.clear()
    return tree


def _steps(path: str) -> list[str]:
    return [path] if path == "." else path.split(".")


def _unwanted(row: Any, tree: Mapping[str, Any], through_lists: bool, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items() if isinstance(row, dict) else ():
        inside = tree.get(name)
        if inside is not None and not inside:
            continue
        items = value if through_lists and isinstance(value, list) else [value]
        if inside and all(isinstance(item, dict) for item in items):
            for item in items:
                yield from _unwanted(item, inside, through_lists, f"{before}{name}.")
        elif value not in (None, "", [], {}):
            yield before + name, value


def _texts(pairs: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """Values by path as text; those of one path that lie in several items of a list as one list."""
    found: dict[str, list[Any]] = {}
    for path, value in pairs:
        found.setdefault(path, []).append(value)
    single = {path: values[0] if len(values) == 1 else values for path, values in found.items()}
    return {path: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True) for path, value in single.items()}
