"""How a department writes a person down: with the errors that clerks, scanners and old records make, each of them known to the truth."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from jobs.sample.city.draws import Ints, chosen, happens, integers
from jobs.sample.city.plan import Plan

DATA = Path(__file__).parent / "data"
# error → difficulty: 1 another field tells still, 2 two fields differ, 3 the id is of no use and the name differs
ERRORS = {
    "homophone": 1, "look-alike": 1, "traditional": 1, "old id": 1, "id digit": 2, "swapped date": 2, "no id": 2, "no id, homophone": 3, "no id, traditional": 3, "swapped date, homophone": 3,
}  # fmt: skip
NAME_ERRORS = ("homophone", "look-alike", "traditional")


@dataclass(frozen=True)
class Clerk:
    """How a department errs. `shares` of ERRORS among its records; the rest is right. `keeps_ids`: the id is the register's own key and never wrong."""

    dataset: str
    shares: dict[str, float]


def careful(dataset: str) -> Clerk:
    """Ids are read from the card: names go wrong."""
    return Clerk(dataset, {"homophone": 0.006, "look-alike": 0.004, "traditional": 0.006})


def usual(dataset: str) -> Clerk:
    return Clerk(dataset, {
        "homophone": 0.02, "look-alike": 0.01, "traditional": 0.015, "old id": 0.01, "id digit": 0.008, "swapped date": 0.006, "no id": 0.02, "no id, homophone": 0.004,
        "no id, traditional": 0.003, "swapped date, homophone": 0.003,
    })  # fmt: skip


def hasty(dataset: str) -> Clerk:
    """Counters and old paper: one in six is wrong somewhere."""
    return Clerk(dataset, {error: share * 1.7 for error, share in usual(dataset).shares.items()})


@cache
def confusions(kind: str) -> dict[str, str]:
    return dict(pl.read_csv(DATA / "confusions.csv").filter(pl.col("kind") == kind).select("character", "other").iter_rows())


def recorded(plan: Plan, clerk: Clerk, people: pl.DataFrame) -> pl.DataFrame:
    """`people` with name, id and born as this department has them, and `error` (null: none), `difficulty` (0 to 3).

    The same person is written the same way at every period. `born` becomes a text, YYYY-MM-DD.
    """
    person, names = people["person"].to_numpy(), list(clerk.shares)
    right = 1.0 - sum(clerk.shares.values())
    which = chosen(plan.seed, f"{clerk.dataset}/error", [right, *clerk.shares.values()], person)
    errors = people.with_columns(pl.Series("error", np.array(["", *names])[which]), pl.col("born").dt.strftime("%Y-%m-%d").alias("born"))
    for kind in NAME_ERRORS:
        errors = _with_name_error(errors, kind)
    digit = pl.Series(integers(plan.seed, f"{clerk.dataset}/digit", 6, 17, person))
    return _without_effect(people, _with_id_errors(errors, digit))


def _with_name_error(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    """The last character that can be confused is."""
    table = confusions(kind)
    here = pl.col("error").str.contains(kind, literal=True)
    head, last = pl.col("name").str.head(-1), pl.col("name").str.tail(1)
    first, rest = pl.col("name").str.head(1), pl.col("name").str.slice(1)
    changed = pl.when(last.is_in(list(table))).then(head + last.replace(table)).otherwise(first.replace(table) + rest)
    return rows.with_columns(pl.when(here).then(changed).otherwise(pl.col("name")).alias("name"))


def _with_id_errors(rows: pl.DataFrame, place: pl.Series) -> pl.DataFrame:
    error, born, id_ = pl.col("error"), pl.col("born"), pl.col("id")
    swapped = born.str.slice(0, 5) + born.str.slice(8, 2) + "-" + born.str.slice(5, 2)
    possible = (born.str.slice(8, 2).cast(pl.Int32) <= 12) & (born.str.slice(8, 2) != born.str.slice(5, 2))
    at = pl.lit(place)
    digit = id_.str.slice(at, 1)
    other = ((digit.cast(pl.Int32, strict=False).fill_null(0) + 1) % 10).cast(pl.String)
    wrong = id_.str.slice(0, at) + other + id_.str.slice(at + 1)
    swap = error.str.starts_with("swapped date") & possible
    return rows.with_columns(
        pl.when(error.str.starts_with("no id")).then(None).when(error == "old id").then(id_.str.slice(0, 6) + id_.str.slice(8, 9)).when(error == "id digit").then(wrong)
        .when(swap).then(id_.str.slice(0, 10) + id_.str.slice(12, 2) + id_.str.slice(10, 2) + id_.str.slice(14)).otherwise(id_).alias("id"),
        pl.when(swap).then(swapped).otherwise(born).alias("born"),
    )  # fmt: skip


def _without_effect(right: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """An error that found nothing to change is none."""
    same = (rows["name"] == right["name"]) & (rows["id"] == right["id"]).fill_null(False)
    none = pl.lit(same) | (pl.col("error") == "")
    return rows.with_columns(pl.when(none).then(None).otherwise(pl.col("error")).alias("error")).with_columns(
        pl.col("error").replace_strict(ERRORS, default=0, return_dtype=pl.Int8).fill_null(0).alias("difficulty")
    )


def links(dataset: str, rows: pl.DataFrame, key: str) -> tuple[str, pl.DataFrame]:
    """Rows of truth/person_link: which person a record of this dataset is. `key`: the column of `rows` that names the record in the dump."""
    return "person_link", rows.select(
        pl.lit(dataset).alias("dataset"), pl.col(key).cast(pl.String).alias("record_key"), "person", "household", "error", pl.col("difficulty").cast(pl.Int8)
    ).unique(maintain_order=True)


def serials(plan: Plan, dataset: str, person: Ints, digits: int = 10) -> pl.Series:
    """A number of the department's own for each person: no two share one, and it says nothing about the person."""
    size = 10**digits
    start, stride = zlib.crc32(f"{plan.seed}/{dataset}".encode()) % size, 7_654_321  # prime to every power of ten
    return pl.Series("serial", (start + person % size * stride) % size).cast(pl.String).str.zfill(digits)


def chance(plan: Plan, name: str, share: float, ids: Ints) -> pl.Series:
    """As a column: true for this share."""
    return pl.Series(name, happens(plan.seed, name, share, ids))
