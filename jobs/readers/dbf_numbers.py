"""Cells of a DBF's numeric fields that hold no number: GDAL reads 12 out of `12x` and `12.5`, and 0 out of `x`, without a word."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from jobs.readers.dbf_count import HEAD, records_left

END = 0x0D  # stands after the last field in the head
WHOLE = r"^[+-]?[0-9]+$"
NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
NOTHING = r"^\**$"  # blank, or filled with stars: the number did not fit, or there was none


def odd_numbers(data: bytes) -> dict[int, pl.Series]:
    """Place of a field (from 0) → all its cells as texts, for numeric fields with a cell that is no number. `data`: as long as its head says."""
    records, found, at = records_left(data), {}, 1
    for place, start in enumerate(range(HEAD, int.from_bytes(data[8:10], "little") - HEAD + 1, HEAD)):
        field = data[start : start + HEAD]
        width = field[16]
        if field[0] == END or not width or at + width > records.shape[1]:
            break
        if field[11:12] in (b"N", b"F"):
            texts = _texts(records[:, at : at + width])
            if not texts.str.contains(f"{NUMBER if field[17] else WHOLE}|{NOTHING}").all():
                found[place] = pl.select(pl.when(~texts.str.contains(NOTHING)).then(texts)).to_series()
        at += width
    return found


def _texts(cells: npt.NDArray[np.uint8]) -> pl.Series:
    """One text a row of bytes, without what fills it up. Bytes that are no ASCII are no digits, whatever they are."""
    plain = np.where((cells == 0) | (cells == 9), ord(" "), np.where(cells > 0x7E, ord("?"), cells)).astype(np.uint8)
    packed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(cells.shape[1]), len(cells), [None, pa.py_buffer(np.ascontiguousarray(plain).tobytes())])
    return pl.Series(pl.from_arrow(packed.cast(pa.binary()).cast(pa.string()))).str.strip_chars()
