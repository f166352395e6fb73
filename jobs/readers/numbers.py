"""Numbers as people write them → plain text (`-1234.5`), which a cast then reads. The contract states every style; none is guessed."""

from __future__ import annotations

import polars as pl

from jobs.contracts.model import Numbers
from jobs.readers.nulls import DASHES

SEPARATORS = {",": ",", ".": r"\.", "'": "['’]", "space": "[ \u00a0\u2009\u202f]"}
POWERS = {
    "十": 1, "百": 2, "千": 3, "万": 4, "萬": 4, "十万": 5, "百万": 6, "千万": 7, "亿": 8, "億": 8, "十亿": 9, "百亿": 10, "千亿": 11, "万亿": 12,
    "thousand": 3, "million": 6, "billion": 9, "lakh": 5, "crore": 7,
}  # fmt: skip
MARKS = {".": r"\.", ",": ","}


def styled(style: Numbers) -> bool:
    """Whether the contract states any style: without one a number is read as it stands."""
    return style != Numbers(dash=style.dash)


def dashed(value: pl.Expr, style: Numbers) -> pl.Expr:
    """An accounting dash is no value, or 0, as the contract says."""
    return pl.when(value.is_in(DASHES)).then(pl.lit("0" if style.dash == "zero" else None, pl.String)).otherwise(value) if style.dash else value


def plain(value: pl.Expr, style: Numbers, exponents: bool) -> pl.Expr:
    """Trimmed and folded text → digits with a point, shifted by its multiplier and percent sign; null where it is not in the stated style."""
    exponents = exponents and not style.multipliers and style.percent != "divide"
    number = value.str.extract(f"({_number(style, exponents)})")
    if style.thousands:
        number = number.str.replace_all(SEPARATORS[style.thousands], "")
    if style.decimal_mark != ".":
        number = number.str.replace(style.decimal_mark, ".", literal=True)
    if style.multipliers or style.percent == "divide":
        number = _shifted(number, _power(value, style))
    negative = value.str.contains(r"^[^0-9]*[-(]|-$")
    good = value.str.contains(_regex(style, exponents))
    if style.percent == "divide":  # 12 beside 12% could be 12 or 0.12
        good = good & (value.str.contains("%", literal=True) | value.str.contains("[1-9]").not_())
    return pl.when(good).then(pl.concat_str(pl.when(negative).then(pl.lit("-")).otherwise(pl.lit("")), number)).otherwise(None)


def _regex(style: Numbers, exponents: bool) -> str:
    """One whole value: a sign on one side at most, the currency on either, multiplier and percent sign behind the digits."""
    currency = rf"(?:{_any(style.currency)})?" if style.currency else ""
    body = _number(style, exponents) + (rf"\s*(?:{_any(style.multipliers)})?" if style.multipliers else "") + (r"\s*%?" if style.percent else "")
    tail = rf"\s*{currency}" if currency else ""
    forms = [rf"(?:[+-]?\s*{currency}|{currency}\s*[+-]?)\s*{body}{tail}" if currency else rf"[+-]?\s*{body}"]
    if "parentheses" in style.negative:
        forms.append(rf"{currency}\s*\(\s*{currency}\s*{body}{tail}\s*\){tail}")
    if "trailing" in style.negative:
        forms.append(rf"{currency}\s*{body}{tail}\s*-")
    return f"^(?:{'|'.join(forms)})$"


def _number(style: Numbers, exponents: bool) -> str:
    mark = MARKS[style.decimal_mark]
    whole = rf"(?:[0-9]{{1,3}}(?:{SEPARATORS[style.thousands]}[0-9]{{3}})+|[0-9]+)" if style.thousands else "[0-9]+"
    return rf"(?:{whole}(?:{mark}[0-9]*)?|{mark}[0-9]+)" + ("(?:[eE][+-]?[0-9]+)?" if exponents else "")


def _any(words: tuple[str, ...]) -> str:
    """Words of which one stands here, the longest first, or 千 would hide 千万."""
    return "|".join("".join(f"\\{c}" if c in r"\.+*?()|[]{}^$" else c for c in word) for word in sorted(words, key=len, reverse=True))


def _power(value: pl.Expr, style: Numbers) -> pl.Expr:
    """The power of ten that multiplier and percent sign stand for."""
    power: pl.Expr = pl.lit(0, pl.Int64)
    if style.multipliers:
        found = value.str.extract(rf"[0-9.,]\s*({_any(style.multipliers)})")
        power = found.replace_strict({word: POWERS[word] for word in style.multipliers}, default=0, return_dtype=pl.Int64)
    return power - pl.when(value.str.contains("%", literal=True)).then(2).otherwise(0) if style.percent == "divide" else power


def _shifted(number: pl.Expr, power: pl.Expr) -> pl.Expr:
    """The decimal point moved, digit by digit: exact, as no multiplication is."""
    parts = number.str.split_exact(".", 1)
    right, left = power.clip(lower_bound=0), (-power).clip(lower_bound=0)
    whole = parts.struct.field("field_0").str.pad_start(left + 1, "0")
    fraction = parts.struct.field("field_1").fill_null("").str.pad_end(right, "0")
    cut = whole.str.len_chars().cast(pl.Int64) - left
    moved = pl.concat_str(whole.str.slice(0, cut), fraction.str.slice(0, right), pl.lit("."), whole.str.slice(cut), fraction.str.slice(right))
    return moved.str.replace(r"\.0*$", "")
