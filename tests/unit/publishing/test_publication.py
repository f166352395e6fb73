"""What a publication declares, what the gate refuses, what a version is beside the one before."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jobs.contracts.load import load_product, product_path
from jobs.contracts.product import Product
from jobs.platform.errors import LakeError
from jobs.publishing.publication import Cells, Chart, Persons, Publication, Words, gate, load_publication, publication_paths
from jobs.publishing.versions import CORRECTION, NEW, UPDATE, WITHDRAWAL, Version, kind_of

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def spending() -> Publication:
    return load_publication(ROOT / "conf" / "publications" / "public-spending.yaml").model_copy(update={"chart": None})


@pytest.fixture
def product(spending: Publication) -> Product:
    return load_product(product_path(ROOT, spending.product))


def with_(publication: Publication, **changes: Any) -> Publication:
    return publication.model_copy(update=changes)


def test_what_the_project_publishes_may_go_out() -> None:
    for path in publication_paths(ROOT):
        found = load_publication(path)
        assert gate(found, load_product(product_path(ROOT, found.product))) == []


def test_a_column_that_is_not_public_stops_it(spending: Publication, product: Product) -> None:
    columns = tuple(replace(c, classification="internal") if c.name == "supplier" else c for c in product.columns)
    assert gate(spending, replace(product, columns=columns)) == ["'supplier' is internal, not public"]
    assert gate(with_(spending, columns=("month", "nothing")), product) == ["curated.public_spending has no column 'nothing'"]


def test_a_column_about_persons_is_a_quasi_identifier_or_sensitive(spending: Publication, product: Product) -> None:
    persons = Persons(kind="persons", quasi_identifiers=("department",), sensitive=("category",))
    [said] = gate(with_(spending, subject=persons, columns=("department", "category", "supplier"), partition=None), product)
    assert said.startswith("supplier: a column about a person")
    [said] = gate(with_(spending, subject=Persons(kind="persons", quasi_identifiers=("department",)), columns=("department",), partition="month"), product)
    assert said == "'month' is not among the columns that go out"


def test_nothing_stands_beside_a_count_of_persons(spending: Publication, product: Product) -> None:
    cells = Cells(kind="cells", dimensions=("month", "category"), count="payment_id")
    [said] = gate(with_(spending, subject=cells, columns=("month", "category", "payment_id", "amount")), product)
    assert said.startswith("amount is neither a dimension nor the count")


def test_other_terms_need_another_approval(spending: Publication) -> None:
    assert spending.terms == with_(spending, keywords=("other",)).terms
    assert spending.terms != with_(spending, columns=spending.columns[:-1]).terms
    assert spending.terms != with_(spending, licence="https://example.org/other").terms


def test_a_broken_file_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("name: x\nproduct: silver.x\nsubject: {kind: things}\n", encoding="utf-8")
    with pytest.raises(LakeError) as problem:
        load_publication(path)
    assert "x.yaml" in problem.value.message and "product" in problem.value.message and "licence" in problem.value.message


def version(**changes: Any) -> Version:
    made = Version("x", 1, NEW, "", "curated.x", 3, "t", 4, (), {"2025-01": "a", "2025-02": "b"}, {}, "Ann", "why", dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    return replace(made, **changes)


def test_what_a_version_is_beside_the_one_before() -> None:
    assert kind_of(None, {"": "a"}, "t")[0] == NEW
    assert kind_of(version(), {"2025-01": "a", "2025-02": "b", "2025-03": "c"}, "t") == (UPDATE, "new: 2025-03")
    assert kind_of(version(), {"2025-01": "z", "2025-02": "b", "2025-03": "c"}, "t") == (CORRECTION, "corrected: 2025-01; new: 2025-03")
    assert kind_of(version(), {"2025-01": "a"}, "t") == (CORRECTION, "corrected: 2025-02")
    assert kind_of(version(), {"2025-01": "a", "2025-02": "b"}, "u")[0] == CORRECTION
    assert kind_of(version(kind=WITHDRAWAL), {"2025-01": "a"}, "t") == (NEW, "published again")


def test_a_chart_is_of_what_goes_out(spending: Publication, product: Product) -> None:
    flows = Chart(kind="flows", title=Words(en="x", zh="x"), by=("category", "supplier"), amount="amount")
    assert gate(with_(spending, chart=flows), product) == []
    assert gate(with_(spending, chart=flows.model_copy(update={"by": ("category", "document_no")})), product) == ["the chart is of 'document_no', which does not go out"]
    assert gate(with_(spending, chart=flows.model_copy(update={"by": ("category",)})), product) == ["a chart of flows has two columns in `by`"]
    assert gate(with_(spending, chart=flows.model_copy(update={"kind": "map", "by": ("supplier",)})), product) == ["a map has `longitude`, `latitude` and `amount`"]
    assert gate(with_(spending, chart=flows, formats=("csv",)), product) == ["parquet is not among the formats: the chart is made from what is published"]
    assert with_(spending, chart=flows).terms == spending.terms  # a picture of approved columns needs no approval of its own
