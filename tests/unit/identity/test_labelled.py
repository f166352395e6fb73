"""What links connect, in one task: as union-find has it."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from jobs.identity.clusters import labelled, settled

NAMES = st.sampled_from([f"n{number:02d}" for number in range(20)])


@given(st.lists(st.tuples(NAMES, NAMES | st.none()), min_size=1, max_size=30))
def test_a_label_is_the_least_name_that_links_connect(pairs: list[tuple[str, str | None]]) -> None:
    found = labelled(pl.DataFrame(pairs, schema={"profile_l": pl.String, "profile_r": pl.String}, orient="row"))
    names = {name for pair in pairs for name in pair if name}
    links = [(1.0, (left, right)) for left, right in pairs if right]
    assert dict(found.iter_rows()) == settled(dict.fromkeys(names), links)
