"""Rules with dates: read, their faults, and which version a month is judged by."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from jobs.contracts.load import BrokenContract
from jobs.rules.model import findings, load_rules, rules_path

ROOT = Path(__file__).parents[3]
RULES = rules_path(ROOT, "curated.benefit_review")
FAULTS = {
    "a rule nobody knows": ("id: vehicle", "id: vehicles", "nobody knows how to judge 'vehicles'"),
    "a limit that is missing": ("        most_vehicles: 0\n", "", "most_vehicles is missing"),
    "a name that is none": ("most_dwellings: 1", "most_dwelings: 1", "most_dwelings"),
    "a day that is none": ("from: 2024-01-01", "from: 2024-13-01", "month must be in 1..12"),
    "a standard below nothing": ("urban_standard: 915", "urban_standard: -1", "urban_standard"),
    "another product": ("product: curated.benefit_review", "product: curated.benefits", "should say 'curated.benefit_review'"),
    "twice": ("id: property", "id: income", "is missing"),
}


def rules_with(folder: Path, old: str, new: str) -> Path:
    """A checkout with one change in the rules."""
    text = RULES.read_text(encoding="utf-8")
    assert old in text
    path = rules_path(folder, "benefit_review")
    path.parent.mkdir(parents=True)
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_the_rules_of_the_project_are_right() -> None:
    assert findings(ROOT, ["curated.benefit_review"]) == []
    assert {rule.id for rule in load_rules(RULES).rules} == {"income", "vehicle", "property", "death", "other_region", "hardship"}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_its_line(name: str, tmp_path: Path) -> None:
    old, new, said = FAULTS[name]
    path = rules_with(tmp_path, old, new)
    with pytest.raises(BrokenContract) as problem:
        load_rules(path)
    assert said in str(problem.value)
    assert problem.value.findings[0].line > 0 and findings(tmp_path, ["curated.benefit_review"]) != []


def test_rules_of_no_product_are_told(tmp_path: Path) -> None:
    rules_with(tmp_path, "# Who", "# Who")
    assert "there is no contract conf/products/benefit_review.yaml" in str(findings(tmp_path, [])[0])


def test_a_version_holds_until_the_next_begins(tmp_path: Path) -> None:
    later = "        rural_standard: 725\n      - from: 2025-02-01\n        source: a later standard\n        urban_standard: 1000\n        rural_standard: 800\n"
    rules = load_rules(rules_with(tmp_path, "        rural_standard: 725\n", later))
    assert [(version.since, version.urban_standard, until) for version, until in rules.of("income")] == [(dt.date(2024, 1, 1), 915, dt.date(2025, 2, 1)), (dt.date(2025, 2, 1), 1000, None)]
    assert rules.of("nothing") == ()


def test_versions_out_of_order_are_told(tmp_path: Path) -> None:
    earlier = "        rural_standard: 725\n      - from: 2023-02-01\n        source: an earlier standard\n        urban_standard: 850\n        rural_standard: 700\n"
    with pytest.raises(BrokenContract, match="each version begins later than the one before"):
        load_rules(rules_with(tmp_path, "        rural_standard: 725\n", earlier))
