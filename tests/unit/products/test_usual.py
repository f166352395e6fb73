"""What is usual of many values: what most have alike, also where more than half have less."""

from __future__ import annotations

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.products.usual import usual


def test_where_more_than_half_lack_something_the_middle_lacks_it_and_the_usual_does_not() -> None:
    chance = random.Random(7)
    enough = [10.0 * chance.uniform(0.95, 1.05) for _ in range(400)]
    short = [10.0 / (1 + chance.uniform(0.1, 1.0)) for _ in range(600)]
    assert statistics.median([*enough, *short]) < 9
    assert usual([*enough, *short]) == pytest.approx(10, rel=0.06)


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=50))
def test_it_lies_among_the_values_whatever_their_order(values: list[float]) -> None:
    found = usual(values)
    assert found is not None and min(values) * 0.999 <= found <= max(values) * 1.001
    assert usual(values[::-1]) == found
    assert usual([*values, 0.0]) == found, "who has none is not what is usual"


def test_of_nothing_nothing_is_usual() -> None:
    assert usual([]) is None and usual([0.0]) is None and usual([3.0]) == pytest.approx(3) and usual([3.0, 3.0]) == pytest.approx(3)
