"""curated.policy_participation of a sample city: every comment counted once, positions, copies, and how far the office is with its reply."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from products import build, deliver_city, forget_product, land_all, product_of
from pyspark.sql import SparkSession

from jobs.contracts.product import Product
from jobs.ops.description import described
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from jobs.sample.city.plan import Plan
from tests.forget import forget

SUFFIX = uuid.uuid4().hex[:6]
PLAN = Plan(2_000, dt.date(2025, 1, 1), dt.date(2025, 6, 30), 7)
INPUTS = ("consultation.policy", "consultation.comment")


@pytest.fixture(scope="module")
def participation(spark: SparkSession, settings: Settings, store: Any) -> Iterator[Product]:
    contracts = {name: land_all(spark, settings, deliver_city(settings, store, PLAN, name, SUFFIX)) for name in INPUTS}
    product = product_of(settings, "policy_participation", SUFFIX, {name: f"silver.{c.table}" for name, c in contracts.items()})
    build(spark, settings, product)
    yield product
    forget_product(spark, settings, store, product)
    for contract in contracts.values():
        forget(spark, settings, store, contract.dataset, contract.landing)


def test_every_comment_is_counted_once(spark: SparkSession, participation: Product) -> None:
    """Against the silver rows counted one by one in Python."""
    policies, comments = ([row.asDict() for row in spark.table(given.table).collect()] for given in participation.inputs)
    of: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for comment in comments:
        of[comment["policy_id"]].append(comment)
    found = {row["policy_id"]: row.asDict() for row in spark.table(participation.curated).collect()}
    current = {row["policy_id"]: row for row in policies if row["_is_current"]}
    assert set(found) == set(current) and len(comments) > 100
    for policy, row in found.items():
        inside = [c for c in of[policy] if row["from_on"] <= c["commented_on"] <= row["to_on"]]
        votes = Counter(c["vote"] for c in inside)
        copies = Counter(re.sub(r"[\W_]+", "", c["text"]).lower() for c in inside)
        assert (row["comments"], row["outside_days"], row["districts"]) == (len(inside), len(of[policy]) - len(inside), len({c["district"] for c in inside}))
        assert (row["in_favour"], row["against"], row["neither"]) == (votes["赞成"], votes["反对"], votes["弃权"])
        assert row["mass_comments"] == sum(n for n in copies.values() if n >= 5)
        assert row["replied_on"] == current[policy]["replied_on"]


def test_an_office_is_open_waiting_overdue_or_has_answered(spark: SparkSession, participation: Product) -> None:
    for row in spark.table(participation.curated).collect():
        if row["replied_on"]:
            assert (row["state"], row["waiting_days"]) == ("answered", None) and row["reply_days"] == (row["replied_on"] - row["to_on"]).days
        else:
            days = (row["as_of"] - row["to_on"]).days
            assert row["state"] == ("open" if days <= 0 else "waiting" if days <= 30 else "overdue")
            assert row["waiting_days"] == (days if days > 0 else None)


def test_the_table_is_described_without_reading_it(spark: SparkSession, settings: Settings, participation: Product) -> None:
    found = described(Ledger(settings), participation)
    assert (found.table, found.rows) == (participation.curated, spark.table(participation.curated).count())
    assert found.made_from == INPUTS and found.fresh_at is not None and found.rules == 19
    assert next(column for column in found.columns if column["name"] == "reply_days")["unit"] == "days"
