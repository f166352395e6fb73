"""Spellings of 'no value'."""

from __future__ import annotations

import polars as pl

from jobs.contracts.model import Column, Reader
from jobs.readers.characters import widened

DASHES = ("-", "--", "---", "–", "—", "——", "―", "−")
WORDS = ("null", "(null)", "n/a", "#n/a", "n.a.", "none", "nil", "nan", "\\n", "/", "无", "無", "不详", "不詳", "未知", "不明", "暂无", "空")
EVERY_DASH = (*DASHES, *map(widened, DASHES))
COMMON = tuple(dict.fromkeys([*DASHES, *WORDS, *map(widened, (*DASHES, *WORDS))]))  # compared in lower case, white space around them left out


def without_nulls(value: pl.Expr, column: Column, reader: Reader) -> pl.Expr:
    """Null where the contract lists the text (exactly as sent), or its preset knows it."""
    listed = [*reader.null_values, *column.null_values]
    if listed:
        value = pl.when(value.is_in(listed) if len(listed) > 1 else value == listed[0]).then(None).otherwise(value)
    if (column.null_preset or reader.null_preset) == "common":
        spelled = value.str.strip_chars().str.to_lowercase()
        zero = (column.numbers or reader.numbers).dash == "zero" and column.kind in ("integer", "decimal", "double")  # there a dash says 0
        value = pl.when(spelled.is_in([text for text in COMMON if text not in EVERY_DASH] if zero else COMMON)).then(None).otherwise(value)
    return value
