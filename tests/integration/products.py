"""Real dumps landed, and products built from them, under names of a test's own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from jobs import check, conform, curate, land, register
from jobs.contracts.load import contract_path, load_contract, load_product, product_path
from jobs.contracts.model import Contract
from jobs.contracts.product import Product
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from jobs.platform.store import emptied
from jobs.quality.implied import rules_of
from jobs.sample.city.making import files
from jobs.sample.city.plan import Plan
from jobs.sample.city.registry import dataset_of
from jobs.sample.real import deliveries


def deliver(settings: Settings, store: Any, data: Path, dataset: str, suffix: str, period: str = "") -> Contract:
    """The real dumps of a dataset in its landing zone; only those of `period`, where it says one."""
    contract = load_contract(contract_path(settings.root, dataset))
    mine = dataclasses.replace(contract, name=f"{contract.name}_{suffix}", landing=f"test_{suffix}/{contract.landing}")
    for each in deliveries(data):
        if each.key.startswith(f"{contract.landing}/{period}"):
            store.put_object(Bucket=settings.bucket("landing"), Key=f"test_{suffix}/{each.key}", Body=each.content())
    return mine


def deliver_city(settings: Settings, store: Any, plan: Plan, name: str, suffix: str) -> Contract:
    """What the departments of a sample city send of a dataset in the end."""
    contract = load_contract(contract_path(settings.root, name))
    mine = dataclasses.replace(contract, name=f"{contract.name}_{suffix}", landing=f"test_{suffix}/{contract.landing}")
    for part in range(dataset_of(name).parts(plan)):
        for file in files(plan, dataset_of(name), part):
            if file.replaced_on is None:
                store.put_object(Bucket=settings.bucket("landing"), Key=f"{mine.landing}/{file.period.name}/{file.name}", Body=file.body)
    return mine


def land_all(spark: SparkSession, settings: Settings, contract: Contract) -> Contract:
    """Through all four verbs, with the rules of the dataset it is a copy of."""
    original = contract_path(settings.root, f"{contract.department}.{contract.name.rpartition('_')[0]}")
    rules = rules_of(load_contract(original), settings.root)
    register.run(spark, settings, contract)
    land.run(spark, settings, contract, rules)
    check.run(spark, settings, contract, rules)
    conform.run(spark, settings, contract, rules)
    return contract


def product_of(settings: Settings, name: str, suffix: str, tables: Mapping[str, str]) -> Product:
    """The project's product under a name of the test's own. `tables`: input → the table to read instead."""
    product = load_product(product_path(settings.root, name))
    inputs = tuple(dataclasses.replace(given, table=tables.get(given.name, given.table)) for given in product.inputs)
    return dataclasses.replace(product, name=f"{product.name}_{suffix}", inputs=inputs)


def build(spark: SparkSession, settings: Settings, product: Product, rules: Any = None, dry: bool = False) -> curate.Curated:
    original = load_product(product_path(settings.root, product.module))
    return curate.run(spark, settings, product, rules_of(original, settings.root) if rules is None else rules, dry)


def forget_product(spark: SparkSession, settings: Settings, store: Any, product: Product) -> None:
    spark.sql(f"DROP TABLE IF EXISTS {product.curated}")
    for zone, prefix in (("curated", product.name), ("warehouse", f"_staged/{product.name}"), ("docs", f"gx/{product.table}")):
        emptied(settings, zone, f"{prefix}/")
    for name in ("products", "lineage", "checks", "runs"):
        Ledger(settings).table(name).delete(f"dataset = '{product.dataset}'")
