"""Cells of a DBF that are not of their field's kind: GDAL reads 12 out of `12x` and `12.5`, 1970-01-01 out of `2020022x` and false out of `X`, without a word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from jobs.readers.dbf_count import HEAD, records_left

END = 0x0D  # stands after the last field in the head
WHOLE = r"^[+-]?[0-9]+$"
NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
KINDS = {b"N": NUMBER, b"F": NUMBER, b"D": r"^[0-9]{8}$", b"L": r"^[TtYyFfNn]$"}
# blank, or filled with stars: the number did not fit, or there was none; no day; a truth that nobody knows
NOTHING = {b"N": r"^\**$", b"F": r"^\**$", b"D": r"^0*$", b"L": r"^\??$"}


@dataclass(frozen=True)
class Field:
    """`start`: its first byte in a record; `place`: which field it is, from 0."""

    place: int
    name: bytes
    kind: bytes
    start: int
    width: int
    decimals: int


def fields(data: bytes) -> Iterator[Field]:
    """As the head has them, as long as they stand in the records."""
    length, at = int.from_bytes(data[10:12], "little"), 1
    for place, start in enumerate(range(HEAD, int.from_bytes(data[8:10], "little") - HEAD + 1, HEAD)):
        field = data[start : start + HEAD]
        width = field[16]
        if field[0] == END or not width or at + width > length:
            return
        yield Field(place, field[:11].split(b"\0")[0], field[11:12], at, width, field[17])
        at += width


def odd_cells(data: bytes) -> dict[int, pl.Series]:
    """Place of a field (from 0) → all its cells as texts, for fields of numbers, days or truths with a cell that is none; days that are days as YYYY-MM-DD. `data`: as long as its head says."""
    records, found = records_left(data), {}
    for field in fields(data):
        kind = field.kind
        if kind in KINDS:
            texts = _texts(records[:, field.start : field.start + field.width])
            good, nothing = KINDS[kind] if field.decimals or kind not in (b"N", b"F") else WHOLE, NOTHING[kind]
            days = texts.str.to_date("%Y%m%d", strict=False) if kind == b"D" else None
            sound = texts.str.contains(good) & days.is_not_null() if days is not None else texts.str.contains(good)
            if not (sound | texts.str.contains(nothing)).all():
                said = texts if days is None else pl.select(pl.when(sound).then(days.dt.strftime("%Y-%m-%d")).otherwise(texts)).to_series()
                found[field.place] = pl.select(pl.when(~texts.str.contains(nothing)).then(said)).to_series()
    return found


def _texts(cells: npt.NDArray[np.uint8]) -> pl.Series:
    """One text a row of bytes, without what fills it up. Bytes that are no ASCII are no digits, whatever they are."""
    plain = np.where((cells == 0) | (cells == 9), ord(" "), np.where(cells > 0x7E, ord("?"), cells)).astype(np.uint8)
    packed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(cells.shape[1]), len(cells), [None, pa.py_buffer(np.ascontiguousarray(plain).tobytes())])
    return pl.Series(pl.from_arrow(packed.cast(pa.binary()).cast(pa.string()))).str.strip_chars()
