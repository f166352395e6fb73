"""A JSON document: rows at one of the contract's paths, flattened by dotted paths."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from jobs.contracts.model import Column, Contract
from jobs.readers.frames import Part
from jobs.readers.members import members
from jobs.readers.outcome import Refused


def read_json_part(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    """A JSON document: rows at the first path that exists, flattened by the contract's dotted paths."""
    try:
        document = json.loads(data)
    except (ValueError, UnicodeDecodeError) as problem:
        raise Refused("unreadable", f"The file is not valid JSON: {problem}. It may be cut off; send it again.") from None
    rows = _json_rows(contract, document)
    columns = {c.name: pl.Series(c.name, [_json_value(c, row, document, constants) for row in rows], dtype=pl.String) for c in contract.columns}
    frame = pl.DataFrame(columns).with_columns(pl.int_range(1, len(rows) + 1, dtype=pl.Int64).alias("_record"), pl.lit(0, pl.Int32).alias("_part"))
    seen = members(contract, lambda: rows, len(rows))
    return Part(frame, len(rows), drift=seen.words, events=seen.events, beside=seen.beside)


def _json_rows(contract: Contract, document: Any) -> list[Any]:
    for path in contract.reader.rows_at:
        if path == "$":
            if isinstance(document, dict) and document and set(contract.reader.row_requires) <= set(document):
                return [document]
            continue
        found = _at(document, path)
        if isinstance(found, list):
            return found
    return []


def _at(node: Any, path: str) -> Any:
    for step in path.split("."):
        node = node.get(step) if isinstance(node, dict) else None
    return node


def _json_value(column: Column, row: Any, document: Any, constants: Mapping[str, str]) -> str | None:
    for source in (column.source, *column.fallback):
        if source == "$row":
            value = row
        elif source.startswith("$doc."):
            value = _at(document, source.removeprefix("$doc."))
        elif source.startswith("$"):
            value = constants.get(source)
        else:
            value = _at(row, source)
        if value not in (None, ""):
            return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return None


