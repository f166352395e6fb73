"""Compiled releases of the sample city, as a package: OCDS 1.1 by its own JSON schema, nobody to contact in it, the same bytes for the same releases."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from jobs.products.ocds import compiled
from jobs.publishing.ocds_package import impersonal, package
from jobs.sample.city.making import files
from jobs.sample.city.plan import Plan
from jobs.sample.city.registry import dataset_of

ROOT = Path(__file__).resolve().parents[3]
SCHEMAS = Path(os.environ.get("LAKE_REAL_DATA", ROOT.parent / "shared" / "data")).parent / "standards" / "ocds"
LICENCE = "https://creativecommons.org/licenses/by/4.0/"


@pytest.fixture(scope="module")
def releases() -> list[str]:
    """Compiled releases of a year's processes."""
    plan, dataset = Plan(1_000, dt.date(2025, 1, 1), dt.date(2025, 12, 31), 7), dataset_of("procurement.ocds_release")
    sent: dict[str, list[str]] = {}
    for file in files(plan, dataset, 0):
        for text in file.rows["$row"]:
            sent.setdefault(json.loads(text)["ocid"], []).append(text)
    found = [compiled(ocid, sorted(texts), []).release for ocid, texts in sent.items()]
    return [json.dumps(release, ensure_ascii=False) for release in found if release]


def faults(document: dict[str, Any]) -> list[str]:
    registry = Registry()
    for name in ("release-schema.json", "release-package-schema.json"):
        schema = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
        registry = Resource.from_contents(schema, default_specification=DRAFT4) @ registry
    schema = json.loads((SCHEMAS / "release-package-schema.json").read_text(encoding="utf-8"))
    return [error.message for error in Draft4Validator(schema, registry=registry).iter_errors(document)]


@pytest.mark.skipif(not SCHEMAS.exists(), reason="the schemas of OCDS are not on this machine: set LAKE_REAL_DATA")
def test_a_package_is_ocds(releases: list[str]) -> None:
    document = json.loads(package(releases, "https://open.example.org/procurement/", "Procurement office", LICENCE))
    assert len(document["releases"]) == len(releases) > 50
    assert faults(document) == []
    del document["releases"][0]["ocid"]
    assert faults(document) == ["'ocid' is a required property"]


def test_nobody_to_contact_is_in_it(releases: list[str]) -> None:
    assert impersonal({"a": [{"contactPoint": {"name": "Ann"}, "b": 1}], "contactPoint": {}}) == {"a": [{"b": 1}]}
    assert b"contactPoint" not in package(releases, "https://open.example.org/", "x", LICENCE)


def test_the_same_releases_make_the_same_bytes(releases: list[str]) -> None:
    said = ("https://open.example.org/", "x", LICENCE)
    assert package(releases, *said) == package(reversed(releases), *said)
