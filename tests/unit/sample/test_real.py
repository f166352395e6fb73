"""Every real dump is delivered somewhere, and the demo shows those of the foundation only."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pytest

from jobs.contracts.load import load_all
from jobs.platform.settings import load_settings
from jobs.sample.real import deliveries, foundation

MADE_UP = {"civil_affairs.low_income_roster", "education.enrolment", "hotline.request", "water.station_reading"}
FOUNDATION = {
    "emergency.earthquake", "environment.emission", "environment.emission_source", "finance.spend", "health.covid_case", "power.meter_reading", "procurement.ocds_record",
    "procurement.ocds_release", "statistics.province_indicator", "traffic.collision", "traffic.collision_vehicle",
}  # fmt: skip


def sources(data: Path) -> list[dict[str, str]]:
    with (data / "SOURCES.tsv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def addressed(keys: set[str]) -> set[str]:
    contracts, findings = load_all(load_settings().root)
    assert findings == []
    return {contract.dataset for contract in contracts if any(key.startswith(f"{contract.landing}/") for key in keys)}


def test_no_file_of_the_list_is_forgotten(real_data: Path) -> None:
    sent = [path for each in deliveries(real_data) for path in each.files]
    assert len(sent) == len(set(sent)), "a file is delivered twice"
    folders = [row["path"].split(" (")[0] for row in sources(real_data) if row["sha256"].startswith("manifest:")]
    listed = {real_data / row["path"] for row in sources(real_data) if not row["sha256"].startswith("manifest:")}
    assert folders == ["procurement/ocds/"]
    listed |= {path for path in (real_data / folders[0]).rglob("*") if path.is_file()}
    assert len(listed) == 57 + 760
    assert set(sent) == listed


def test_the_files_are_those_of_the_list(real_data: Path) -> None:
    """All numbers in the other tests are of these bytes."""
    wrong = {
        row["path"] for row in sources(real_data)
        if not row["sha256"].startswith("manifest:") and hashlib.sha256((real_data / row["path"]).read_bytes()).hexdigest() != row["sha256"]
    }  # fmt: skip
    assert wrong == set()


def test_every_dataset_of_the_project_has_its_dump(real_data: Path) -> None:
    keys = {each.key for each in deliveries(real_data)}
    assert addressed(keys) == {contract.dataset for contract in load_all(load_settings().root)[0]} - MADE_UP
    assert {key for key in keys if not any(key.startswith(f"{contract.landing}/") for contract in load_all(load_settings().root)[0])} == set()


def test_the_demo_keeps_to_the_foundation(real_data: Path) -> None:
    assert addressed({each.key for each in foundation(real_data)}) == FOUNDATION


@pytest.mark.parametrize(("name", "rows"), [("sle_hf", 44), ("sle_adm3", 167)])
def test_a_shapefile_is_one_zip_that_is_always_the_same(real_data: Path, name: str, rows: int, tmp_path: Path) -> None:
    first, again = ([each for each in deliveries(real_data) if each.key.endswith(f"{name}.zip")][0].content() for _ in range(2))
    assert first == again
