"""A JSON document: rows at one of the contract's paths, flattened by dotted paths."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from jobs.contracts.model import Column, Contract, Reader
from jobs.readers.delimited import decode
from jobs.readers.frames import Part
from jobs.readers.outcome import Refused


class Spelt(float):
    """A number with a fraction or an exponent, and its digits as they were sent: a float keeps only 15 of them."""

    def __new__(cls, text: str) -> Spelt:
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str


def read_json_part(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    """A JSON document: rows at the first path that exists, flattened by the contract's dotted paths. Raises Refused for what is no JSON, or no text."""
    try:
        document = json.loads(json_text(contract.reader, data), parse_float=Spelt)
    except RecursionError:
        raise Refused("unreadable", "The file is no agreed JSON: its values are nested hundreds of levels deep. Send it again as agreed.") from None
    except ValueError as problem:
        raise Refused("unreadable", f"The file is not valid JSON: {problem}. It may be cut off; send it again.") from None
    rows = _json_rows(contract, document)
    frame = pl.DataFrame([_cells(column, rows, document, constants) for column in contract.columns])
    return Part(frame.with_columns(pl.int_range(1, len(rows) + 1, dtype=pl.Int64).alias("_record"), pl.lit(0, pl.Int32).alias("_part")), len(rows))


def json_text(reader: Reader, data: bytes) -> bytes:
    """The document as UTF-8: in the contract's encoding, else in UTF-8, UTF-16 or UTF-32 as its first bytes tell. Raises Refused naming the bytes that are no text."""
    name = reader.encoding or json.detect_encoding(data).removesuffix("-sig")
    text = decode(data, name)
    return data.removeprefix(codecs.BOM_UTF8) if codecs.lookup(name).name == "utf-8" else text.removeprefix("\ufeff").encode()


def _cells(column: Column, rows: list[Any], document: Any, constants: Mapping[str, str]) -> pl.Series:
    values = [_json_value(column, row, document, constants) for row in rows]
    try:
        return pl.Series(column.name, values, dtype=pl.String)
    except UnicodeEncodeError:
        record = next(at for at, value in enumerate(values, 1) if _halved(value or ""))
        raise Refused("unreadable", f"Row {record} has half a character in {column.source!r}: a \\ud800 to \\udfff without its other half. Write the text again and send it.") from None


def _halved(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _json_rows(contract: Contract, document: Any) -> list[Any]:
    for path in contract.reader.rows_at:
        if path == "$":
            if isinstance(document, list):
                return document
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
            return _text(value)
    return None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return value.text if isinstance(value, Spelt) else json.dumps(value, ensure_ascii=False, sort_keys=True)
