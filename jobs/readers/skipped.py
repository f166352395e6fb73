"""Records among the rows that are no rows: the header again, headings of groups, totals. They are counted, so that none is lost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import polars as pl

from jobs.contracts.model import Reader

Rows = TypeVar("Rows", pl.DataFrame, pl.Series)


@dataclass(frozen=True)
class Skips:
    """`kept`: a mask over the rows, None for all; `headings`: repeated headers and group headings; `totals`."""

    kept: pl.Series | None = None
    headings: int = 0
    totals: int = 0

    def left(self, rows: Rows) -> Rows:
        """What stays of the rows (or of a column beside them)."""
        return rows if self.kept is None else rows.filter(self.kept)


def may_skip(reader: Reader) -> bool:
    return bool(reader.repeated_header or reader.totals or reader.group_rows)


def skips(table: pl.DataFrame, reader: Reader, header: Sequence[Sequence[str]]) -> Skips:
    """`table`: text columns as sent; `header`: the cells of each header line as sent."""
    if not may_skip(reader) or not table.width:
        return Skips()
    none = pl.repeat(0, table.height, dtype=pl.Int8, eager=True) == 1
    first = table.select(first_filled(table.columns)).to_series()
    headings = none
    if reader.repeated_header:
        for line in header:
            headings |= table.select(_equals(table.columns, line)).to_series()
    if reader.group_rows:
        headings |= matching(first, reader.group_rows)
    totals = matching(first, reader.totals) & ~headings if reader.totals else none
    return Skips(~(headings | totals), int(headings.sum()), int(totals.sum()))


def first_filled(columns: Sequence[str]) -> pl.Expr:
    return pl.coalesce([pl.when(pl.col(c).str.strip_chars() != "").then(pl.col(c)) for c in columns]).fill_null("")


def matching(texts: pl.Series, pattern: str) -> pl.Series:
    """Mask of the texts in which the regex is found. What Polars' regexes lack (look-around) is searched by Python's, once a distinct text."""
    try:
        return texts.str.contains(pattern).fill_null(value=False)
    except pl.exceptions.ComputeError:
        found = [text for text in texts.unique().drop_nulls() if re.search(pattern, text)]
        return texts.is_in(found).fill_null(value=False)


def _equals(columns: Sequence[str], line: Sequence[str]) -> pl.Expr:
    cells = [*line, *[""] * (len(columns) - len(line))]
    return pl.all_horizontal(*(pl.col(c).fill_null("").str.strip_chars() == cell.strip() for c, cell in zip(columns, cells, strict=False)))
