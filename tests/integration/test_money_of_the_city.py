"""curated.special_fund and curated.procurement_risk of a sample city: money reconciles to the fen, and what they point at is what was planted far more often than not."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from products import build, deliver_city, forget_product, land_all, product_of
from pyspark.sql import SparkSession

from jobs.contracts.product import Product
from jobs.platform.settings import Settings
from jobs.sample.city import score_products
from jobs.sample.city.plan import Plan
from jobs.sample.city.registry import dataset_of
from tests.forget import forget

SUFFIX = uuid.uuid4().hex[:6]
PLAN = Plan(1_000, dt.date(2024, 1, 1), dt.date(2025, 3, 31), 7)
FINANCE = tuple(f"finance.{name}" for name in ("special_fund", "budget", "allocation", "payment", "project"))
DATASETS = (*FINANCE, "market.company", "procurement.ocds_release")


@dataclass(frozen=True)
class Money:
    products: dict[str, Product]
    truth: Path


@pytest.fixture(scope="module")
def money(spark: SparkSession, settings: Settings, store: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Money]:
    truth = tmp_path_factory.mktemp("city") / "truth"
    contracts = {name: land_all(spark, settings, deliver_city(settings, store, PLAN, name, SUFFIX)) for name in DATASETS}
    for name in DATASETS:
        _planted(name, truth)
    tables = {name: f"silver.{c.table}" for name, c in contracts.items()} | {"procurement.ocds_record": f"silver.none_{SUFFIX}"}  # the city sends no records
    products: dict[str, Product] = {}
    for name in ("special_fund", "procurement", "procurement_party", "procurement_risk"):
        products[name] = product_of(settings, name, SUFFIX, tables | {f"curated.{p}": made.curated for p, made in products.items()})
        build(spark, settings, products[name])
    yield Money(products, truth)
    for product in products.values():
        forget_product(spark, settings, store, product)
    for contract in contracts.values():
        forget(spark, settings, store, contract.dataset, contract.landing)


def _planted(name: str, truth: Path) -> None:
    """The tables of truth that a dataset adds to."""
    for table, rows in dataset_of(name).truth(PLAN, 0):
        (truth / table).mkdir(parents=True, exist_ok=True)
        rows.write_parquet(truth / table / f"{name}-00000.parquet")


def one(spark: SparkSession, query: str) -> Any:
    return tuple(spark.sql(query).first())


def test_every_yuan_is_allocated_paid_and_told_apart(spark: SparkSession, money: Money) -> None:
    product = money.products["special_fund"]
    tables = {given.name: given.table for given in product.inputs}
    sums = f"SELECT count(*), sum(allocated_yuan), sum(paid_yuan), count_if(paid_yuan <> paid_contractor_yuan + paid_moved_yuan + kept_yuan + unexplained_yuan) FROM {product.curated}"
    projects = f"(SELECT project_code FROM {tables['finance.project']} WHERE _is_current)"
    allocated = f"SELECT sum(amount_wan_yuan * 10000) FROM {tables['finance.allocation']} WHERE project_code IN {projects}"
    paid = f"SELECT sum(amount_yuan) FROM {tables['finance.payment']} WHERE project_code IN {projects}"
    count, given, used, apart = one(spark, sums)
    assert (count, given, used, apart) == (one(spark, f"SELECT count(*) FROM {projects}")[0], *one(spark, allocated), *one(spark, paid), 0)
    assert 0 < used < given


def test_diversions_are_found(settings: Settings, money: Money) -> None:
    scores = {s.sign: s for s in score_products.special_fund(settings, money.truth, money.products["special_fund"].name)}
    every = scores["any"]
    assert every.meant > 10 and (every.precision or 0) >= MONEY[0] and (every.recall or 0) >= MONEY[1], scores
    assert scores["paid_to_other"].lawful == 0, "money moved by an approved document is no diversion"


def test_collusion_is_found(settings: Settings, money: Money) -> None:
    scores = {s.sign: s for s in score_products.procurement_risk(settings, money.truth, money.products["procurement_risk"].name)}
    assert scores["contract_amendment"].recall == 1.0, scores
    assert (scores["any"].recall or 0) >= TENDERS, scores


MONEY = (0.8, 0.8)  # precision and recall of any sign
TENDERS = 0.75
