"""Why a text did not become a value, in words for the clerk who sent it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from jobs.contracts.model import Column, Contract, Numbers
from jobs.readers.dates import local_times, looks_like
from jobs.readers.identifiers import SCIENTIFIC, fixed_length, lost_zeros
from jobs.readers.numbers import SEPARATORS, expanded, plain, styled

Reason = tuple[pl.Expr, str]  # (which texts, what is wrong with them); the first that fits is said
AMBIGUOUS_HOUR = "clocks in {zone} showed this time twice that day; the earlier was taken"
INVISIBLE = r"[\p{Cc}\p{Cf}]"


def reasons(sent: pl.Series, column: Column, contract: Contract, formats: Sequence[str]) -> pl.Series:
    """`sent`: what is no value of the column, trimmed and folded where it is text. One message a row."""
    value, skipped = pl.col("sent"), f"clocks in {contract.source_time_zone} skipped this time that day: there was no such hour"
    if column.kind == "timestamp" and isinstance(sent.dtype, pl.Datetime):
        return pl.Series([skipped] * len(sent), dtype=pl.String)
    sent = sent.cast(pl.String)
    found = list(_of(value, sent, column, contract, formats))
    if column.kind == "timestamp":
        century = contract.reader.two_digit_years_from if column.two_digit_years_from is None else column.two_digit_years_from
        found.insert(0, (pl.lit(local_times(sent, formats, century).is_not_null()), skipped))
    said: pl.Expr = pl.lit(_otherwise(column, formats))
    for which, message in reversed(found):
        said = pl.when(which.fill_null(False)).then(pl.lit(message)).otherwise(said)
    return sent.alias("sent").to_frame().select(said.alias("message"))["message"]


def _of(value: pl.Expr, sent: pl.Series, column: Column, contract: Contract, formats: Sequence[str]) -> Iterator[Reason]:
    if column.kind == "string":
        yield from _identifier(value, column)
        return
    yield value.str.contains("^#+$"), "Excel shows #### where a column is too narrow; widen it and export again"
    yield value.str.contains(r"^#[A-Z/0]+[!?]?$"), "this is an error of a spreadsheet formula, not a value"
    yield value.str.contains(INVISIBLE), "an invisible character is in this value; type it again"
    if column.kind in ("integer", "decimal", "double"):
        yield from _number(value, sent, column, column.numbers or contract.reader.numbers)
    if column.kind in ("date", "timestamp"):
        yield from _date(value, column, formats)


def _identifier(value: pl.Expr, column: Column) -> Iterator[Reason]:
    yield value.str.contains(SCIENTIFIC), "this identifier was stored as a number in scientific notation and lost its last digits; format the column as text and enter it again"
    yield value.str.contains(r"^\s*[+-]?[0-9]+\.0*\s*$"), "this identifier was stored as a number (it ends in a decimal point); format the column as text and export again"
    length = fixed_length(column)
    yield lost_zeros(value, column), f"this identifier has fewer than {length} digits: zeros in front were likely lost; format the column as text and enter it again"


def _number(value: pl.Expr, sent: pl.Series, column: Column, style: Numbers) -> Iterator[Reason]:
    digits = plain(sent, style, column.kind == "double") if styled(style) else expanded(sent) if column.kind == "decimal" else sent
    yield from _too_much(pl.lit(digits), column)
    if not style.percent:
        yield value.str.contains("%", literal=True), "a percent sign is not agreed for this column"
    if style.percent == "divide":
        yield value.str.contains("%", literal=True).not_() & value.str.contains("^[0-9.,-]+$"), "the percent sign is missing: this could be a percentage or a share"
    yield value.str.contains("^[(].*[)]$") & pl.lit("parentheses" not in style.negative), "parentheses for a negative number are not agreed for this column; write it with a minus in front"
    yield value.str.contains("[0-9]-$") & pl.lit("trailing" not in style.negative), "a minus behind the number is not agreed for this column; write it in front"
    if style.thousands:
        yield value.str.contains(rf"[0-9]{SEPARATORS[style.thousands]}[0-9]"), "the thousands separators do not stand between groups of three digits"
    others = "|".join(rf"[0-9]{{1,3}}(?:{pattern}[0-9]{{3}})+" for name, pattern in SEPARATORS.items() if name not in (style.thousands, style.decimal_mark))
    yield value.str.contains(rf"^[+-]?(?:{others})(?:[.,][0-9]*)?$"), "such thousands separators are not agreed for this column; write the digits without them"
    if column.kind == "integer":
        yield value.str.contains("^[+-]?[0-9]*[.,][0-9]+$"), "this is not written as a whole number"
    elif style.decimal_mark == ".":
        yield value.str.contains("^[+-]?[0-9]+,[0-9]+$"), "the decimal mark agreed for this column is a point, not a comma"
    else:
        yield value.str.contains(r"^[+-]?[0-9]+\.[0-9]+$"), "the decimal mark agreed for this column is a comma, not a point"
    yield value.str.contains(r"\p{Sc}"), "this currency sign is not agreed for this column"
    yield value.str.contains(r"[0-9]\s*[十百千万萬亿億]"), "this multiplier (such as 万) is not agreed for this column; write all digits"


def _too_much(value: pl.Expr, column: Column) -> Iterator[Reason]:
    digits = r"^[+-]?[0-9]+(?:\.[0-9]*)?$"
    if column.kind == "integer":
        yield value.str.contains(r"^[+-]?[0-9]*\.[0-9]+$"), "this is not written as a whole number"
        yield value.str.contains("^[+-]?[0-9]{18,}$"), "this number is too large"
    if column.kind == "decimal":
        yield value.str.contains(rf"^[^.]*\.[0-9]{{{column.scale}}}[0-9]*[1-9]"), f"more than {column.scale} digits after the decimal point"
        yield value.str.contains(digits), f"more than {column.precision - column.scale} digits before the decimal point"
    if column.kind == "double":
        yield value.str.contains("(?i)^[+-]?(?:inf|infinity|nan)$") | value.str.contains("^[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?$"), "this number is not finite"


def _date(value: pl.Expr, column: Column, formats: Sequence[str]) -> Iterator[Reason]:
    yield looks_like(value, formats), "there is no such day or time"
    yield value.str.contains(r"^(?:民國)?[0-9]{3,4}年?$|^[0-9]{4}[-/.年][0-9]{1,2}月?$|^[0-9]{1,2}[-/.][0-9]{4}$|^[0-9]{1,2}月[0-9]{1,2}日$"), "this is half a date; write year, month and day"
    if column.kind == "date" and any(f.startswith("excel") for f in formats):
        yield value.str.contains(r"^[0-9]{1,7}\.[0-9]+$"), "this date has a time of day"
    yield value.str.contains(r"^[0-9]{5}(?:\.[0-9]+)?$"), "this looks like a date in Excel's own count of days; format the column as a date and export again"
    yield value.str.contains(r"^[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2}$"), f"the order or the century of this date is not clear; write {_forms(formats)}"


def _forms(formats: Sequence[str]) -> str:
    return " or ".join(formats)


def _otherwise(column: Column, formats: Sequence[str]) -> str:
    if column.kind in ("date", "timestamp"):
        return f"this is no {'date' if column.kind == 'date' else 'time'} in an agreed form ({_forms(formats)})"
    words = {"boolean": "this is neither yes nor no", "string": "this identifier was stored as a number; format the column as text and export again"}
    return words.get(column.kind, "this is not a number as agreed for this column")
