"""Columns whose every text is a value as machines write it, or a stated null: read in one go, without trimming, folding or searching.

What is read here is what `values` would read, text by text; where that is not certain of a whole column, nothing is. Arrow casts the texts, far quicker than Polars, where their
characters and lengths leave no other reading; integers and doubles that it refuses are cast by the very cast that reads them there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from jobs.contracts.formats import spelled_out
from jobs.contracts.model import Column, Reader
from jobs.readers.cells import Cells
from jobs.readers.dates import ambiguous, in_utc
from jobs.readers.nulls import without_nulls
from jobs.readers.numbers import styled

DAY, DAY_LENGTH = "%Y-%m-%d", 10
MOMENTS, MOMENT_LENGTH = {"%Y-%m-%d %H:%M:%S": " ", "%Y-%m-%dT%H:%M:%S": "T"}, 19  # and what parts day and time
FIRST_DAY = (dt.date(1, 1, 1) - dt.date(1970, 1, 1)).days  # of our era; Python has no day before it

Read = Callable[[pa.Array], pl.Series | None]  # texts → values, null where a text is none (or cannot be told); None where one is not plain


def read_plainly(cells: Cells, column: Column, reader: Reader, formats: Sequence[str], zone: str) -> pl.Series | None:
    """A column as sent → values of its type, or None where a text of it is not plainly one and no stated null either."""
    read = _way(column, reader, formats, zone)
    listed = [*reader.null_values, *column.null_values]
    if read is None or cells.schema[column.name] != pl.String or column.value_map or any(text != text.strip() for text in listed):
        return None
    texts = cells.arrow(column.name)
    sent = texts if listed in ([""], []) else _null_where(texts, pc.is_in(texts, pa.array(listed, texts.type)))
    values = read(sent)
    if values is None or values.null_count() == sent.null_count:
        return values if values is None else values.alias(column.name)
    left = pl.Series("sent", pl.from_arrow(sent), dtype=pl.String).filter(values.is_null()).drop_nulls()
    nulls = left.to_frame().select(without_nulls(pl.col("sent"), column, reader)).to_series()
    return values.alias(column.name) if nulls.null_count() == len(left) else None


def _way(column: Column, reader: Reader, formats: Sequence[str], zone: str) -> Read | None:
    kind = column.kind
    if kind in ("integer", "decimal", "double"):
        if styled(column.numbers or reader.numbers):
            return None
        return {"integer": _integers, "double": _doubles, "decimal": lambda texts: _decimals(texts, column.precision, column.scale)}[kind]
    if kind == "date" and spelled_out(formats[0]) == DAY:
        return _days
    if kind == "timestamp" and (parted := _parted(formats)):
        return lambda texts: _moments(texts, parted, zone)
    return None


def _parted(formats: Sequence[str]) -> str:
    """What may part day and time: of the first formats, as a text that fits several is read by the first."""
    found = ""
    for format_ in map(spelled_out, formats):
        if format_ not in MOMENTS:
            break
        found += MOMENTS[format_]
    return found


def _integers(texts: pa.Array) -> pl.Series:
    """Arrow reads hexadecimal digits too."""
    sent = _without_empty(texts)
    values = _cast(sent, pa.int64()) if _digits(sent) else None
    return _polars(texts).cast(pl.Int64, strict=False) if values is None else values


def _doubles(texts: pa.Array) -> pl.Series:
    values = _cast(_without_empty(texts), pa.float64())
    values = _polars(texts).cast(pl.Float64, strict=False) if values is None else values
    return values if values.is_finite().all() else values.set(~values.is_finite(), None)


def _decimals(texts: pa.Array, precision: int, scale: int) -> pl.Series | None:
    """No exponent, no sign in front but a minus."""
    sent = _without_empty(texts)
    return _cast(sent, pa.decimal128(precision, scale)) if _digits(sent) else None


def _days(texts: pa.Array) -> pl.Series | None:
    sent = _without_empty(texts)
    if not _all_long(sent, DAY_LENGTH):
        return None
    days = _cast(sent, pa.date32())
    first = None if days is None else days.to_physical().min()
    return None if isinstance(first, int) and first < FIRST_DAY else days


def _moments(texts: pa.Array, parted: str, zone: str) -> pl.Series | None:
    """An hour that came twice or never is for those who can say so."""
    sent = _without_empty(texts)
    if not _all_long(sent, MOMENT_LENGTH):
        return None
    if not np.isin(_bytes(sent).reshape(-1, MOMENT_LENGTH)[:, DAY_LENGTH], [ord(mark) for mark in parted]).all():
        return None
    local = _cast(sent, pa.timestamp("us"))
    if local is None:
        return None
    moments = local.to_frame("v").select(in_utc(pl.col("v"), zone)).to_series()
    return None if moments.null_count() != local.null_count() or ambiguous(moments, zone).any() else moments


def _digits(texts: pa.Array) -> bool:
    """Whether there are digits, points and minus signs only (`/` stands among them, and no cast takes it)."""
    held = _bytes(texts)
    return not len(held) or bool(held.min() >= ord("-") and held.max() <= ord("9"))


def _without_empty(texts: pa.Array) -> pa.Array:
    """Null where a text is empty: a null that is not stated is found out by who asked."""
    if pc.min(pc.binary_length(texts)).as_py() != 0:
        return texts
    return _null_where(texts, pc.equal(texts, ""))


def _null_where(texts: pa.Array, mask: pa.Array) -> pa.Array:
    return pc.if_else(mask, pa.scalar(None, texts.type), texts)


def _bytes(texts: pa.Array) -> npt.NDArray[np.uint8]:
    _, offsets, data = texts.buffers()
    if data is None or not len(texts):
        return np.empty(0, dtype=np.uint8)
    width = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    at = np.frombuffer(offsets, dtype=width)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data, dtype=np.uint8)[at[0] : at[-1]]


def _all_long(texts: pa.Array, length: int) -> bool:
    """Whether every text has so many bytes (a null has none)."""
    found = pc.min_max(pc.binary_length(texts))
    return found["min"].as_py() in (None, length) and found["max"].as_py() in (None, length) and len(_bytes(texts)) == length * (len(texts) - texts.null_count)


def _cast(texts: pa.Array, kind: pa.DataType) -> pl.Series | None:
    try:
        return _polars(pc.cast(texts, kind))
    except pa.ArrowInvalid:
        return None


def _polars(values: pa.Array) -> pl.Series:
    return pl.Series(pl.from_arrow(values))
