"""Every real dump is delivered somewhere, and the demo shows those of the foundation only."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pytest

from jobs.contracts.load import load_all
from jobs.platform.settings import load_settings
from jobs.sample.city.registry import datasets
from jobs.sample.real import CONTROL_TOTALS, Delivered, deliveries, foundation
from tests.unit.contracts.test_real_dumps import KNOWN

MADE_UP = set(datasets()) - {"procurement.ocds_release"}
FOUNDATION = {
    "emergency.earthquake", "environment.emission", "environment.emission_source", "finance.spend", "health.covid_case", "power.meter_reading", "procurement.ocds_record",
    "procurement.ocds_release", "statistics.province_indicator", "traffic.collision", "traffic.collision_vehicle",
}  # fmt: skip


def sources(data: Path) -> list[dict[str, str]]:
    with (data / "SOURCES.tsv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.fixture(scope="module")
def landings() -> dict[str, set[str]]:
    """Landing folder → the datasets that take files from it."""
    contracts, findings = load_all(load_settings().root)
    assert findings == []
    found: dict[str, set[str]] = {}
    for contract in contracts:
        found.setdefault(contract.landing, set()).add(contract.dataset)
    return found


def folder(each: Delivered) -> str:
    return "/".join(each.key.split("/")[:2])


def test_no_file_of_the_list_is_forgotten(real_data: Path) -> None:
    sent = [path for each in deliveries(real_data) for path in each.files]
    assert len(sent) == len(set(sent)), "a file is delivered twice"
    folders = [row["path"].split(" (")[0] for row in sources(real_data) if row["sha256"].startswith("manifest:")]
    listed = {real_data / row["path"] for row in sources(real_data) if not row["sha256"].startswith("manifest:")}
    assert folders == ["procurement/ocds/"]
    listed |= {path for path in (real_data / folders[0]).rglob("*") if path.is_file()}
    assert len(listed) == len(sources(real_data)) - 1 + 760
    assert set(sent) == listed


def test_the_files_are_those_of_the_list(real_data: Path) -> None:
    """All numbers in the other tests are of these bytes."""
    wrong = {
        row["path"] for row in sources(real_data)
        if not row["sha256"].startswith("manifest:") and hashlib.sha256((real_data / row["path"]).read_bytes()).hexdigest() != row["sha256"]
    }  # fmt: skip
    assert wrong == set()


def test_every_dataset_has_a_dump_and_every_dump_a_dataset(real_data: Path, landings: dict[str, set[str]]) -> None:
    folders = {folder(each) for each in deliveries(real_data)}
    assert folders <= set(landings)
    known = set().union(*(landings[name] for name in folders))
    assert set().union(*landings.values()) - known == MADE_UP
    assert known == set(KNOWN), "rows and broken rules of every dump are stated"


def test_the_demo_keeps_to_the_foundation(real_data: Path, landings: dict[str, set[str]]) -> None:
    assert set().union(*(landings[folder(each)] for each in foundation(real_data))) == FOUNDATION


@pytest.mark.parametrize("name", ["sle_hf", "sle_adm3"])
def test_a_shapefile_is_one_zip_that_is_always_the_same(real_data: Path, name: str) -> None:
    first, again = ([each for each in deliveries(real_data) if each.key.endswith(f"{name}.zip")][0].content() for _ in range(2))
    assert first == again


def test_a_total_of_what_the_city_delivers_too_is_of_the_publishers_period() -> None:
    both = {name.replace(".", "__") for name in FOUNDATION & set(datasets())}
    asked = [total.sql for total in CONTROL_TOTALS if any(f"silver.{table}" in total.sql or table.replace("__", ".") in total.sql for table in both)]
    assert len(asked) == 2 and all("period = '2017'" in sql for sql in asked)
