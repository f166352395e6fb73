"""Curated products against what the city planted: how much of what they point at is planted, and how much of what is planted they point at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
from deltalake import DeltaTable

from jobs.contracts.load import load_product, product_path
from jobs.identity.agreement import Agreement
from jobs.platform import delta_sql
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import delta_options
from jobs.privacy.pseudonym import pseudonym, pseudonym_key
from jobs.sample.city.score import truth_table
from jobs.sample.city.score_residents import current_keys, residents, with_truth

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


LEVELS = (1, 2, 3)
EXAMPLES = 5


@dataclass(frozen=True)
class SignScore:
    """`found`: keys with the sign; `true`: of these, those in a planted case of any kind; `lawful`: those in a lawful look-alike; `meant`: keys in cases of its kinds; `met`: of these,
    those with the sign; `wrong`, `missed`: the first keys that were found and are in no case, and that were meant and not found."""

    sign: str
    found: int
    true: int
    lawful: int
    meant: int
    met: int
    wrong: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()

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
        examples = (tuple(sorted(map(str, those))[:EXAMPLES]) for those in (keys - planted, meant - keys))
        scores.append(SignScore(sign, len(keys), len(keys & planted), len(keys & lawful - planted), len(meant), len(keys & meant), *examples))
    return scores


def by_difficulty(found: pl.DataFrame, truth: pl.DataFrame) -> list[SignScore]:
    """All signs together, among the cases and look-alikes of each difficulty: what stands in neither counts against none. `truth`: with `difficulty`."""
    scores = []
    for level in LEVELS:
        here = truth.filter(pl.col("difficulty") == level)
        of = scored(found.join(here.select("key"), on="key", how="semi"), here, {})[-1]
        scores.append(replace(of, sign=f"any, difficulty {level}"))
    return scores


def procurement_risk(settings: Settings, truth: Path, name: str = "procurement_risk") -> list[SignScore]:
    found, planted = _read(settings, name, ["ocid", "flag"]).select(key="ocid", sign="flag"), truth_table(truth, "procurement_collusion").select("kind", "decoy", "difficulty", key="ocid")
    return [*scored(found, planted, FLAGS), *by_difficulty(found, planted)]


def special_fund(settings: Settings, truth: Path, name: str = "special_fund") -> list[SignScore]:
    found = _read(settings, name, ["project_code", "signals"]).with_columns(pl.col("signals").str.json_decode(pl.List(pl.String))).explode("signals").drop_nulls()
    signs, planted = found.select(key="project_code", sign="signals"), truth_table(truth, "fund_diversion").select("kind", "decoy", "difficulty", key="project_code")
    return [*scored(signs, planted, SIGNALS), *by_difficulty(signs, planted)]


def benefit_review(settings: Settings, truth: Path, name: str = "benefit_review", links: str = "identity__resident_key", grant: str = "") -> list[SignScore]:
    """Of the latest month, by household. `links`: silver's table of resident keys; `grant`: whose pseudonyms they are, where not as the contract says."""
    found = _read(settings, name, ["month", "finding", "rule", "resident"]).filter(pl.col("month") == pl.col("month").max())
    return benefit_scores(found.join(_people(settings, truth, links, grant or _grant(settings, "benefit_review")), on="resident", how="inner"), truth_table(truth, "benefit"))


RULES = {"death": ("dead",), "vehicle": ("car",), "property": ("second dwelling",), "income": ("wages",), "other_region": ("elsewhere",)}


def benefit_scores(found: pl.DataFrame, truth: pl.DataFrame) -> list[SignScore]:
    """`found`: finding, rule, household; `truth`: rows of truth/benefit. Rules against who draws, all of them, each difficulty; then who should draw and does not."""
    drawn = truth.filter("draws").select("difficulty", key=pl.col("household"), kind=pl.col("reason").fill_null(""), decoy=pl.col("qualifies"))
    against = found.filter(pl.col("finding") == "may not qualify").select(key="household", sign="rule")
    scores = [*scored(against, drawn, RULES), *by_difficulty(against, drawn)]
    due = truth.filter(~pl.col("draws")).select(key=pl.col("household"), kind=pl.lit(""), decoy=~pl.col("qualifies"))
    offered = found.filter(pl.col("finding") == "may qualify").select(key="household", sign="rule")
    return [*scores, replace(scored(offered, due, {})[-1], sign="should draw")]


def _grant(settings: Settings, product: str) -> str:
    return load_product(product_path(settings.root, product)).grant


def _people(settings: Settings, truth: Path, links: str, grant: str) -> pl.DataFrame:
    """resident (pseudonym of the grant), person, household: whom most of the records of a key are truly of."""
    known = with_truth(current_keys(settings, links), truth_table(truth, "person_link"))
    votes = known.group_by("resident_key", "person", "household").len().sort("len", "person", descending=[True, False])
    first = votes.unique("resident_key", keep="first", maintain_order=True)
    key = pseudonym_key(settings, grant)
    return first.select("person", "household", resident=pl.col("resident_key").map_elements(lambda value: pseudonym(key, value), return_dtype=pl.String))


def households(settings: Settings, truth: Path, name: str = "household", links: str = "identity__resident_key", grant: str = "") -> list[SignScore]:
    """Pairs of people who are in one household now, against the truth: of everybody, of those registered here, and of migrants."""
    found = _read(settings, name, ["household", "resident", "valid_to"]).filter(pl.col("valid_to").is_null()).rename({"household": "group"})
    return household_scores(found.join(_people(settings, truth, links, grant or _grant(settings, "household")), on="resident", how="inner"), truth_table(truth, "household"))


def household_scores(found: pl.DataFrame, truth: pl.DataFrame) -> list[SignScore]:
    """`found`: group, person; `truth`: rows of truth/household. A pair is the two persons' numbers; who died by the end is in none."""
    living = truth.filter(pl.col("died").is_null())
    together = _pairs(found.join(living.select("person", "migrant"), on="person", how="inner"), "group")
    true = _pairs(living, "household")
    whole = replace(scored(together.with_columns(sign=pl.lit("")), true.with_columns(kind=pl.lit(""), decoy=pl.lit(False)), {})[-1], sign="everybody")
    parts = []
    for sign, migrant in (("registered", False), ("migrants", True)):
        mine = [frame.filter(pl.col("migrant") == migrant) for frame in (together, true)]
        parts.append(replace(scored(mine[0].with_columns(sign=pl.lit("")), mine[1].with_columns(kind=pl.lit(""), decoy=pl.lit(False)), {})[-1], sign=sign))
    return [whole, *parts]


def _pairs(people: pl.DataFrame, group: str) -> pl.DataFrame:
    """key, migrant: each two of a group, once."""
    one = people.select(group, "person", "migrant")
    both = one.join(one.select(group, other="person"), on=group, how="inner").filter(pl.col("person") < pl.col("other"))
    return both.select("migrant", key=pl.concat_str("person", pl.lit("+"), "other")).unique()


@dataclass(frozen=True)
class RankScore:
    """Spearman's rank correlation of what a product says with what was planted, over `pairs`; None where either says one thing only."""

    sign: str
    pairs: int
    correlation: float | None


def service_gap(settings: Settings, truth: Path, name: str = "service_gap") -> list[RankScore]:
    """Of the latest month: a rank correlation for each service, and of all together; and by how far the gap is hidden."""
    found = _read(settings, name, ["month", "community_code", "service", "gap"]).filter(pl.col("month") == pl.col("month").max())
    return gap_scores(found, truth_table(truth, "service_gap"))


def gap_scores(found: pl.DataFrame, truth: pl.DataFrame) -> list[RankScore]:
    pairs = found.join(truth.select("community_code", "service", "difficulty", planted="gap"), on=["community_code", "service"], how="inner")
    of = [(str(service), rows) for (service,), rows in sorted(pairs.group_by("service"), key=lambda group: str(group[0]))]
    levels = [(f"any, difficulty {level}", pairs.filter(pl.col("difficulty") == level)) for level in LEVELS]
    return [RankScore(sign, rows.height, _spearman(rows["gap"], rows["planted"])) for sign, rows in [*of, ("any", pairs), *levels]]


def policy_participation(settings: Settings, truth: Path, name: str = "policy_participation") -> list[RankScore]:
    """By consultation: the support among those who wrote against what the people think, which a campaign hides, and comments of the same words against copies that were made."""
    return participation_scores(_read(settings, name, ["policy_id", "support_percent", "mass_comments"]), truth_table(truth, "policy_position"))


def participation_scores(found: pl.DataFrame, truth: pl.DataFrame) -> list[RankScore]:
    pairs = found.join(truth, on="policy_id", how="inner")
    of = [("support", pairs), *((f"support, difficulty {level}", pairs.filter(pl.col("difficulty") == level)) for level in LEVELS)]
    support = [RankScore(sign, rows.height, _spearman(rows["support_percent"], rows["support"])) for sign, rows in of]
    return [*support, RankScore("copied comments", pairs.height, _spearman(pairs["mass_comments"], pairs["copied_comments"]))]


def _spearman(one: pl.Series, other: pl.Series) -> float | None:
    """Pearson's correlation of ranks, ties at their middle."""
    found = pl.DataFrame({"a": one.rank("average"), "b": other.rank("average")}).select(pl.corr("a", "b")).item()
    return None if found is None or found != found else float(found)


Score = Callable[[Settings, Path], Sequence[SignScore | RankScore | Agreement]]
PRODUCTS: dict[str, Score] = {
    "residents": residents, "households": households, "benefit_review": benefit_review, "service_gap": service_gap, "special_fund": special_fund, "procurement_risk": procurement_risk,
    "policy_participation": policy_participation,
}  # fmt: skip
ALSO = {"resident": "residents", "resident_source_record": "residents", "household": "households", "service_demand": "service_gap", "service_supply": "service_gap"}
# Of these nothing is hidden in the city that they would have to find: each row is a count or a sum of rows that are there, which tests make again another way.
COUNTED = ("education_flow", "health_utilisation", "mobility", "procurement", "procurement_party", "public_spending", "emissions")


def score_of(product: str) -> Score | None:
    """By the name of the product, or of what it is about."""
    return PRODUCTS.get(ALSO.get(product, product))


def _read(settings: Settings, product: str, columns: list[str]) -> pl.DataFrame:
    uri, options = settings.uri("curated", product), delta_options(settings)
    if not DeltaTable.is_deltatable(uri, options):
        raise LakeError(f"there is no curated.{product} yet", f"build it: ./lake curate curated.{product}")
    found = [pl.DataFrame(pl.from_arrow(batch)) for batch in delta_sql.batches(DeltaTable(uri, storage_options=options), columns)]
    return pl.concat(found) if found else pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
