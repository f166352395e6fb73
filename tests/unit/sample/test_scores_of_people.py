"""Scores of gaps, allowances and households, on cases small enough to count by hand."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from jobs.contracts.load import load_products
from jobs.platform.settings import load_settings
from jobs.sample.city.score_products import COUNTED, benefit_scores, by_difficulty, gap_scores, household_scores, participation_scores, score_of, scored


def test_ranks_not_values_are_compared() -> None:
    pairs = {"community_code": ["a", "b", "c", "d"], "service": ["clinic"] * 4}
    found, truth = pl.DataFrame(pairs | {"gap": [-0.9, 0.1, 0.2, 9.0]}), pl.DataFrame(pairs | {"gap": [0.0, 0.1, 0.3, 0.2], "difficulty": [1, 3, 1, 1]})
    scores = {s.sign: (s.pairs, s.correlation and round(s.correlation, 3)) for s in gap_scores(found, truth)}
    assert scores == {"clinic": (4, 0.8), "any": (4, 0.8), "any, difficulty 1": (3, 0.5), "any, difficulty 2": (0, None), "any, difficulty 3": (1, None)}
    assert {s.correlation for s in gap_scores(found.with_columns(gap=1.0), truth)} == {None}


def test_what_commenters_want_is_compared_with_what_the_people_think() -> None:
    found = pl.DataFrame({"policy_id": ["a", "b", "c"], "support_percent": [80.0, 20.0, 50.0], "mass_comments": [0, 9, 2]})
    truth = pl.DataFrame({"policy_id": ["a", "b", "c", "d"], "support": [0.7, 0.3, 0.2, 0.1], "copied_comments": [0, 11, 3, 5], "difficulty": [1, 1, 3, 2]})
    scores = {s.sign: s.correlation and round(s.correlation, 3) for s in participation_scores(found, truth)}
    assert scores == {"support": 0.5, "support, difficulty 1": 1.0, "support, difficulty 2": None, "support, difficulty 3": None, "copied comments": 1.0}


def test_what_was_wrong_and_what_was_missed_is_named() -> None:
    truth = pl.DataFrame({"key": ["p1", "p2", "p3", "l1"], "kind": ["misuse"] * 3 + [""], "decoy": [False, False, False, True], "difficulty": [1, 2, 2, 2]})
    found = pl.DataFrame({"key": ["p1", "l1", "x"], "sign": ["paid_to_other"] * 3})
    one, every = scored(found, truth, {"paid_to_other": ("misuse",)})
    assert (one.wrong, one.missed, one.lawful) == (("l1", "x"), ("p2", "p3"), 1) and every.missed == one.missed
    levels = {s.sign: (s.precision, s.recall, s.wrong, s.missed) for s in by_difficulty(found, truth)}
    assert levels == {"any, difficulty 1": (1.0, 1.0, (), ()), "any, difficulty 2": (0.0, 0.0, ("l1",), ("p2", "p3")), "any, difficulty 3": (None, None, (), ())}


def test_every_product_is_scored_or_is_known_to_count_only() -> None:
    products = {product.dataset.removeprefix("curated.") for product in load_products(load_settings().root)[0]}
    assert products == {name for name in products if score_of(name)} ^ set(COUNTED)


def test_a_household_is_counted_once_whatever_speaks_against_it() -> None:
    truth = pl.DataFrame({
        "household": [1, 2, 3, 4, 5], "draws": [True, True, True, False, False], "qualifies": [False, False, True, True, False], "reason": ["car", "wages", None, None, None], "difficulty": [1, 2, 1, 1, 1],
    })  # fmt: skip
    found = pl.DataFrame([
        ("may not qualify", "vehicle", 1), ("may not qualify", "income", 1), ("may not qualify", "income", 3), ("may qualify", "hardship", 4), ("may qualify", "hardship", 5),
    ], schema=["finding", "rule", "household"], orient="row")  # fmt: skip
    scores = {s.sign: s for s in benefit_scores(found, truth)}
    assert (scores["any"].precision, scores["any"].recall) == (0.5, 0.5) and scores["any"].lawful == 1
    assert (scores["vehicle"].precision, scores["vehicle"].recall, scores["income"].recall) == (1.0, 1.0, 0.0)
    assert (scores["any, difficulty 1"].recall, scores["any, difficulty 2"].recall) == (1.0, 0.0)
    assert (scores["should draw"].precision, scores["should draw"].recall) == (0.5, 1.0)


def test_people_are_paired_and_the_dead_are_in_no_pair() -> None:
    truth = pl.DataFrame({"household": [1, 1, 1, 2, 2], "person": [11, 12, 13, 21, 22], "died": [None, None, dt.date(2025, 1, 3), None, None], "migrant": [False, False, False, True, True]})
    found = pl.DataFrame({"group": ["x", "x", "x", "y"], "person": [11, 12, 13, 21]})
    scores = {s.sign: s for s in household_scores(found, truth)}
    assert (scores["registered"].precision, scores["registered"].recall, scores["migrants"].recall) == (1.0, 1.0, 0.0)
    assert scores["everybody"].recall == pytest.approx(0.5)
