"""curated.emissions from the real dumps: totals, only what changed is made again, and a product that does not pass is not published."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from products import build, deliver, forget_product, land_all, product_of
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from jobs.contracts.model import Contract
from jobs.contracts.product import Product
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.spark import open_session
from jobs.platform.store import s3
from jobs.quality.rules import Rule
from jobs.tables import curated
from tests.forget import forget

pytestmark = pytest.mark.slow  # its set-up takes more than a minute

SUFFIX = uuid.uuid4().hex[:6]
INPUTS = ("environment.emission", "environment.emission_source")


@dataclass(frozen=True)
class Emissions:
    """Both years built, one after the other: `first` is the version with 2019 alone, `second` the one with 2020 too."""

    product: Product
    contracts: tuple[Contract, ...]
    first: int
    second: int
    results: tuple[Any, ...]


@pytest.fixture(scope="module")
def emissions(spark: SparkSession, settings: Settings, store: Any, real_data: Path) -> Iterator[Emissions]:
    contracts = tuple(land_all(spark, settings, deliver(settings, store, real_data, name, SUFFIX, "2019")) for name in INPUTS)
    product = product_of(settings, "emissions", SUFFIX, {name: f"silver.{c.table}" for name, c in zip(INPUTS, contracts, strict=True)})
    results, versions = [], []
    for year in ("2019", "2020"):
        for name, contract in zip(INPUTS, contracts, strict=True):
            deliver(settings, store, real_data, name, SUFFIX, year)
            land_all(spark, settings, contract)
        results.append(build(spark, settings, product))
        versions.append(curated.version(settings, product.curated))
    yield Emissions(product, contracts, *versions, tuple(results))
    forget_product(spark, settings, store, product)
    for contract in contracts:
        forget(spark, settings, store, contract.dataset, contract.landing)


def one(spark: SparkSession, query: str) -> Any:
    return tuple(spark.sql(query).first())


@pytest.mark.parametrize(("year", "rows", "nox", "without_no2"), [(2019, 23_348, "67277.849", "0.337"), (2020, 22_312, "59494.879", "0.816")])
def test_the_detail_is_what_the_register_says(spark: SparkSession, emissions: Emissions, year: int, rows: int, nox: str, without_no2: str) -> None:
    of_year = f"FROM {emissions.product.curated} WHERE reporting_year = {year}"
    assert one(spark, f"SELECT count(*), count_if(pollutant_detail_t = pollutant_register_t) {of_year}") == (rows, rows)
    assert one(spark, f"SELECT sum(amount_t) {of_year} AND pollutant = 'nox'") == (Decimal(nox),)
    assert one(spark, f"SELECT sum(r) FROM (SELECT DISTINCT source_id, pollutant_register_t AS r {of_year} AND pollutant = 'nox')") == (Decimal(nox),)
    assert one(spark, f"SELECT sum(amount_t) {of_year} AND substance = 'oxid dusičitý'") == (Decimal(without_no2),)


def test_a_new_year_changes_only_its_own_rows(spark: SparkSession, emissions: Emissions) -> None:
    table, (first, second) = emissions.product.curated, emissions.results
    assert (first.rows, first.periods, second.rows, second.periods) == (23_348, ("2019",), 45_660, ("2020",))
    assert (second.made, emissions.second) == (1, emissions.first + 1)
    before, after = (f"SELECT * FROM {table} VERSION AS OF {version} WHERE reporting_year = 2019" for version in (emissions.first, emissions.second))
    assert one(spark, f"SELECT count(*) FROM ({before} EXCEPT ALL {after})") == (0,)
    assert one(spark, f"SELECT count(previous_amount_t) FROM {table} WHERE reporting_year = 2019") == (0,)
    joined = f"{table} n JOIN {table} o ON o.source_id = n.source_id AND o.substance = n.substance AND o.reporting_year = n.reporting_year - 1"
    common = one(spark, f"SELECT count(*), sum(n.amount_t - o.amount_t) FROM {joined}")
    assert common[0] > 20_000
    assert one(spark, f"SELECT count(previous_amount_t), sum(change_t) FROM {table} WHERE reporting_year = 2020") == common


def test_the_year_before_reaches_the_year_after(spark: SparkSession, settings: Settings, store: Any, emissions: Emissions) -> None:
    """A dry run on the inputs as they were before 2019 was corrected would make 2019 and 2020 again."""
    table = emissions.product.inputs[0].table
    original = curated.version(settings, table)
    spark.sql(f"UPDATE {table} SET amount_t = amount_t + 1 WHERE reporting_year = 2019 AND substance = 'amoniak'")
    try:
        assert build(spark, settings, emissions.product, dry=True).periods == ("2019", "2020")
        assert curated.version(settings, emissions.product.curated) == emissions.second, "a dry run writes nothing"
    finally:
        spark.sql(f"RESTORE TABLE {table} TO VERSION AS OF {original}")
    assert build(spark, settings, emissions.product).changed is False


def test_the_same_inputs_make_no_new_version_even_where_the_ledger_was_lost(spark: SparkSession, settings: Settings, emissions: Emissions) -> None:
    again = build(spark, settings, emissions.product)
    assert (again.changed, again.made, again.periods) == (False, 0, ())
    ledger = Ledger(settings)
    lineage = ledger.rows("lineage", dataset=emissions.product.dataset)
    for name in ("products", "lineage"):  # as where the run was killed between its commit and the ledger
        ledger.table(name).delete(f"dataset = '{emissions.product.dataset}'")
    rebuilt = build(spark, settings, emissions.product)
    assert (rebuilt.changed, rebuilt.periods) == (False, ())
    assert curated.version(settings, emissions.product.curated) == emissions.second
    known = {(row["version"], row["input"], row["input_version"]) for row in ledger.rows("lineage", dataset=emissions.product.dataset)}
    assert known == {(row["version"], row["input"], row["input_version"]) for row in lineage}
    assert {(version, table) for version, table, _ in known} == {(v, i.table) for v in (emissions.first, emissions.second) for i in emissions.product.inputs}


def test_what_fails_a_critical_expectation_is_not_published(spark: SparkSession, settings: Settings, emissions: Emissions) -> None:
    rule = Rule("between:amount_t", "expect_column_values_to_be_between", {"column": "amount_t", "max_value": 1}, "critical", "row", "suite")
    ledger, table = Ledger(settings), emissions.product.inputs[0].table
    original = curated.version(settings, table)
    spark.sql(f"UPDATE {table} SET amount_t = 5 WHERE reporting_year = 2020 AND substance = 'rtuť její sloučeniny, vyjádřené jako Hg'")
    try:
        with pytest.raises(LakeError, match="is as it was before: between:amount_t"):
            build(spark, settings, emissions.product, [rule])
        assert curated.version(settings, emissions.product.curated) == emissions.second
        failed = [row for row in ledger.rows("checks", dataset=emissions.product.dataset) if not row["success"] and row["rule"] == rule.id]
        assert len(failed) == 1 and failed[0]["unexpected"] > 111 and failed[0]["severity"] == "critical"
        assert build(spark, settings, emissions.product, dry=True).periods == ("2020",), "it is still to be done"
    finally:
        spark.sql(f"RESTORE TABLE {table} TO VERSION AS OF {original}")


def test_columns_say_what_they_are(spark: SparkSession, emissions: Emissions) -> None:
    told = [(f.name, f.dataType.simpleString(), f.metadata.get("comment", "")) for f in spark.table(emissions.product.curated).schema]
    assert [name for name, _, _ in told] == [c.name for c in emissions.product.columns]
    assert ("amount_t", "decimal(30,18)", "Amount of the substance emitted in the year (t/year)") in told


def test_the_analyst_reads_the_product_and_not_what_it_is_made_from_or_what_is_not_checked_yet(settings: Settings, emissions: Emissions) -> None:
    analyst = open_session(settings, "analyst")
    try:
        assert analyst.table(emissions.product.curated).count() == 45_660
        with pytest.raises(PySparkException, match="AccessDenied"):
            analyst.sql(f"SELECT * FROM {emissions.product.inputs[0].table}").collect()
        with pytest.raises(PySparkException, match="refused"):
            analyst.sql(f"DELETE FROM {emissions.product.curated}").collect()
    finally:
        analyst.stop()
    with pytest.raises(ClientError, match="AccessDenied|Access Denied"):
        s3(settings, "analyst").list_objects_v2(Bucket=settings.bucket("warehouse"), Prefix=f"_staged/{emissions.product.name}/")


def test_a_product_waits_for_what_is_not_there(spark: SparkSession, settings: Settings) -> None:
    waiting = product_of(settings, "emissions", f"waits_{SUFFIX}", {"environment.emission": "silver.no_such__table", "environment.emission_source": "silver.no_such__table"})
    result = build(spark, settings, waiting)
    assert (result.waits_for, result.changed) == (INPUTS, False)
    assert curated.version(settings, waiting.curated) is None
