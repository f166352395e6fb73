"""Sets of places are told apart by a few numbers, and the truth says of every row what becomes of it."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.sample.city.expected import Account
from jobs.sample.city.making import files
from jobs.sample.city.plan import Plan
from jobs.sample.city.registry import dataset_of
from jobs.sample.city.score_rows import PRIME, Places, of_runs

PLACES = st.sets(st.integers(0, 3_000_000), max_size=20)
PLAN = Plan(4000, dt.date(2025, 1, 1), dt.date(2025, 2, 28))


def one_by_one(places: set[int]) -> Places:
    return Places(len(places), tuple(sum(place**power for place in places) % PRIME for power in (1, 2, 3)))  # type: ignore[arg-type]


@given(st.integers(0, 3_000_000), st.integers(0, 300))
def test_a_run_is_what_its_places_are(first: int, more: int) -> None:
    assert of_runs([(first, first + more)]) == one_by_one(set(range(first, first + more + 1)))


@given(PLACES, st.sets(st.integers(0, 3_000_000), min_size=1, max_size=3), st.data())
def test_sets_that_differ_in_three_rows_are_told_apart(places: set[int], gone: set[int], data: st.DataObject) -> None:
    come = data.draw(st.sets(st.integers(0, 3_000_000), min_size=len(gone), max_size=len(gone)).filter(lambda those: not those & (gone | places)))
    assert one_by_one(places | gone) != one_by_one((places - gone) | come)


@pytest.mark.parametrize("name", ["meteorology.station_hour", "environment.air_station_hour", "human_resources.social_insurance", "civil_affairs.low_income_roster", "traffic.camera_passage"])
def test_every_row_of_a_file_has_one_state(name: str) -> None:
    dataset = dataset_of(name)
    account, sent = Account(dataset, 0), [file for file in files(PLAN, dataset, 0) if file.data]
    for file in sent:
        account.take(file)
    states = account.states()
    for row in account.expected().to_dicts():
        own = states.filter((pl.col("sha256") == row["sha256"]) & (pl.col("name") == row["name"]) & (pl.col("period") == row["period"])).sort("first")
        places = [place for first, last in own.select("first", "last").iter_rows() for place in range(first, last + 1)]
        assert places == list(range(row["rows"]))
        counted = dict(own.group_by("state").agg((pl.col("last") - pl.col("first") + 1).sum()).iter_rows())
        assert {state: counted.get(state, 0) for state in ("silver", "duplicate", "superseded", "held")} == {state: row[state] for state in ("silver", "duplicate", "superseded", "held")}


def test_both_rows_of_a_key_that_says_two_things_are_rejected() -> None:
    dataset = dataset_of("meteorology.station_hour")
    assert dataset.conflicts
    file = next(files(PLAN, dataset, 0))
    broken = file.rows.filter(file.broken == dataset.conflicts.rule)
    assert broken.height == 2 * dataset.conflicts.rows
    assert broken.n_unique(list(dataset.key)) == dataset.conflicts.rows
    assert file.rows.join(broken, list(dataset.key), "semi").height == broken.height, "and the key stands nowhere else"
    assert broken.n_unique() == broken.height, "each says something else"
