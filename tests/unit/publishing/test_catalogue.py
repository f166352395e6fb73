"""The catalogue is DCAT-AP 3 by the shapes of its makers; the feed is Atom."""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import replace
from pathlib import Path

import pyshacl
import pytest
from lxml import etree
from rdflib import Graph

from jobs.contracts.load import load_product, product_path
from jobs.publishing.catalogue import ATOM, catalogue, dictionary, feed, schema_org
from jobs.publishing.files import File
from jobs.publishing.publication import load_publication
from jobs.publishing.versions import CORRECTION, NEW, Version

ROOT = Path(__file__).resolve().parents[3]
SHAPES = Path(os.environ.get("LAKE_REAL_DATA", ROOT.parent / "shared" / "data")).parent / "standards" / "dcat-ap"
BASE = "https://open.example.org/"
FILES = tuple(File("2025-01", kind, f"public-spending/data/{kind}/a.{kind}", 10, 3, "ab" * 32) for kind in ("csv", "jsonl", "parquet"))
PUBLICATION = load_publication(ROOT / "conf" / "publications" / "public-spending.yaml")
PRODUCT = load_product(product_path(ROOT, PUBLICATION.product))
FIRST = Version("public-spending", 1, NEW, "first publication", PRODUCT.dataset, 4, "t", 3, FILES, {"2025-01": "x"}, {}, "Ann", "why", dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
SECOND = replace(FIRST, version=2, kind=CORRECTION, notice="corrected: 2025-01", published_at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC))


def shacl(document: dict[str, object], shapes: str) -> str:
    data = Graph().parse(data=json.dumps(document), format="json-ld")
    conforms, _, said = pyshacl.validate(data, shacl_graph=Graph().parse(SHAPES / shapes), advanced=True, allow_warnings=True)
    return "" if conforms else said


@pytest.mark.skipif(not SHAPES.exists(), reason="the shapes of DCAT-AP are not on this machine: set LAKE_REAL_DATA")
@pytest.mark.parametrize("shapes", ["shapes.ttl", "shapes_recommended.ttl"])
def test_the_catalogue_conforms(shapes: str) -> None:
    made = catalogue("Demo City", BASE, [(PUBLICATION, PRODUCT, [FIRST, SECOND])])
    assert shacl(made, shapes) == ""


@pytest.mark.skipif(not SHAPES.exists(), reason="the shapes of DCAT-AP are not on this machine: set LAKE_REAL_DATA")
def test_the_shapes_find_what_is_missing() -> None:
    made = catalogue("Demo City", BASE, [(PUBLICATION, PRODUCT, [FIRST])])
    del made["dcat:dataset"][0]["dct:title"], made["dct:publisher"]
    said = shacl(made, "shapes.ttl")
    assert "title" in said and "publisher" in said


def test_a_withdrawn_publication_has_no_files() -> None:
    gone = replace(SECOND, kind="withdrawal", files=())
    [entry] = catalogue("Demo City", BASE, [(PUBLICATION, PRODUCT, [FIRST, gone])])["dcat:dataset"]
    assert entry["dcat:distribution"] == [] and entry["dcat:version"] == "2"


def test_every_column_that_goes_out_is_told() -> None:
    assert [row["column"] for row in dictionary(PUBLICATION, PRODUCT)] == list(PUBLICATION.columns)
    assert [v["name"] for v in schema_org(BASE, PUBLICATION, PRODUCT, FIRST)["variableMeasured"]] == list(PUBLICATION.columns)


def test_the_newest_stands_first_in_the_feed() -> None:
    root = etree.fromstring(feed("Demo City", BASE, [FIRST, SECOND]))
    titles = [title.text for title in root.iterfind(f"{{{ATOM}}}entry/{{{ATOM}}}title")]
    assert titles == ["public-spending 2: correction", "public-spending 1: new"]
    assert root.findtext(f"{{{ATOM}}}updated") == "2026-01-02T00:00:00+00:00"
