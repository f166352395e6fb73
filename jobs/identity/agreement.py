"""How far found people agree with the true ones: pairwise precision, recall and F1, and B³ (Bagga and Baldwin 1998), over records."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Agreement:
    """`of`: which records; `pairs_found`, `pairs_true`, `pairs_met`: pairs with at least one of these records that were found to be of one person, are so, and both."""

    of: str
    records: int
    people: int
    pairs_found: int
    pairs_true: int
    pairs_met: int
    b3_precision: float
    b3_recall: float

    @property
    def precision(self) -> float | None:
        return self.pairs_met / self.pairs_found if self.pairs_found else None

    @property
    def recall(self) -> float | None:
        return self.pairs_met / self.pairs_true if self.pairs_true else None

    @property
    def f1(self) -> float | None:
        return _harmonic(self.precision, self.recall)

    @property
    def b3_f1(self) -> float | None:
        return _harmonic(self.b3_precision, self.b3_recall)

    def facts(self) -> dict[str, Any]:
        return asdict(self) | {name: getattr(self, name) for name in ("precision", "recall", "f1", "b3_f1")}


def _harmonic(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else 2 * one * other / (one + other) if one + other else 0.0


def agreement(rows: pl.DataFrame, of: str = "all", among: pl.Expr | None = None) -> Agreement:
    """`rows`: one a record, `found` and `true` (its person by us, and in truth). `among`: of which records, all counted against all others.

    With n, f, t the records that share found and true, found, and true person with a record: it has n-1 pairs right of f-1 found and t-1 true. Pairs
    inside `among` are met from both ends, pairs that leave it from one.
    """
    counted = rows.with_columns(n=pl.len().over("found", "true"), f=pl.len().over("found"), t=pl.len().over("true"))
    here = among if among is not None else pl.lit(True)
    counted = counted.with_columns(_in=here)
    sums = [pl.col("_in").sum().over(*by) for by in (("found", "true"), ("found",), ("true",))]  # of those who share, how many are in
    part = counted.with_columns(n_in=sums[0], f_in=sums[1], t_in=sums[2]).filter("_in")
    # a pair with both ends in is counted twice, so half of those
    met, found, true = (int((part[a].cast(pl.Int64) - 1).sum()) - int((part[b].cast(pl.Int64) - 1).sum()) / 2 for a, b in (("n", "n_in"), ("f", "f_in"), ("t", "t_in")))
    means = part.select(p=(pl.col("n") / pl.col("f")).mean(), r=(pl.col("n") / pl.col("t")).mean()).row(0)
    return Agreement(of, part.height, part["true"].n_unique(), round(found), round(true), round(met), float(means[0] or 0), float(means[1] or 0))
