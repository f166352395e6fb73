"""Scores of gaps, allowances and households, on cases small enough to count by hand."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from jobs.sample.city.score_products import benefit_scores, gap_scores, household_scores


def test_ranks_not_values_are_compared() -> None:
    pairs = {"community_code": ["a", "b", "c", "d"], "service": ["clinic"] * 4}
    found, truth = pl.DataFrame(pairs | {"gap": [-0.9, 0.1, 0.2, 9.0]}), pl.DataFrame(pairs | {"gap": [0.0, 0.1, 0.3, 0.2]})
    assert [(s.sign, s.pairs, round(s.correlation or 0, 3)) for s in gap_scores(found, truth)] == [("clinic", 4, 0.8), ("any", 4, 0.8)]
    assert gap_scores(found.with_columns(gap=1.0), truth)[-1].correlation is None


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
