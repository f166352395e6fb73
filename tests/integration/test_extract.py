"""extract: a table of a real database (Derby, over JDBC) becomes a dump that lands like any other; its credentials are seen nowhere."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs import extract
from jobs.contracts.model import Column, Contract, Database, Reader
from jobs.extract import PROVIDER
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError
from jobs.platform.secrets import secret
from jobs.platform.settings import Settings
from tests.integration.test_quality import contract_of, run

pytestmark = pytest.mark.timeout(300)
NAME = f"registry_{uuid.uuid4().hex[:8]}"
NOON = dt.datetime(2025, 3, 1, 12, 0)
ROWS = [(1, "东湖茶厂", Decimal("120.50"), NOON), (2, "Ann & Co", Decimal("-3.00"), None), (3, None, None, NOON)]
COLUMNS = (
    Column("company_id", "COMPANY_ID", "integer", required=True, primary_key=1), Column("title", "TITLE", "string"),
    Column("capital", "CAPITAL", "decimal", precision=12, scale=2), Column("registered_at", "REGISTERED_AT", "timestamp"),
)  # fmt: skip


def credentials(settings: Settings, name: str, password: str) -> Path:
    folder = settings.state / "jdbc"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.properties"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
        out.write(f"user=job\npassword={password}\n")
    return path


@pytest.fixture(scope="module")
def address(settings: Settings) -> Iterator[str]:
    """A department's database, on the Derby server that the metastore has too."""
    path = credentials(settings, NAME, secret(settings, "metastore_job"))
    yield f"jdbc:derby://127.0.0.1:{settings.port('metastore')}/{NAME};create=true"
    path.unlink()


def filled(spark: SparkSession, address: str, table: str, rows: list[tuple[Any, ...]], name: str = NAME) -> None:
    """`name`: of the credentials."""
    frame = spark.createDataFrame(rows, "COMPANY_ID int, TITLE string, CAPITAL decimal(12,2), REGISTERED_AT timestamp_ntz")
    options = {"url": address, "dbtable": table, "connectionProvider": PROVIDER, "lakeCredentials": name, "truncate": "true"}
    frame.write.format("jdbc").options(**options).mode("overwrite").save()


def company(address: str, **base: Any) -> Contract:
    found = Database(**({"url": address, "credentials": NAME, "table": f"C{uuid.uuid4().hex[:8].upper()}"} | base))
    return contract_of(columns=COLUMNS, reader=Reader("parquet"), file_pattern=".*", source_time_zone="Asia/Shanghai", database=found)


def silver(spark: SparkSession, contract: Contract) -> list[tuple[Any, ...]]:
    found = spark.sql(f"SELECT company_id, title, capital, CAST(registered_at AS STRING) FROM silver.{contract.table} ORDER BY company_id").collect()
    return [tuple(row) for row in found]


def test_a_table_lands_like_any_dump_and_a_changed_one_corrects_it(spark: SparkSession, settings: Settings, address: str) -> None:
    contract = company(address)
    assert contract.database
    filled(spark, address, contract.database.table or "", ROWS)
    assert extract.run(spark, settings, contract, ("2025-03",)) == extract.Extracted(contract.dataset, 1, 3)
    run(spark, settings, contract, [])
    expected = [(1, "东湖茶厂", Decimal("120.50"), "2025-03-01 04:00:00"), (2, "Ann & Co", Decimal("-3.00"), None), (3, None, None, "2025-03-01 04:00:00")]
    assert silver(spark, contract) == expected
    assert extract.run(spark, settings, contract, ("2025-03",)) == extract.Extracted(contract.dataset, 0, 0)
    assert extract.run(spark, settings, contract, ("2025-03",), again=True) == extract.Extracted(contract.dataset, 0, 3)
    filled(spark, address, contract.database.table or "", [ROWS[0], (2, "Ann & Sons", Decimal("1.00"), None)])
    assert extract.run(spark, settings, contract, ("2025-03",), again=True) == extract.Extracted(contract.dataset, 1, 2)
    run(spark, settings, contract, [])
    assert silver(spark, contract) == [expected[0], (2, "Ann & Sons", Decimal("1.00"), None)]
    rows = Ledger(settings).deliveries(contract.dataset)
    assert sorted((row["records"], row["silver"], row["superseded"]) for row in rows) == [(2, 2, 0), (3, 0, 3)]


def test_a_query_is_a_dump_too(spark: SparkSession, settings: Settings, address: str) -> None:
    whole = company(address)
    assert whole.database
    filled(spark, address, whole.database.table or "", ROWS)
    contract = company(address, table=None, query=f"SELECT * FROM {whole.database.table} WHERE COMPANY_ID > 1")
    assert extract.run(spark, settings, contract, ("2025-03",)).rows == 2


REFUSED: dict[str, tuple[dict[str, Any], tuple[str, ...], str]] = {
    "no such table": ({"table": "SYS.NOWHERE"}, ("2025-03",), "SYS.NOWHERE"),
    "no such credentials": ({"credentials": "nobody"}, ("2025-03",), "there are no credentials nobody: put user= and password= into"),
    "no database there": ({"url": "jdbc:derby://127.0.0.1:1/none"}, ("2025-03",), "127.0.0.1:1/none: Connection refused"),
    "no period": ({}, (), "dump of one period"),
    "two periods": ({}, ("2025-03", "2025-04"), "dump of one period"),
    "a path for a period": ({}, ("../raw",), "dump of one period"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_fetched_is_one_clear_line_and_delivers_nothing(spark: SparkSession, settings: Settings, store: Any, address: str, case: str) -> None:
    changes, periods, said = REFUSED[case]
    contract = company(address, **changes)
    with pytest.raises(LakeError) as problem:
        extract.run(spark, settings, contract, periods)
    assert said in problem.value.message and "\n" not in problem.value.message
    assert store.list_objects_v2(Bucket=settings.bucket("landing"), Prefix=f"{contract.landing}/")["KeyCount"] == 0


def test_the_password_is_in_no_plan_no_configuration_no_error_and_no_log(spark: SparkSession, settings: Settings, address: str) -> None:
    right, wrong, wrong_name = secret(settings, "metastore_job"), f"wrong-{uuid.uuid4().hex}", f"{NAME}_wrong"
    path = credentials(settings, wrong_name, wrong)
    try:
        with pytest.raises(LakeError) as problem:
            extract.run(spark, settings, company(address, credentials=wrong_name), ("2025-03",))
    finally:
        path.unlink()
    frame = extract._read(spark, Database(address, NAME, "SYS.SYSTABLES"))
    plan = frame._explain_string(extended=True)
    assert "SYSTABLES" in plan
    shown = [plan, problem.value.message, str(spark.conf.getAll), (settings.state / "logs" / "spark.log").read_text(errors="replace")]
    assert not [text[:80] for text in shown for password in (right, wrong) if password in text]
