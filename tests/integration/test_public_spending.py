"""curated.public_spending from the real dump: to the penny, with its refunds and repeated lines explained."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
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


@pytest.fixture(scope="module")
def spending(spark: SparkSession, settings: Settings, store: Any, real_data: Path) -> Iterator[Product]:
    contract = land_all(spark, settings, deliver(settings, store, real_data, "finance.spend", SUFFIX))
    product = product_of(settings, "public_spending", SUFFIX, {"finance.spend": f"silver.{contract.table}"})
    build(spark, settings, product)
    yield product
    forget_product(spark, settings, store, product)
    forget(spark, settings, store, contract.dataset, contract.landing)


def one(spark: SparkSession, query: str) -> Any:
    return tuple(spark.sql(query).first())


def test_the_total_is_the_publishers(spark: SparkSession, spending: Product) -> None:
    assert one(spark, f"SELECT count(*), sum(amount), count_if(amount < 0) FROM {spending.curated}") == (28_145, Decimal("1000083306.00"), 1_209)
    by_month = f"SELECT department, category, month, sum(amount) AS a FROM {spending.curated} GROUP BY ALL"
    assert one(spark, f"SELECT sum(a), count(DISTINCT month), count_if(category <> upper(category)) FROM ({by_month})") == (Decimal("1000083306.00"), 61, 0)


def test_repeated_lines_are_told_and_kept(spark: SparkSession, spending: Product) -> None:
    assert one(spark, f"SELECT count_if(copies > 1), count(repeats_id), count(DISTINCT repeats_id) FROM {spending.curated}") == (1_093, 680, 413)


def test_each_negative_line_takes_back_the_latest_open_payment_of_its_amount(spark: SparkSession, spending: Product) -> None:
    """Against brackets closed one by one, from a stack for each supplier and amount."""
    lines = spark.sql(f"SELECT payment_id, supplier_id, amount, paid_on, kind, reverses_id, reversed_by_id FROM {spending.curated}").toArrow().to_pylist()
    open_, expected = defaultdict(list), {}
    for line in sorted(lines, key=lambda row: (row["paid_on"], row["amount"] < 0, row["payment_id"])):
        stack = open_[line["supplier_id"], abs(line["amount"])]
        if line["amount"] > 0:
            stack.append(line["payment_id"])
        elif line["amount"] < 0 and stack:
            expected[line["payment_id"]] = stack.pop()
    assert len(expected) > 200
    assert {row["payment_id"]: row["reverses_id"] for row in lines if row["reverses_id"] is not None} == expected
    assert {row["reversed_by_id"]: row["payment_id"] for row in lines if row["reversed_by_id"] is not None} == expected
    assert {row["kind"] for row in lines if row["amount"] < 0 and row["reverses_id"] is None} == {"refund"}
    assert sum(row["kind"] != "payment" for row in lines) == 1_209


def test_one_supplier_written_in_several_ways_is_one(spark: SparkSession, spending: Product) -> None:
    plain = "count(DISTINCT regexp_replace(upper(supplier_as_written), '[^A-Z0-9]', ''))"
    written, simple, suppliers = one(spark, f"SELECT count(DISTINCT supplier_as_written), {plain}, count(DISTINCT supplier_id) FROM {spending.curated}")
    assert (written, simple) == (3_490, 3_427)
    assert suppliers < simple
    together = f"SELECT count(DISTINCT supplier_id) FROM {spending.curated} WHERE supplier_as_written IN "
    assert one(spark, together + "('BADENOCH & CLARK', 'BADENOCH & CLARK LTD')") == (1,)
    assert one(spark, together + "('OCS SUPPORT SERVICES LTD', 'OCS SUPPORT')") == (1,), "under one number in the ledger"
    assert one(spark, together + "('POOLES PARK PRIMARY SCHOOL', 'CHATSWORTH PRIMARY SCHOOL')") == (2,), "a number for one-off payees joins nobody"


def test_a_late_reversal_changes_its_month_and_that_of_the_payment(spark: SparkSession, settings: Settings, spending: Product) -> None:
    version, table = curated.version(settings, spending.curated), spending.inputs[0].table
    before = curated.version(settings, table)
    assert build(spark, settings, spending).changed is False
    row = one(spark, f"SELECT payment_id, month FROM {spending.curated} WHERE kind = 'payment' AND reversed_by_id IS NULL AND copies = 1 AND amount = 1390.11 AND month = '2008-04'")
    columns = ", ".join({"spend_id": "99999999", "amount": "-amount", "spent_on": "DATE'2013-04-25'"}.get(name, name) for name in spark.table(table).columns)
    spark.sql(f"INSERT INTO {table} SELECT {columns} FROM {table} WHERE spend_id = {row[0]}")
    try:
        again = build(spark, settings, spending)
        assert again.periods == ("2008-04", "2013-04")
        assert one(spark, f"SELECT reverses_id FROM {spending.curated} WHERE payment_id = 99999999") == (row[0],)
        assert curated.version(settings, spending.curated) == (version or 0) + 1
    finally:
        spark.sql(f"RESTORE TABLE {table} TO VERSION AS OF {before}")
