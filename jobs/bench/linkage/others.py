"""What others do with the same records: splink on DuckDB as its tutorials set it up, and recordlinkage's classifiers on the pairs that ours compares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from jobs.bench.linkage.labelled import Labelled
from jobs.identity.model import UNIQUE

Pairs = pl.DataFrame  # l, r: profile_ids of records found to be of one person
SURE = 0.95  # probability at which the tutorials link


@dataclass(frozen=True)
class Tutorial:
    """What a demo of splink sets: `recall` is its guess of what the `sure` rules find."""

    comparisons: Sequence[Any]
    blocking: Sequence[Any]
    training: Sequence[Any]
    sure: Sequence[str]
    recall: float


def _tutorials() -> dict[str, Tutorial]:
    """splink's demos `febrl3`, `febrl4` and, for fake_1000, its quick start, as far as they do not depend on the back end; pseudopeople has no demo: the comparisons of its library."""
    import splink.comparison_library as cl
    from splink import block_on

    names = [cl.NameComparison("given_name"), cl.NameComparison("surname"), cl.DateOfBirthComparison("date_of_birth", input_is_string=True)]
    number = cl.ExactMatch("street_number").configure(term_frequency_adjustments=True)
    whole = "l.given_name = r.given_name and l.surname = r.surname and l.date_of_birth = r.date_of_birth"
    return {
        "febrl3": Tutorial(
            [*names, cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]), number, cl.ExactMatch("postcode").configure(term_frequency_adjustments=True)],
            [block_on(name) for name in ("soc_sec_id", "given_name", "surname", "date_of_birth", "postcode")], [block_on(name) for name in ("date_of_birth", "postcode", "soc_sec_id")],
            ["l.soc_sec_id = r.soc_sec_id", whole], 0.6,
        ),
        "febrl4": Tutorial(
            [*names, cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2]), number, cl.DamerauLevenshteinAtThresholds("postcode", [2]).configure(term_frequency_adjustments=True)],
            [block_on("given_name", "surname"), block_on("date_of_birth"), block_on("soc_sec_id"), block_on("state", "address_1"), block_on("street_number", "address_1"), block_on("postcode")],
            [block_on("date_of_birth"), block_on("postcode")], ["l.soc_sec_id = r.soc_sec_id", whole, "l.given_name = r.given_name and l.surname = r.surname and l.postcode = r.postcode"], 0.9,
        ),
        "fake_1000": Tutorial(
            [cl.NameComparison("first_name"), cl.NameComparison("surname"), cl.DateOfBirthComparison("dob", input_is_string=True),
             cl.ExactMatch("city").configure(term_frequency_adjustments=True), cl.EmailComparison("email")],
            [block_on("first_name", "city"), block_on("surname"), block_on("dob")], [block_on("first_name", "surname"), block_on("dob")],
            ["l.first_name = r.first_name and levenshtein(r.dob, l.dob) <= 1", "l.surname = r.surname and levenshtein(r.dob, l.dob) <= 1",
             "l.first_name = r.first_name and levenshtein(r.surname, l.surname) <= 2", "l.email = r.email"], 0.7,
        ),
        "pseudopeople": Tutorial(
            [cl.NameComparison("first_name"), cl.NameComparison("last_name"), cl.DateOfBirthComparison("born", input_is_string=True), cl.DamerauLevenshteinAtThresholds("ssn", [1, 2]),
             cl.LevenshteinAtThresholds("street_name", [1, 3]), cl.ExactMatch("street_number"), cl.ExactMatch("sex")],
            [block_on("ssn"), block_on("first_name", "last_name"), block_on("born"), block_on("last_name", "street_name")], [block_on("ssn"), block_on("first_name", "last_name")],
            ["l.ssn = r.ssn", "l.first_name = r.first_name and l.last_name = r.last_name and l.born = r.born"], 0.8,
        ),
    }  # fmt: skip


def tutorial(of: str, labelled: Labelled) -> Pairs:
    """What splink finds on DuckDB, set up as its tutorial says."""
    from splink import DuckDBAPI, Linker, SettingsCreator

    from jobs.identity.training import quiet

    quiet()
    said, api = _tutorials()[of], DuckDBAPI()
    settings = SettingsCreator(link_type="dedupe_only", unique_id_column_name=UNIQUE, comparisons=list(said.comparisons), blocking_rules_to_generate_predictions=list(said.blocking))
    linker = Linker(api.register(labelled.rows.drop("person", "half").to_arrow()), settings, log_level=None)
    linker.training.estimate_probability_two_random_records_match(list(said.sure), recall=said.recall)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in said.training:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_probability=SURE, warning_mode="never").as_pyarrow_table()  # type: ignore[no-untyped-call]
    return pl.DataFrame(pl.from_arrow(found)).select(l=f"{UNIQUE}_l", r=f"{UNIQUE}_r")


def classifiers(labelled: Labelled, candidates: Pairs) -> Iterable[tuple[str, Pairs]]:
    """recordlinkage's, on the same candidate pairs, by similarities of each column: ECM without labels; logistic regression and a support vector machine taught by pairs of the train half."""
    import numpy as np
    import pandas as pd
    import recordlinkage as rl

    columns = [name for name in labelled.rows.columns if name not in (UNIQUE, "person", "half")]
    rows = labelled.rows.select(UNIQUE, *columns).to_pandas().set_index(UNIQUE)
    pairs = pd.MultiIndex.from_arrays([candidates["l"].to_list(), candidates["r"].to_list()])
    compare = rl.Compare()
    for name in columns:
        compare.string(name, name, method="jarowinkler", label=name)
    features = compare.compute(pairs, rows).fillna(0.0)
    truth = dict(labelled.rows.select(UNIQUE, "person").iter_rows())
    half = dict(labelled.rows.select(UNIQUE, "half").iter_rows())
    taught = np.array([half[a] == half[b] == "train" for a, b in pairs])
    same = pairs[[truth[a] == truth[b] for a, b in pairs]]
    binary = (features > 0.85).astype(int)
    ecm = rl.ECMClassifier(binarize=None)
    yield "recordlinkage ECM (no labels)", _as_pairs(ecm.fit_predict(binary))
    for title, classifier in (("recordlinkage logistic regression (labels)", rl.LogisticRegressionClassifier()), ("recordlinkage SVM (labels)", rl.SVMClassifier())):
        classifier.fit(features[taught], same.intersection(features[taught].index))
        yield title, _as_pairs(classifier.predict(features))


def _as_pairs(found: Any) -> Pairs:
    return pl.DataFrame({"l": list(found.get_level_values(0)), "r": list(found.get_level_values(1))}, schema={"l": pl.String, "r": pl.String})
