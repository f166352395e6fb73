"""Datasets dealt out to mapped tasks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jobs.orchestration import groups


@given(st.lists(st.text(min_size=1), unique=True), st.integers(1, 8))
def test_every_dataset_is_in_one_group_and_no_group_is_empty(datasets: list[str], most: int) -> None:
    made = groups(datasets, most)
    assert sorted(name for group in made for name in group) == sorted(datasets)
    assert len(made) <= most and all(made)
    assert not made or max(map(len, made)) - min(map(len, made)) <= 1


@given(st.dictionaries(st.text(min_size=1), st.integers(1, 500), min_size=1), st.integers(1, 8))
def test_no_group_is_heavier_than_its_share_and_one_dataset(loads: dict[str, int], most: int) -> None:
    made = groups(list(loads), most, loads)
    assert sorted(name for group in made for name in group) == sorted(loads)
    share = sum(loads.values()) / len(made)
    assert max(sum(loads[name] for name in group) for group in made) <= share + max(loads.values())
