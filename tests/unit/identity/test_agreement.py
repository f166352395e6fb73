"""Pairwise scores and B³ against counting by hand."""

from __future__ import annotations

from itertools import combinations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.identity.agreement import agreement

RECORDS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 2)), min_size=2, max_size=20)


@given(RECORDS)
def test_pairs_are_those_counted_one_by_one(records: list[tuple[int, int, int]]) -> None:
    rows = pl.DataFrame(records, schema=["found", "true", "level"], orient="row")
    for among in (None, 1):
        got = agreement(rows, among=None if among is None else pl.col("level") == among)
        pairs = [(a, b) for a, b in combinations(records, 2) if among is None or among in (a[2], b[2])]
        found, true = {i for i, (a, b) in enumerate(pairs) if a[0] == b[0]}, {i for i, (a, b) in enumerate(pairs) if a[1] == b[1]}
        assert (got.pairs_found, got.pairs_true, got.pairs_met) == (len(found), len(true), len(found & true))


def test_b3_of_bagga_and_baldwin() -> None:
    """Their example: 1–5, 6–7, 8–12 in truth; 8–12 found together with 6–7."""
    true = [1] * 5 + [2] * 2 + [3] * 5
    rows = pl.DataFrame({"true": true, "found": [1] * 5 + [2] * 7})
    got = agreement(rows)
    assert got.b3_precision == pytest.approx((5 + 2 * 2 / 7 + 5 * 5 / 7) / 12) and got.b3_recall == 1.0
