"""A tiny city through register, land, check and conform: what became of every file and row is what the city expects."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import uuid
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs import check, conform, land, register
from jobs.contracts.load import contract_path, load_contract
from jobs.contracts.model import Contract
from jobs.deliveries.manifest import is_manifest
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from jobs.quality.implied import rules_of
from jobs.quality.rules import Rule
from jobs.sample.city.dataset import Dataset, File
from jobs.sample.city.expected import Account
from jobs.sample.city.making import files
from jobs.sample.city.plan import Plan
from jobs.sample.city.registry import dataset_of, datasets
from jobs.sample.city.score import scored
from jobs.sample.city.score_rows import Landed, by_row

TOWN = Plan(1000, dt.date(2025, 1, 1), dt.date(2025, 1, 14))
MONTHS = Plan(1000, dt.date(2025, 1, 1), dt.date(2025, 2, 28))
OF_FEW_PEOPLE = ("public_security.birth", "public_security.move")  # in a small town there are none, or too few to plant what goes wrong
# a correction, cut ids and repeats; fixed width; an archive; a manifest whose total disagrees; keys that come twice and say different things
FEW = ("public_security.household_register", "public_security.vehicle", "housing.property", "civil_affairs.low_income_payment", "meteorology.station_hour")


def differences(spark: SparkSession, settings: Settings, store: Any, name: str, plan: Plan) -> list[str]:
    """Of one dataset under a name of its own; what a correction replaces is landed before the correction comes."""
    dataset, contract, rules = own(settings, name)
    account, sent = Account(dataset, 0), list(files(plan, dataset, 0))
    for file in sent:
        if file.data:
            account.take(file)
    if any(file.replaced_on for file in sent):
        put(store, settings, contract, [file for file in sent if file.replaced_on])
        register.run(spark, settings, contract)
    put(store, settings, contract, [file for file in sent if not file.replaced_on])
    register.run(spark, settings, contract)
    land.run(spark, settings, contract, rules)
    check.run(spark, settings, contract, rules)
    conform.run(spark, settings, contract, rules)
    ledger = Ledger(settings)
    deliveries = ledger.rows("deliveries", dataset=contract.dataset)
    found = scored(name, account.expected().to_dicts(), account.faults().to_dicts(), deliveries, ledger.rows("checks", dataset=contract.dataset))
    assert found.rows > 0
    rows = by_row(spark, [Landed(contract.dataset, contract.table, account.states().to_dicts(), deliveries)])[contract.dataset]
    landed = {row["sha256"] for row in ledger.rows("deliveries", dataset=contract.dataset) if not is_manifest(contract, row["name"])}
    assert {hashlib.sha256(file.body).hexdigest() for file in sent if file.data} == landed
    return [f"{d.period} {d.name} {d.what}: expected {d.expected}, found {d.found}" for d in (*found.differences, *rows)]


def own(settings: Settings, name: str) -> tuple[Dataset, Contract, tuple[Rule, ...]]:
    """A dataset of the city, its contract under a name of its own, and its rules."""
    original, suffix = load_contract(contract_path(settings.root, name)), uuid.uuid4().hex[:8]
    return dataset_of(name), dataclasses.replace(original, department="test", name=f"city_{suffix}", landing=f"test_{suffix}/city"), rules_of(original, settings.root)


def put(store: Any, settings: Settings, contract: Contract, sent: list[File]) -> None:
    for file in sent:
        store.put_object(Bucket=settings.bucket("landing"), Key=f"{contract.landing}/{file.period.name}/{file.name}", Body=file.body)


@pytest.mark.parametrize("name", FEW)
def test_the_lake_makes_of_the_files_what_the_city_expects(spark: SparkSession, settings: Settings, store: Any, name: str) -> None:
    assert differences(spark, settings, store, name, MONTHS) == []


def test_the_lake_is_right_on_every_day_of_the_city(spark: SparkSession, settings: Settings, store: Any) -> None:
    """Files come on their days, one twice, and one is corrected: on each day the lake is what that day's truth says."""
    dataset, contract, rules = own(settings, FEW[0])
    sent, faults, ledger = list(files(MONTHS, dataset, 0)), set(), Ledger(settings)
    for day in sorted({file.day for file in sent}):
        put(store, settings, contract, [file for file in sent if file.day == day])
        register.run(spark, settings, contract)
        land.run(spark, settings, contract, rules)
        check.run(spark, settings, contract, rules)
        conform.run(spark, settings, contract, rules)
        account = Account(dataset, 0, day)
        for file in files(MONTHS, dataset, 0, day):
            account.take(file)
            faults.add(file.fault)
        found = scored(FEW[0], account.expected().to_dicts(), account.faults().to_dicts(), ledger.rows("deliveries", dataset=contract.dataset), ledger.rows("checks", dataset=contract.dataset))
        assert found.rows > 0
        assert found.differences == (), day
    assert {"corrected", "resent"} <= faults


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in sorted(datasets()) if name not in FEW])
def test_the_lake_makes_of_the_other_files_what_the_city_expects(spark: SparkSession, settings: Settings, store: Any, name: str) -> None:
    plan = Plan(40_000, MONTHS.first, MONTHS.last) if name in OF_FEW_PEOPLE else Plan(4000, TOWN.first, TOWN.last)
    assert differences(spark, settings, store, name, plan) == []
