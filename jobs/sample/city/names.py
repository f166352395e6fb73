"""Names by real frequency, resident ids, and what clerks make of both."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from jobs.sample.city.draws import Ints, chosen, happens, uniform
from jobs.sample.city.plan import Plan

DATA = Path(__file__).parent / "data"
Texts: TypeAlias = NDArray[np.str_]
ID_WEIGHTS, CHECKS = np.array((7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)), np.array(list("10X98765432"))
ONE_CHARACTER = 0.12  # share of given names of one character


@cache
def surnames() -> pl.DataFrame:
    """surname, share (percent of the people of the country)."""
    return pl.read_csv(DATA / "surnames.csv")


def surname(plan: Plan, name: str, ids: Ints) -> Texts:
    found = surnames()
    return np.array(found["surname"].to_list())[chosen(plan.seed, name, found["share"].to_numpy(), ids)]


def given(plan: Plan, name: str, ids: Ints, sex: Ints, born: Ints) -> Texts:
    """Given names as parents of that year chose them. `sex`: 1 male, 2 female; `born`: year."""
    made = np.full(len(ids), "", dtype="<U2")
    for row in pl.read_csv(DATA / "given.csv").to_dicts():
        here = (sex == row["sex"]) & (born >= row["from"]) & (born <= row["to"])
        first, second = np.array(list(row["first"])), np.array(list(row["second"]))
        some = ids[here]
        # earlier characters of a list are the more common ones
        one = first[(len(first) * uniform(plan.seed, f"{name}/first", some) ** 1.6).astype(np.int64)]
        two = second[(len(second) * uniform(plan.seed, f"{name}/second", some) ** 1.6).astype(np.int64)]
        made[here] = np.where(happens(plan.seed, f"{name}/single", ONE_CHARACTER, some), two, np.char.add(one, two))
    return made


def resident_ids(body: pl.Series) -> pl.Series:
    """18 digits of 17: the last is the check digit of GB 11643."""
    digits = np.array(body.to_list(), dtype="S17").view("S1").reshape(len(body), 17).astype(np.int64)
    return (body + pl.Series(CHECKS[(digits * ID_WEIGHTS).sum(axis=1) % 11])).alias("id") if len(body) else body
