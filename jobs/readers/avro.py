"""Avro container files by fastavro. The counter adds up what the blocks say, and decodes no record."""

from __future__ import annotations

import datetime as dt
import io
import json
import lzma
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import polars as pl
from backports.zstd import ZstdError  # fastavro's

from jobs.contracts.model import Contract, Reader
from jobs.readers.frames import Part, framed
from jobs.readers.outcome import Refused

MOST_CELLS = 20_000_000  # of a file, which is read whole
BROKEN = (
    ValueError, EOFError, KeyError, IndexError, TypeError, StopIteration, OverflowError, struct.error, RecursionError, MemoryError,
    OSError, zlib.error, lzma.LZMAError, ZstdError,  # a block that is damaged, by its codec
)  # fmt: skip


def read_avro(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    """Members of the records as columns; a record or list inside is JSON text. Raises Refused for what is no Avro or is cut off."""
    import fastavro
    from fastavro.schema import SchemaParseException, UnknownType

    try:
        source = fastavro.reader(io.BytesIO(data))
        schema: Any = source.writer_schema
        if schema.get("type") != "record":
            raise ValueError(f"its schema is {schema.get('type')!r}, no record")
        if (cells := count_avro(contract.reader, data) * len(schema["fields"])) > MOST_CELLS:  # of values that are all the same a block takes next to no bytes
            raise Refused("too_large", f"The file claims to hold {cells:,} values. Split it, so that no file holds more than {MOST_CELLS:,}, and send it again.")
        rows = list(source)
        table = pl.DataFrame([_column(field["name"], [row[field["name"]] for row in rows]) for field in schema["fields"]])
    except (*BROKEN, SchemaParseException, UnknownType) as problem:
        raise Refused("unreadable", f"The file is not Avro that can be read: {type(problem).__name__} {str(problem)[:200]}. It may be cut off; send it again.") from None
    return framed(contract, table, constants)


def count_avro(reader: Reader, data: bytes) -> int:
    import fastavro
    from fastavro.schema import SchemaParseException, UnknownType

    try:
        return sum(block.num_records for block in fastavro.block_reader(io.BytesIO(data)))
    except (*BROKEN, SchemaParseException, UnknownType) as problem:
        raise ValueError(f"its blocks cannot be counted: {problem}") from None


def _column(name: str, values: list[Any]) -> pl.Series:
    """Of the values' own type; text where they are of several types (a union), or of one that no column has."""
    if not any(isinstance(value, (dict, list, dt.time, tuple)) for value in values):
        try:
            return pl.Series(name, values, strict=True)
        except (TypeError, OverflowError, pl.exceptions.PolarsError):
            pass  # several types
    return pl.Series(name, [_text(value) for value in values], dtype=pl.String)


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=_text)
    return None if value is None else str(value)
