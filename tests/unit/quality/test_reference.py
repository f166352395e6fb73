"""The reference of expectations says what there is."""

from __future__ import annotations

from jobs.quality.reference import PATH, text
from jobs.quality.vocabulary import REFUSED, core_types


def test_the_reference_is_fresh() -> None:
    assert PATH.read_text(encoding="utf-8") == text(), "run python -m jobs.quality.reference"


def test_the_reference_names_every_expectation() -> None:
    said = text()
    assert [name for name in core_types() | set(REFUSED) if f"`{name}`" not in said] == []
