"""Numbers as people write them → plain text (`-1234.5`), which a cast then reads. The contract states every style; none is guessed."""

from __future__ import annotations

import polars as pl

from jobs.contracts.model import Numbers
from jobs.readers.nulls import DASHES

EXACT_DIGITS = 15  # decimal digits that a double keeps whatever they are
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


def plain(texts: pl.Series, style: Numbers, exponents: bool) -> pl.Series:
    """Trimmed and folded text → digits with a point, shifted by its multiplier and percent sign; null where it is not in the stated style."""
    value, number = pl.col("value"), pl.col("number")
    exponents = exponents and not style.multipliers and style.percent != "divide"
    good = value.str.contains(_regex(style, exponents))
    if style.percent == "divide":  # 12 beside 12% could be 12 or 0.12
        good = good & (value.str.contains("%", literal=True) | value.str.contains("[1-9]").not_())
    adorned = bool(style.negative or style.currency or style.multipliers or style.percent)
    bare = _bare(value, style) if adorned else value
    if style.thousands:
        bare = bare.str.replace_all(SEPARATORS[style.thousands], "")
    if style.decimal_mark != ".":
        bare = bare.str.replace(style.decimal_mark, ".", literal=True)
    frame = texts.alias("value").to_frame().select("value", pl.when(good).then(bare).alias("number"))
    if style.multipliers or style.percent == "divide":
        frame = _shifted(frame, _power(value, style))
    if adorned:
        negative = value.str.contains(r"^[^0-9]*[-(]|-$")
        frame = frame.select(pl.when(negative).then("-" + number).otherwise(number).alias("number"))
    return frame["number"].alias(texts.name)


def expanded(texts: pl.Series) -> pl.Series:
    """1.5e-3 → 0.0015, exactly; other texts as they are. An exponent of three digits is no number of a decimal."""
    parts = pl.col("value").str.extract_groups(rf"^([+-]?)({_number(Numbers(), False)})[eE]([+-]?[0-9]{{1,2}})$").struct
    frame = texts.alias("value").to_frame().select("value", parts.field("1").alias("sign"), parts.field("2").alias("number"), parts.field("3").cast(pl.Int64).alias("power"))
    frame = _shifted(frame, pl.col("power"))
    return frame.select(pl.when(pl.col("value").str.contains("[eE]")).then(pl.col("sign") + pl.col("number")).otherwise("value").alias(texts.name)).to_series()


def _bare(value: pl.Expr, style: Numbers) -> pl.Expr:
    """The digits and their separators, without what stands around them."""
    if any(mark in word for word in style.currency for mark in ".,'’"):
        value = value.str.replace(_any(style.currency), "")
    words = "".join(c for c in "".join((*style.currency, *style.multipliers)) if c not in ".,'’")
    return value.str.strip_chars(f"+-()% \u00a0\u2009\u202f\t{words}")


def _regex(style: Numbers, exponents: bool) -> str:
    """One whole value: a sign on one side at most, the currency on either, multiplier and percent sign behind the digits."""
    currency = rf"(?:{_any(style.currency)})?" if style.currency else ""
    body = _number(style, exponents) + (rf"\s*(?:{_any(style.multipliers)})?" if style.multipliers else "") + (r"\s*%?" if style.percent else "")
    tail = rf"\s*{currency}" if currency else ""
    forms = [rf"(?:[+-]?\s*{currency}|{currency}\s*[+-]?)\s*{body}{tail}" if currency else rf"[+-]?{body}"]
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
    for word in sorted(style.multipliers, key=len):
        power = pl.when(value.str.contains(word, literal=True)).then(POWERS[word]).otherwise(power)
    return power - pl.when(value.str.contains("%", literal=True)).then(2).otherwise(0) if style.percent == "divide" else power


def _shifted(frame: pl.DataFrame, power: pl.Expr) -> pl.DataFrame:
    """`number` with its decimal point moved, digit by digit: exact, as no multiplication is."""
    parts = pl.col("number").str.split_exact(".", 1).struct
    right, left = pl.col("right"), pl.col("left")
    whole, fraction = pl.col("whole"), pl.col("fraction")
    padded = (
        frame.with_columns(parts.field("field_0").alias("whole"), parts.field("field_1").fill_null("").alias("fraction"), power.clip(lower_bound=0).alias("right"), (-power).clip(lower_bound=0).alias("left"))
        .with_columns(whole.str.pad_start(left + 1, "0"), fraction.str.pad_end(right, "0"))
        .with_columns((whole.str.len_bytes().cast(pl.Int64) - left).alias("cut"))
    )  # fmt: skip
    moved = pl.concat_str(whole.str.slice(0, pl.col("cut")), fraction.str.slice(0, right), pl.lit("."), whole.str.slice(pl.col("cut")), fraction.str.slice(right))
    return padded.with_columns(moved.str.replace(r"\.0*$", "").alias("number"))
