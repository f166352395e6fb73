"""Identifiers that a spreadsheet stored as numbers: their digits cannot be trusted, and are never guessed."""

from __future__ import annotations

import polars as pl

from jobs.contracts.model import Column
from jobs.quality.regexes import matches, native_regex

SCIENTIFIC = r"^\s*[+-]?[0-9]+(?:[.,][0-9]+[eE]\+?|[eE]\+)[0-9]+\s*$"  # 12E3 may be a code: spreadsheets write 1.2E+04
FRACTION = r"^\s*[0-9]+\.0*\s*$"
DIGITS = "^[0-9]+$"


def stored_as_number(value: pl.Expr, column: Column, typed_as_float: bool) -> pl.Expr:
    """Whether a text of an identifier, or of a column with a pattern that it does not match, was a number once."""
    if column.identifier and typed_as_float:
        return value.is_not_null()
    bad = value.str.contains(SCIENTIFIC) | value.str.contains(FRACTION)
    if column.pattern and native_regex(column.pattern):
        bad = bad & matches(value, column.pattern).not_()
    return bad | lost_zeros(value, column) if column.identifier else bad


def start_with_letters(texts: pl.Series) -> bool:
    """Whether every text starts with an ASCII character above the digits: none of them was a number, and two comparisons a text tell it."""
    first, last = texts.min(), texts.max()
    return first is None or (str(first) >= ":" and str(last) < "\x80")


def lost_zeros(value: pl.Expr, column: Column) -> pl.Expr:
    """Digits only, and fewer than the fixed length the contract states."""
    if not fixed_length(column):
        return pl.lit(False)
    return value.str.contains(DIGITS) & (value.str.len_chars() < fixed_length(column))


def fixed_length(column: Column) -> int:
    """Characters that every value has; 0 where the contract fixes no length."""
    return column.max_length or 0 if column.min_length == column.max_length else 0


def watched(column: Column) -> bool:
    """Whether the column's texts are looked at: identifiers, and columns with a pattern that can be judged here."""
    return column.kind == "string" and (column.identifier or bool(column.pattern and native_regex(column.pattern)))
