"""Components that would hold two people are put right whatever the order of what is known."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from jobs.identity.clusters import settled

PROFILES = [f"p{n}" for n in range(8)]
PAIRS = st.tuples(st.sampled_from(PROFILES), st.sampled_from(PROFILES)).filter(lambda pair: pair[0] < pair[1])
IDS = st.fixed_dictionaries({profile: st.sampled_from([None, "A", "B", "C"]) for profile in PROFILES})
LINKS = st.dictionaries(PAIRS, st.integers(2, 20).map(float), max_size=16)


@given(IDS, LINKS, st.lists(PAIRS, max_size=3), st.randoms(use_true_random=False))
def test_no_two_people_and_no_pair_kept_apart_and_no_order(ids: dict[str, str | None], links: dict[tuple[str, str], float], apart: list[tuple[str, str]], order: random.Random) -> None:
    said = [(weight, pair) for pair, weight in links.items()]
    found = settled(ids, said, (), apart)
    for cluster in set(found.values()):
        inside = {profile for profile in PROFILES if found[profile] == cluster}
        assert cluster == min(inside) and len({ids[p] for p in inside} - {None}) <= 1
        assert not any(set(pair) <= inside for pair in apart)
    order.shuffle(said)
    shuffled = list(ids.items())
    order.shuffle(shuffled)
    assert settled(dict(shuffled), said, (), [(b, a) for a, b in apart]) == found


def test_the_strongest_link_wins() -> None:
    ids: dict[str, str | None] = {"a": "1", "b": None, "c": "2"}
    assert settled(ids, [(5.0, ("a", "b")), (9.0, ("b", "c"))]) == {"a": "a", "b": "b", "c": "b"}


def test_what_people_decided_goes_before_ids_and_links() -> None:
    ids: dict[str, str | None] = {"a": "1", "b": "2", "c": None}
    assert settled(ids, [], must=[("a", "b")]) == {"a": "a", "b": "a", "c": "c"}
    assert settled(ids, [(20.0, ("a", "c"))], cannot=[("c", "a")]) == {"a": "a", "b": "b", "c": "c"}
    assert settled(ids, [], must=[("a", "b")], cannot=[("b", "a")])["b"] == "b", "apart wins"
