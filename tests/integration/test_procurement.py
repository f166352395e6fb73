"""curated.procurement and its parties from the real releases and records of thirteen publishers: every delivery counted, every process compiled once."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from products import build, deliver, forget_product, land_all, product_of
from pyspark.sql import SparkSession

from jobs.contracts.product import Product
from jobs.platform.settings import Settings
from jobs.tables import curated
from tests.forget import forget

pytestmark = pytest.mark.slow  # its set-up takes more than a minute

SUFFIX = uuid.uuid4().hex[:6]
INPUTS = ("procurement.ocds_release", "procurement.ocds_record")
# (delivered, distinct, sent in two versions) of each publisher's folder, counted in the files by hand.
DELIVERED = {
    "moldova": (102, 51, 0), "ukraine": (22, 11, 11), "uk-contracts-finder": (32, 11, 10), "armenia": (100, 100, 0), "colombia": (31, 21, 0), "paraguay": (74, 54, 20),
    "canada/montreal": (30, 20, 0), "canada/buyandsell": (33, 11, 11), "uganda": (10, 10, 0), "mexico/cdmx": (32, 20, 0), "mexico/jalisco": (10, 10, 0),
    "mexico/grupo-aeroportuario": (322, 302, 10), "taiwan": (11, 11, 0), "nigeria/open-contracting-portal": (23, 12, 11), "australia/new-south-wales": (10, 10, 0),
}  # fmt: skip


@pytest.fixture(scope="module")
def products(spark: SparkSession, settings: Settings, store: Any, real_data: Path) -> Iterator[tuple[Product, Product]]:
    contracts = [land_all(spark, settings, deliver(settings, store, real_data, name, SUFFIX)) for name in INPUTS[:1]]
    contracts.append(land_all(spark, settings, deliver(settings, store, real_data, INPUTS[1], SUFFIX)))
    processes = product_of(settings, "procurement", SUFFIX, {name: f"silver.{c.table}" for name, c in zip(INPUTS, contracts, strict=True)})
    build(spark, settings, processes)
    parties = product_of(settings, "procurement_party", SUFFIX, {"curated.procurement": processes.curated})
    build(spark, settings, parties)
    yield processes, parties
    for product in (parties, processes):
        forget_product(spark, settings, store, product)
    for contract in contracts:
        forget(spark, settings, store, contract.dataset, contract.landing)


def one(spark: SparkSession, query: str) -> Any:
    return tuple(spark.sql(query).first())


def test_every_release_is_counted_and_every_process_compiled(spark: SparkSession, products: tuple[Product, Product]) -> None:
    table = products[0].curated
    sums = "sum(releases_delivered), sum(releases_distinct), sum(releases_conflicting)"
    assert one(spark, f"SELECT {sums}, count(*), count(compiled_release), count(merge_problem) FROM {table}") == (842, 654, 73, 590, 590, 0)
    found = {tuple(row) for row in spark.sql(f"SELECT {sums} FROM {table} WHERE releases_delivered > 0 GROUP BY publisher").collect()}
    assert found == set(DELIVERED.values())
    assert tuple(sum(column) for column in zip(*DELIVERED.values(), strict=True)) == (842, 654, 73)


def test_a_process_is_what_its_releases_say_together(spark: SparkSession, products: tuple[Product, Product]) -> None:
    """Jalisco's process of four releases, planning to contract; and a record of which only the compiled release came."""
    row = spark.sql(f"SELECT * FROM {products[0].curated} WHERE ocid = 'ocds-xs1qbl-SFIN-03-0001-00-2017'").first()
    compiled = json.loads(row["compiled_release"])
    assert compiled["tag"] == ["compiled"] and {"planning", "tender", "awards", "contracts"} <= compiled.keys()
    assert (row["source"], row["stage"], row["currency"], row["buyer"]) == ("ocds-xs1qbl", "implementation", "MXN", compiled["buyer"]["name"])
    assert row["awarded_amount"] == sum(award["value"]["amount"] for award in compiled["awards"])
    assert one(spark, f"SELECT count(*), count(compiled_release) FROM {products[0].curated} WHERE releases_delivered = 0") == (7, 7)


def test_releases_of_ocds_1_0_have_their_parties_too(spark: SparkSession, products: tuple[Product, Product]) -> None:
    """302 of the airport group's releases are 1.0 without parties; each of its processes has its buyer, and its suppliers their names."""
    parties = products[1].curated
    assert one(spark, f"SELECT count(*), count(DISTINCT ocid), count(DISTINCT party_id) FROM {parties} WHERE role = 'buyer' AND party LIKE 'Grupo Aeroportuario%'")[1:] == (292, 1)
    names, ids = one(spark, f"SELECT count(DISTINCT party_as_written), count(DISTINCT party_id) FROM {parties} WHERE role = 'supplier'")
    assert 0 < ids < names
    assert one(spark, f"SELECT count(*) FROM {parties} WHERE party_as_written IS NOT NULL AND party_id IS NULL") == (0,)


def test_a_late_release_changes_only_its_own_publisher(spark: SparkSession, settings: Settings, products: tuple[Product, Product]) -> None:
    processes, parties = products
    table = processes.inputs[0].table
    before = curated.version(settings, table)
    assert build(spark, settings, processes).changed is False
    columns = ", ".join({
        "release_id": "'late'", "release_json": "replace(replace(release_json, '\"status\": \"planned\"', '\"status\": \"cancelled\"'), '\"status\":\"planned\"', '\"status\":\"cancelled\"')",
    }.get(name, name) for name in spark.table(table).columns)  # fmt: skip
    spark.sql(f"INSERT INTO {table} SELECT {columns} FROM {table} WHERE ocid = 'ocds-rdvc92-1508164460'")
    try:
        again = build(spark, settings, processes)
        assert (again.periods, again.made) == (("ocds-rdvc92",), 1)
        assert one(spark, f"SELECT releases_delivered, releases_distinct FROM {processes.curated} WHERE ocid = 'ocds-rdvc92-1508164460'") == (2, 1), "an id within the content is the release's"
        assert build(spark, settings, parties).periods == (), "its parties are as they were"
    finally:
        spark.sql(f"RESTORE TABLE {table} TO VERSION AS OF {before}")
