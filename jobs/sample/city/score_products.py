"""Curated products against what the city planted: how much of what they point at is planted, and how much of what is planted they point at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from deltalake import DeltaTable

from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import delta_options

# Flag → the kinds of planted cases it is meant to find.
FLAGS = {
    "single_bidder": ("suppression", "tailored"), "short_tender_period": ("tailored",), "price_close_to_winning_bid": ("cover_bidding", "rotation"), "heavily_discounted_bid": ("amendment",),
    "identical_bid_prices": ("cover_bidding", "rotation"), "price_close_to_estimate": ("cover_bidding", "rotation", "suppression", "split_purchase", "tailored"), "contract_amendment": ("amendment",),
    "split_purchase": ("split_purchase",), "repeated_winner": ("cover_bidding", "tailored", "amendment", "split_purchase"), "bid_rotation": ("rotation",),
}  # fmt: skip
SIGNALS = {
    "paid_to_other": ("misuse",), "kept_by_unit": ("retained",), "idle": ("retained",), "payee_struck_off": ("fictitious",), "paid_ahead": ("misuse", "fictitious"),
    "done_not_accepted": ("fictitious",), "claimed_twice": ("double_claim",),
}  # fmt: skip


@dataclass(frozen=True)
class SignScore:
    """`found`: keys with the sign; `true`: of these, those in a planted case of any kind; `lawful`: those in a lawful look-alike; `meant`: keys in cases of its kinds; `met`: of these, those with the sign."""

    sign: str
    found: int
    true: int
    lawful: int
    meant: int
    met: int

    @property
    def precision(self) -> float | None:
        return self.true / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        return self.met / self.meant if self.meant else None


def scored(found: pl.DataFrame, truth: pl.DataFrame, kinds: Mapping[str, Sequence[str]]) -> list[SignScore]:
    """`found`: `key`, `sign`; `truth`: `key`, `kind`, `decoy`. One score a sign, and one of all together."""
    planted, lawful = (set(truth.filter(pl.col("decoy") == decoy)["key"]) for decoy in (False, True))
    scores = []
    for sign in (*kinds, "any"):
        keys = set((found if sign == "any" else found.filter(pl.col("sign") == sign))["key"])
        meant = planted if sign == "any" else planted & set(truth.filter(pl.col("kind").is_in(list(kinds[sign])))["key"])
        scores.append(SignScore(sign, len(keys), len(keys & planted), len(keys & lawful - planted), len(meant), len(keys & meant)))
    return scores


def procurement_risk(settings: Settings, truth: Path, name: str = "procurement_risk") -> list[SignScore]:
    found = _read(settings, name, ["ocid", "flag"]).select(key="ocid", sign="flag")
    return scored(found, _truth(truth, "procurement_collusion").select("kind", "decoy", key="ocid"), FLAGS)


def special_fund(settings: Settings, truth: Path, name: str = "special_fund") -> list[SignScore]:
    found = _read(settings, name, ["project_code", "signals"]).with_columns(pl.col("signals").str.json_decode(pl.List(pl.String))).explode("signals").drop_nulls()
    return scored(found.select(key="project_code", sign="signals"), _truth(truth, "fund_diversion").select("kind", "decoy", key="project_code"), SIGNALS)


PRODUCTS = {"procurement_risk": procurement_risk, "special_fund": special_fund}


def _read(settings: Settings, product: str, columns: list[str]) -> pl.DataFrame:
    uri, options = settings.uri("curated", product), delta_options(settings)
    if not DeltaTable.is_deltatable(uri, options):
        raise LakeError(f"there is no curated.{product} yet", f"build it: ./lake curate curated.{product}")
    return pl.DataFrame(pl.from_arrow(DeltaTable(uri, storage_options=options).to_pyarrow_table(columns=columns)))


def _truth(truth: Path, table: str) -> pl.DataFrame:
    parts = sorted((truth / table).glob("*.parquet"))
    if not parts:
        raise LakeError(f"there is no truth of a city in {truth}", "make one: ./lake city --people 1000 --land, or name its folder with --truth")
    return pl.concat([pl.read_parquet(part) for part in parts])
