"""Bytes of published files: a spreadsheet runs nothing, loses no digit, and reads Chinese."""

from __future__ import annotations

import io
from decimal import Decimal

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from jobs.publishing.files import as_bytes, inert, slug

FRAME = pl.DataFrame({"name": ["=1+1", "-3.50", "东湖", None], "amount": [Decimal("12345678901234567.89"), Decimal("-1.00"), None, Decimal("0.10")]}, schema_overrides={"amount": pl.Decimal(24, 2)})


def test_csv_has_a_mark_and_no_formula() -> None:
    body = as_bytes(FRAME, "csv")
    assert body.startswith(b"\xef\xbb\xbf")
    assert body.decode("utf-8-sig").splitlines() == ["name,amount", "'=1+1,12345678901234567.89", "-3.50,-1.00", "东湖,", ",0.10"]


def test_json_keeps_every_digit() -> None:
    assert '"amount":"12345678901234567.89"' in as_bytes(FRAME, "jsonl").decode().splitlines()[0]


def test_parquet_is_as_it_was() -> None:
    assert pl.read_parquet(io.BytesIO(as_bytes(FRAME, "parquet"))).equals(FRAME)


@given(st.lists(st.text(max_size=12), min_size=1, max_size=20))
def test_no_text_runs_in_a_spreadsheet_and_only_those_that_would_are_changed(texts: list[str]) -> None:
    for text, safe in zip(texts, inert(pl.DataFrame({"a": texts}, schema={"a": pl.String}))["a"], strict=True):
        if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not is_number(text):
            assert safe == f"'{text}"
        else:
            assert safe == text


def is_number(text: str) -> bool:
    body = text[1:] if text[:1] in "+-" else text
    whole, point, part = body.partition(".")
    return whole.isdecimal() and (part.isdecimal() if point else True) and body.isascii()


def test_every_text_column_is_looked_at() -> None:
    assert inert(pl.DataFrame({"a": ["=1"], "n": [1], "b": ["+x"]})).rows() == [("'=1", 1, "'+x")]


def test_a_partition_names_a_file() -> None:
    assert slug("2025-01") == "2025-01" and slug("a/b c") == "a_b_c"
