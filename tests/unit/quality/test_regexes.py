"""Which regexes Polars can be made to read as Java does. That they agree text by text is an integration test: it needs Java."""

from __future__ import annotations

import polars as pl
import pytest

from jobs.quality.regexes import matches, native_regex

SAME = [r"^[0-9]{6}$", r"^(<1|1?[0-9]{1,2})$", r"^\[", "抽样调查", r"\d+\.\d*?", r"[^\W_]+", r"^a$|^b$", r"(?:x|y){2,3}z", r"[-+.]", r"[一-龥]", r"\u4e00", "", r"(?<year>\d{4})"]
OTHER = [
    r"a(?=b)", r"(?<!a)b", r"(a)\1", r"(?i)a", r"\bword\b", r"\p{L}", r"a*+", r"(?>a)b", r"[a&&b]", r"[[:alpha:]]", r"[a[b]]", r"(a$|b)c", r"a$b", r"a{,3}", r"^*", r"*a",
    r"[\u4e00-\uffff]", r"(a", r"a)", r"[\d-x]", r"[b-a]", r"\Qa\E", r"\Z", r"\h", r"\R", r"a{200}{200}", r"(?P<name>a)",
]  # fmt: skip


@pytest.mark.parametrize("pattern", SAME)
def test_plain_patterns_are_native(pattern: str) -> None:
    assert native_regex(pattern) is not None


@pytest.mark.parametrize("pattern", OTHER)
def test_what_the_engines_read_differently_is_left_to_spark(pattern: str) -> None:
    assert native_regex(pattern) is None
    with pytest.raises(ValueError, match="not read alike"):
        matches(pl.col("x"), pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"^a$", "a\n", True), (r"^a$", "a\r\n", True), (r"^a$", "a\u2028", True), (r"^a$", "a\n\n", False), (r"a\r$", "a\r\n", False), (r"a\r$", "a\r", True),
        (r"^\d$", "٣", False), (r"^\w$", "é", False), (r"^.$", "\u0085", False), (r"^.$", "😀", True), (r"^\s$", "\u00a0", False), (r"^[\D]$", "٣", True),
    ],
)  # fmt: skip
def test_java_is_what_counts(pattern: str, text: str, found: bool) -> None:
    assert pl.DataFrame({"x": [text]}).select(matches(pl.col("x"), pattern)).item() is found
