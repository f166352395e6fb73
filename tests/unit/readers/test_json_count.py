"""Rows of JSON documents counted by bytes are the items that a parser finds, in whatever pieces the bytes come."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.readers.json_count import RowCounter

KEYS = st.sampled_from(["a", "b", "rows", 'q"\\', "中", "a.b", "]"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('a"\\[]{},:中 ', max_size=6), lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=30
)


def fed(document: str, size: int, *paths: str) -> RowCounter:
    counter, data = RowCounter(paths), document.encode()
    for start in range(0, len(data), size):
        counter.feed(data[start : start + size])
    counter.finish()
    return counter


def items(document: Any, path: str) -> int | None:
    """By the parser: items of the array at a path."""
    for step in path.split(".") if path != "$" else ():
        document = document.get(step) if isinstance(document, dict) else None
    return len(document) if isinstance(document, list) else None


@given(VALUES, st.integers(1, 40), st.sampled_from([None, 1]), st.booleans())
def test_it_counts_what_a_parser_finds(document: Any, size: int, indent: int | None, escaped: bool) -> None:  # noqa: FBT001
    text = json.dumps(document, indent=indent, ensure_ascii=escaped)
    for path in ("$", "rows", "a.rows", "b.a.rows"):
        counter = fed(text, size, path)
        if path == "$" or not (isinstance(document, dict) and "a.b" in text):
            assert counter.rows.get(path) == items(document, path)
    assert fed(text, size, "$").top == (set(document) if isinstance(document, dict) else set())


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("document", "path", "rows"),
    [
        ('{"x": {"rows": [1, [2, 3], {"k": [4]}]}, "rows": [9]}', "x.rows", 3),
        ('{"\\u0072ows": [1]}', "rows", 1),
        ('{"rows": [ \n ]}', "rows", 0),
        ('{"rows": {"rows": [1]}}', "rows", None),
        ('[{"rows": [1]}]', "rows", None),
        ('{"a": ["\\\\", "\\"]"], "rows": ["]", "\\\\\\""]}', "rows", 2),
        ('{"rows": [1], "rows": [2, 3]}', "rows", 3),
    ],
)
def test_places(document: str, path: str, rows: int | None, size: int) -> None:
    assert fed(document, size, path).rows.get(path) == rows


@pytest.mark.parametrize("document", ['{"rows": [1}', '{"rows": [', '["a', "{"])
def test_what_is_not_closed_is_found(document: str) -> None:
    with pytest.raises(ValueError, match="not closed"):
        fed(document, 2, "rows")
