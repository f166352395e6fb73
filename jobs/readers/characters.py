"""Characters that mean the same as another: full-width forms, minus signs, Excel's text mark."""

from __future__ import annotations

import polars as pl

WIDE = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # ！ to ～ are ! to ~
FOLDS = WIDE | {"\u3000": " ", "￥": "¥", "￡": "£", "￠": "¢", "￦": "₩", "\u2212": "-"}
TEXT_MARK = "'"


def folded(value: pl.Expr) -> pl.Expr:
    """Full-width digits, letters, signs and spaces as ASCII, and the mathematical minus. Not NFKC, which makes 10² into 102."""
    return value.str.replace_many(list(FOLDS), list(FOLDS.values()))


def unmarked(value: pl.Expr) -> pl.Expr:
    """Without the apostrophe that tells Excel to take what follows as text."""
    return value.str.strip_prefix(TEXT_MARK)


def widened(text: str) -> str:
    """The same text in full-width forms."""
    narrow = {ascii_: wide for wide, ascii_ in WIDE.items()}
    return "".join(narrow.get(character, character) for character in text)


def beyond_ascii(frame: pl.DataFrame, names: list[str]) -> set[str]:
    """Text columns that hold a character beyond ASCII; only they need folding."""
    if not names:
        return set()
    row = frame.select([(pl.col(name).str.len_bytes() != pl.col(name).str.len_chars()).any().alias(name) for name in names]).row(0, named=True)
    return {name for name, found in row.items() if found}
