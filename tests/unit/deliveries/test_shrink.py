"""Which snapshots have shrunk: compared with the period before theirs, whatever came when."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.deliveries.shrink import Sent, Shrunk, shrunk


def sent(period: str, rows: int, name: str = "a", arrived: str = "1", through: bool = False) -> Sent:
    return Sent(f"{period}/{name}{arrived}", period, name, arrived, rows, through)


CASES: dict[str, tuple[list[Sent], dict[str, Shrunk]]] = {
    "nothing before": ([sent("1", 5)], {}),
    "as much as it may": ([sent("1", 100), sent("2", 70)], {}),
    "one row more": ([sent("1", 100), sent("2", 69)], {"2/a1": Shrunk(69, "1", 100)}),
    "what is held is no measure for the next": ([sent("1", 100), sent("2", 10), sent("3", 10)], {"2/a1": Shrunk(10, "1", 100), "3/a1": Shrunk(10, "1", 100)}),
    "what was let through is": ([sent("1", 100), sent("2", 10, through=True), sent("3", 10)], {}),
    "let through stays, whatever comes late": ([sent("1", 100), sent("2", 10, through=True)], {}),
    "all files of a period count": ([sent("1", 100), sent("2", 40), sent("2", 40, "b")], {}),
    "half of the files is not the whole": ([sent("1", 60), sent("1", 40, "b"), sent("2", 60)], {"2/a1": Shrunk(60, "1", 100)}),
    "a correction that shrinks leaves what it corrects": ([sent("1", 100), sent("2", 90, through=True), sent("2", 9, arrived="2")], {"2/a2": Shrunk(9, "1", 100)}),
    "after it, what it corrects is the measure": (
        [sent("1", 100), sent("2", 50, through=True), sent("2", 9, arrived="2"), sent("3", 40)], {"2/a2": Shrunk(9, "1", 100)},
    ),
    "a correction that is whole again": ([sent("1", 100), sent("2", 9), sent("2", 90, arrived="2")], {}),
    "nothing can be lost of nothing": ([sent("1", 0), sent("2", 0)], {}),
    "all is lost": ([sent("1", 1), sent("2", 0)], {"2/a1": Shrunk(0, "1", 1)}),
    "one content under two names counts once": ([sent("1", 100), Sent("2/x", "2", "a", "1", 60, False), Sent("2/x", "2", "b", "1", 60, False)], {"2/x": Shrunk(60, "1", 100)}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_held(case: str) -> None:
    given_, expected = CASES[case]
    for order in itertools.permutations(given_):
        assert shrunk(order, 0.3) == expected


@given(rows=st.lists(st.integers(0, 100), min_size=1, max_size=6), through=st.sets(st.integers(0, 5)), most=st.floats(0, 0.99))
def test_what_stands_never_lost_more_than_it_may(rows: list[int], through: set[int], most: float) -> None:
    periods = [sent(str(i), n, through=i in through) for i, n in enumerate(rows)]
    held = shrunk(periods, most)
    assert not any(s.delivery in held for s in periods if s.through)
    stands = [s for s in periods if s.delivery not in held]
    assert all(later.through or later.rows >= earlier.rows * (1 - most) for earlier, later in itertools.pairwise(stands))
    assert all(lost.loss > 0 for lost in held.values())
