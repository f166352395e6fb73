"""Work spread over tasks: nothing lost, nothing twice, no group far above its share."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jobs.tables.spread import balanced


@given(st.lists(st.integers(0, 10**7), max_size=60), st.integers(1, 20))
def test_every_item_once_and_evenly(weights: list[int], most: int) -> None:
    groups = balanced(weights, most)
    assert sorted(i for group in groups for i in group) == list(range(len(weights)))
    assert len(groups) == min(most, len(weights))
    assert all(groups)
    costs = [w + 10_000 for w in weights]
    for group in groups:
        assert sum(costs[i] for i in group) <= sum(costs) / len(groups) + max(costs)
