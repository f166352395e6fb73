"""Members of JSON rows that no column asks for. A document always has more than a table takes: they are looked at only where the contract says what to do with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from jobs.contracts.model import Contract
from jobs.readers.drift import Drifted
from jobs.readers.unknown import Observed, observed

MOST_PATHS = 1_000  # a document whose keys are data has as many as it has rows
Tree = dict[str, Any]


def members(contract: Contract, rows: Callable[[], Sequence[Any]], height: int) -> Observed:
    """`rows`: the objects, asked for only where they are looked at. Unknown members by dotted path are what unknown columns are elsewhere."""
    paths = {s for column in contract.columns for s in (column.source, *column.fallback)}
    if contract.drift.new_column == "freeze" or "$row" in paths:
        return Observed({}, (), (), None)
    found = [dict(_unwanted(row, _tree(sorted(p for p in paths if not p.startswith("$"))))) for row in rows()]
    names = sorted({name for row in found for name in row})
    if len(names) > MOST_PATHS:
        raise Drifted("new_column", f"The rows have {len(names):,} different members that no column asks for, such as {names[0][:80]!r}: names seem to be data. Send data as values.")
    table = pl.DataFrame([pl.Series(name, [row.get(name) for row in found], dtype=pl.String) for name in names]) if names else pl.DataFrame(schema={}).clear(height)
    return observed(_only_new(contract), table)


def _only_new(contract: Contract) -> Contract:
    """A member that is not in a row is a null, no missing column; paths have no synonyms."""
    columns = tuple(replace(column, optional=True, source="$", synonyms=()) for column in contract.columns)
    return replace(contract, columns=columns, reader=replace(contract.reader, unpivot=None))


def _tree(paths: Sequence[str]) -> Tree:
    """Member → the members wanted of it; an empty one is wanted whole."""
    tree: Tree = {}
    for path in sorted(paths, key=lambda p: -p.count(".")):
        node = tree
        for step in path.split("."):
            node = node.setdefault(step, {})
    for path in paths:
        node = tree
        for step in path.split("."):
            node = node.get(step, {})
        node.clear()
    return tree


def _unwanted(row: Any, tree: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in row.items() if isinstance(row, dict) else ():
        if name not in tree:
            if value not in (None, "", [], {}):
                yield before + name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
        elif tree[name] and isinstance(value, dict):
            yield from _unwanted(value, tree[name], f"{before}{name}.")
