"""The cells of a dump as they were sent, by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import polars as pl
import pyarrow as pa


class Cells:
    """Columns of one length, as sent. A column that Arrow read becomes one of Polars when somebody asks for it, as that takes as long as to read its values, and most are never asked for."""

    def __init__(self, columns: Mapping[str, pl.Series | pa.ChunkedArray]) -> None:
        self._columns = dict(columns)
        self._asked: dict[str, pl.Series] = {}

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Cells:
        return cls({cells.name: cells for cells in frame})

    @property
    def columns(self) -> list[str]:
        return list(self._columns)

    @property
    def height(self) -> int:
        return len(next(iter(self._columns.values()), ()))

    @property
    def schema(self) -> dict[str, pl.DataType]:
        return {name: cells.dtype if isinstance(cells, pl.Series) else pl.String() for name, cells in self._columns.items()}

    @cached_property
    def frame(self) -> pl.DataFrame:
        return self.select(self.columns)

    def __getitem__(self, name: str) -> pl.Series:
        if name not in self._asked:
            self._asked[name] = _of_polars(name, self._columns[name])
        return self._asked[name]

    def column(self, name: str) -> pl.Series | pa.ChunkedArray:
        """As it is held."""
        return self._columns[name]

    def arrow(self, name: str) -> pa.Array:
        """A column of Arrow in one piece."""
        cells = self._columns[name]
        return cells.to_arrow(compat_level=pl.CompatLevel.oldest()) if isinstance(cells, pl.Series) else cells.combine_chunks()

    def select(self, names: Sequence[str]) -> pl.DataFrame:
        return pl.DataFrame([self[name] for name in names])

    def filter(self, kept: pl.Series) -> pl.DataFrame:
        """The rows of the mask alone."""
        mask = kept.to_arrow()
        return pl.DataFrame([_of_polars(name, cells.filter(kept if isinstance(cells, pl.Series) else mask)) for name, cells in self._columns.items()])


def _of_polars(name: str, cells: pl.Series | pa.ChunkedArray) -> pl.Series:
    return cells.alias(name) if isinstance(cells, pl.Series) else pl.Series(name, pl.from_arrow(cells.combine_chunks()), dtype=pl.String)
