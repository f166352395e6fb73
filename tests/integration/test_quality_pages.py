"""The quality site on the real store: made from the ledger, written only where something changed, served to who has the key."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from botocore.exceptions import ClientError
from pyspark.sql import SparkSession

from jobs.contracts.model import Contract, Drift
from jobs.ops.ledger import Ledger
from jobs.platform import supervise
from jobs.platform.settings import Settings
from jobs.platform.store import s3
from jobs.quality.compile import MASK
from jobs.quality.site.addresses import OVERVIEW, STATE, dataset_key, department_key, letter_key
from jobs.quality.site.build import build
from jobs.quality.site.serve import address, component, key_of
from jobs.quality.site.state import read_state, save_state
from jobs.scorecard.pages import publish
from jobs.scorecard.record import read, record
from tests.forget import forget
from tests.integration.run_through import run
from tests.integration.test_quality import COLUMNS, contract_of, deliver

PERSON = "zeynep@example.org"


@pytest.fixture(scope="module")
def contract(spark: SparkSession, settings: Settings, store: Any) -> Iterator[Contract]:
    """A dataset with a personal column, a delivery with two bad rows, and a file that is no data."""
    private = tuple(dataclasses.replace(c, classification="personal", max_length=8) if c.name == "name" else c for c in COLUMNS)
    made = contract_of(columns=private, title="Readings <i>")
    deliver(store, settings, made, f"id,name,born\n1,ann,1990-01-01\n2,{PERSON},1991-01-01\n3,cat,yesterday\n", "读数 #1.csv")
    deliver(store, settings, made, "", "empty.csv", "2025")
    run(spark, settings, made)
    yield made
    forget(spark, settings, store, made.dataset, made.landing)


def test_scorecards_follow_from_the_ledger_and_are_written_once(settings: Settings, store: Any, contract: Contract) -> None:
    ledger, now = Ledger(settings), dt.datetime.now(dt.UTC)
    assert record(settings, [contract], now) == [contract.dataset]
    [row] = ledger.rows("department_scorecard", dataset=contract.dataset)
    assert (row["month"], row["files"], row["refused"], row["rows"], row["rejected"]) == (f"{now.astimezone(ZoneInfo(settings.time_zone)):%Y-%m}", 2, 1, 3, 2)
    assert json.loads(row["reasons"]) == {"castable:born": 1, "value_lengths_to_be_between:name": 1}
    version = ledger.table("department_scorecard").version()
    assert (record(settings, [contract], now), ledger.table("department_scorecard").version()) == ([], version)
    assert read(settings)[contract.dataset][0].rejected_share == 2 / 3


def test_a_scorecard_tells_of_late_missing_corrected_and_changed_files(spark: SparkSession, settings: Settings, store: Any) -> None:
    """Three months were due within five days of their end; one never came, two come today, one of them corrected at once and with a column nobody knew."""
    today = dt.datetime.now(ZoneInfo(settings.time_zone)).date()
    months = [f"{first:%Y-%m}" for first in (today.replace(day=1) - dt.timedelta(days=days) for days in (150, 120, 90))]
    made = contract_of(sla=(("frequency", "1 mo"), ("latency", "5 d")), period_pattern=r"\d{4}-\d{2}", drift=Drift(new_column="evolve"))
    deliver(store, settings, made, "id,name,born\n1,ann,1990-01-01\n2,ben,1991-01-01\n", "dump.csv", months[0])
    deliver(store, settings, made, "id,name,born\n3,cat,1992-01-01\n", "dump.csv", months[2])
    run(spark, settings, made)
    deliver(store, settings, made, "id,name,born,visits\n3,kat,1992-01-01,7\n", "dump.csv", months[2])
    run(spark, settings, made)
    assert record(settings, [made], dt.datetime.now(dt.UTC)) == [made.dataset]
    found = {score.month: score for score in read(settings)[made.dataset]}
    now = found[f"{today:%Y-%m}"]
    assert (now.files, now.corrections, now.drift) == (3, 1, 1)
    assert now.to_correction is not None and 0 <= now.to_correction < 1
    due = [score for score in found.values() if score.expected]
    assert (sum(score.expected or 0 for score in due), sum(score.present or 0 for score in due), sum(score.on_time or 0 for score in due)) == (len(due), 2, 0)
    assert {score.completeness for score in due} == {0.0, 1.0}
    assert max(score.late_days or 0 for score in due) > 30


def test_a_department_has_its_scorecard_and_its_letter(settings: Settings, store: Any, contract: Contract) -> None:
    own = dataclasses.replace(contract, department=f"dep_{contract.name}")
    scores = {own.dataset: [dataclasses.replace(score, dataset=own.dataset) for score in read(settings)[contract.dataset]]}
    assert publish(settings, [own], scores) == 2
    assert publish(settings, [own], scores) == 0
    board, said = page(store, settings, department_key(own.department)), page(store, settings, letter_key(own.department))
    assert "<svg" in board and "66.67%" in board and "<svg" in said and "1 files of Readings &lt;i&gt; were refused" in said
    assert PERSON not in board + said


def page(store: Any, settings: Settings, key: str) -> str:
    return str(store.get_object(Bucket=settings.bucket("docs"), Key=key)["Body"].read().decode())


def pages_of(store: Any, settings: Settings, contract: Contract) -> dict[str, Any]:
    """Key → when it was written."""
    found = store.list_objects_v2(Bucket=settings.bucket("docs"), Prefix=f"quality/{contract.table}/")["Contents"]
    return {item["Key"]: item["LastModified"] for item in found if item["Key"].endswith(".html")}


def test_the_pages_say_what_became_of_each_file_and_which_rows_fail(settings: Settings, store: Any, contract: Contract) -> None:
    assert build(settings, [contract]).datasets == 1
    overview, dataset = page(store, settings, OVERVIEW), page(store, settings, dataset_key(contract.table))
    assert contract.dataset in overview and "refused" in overview
    assert "读数 #1.csv" in dataset and "The file is empty" in dataset and "Readings &lt;i&gt;" in dataset
    [delivery] = [text for key in pages_of(store, settings, contract) if "读数 #1.csv" in (text := page(store, settings, key)) and key != dataset_key(contract.table)]
    assert "yesterday" in delivery and "must be at most 8 characters long" in delivery and MASK in delivery
    assert "of which 2 rejected, 1 in silver" in delivery
    assert PERSON not in overview + dataset + delivery


def test_what_has_not_changed_is_not_written_again(spark: SparkSession, settings: Settings, store: Any, contract: Contract) -> None:
    build(settings, [contract])
    before = pages_of(store, settings, contract)
    assert build(settings, [contract]) == build(settings, [contract])
    assert build(settings, [contract]).pages == 0
    deliver(store, settings, contract, "id,name,born\n9,eve,1990-01-01\n", "more.csv", "2026")
    run(spark, settings, contract)
    built, after = build(settings, [contract]), pages_of(store, settings, contract)
    assert (built.datasets, len(after) - len(before)) == (1, 1)
    same = {key for key in before if before[key] == after[key]}
    assert set(before) - same <= {dataset_key(contract.table), *(key for key in before if "2024" in key)}, "a refused file is told as before: its page stays"
    assert any("2025" in key for key in same)


def test_of_two_builds_at_once_the_one_from_the_older_ledger_does_not_win(settings: Settings, store: Any, contract: Contract) -> None:
    build(settings, [contract])
    older = read_state(store, settings.bucket("docs"))
    assert build(settings, [contract], again=True).pages >= 3
    assert not save_state(store, settings.bucket("docs"), older)


@pytest.fixture
def served(settings: Settings) -> Iterator[str]:
    began = supervise.start(settings.state, component(settings))
    yield address(settings)
    if began:
        supervise.stop(settings.state, "docs")


def test_the_pages_are_read_by_who_has_the_key_and_by_nobody_else(settings: Settings, contract: Contract, served: str) -> None:
    build(settings, [contract])
    with httpx.Client(trust_env=False) as browser:
        good = browser.get(served)
        assert (good.status_code, contract.dataset in good.text) == (200, True)
        assert good.headers["content-security-policy"].startswith("default-src 'none'")
        base, key = served.split(key_of(settings))[0], key_of(settings)
        for path in ("", OVERVIEW, f"{'0' * 32}/{OVERVIEW}", f"{key}/{STATE}", f"{key}/quality/../secrets.json", f"{key}/quality/none.html", f"{key}é/{OVERVIEW}"):
            assert browser.get(base + path).status_code == 404, path
        assert browser.post(served).status_code == 501


def test_an_analyst_cannot_read_the_pages(settings: Settings, contract: Contract) -> None:
    build(settings, [contract])
    for key in (OVERVIEW, dataset_key(contract.table), STATE):
        with pytest.raises(ClientError, match="AccessDenied"):
            s3(settings, "analyst").get_object(Bucket=settings.bucket("docs"), Key=key)
