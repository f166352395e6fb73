"""The reference of expectations says what there is."""

from __future__ import annotations

import re

from ruamel.yaml import YAML

from jobs.quality.engine import expectation_class
from jobs.quality.plugins import load
from jobs.quality.reference import PATH, ROOT, text
from jobs.quality.vocabulary import REFUSED, core_types


def test_the_reference_is_fresh() -> None:
    assert PATH.read_text(encoding="utf-8") == text(), "run python -m jobs.quality.reference"


def test_the_reference_names_every_expectation() -> None:
    said = text()
    assert [name for name in core_types() | set(REFUSED) if f"`{name}`" not in said] == []


def test_what_the_how_to_shows_is_taken_by_great_expectations() -> None:
    load(ROOT)
    shown = (ROOT / "docs/how-to/write-expectations.md").read_text(encoding="utf-8")
    entries = [entry for block in re.findall(r"```yaml\n(.*?)```", shown, re.DOTALL) for entry in YAML(typ="safe").load(block)]
    assert len(entries) > 7
    for entry in entries:
        assert expectation_class(entry["type"])(**entry["kwargs"], severity=entry["severity"]).severity == entry["severity"]
