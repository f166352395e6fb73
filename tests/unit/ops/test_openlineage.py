"""OpenLineage events: what each step reads and writes, columns of a product, a receiver that fails stops nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobs.ops import openlineage
from jobs.platform.settings import Settings, load_settings
from jobs.steps import STEPS


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    (tmp_path / "logs").mkdir()
    monkeypatch.setenv("LAKE_STATE", str(tmp_path))
    openlineage._client.cache_clear()
    yield load_settings()
    openlineage._client.cache_clear()


def events(settings: Settings) -> list[dict]:
    return [json.loads(line) for line in (settings.state / "logs" / "openlineage.jsonl").read_text().splitlines()]


def test_the_steps_of_a_dataset_are_a_chain(settings: Settings) -> None:
    for step in STEPS:
        openlineage.tell(settings, openlineage.START, step, "finance.spend", "run 1")
        openlineage.tell(settings, openlineage.COMPLETE, step, "finance.spend", "run 1", rows=7)
    told = events(settings)
    assert [(e["eventType"], e["job"]["name"]) for e in told] == [(state, f"{step}.finance.spend") for step in STEPS for state in ("START", "COMPLETE")]
    assert [e["inputs"][0]["name"] for e in told[::2]] == ["finance/spend", "finance/spend", "finance__spend", "finance__spend"]
    assert [(e["outputs"][0]["namespace"], e["outputs"][0]["name"]) for e in told[::2]] == [
        ("s3://civiclake-raw", "finance/spend"), ("s3://civiclake-bronze", "finance__spend"), ("s3://civiclake-ops", "checks"), ("s3://civiclake-silver", "finance__spend"),
    ]  # fmt: skip
    assert told[0]["run"]["runId"] == told[1]["run"]["runId"] != told[2]["run"]["runId"]
    assert told[-1]["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 7


def test_the_columns_of_a_product_have_their_sources(settings: Settings) -> None:
    openlineage.tell(settings, openlineage.COMPLETE, "curate", "curated.emissions", "run 1", rows=3)
    [told] = events(settings)
    assert {(i["namespace"], i["name"]) for i in told["inputs"]} == {("s3://civiclake-silver", "environment__emission"), ("s3://civiclake-silver", "environment__emission_source")}
    facets = told["outputs"][0]["facets"]
    assert {"namespace": "s3://civiclake-silver", "name": "environment__emission", "field": "amount_t"}.items() <= facets["columnLineage"]["fields"]["amount_t"]["inputFields"][0].items()
    assert any(field["name"] == "amount_t" and "t/year" not in field["name"] for field in facets["schema"]["fields"])


def test_a_step_that_failed_says_why_and_a_publication_reads_its_product(settings: Settings) -> None:
    openlineage.tell(settings, openlineage.FAIL, "publish", "public-spending", "run 1", problem="a group of 1 would go out")
    [told] = events(settings)
    assert told["run"]["facets"]["errorMessage"]["message"] == "a group of 1 would go out"
    assert (told["inputs"][0]["name"], told["outputs"][0]["namespace"], told["outputs"][0]["name"]) == ("public_spending", "s3://civiclake-open", "public-spending")


def test_resident_keys_are_made_from_the_registers(settings: Settings) -> None:
    openlineage.tell(settings, openlineage.COMPLETE, "resolve", "identity.resident_key", "run 1", rows=9)
    [told] = events(settings)
    assert ("s3://civiclake-silver", "public_security__household_register") in {(given["namespace"], given["name"]) for given in told["inputs"]}
    assert [(made["namespace"], made["name"]) for made in told["outputs"]] == [("s3://civiclake-silver", "identity__resident_key")]


def test_a_receiver_that_is_not_there_stops_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "http")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__URL", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__RETRY", '{"total": 0}')
    openlineage.tell(settings, openlineage.START, "land", "finance.spend", "run 1")
    assert "no lineage event of land finance.spend" in caplog.text
