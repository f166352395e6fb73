"""Deliveries that are old, incomplete or do not add up are held before silver, by the expectations of the project; and no source is read a second time for it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from pyspark.sql import SparkSession
from test_quality import checks, contract_of, deliver, rule, run, silver

from jobs import check, conform, land, register
from jobs.contracts.model import Column, Contract
from jobs.ops.ledger import Ledger
from jobs.platform.node_copy import forget
from jobs.platform.settings import Settings
from jobs.platform.store import emptied
from jobs.quality.implied import rules_of

pytestmark = pytest.mark.timeout(300)
COLUMNS = (
    Column("id", "id", "integer", required=True, primary_key=1), Column("district", "district", "string"), Column("at", "at", "timestamp"), Column("kwh", "kwh", "decimal", precision=10, scale=2),
)  # fmt: skip
NOW = dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0)
HOURS = [NOW - dt.timedelta(hours=back) for back in range(6, 0, -1)]


def dump(hours: list[dt.datetime], districts: str = "AB", kwh: str = "1.25") -> str:
    lines = [f"{number},{district},{hour:%Y-%m-%d %H:%M:%S},{kwh}" for number, (hour, district) in enumerate((hour, district) for hour in hours for district in districts)]
    return "\n".join(["id,district,at,kwh", *lines, ""])


WRONG = {
    "old": ("expect_column_newest_value_to_be_recent", {"column": "at", "within_days": 2, "as_of": {"$PARAMETER": "delivered_at"}}, dump([hour - dt.timedelta(days=9) for hour in HOURS])),
    "a district is missing": ("expect_column_distinct_values_to_cover_table", {"column": "district", "reference": "UNITS", "key": "code"}, dump(HOURS, "A")),
    "an hour is missing": ("expect_column_periods_to_be_complete", {"column": "at", "every": "hour", "by": "district"}, dump([*HOURS[:2], *HOURS[3:]])),
    "does not add up": ("expect_column_sum_to_equal_control", {"column": "kwh", "total": "15.00"}, dump(HOURS, kwh="1.26")),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_delivery_that_is_old_incomplete_or_does_not_add_up_is_held(spark: SparkSession, settings: Settings, store: Any, name: str) -> None:
    type_, kwargs, wrong = WRONG[name]
    units = f"units_{uuid.uuid4().hex[:8]}"
    spark.createDataFrame([("A",), ("B",)], "code string").createOrReplaceTempView(units)
    contract = contract_of(columns=COLUMNS)
    added = [rule(contract, type_, **{key: units if value == "UNITS" else value for key, value in kwargs.items()})]
    deliver(store, settings, contract, wrong)
    checked = run(spark, settings, contract, added)
    assert [(file, type_ in reason) for file, reason in checked.held] == [("dump.csv", True)]
    assert silver(spark, contract) == []
    deliver(store, settings, contract, dump(HOURS))
    assert run(spark, settings, contract, added).held == ()
    assert silver(spark, contract) == list(range(2 * len(HOURS)))


def test_a_district_must_be_there_on_the_local_day_of_the_event(spark: SparkSession, settings: Settings, store: Any) -> None:
    """The district is founded on the first of January in Shanghai, when it is still 2023 in UTC."""
    districts = f"districts_{uuid.uuid4().hex[:8]}"
    spark.createDataFrame([("A", None, dt.date(2024, 1, 1)), ("B", dt.date(2024, 1, 1), None)], "code string, valid_from date, valid_to date").createOrReplaceTempView(districts)
    contract = contract_of(columns=COLUMNS)
    dated = rule(contract, "expect_column_values_to_be_in_table", column="district", reference=districts, key="code", on_date="at", time_zone="Asia/Shanghai")
    moments = {1: ("A", "2023-12-31 15:59:59"), 2: ("A", "2023-12-31 16:00:00"), 3: ("B", "2023-12-31 15:59:59"), 4: ("B", "2023-12-31 16:00:00"), 5: ("C", "2024-06-01 00:00:00")}
    deliver(store, settings, contract, "\n".join(["id,district,at,kwh", *(f"{number},{district},{at},1.00" for number, (district, at) in moments.items()), ""]))
    run(spark, settings, contract, [dated])
    assert silver(spark, contract) == [1, 4]
    assert (checks(settings, contract)[dated.id]["evaluated"], checks(settings, contract)[dated.id]["unexpected"]) == (5, 3)


def test_check_and_conform_read_no_source(spark: SparkSession, settings: Settings, store: Any) -> None:
    """The raw copy, and what the node kept of it, are gone once the rows are landed: every rule about rows, keys and the whole still gets its verdict."""
    contract: Contract = contract_of(columns=COLUMNS)
    added = [
        rule(contract, "expect_column_values_to_match_regex", "warning", column="district", regex="^A$"), rule(contract, "expect_column_sum_to_be_between", column="kwh", min_value=1),
        rule(contract, "expect_column_median_to_be_between", column="id", max_value=6), rule(contract, "expect_column_values_to_be_unique", "warning", column="district"),
    ]  # fmt: skip
    rules = [*rules_of(contract, settings.root), *added]
    deliver(store, settings, contract, dump(HOURS))
    register.run(spark, settings, contract)
    land.run(spark, settings, contract, rules)
    [receipt] = Ledger(settings).rows("receipts", dataset=contract.dataset)
    store.delete_object(Bucket=settings.bucket("raw"), Key=receipt["raw_key"])
    emptied(settings, "landing", f"{contract.landing}/")
    forget(settings, [receipt["sha256"]])
    assert check.run(spark, settings, contract, rules).held == ()
    conform.run(spark, settings, contract, rules)
    told = {each.type: checks(settings, contract)[each.id] for each in added}
    assert {type_.removeprefix("expect_column_"): (row["evaluated"], row["unexpected"], row["success"], row["observed"]) for type_, row in told.items()} == {
        "values_to_match_regex": (12, 6, False, None), "sum_to_be_between": (None, None, True, "15.0"), "median_to_be_between": (None, None, True, "5.5"), "values_to_be_unique": (12, 12, False, None),
    }  # fmt: skip
    assert silver(spark, contract) == list(range(12))
