"""Characters that mean the same as another: full-width forms, minus signs, Excel's text mark."""

from __future__ import annotations

import polars as pl

WIDE = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # ！ to ～ are ! to ~
FOLDS = WIDE | {"\u3000": " ", "￥": "¥", "￡": "£", "￠": "¢", "￦": "₩", "\u2212": "-"}
TEXT_MARK = "'"


def folded(value: pl.Expr) -> pl.Expr:
    """Full-width digits, letters, signs and spaces as ASCII, and the mathematical minus. Not NFKC, which makes 10² into 102."""
    return value.str.replace_many(list(FOLDS), list(FOLDS.values()))


def unadorned(value: pl.Expr) -> pl.Expr:
    """What a number, a date or a boolean is read from: folded, without the text mark and the white space around it."""
    return unmarked(folded(value).str.strip_chars()).str.strip_chars()


def unmarked(value: pl.Expr) -> pl.Expr:
    """Without the apostrophe that tells Excel to take what follows as text."""
    return value.str.strip_prefix(TEXT_MARK)


def widened(text: str) -> str:
    """The same text in full-width forms."""
    narrow = {ascii_: wide for wide, ascii_ in WIDE.items()}
    return "".join(narrow.get(character, character) for character in text)


def marked(frame: pl.DataFrame, names: list[str]) -> set[str]:
    """Text columns that hold a character beyond ASCII or Excel's text mark; only they need folding."""
    if not names:
        return set()
    texts = [pl.col(name).str for name in names]
    found = [((text.len_bytes() != text.len_chars()) | text.starts_with(TEXT_MARK)).any().alias(name) for text, name in zip(texts, names, strict=True)]
    return {name for name, odd in frame.select(found).row(0, named=True).items() if odd}
