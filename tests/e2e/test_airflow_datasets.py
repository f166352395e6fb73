"""Datasets under the real scheduler of Airflow, by the command line: backfills, several at once, and a table that the dataset's own DAG fetches."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import SparkSession
from ruamel.yaml import YAML

from jobs.contracts.load import contract_path, load_contract
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from tests.e2e.own_airflow import make_checkout, own_airflow
from tests.forget import forget
from tests.integration.test_deliveries import amounts, run, silver
from tests.integration.test_extract import NAME, ROWS, address, filled
from tests.launcher import lake

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
__all__ = ["address"]  # the department's database, a fixture
READING, COMPANY = "test_airflow.reading", "test_airflow.company"
TABLE = "APP.COMPANY"


def contract(dataset: str, file_format: str, columns: dict[str, tuple[str, str]], **customs: Any) -> dict[str, Any]:
    """`columns`: name → header in the dump, logical type. The first is the key."""
    department, name = dataset.split(".")
    properties = [
        {"name": column, "physicalName": header, "logicalType": kind, "description": column, "classification": "public"} | ({"primaryKey": True, "primaryKeyPosition": 1, "required": True} if not i else {})
        for i, (column, (header, kind)) in enumerate(columns.items())
    ]
    return {
        "apiVersion": "v3.2.0", "kind": "DataContract", "id": dataset, "name": name, "version": "1.0.0", "status": "active", "domain": department, "description": {"purpose": name},
        "servers": [{"server": "landing", "type": "s3", "location": f"s3://landing/{department}/{name}", "format": file_format}],
        "schema": [{"name": name, "logicalType": "object", "physicalType": "table", "description": name, "properties": properties}],
        "team": {"name": "Test bureau"}, "slaProperties": [{"property": "frequency", "value": 1, "unit": "m"}],
        "customProperties": [{"property": key, "value": value} for key, value in customs.items()],
    }  # fmt: skip


@pytest.fixture
def airflow(spark: SparkSession, settings: Settings, store: Any, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A checkout with two datasets of its own, and its Airflow."""
    make_checkout(tmp_path, settings)
    shutil.copy(settings.root / "dags" / "datasets.py", tmp_path / "dags")
    database = {"url": address, "credentials": NAME, "table": TABLE, "period": "%Y-%m"}
    made = [
        contract(READING, "csv", {"id": ("id", "integer"), "amount": ("amount", "number")}, deliveryMode="increment", sourceTimeZone="Asia/Shanghai"),
        contract(COMPANY, "parquet", {"company_id": ("COMPANY_ID", "integer"), "title": ("TITLE", "string")}, deliveryMode="increment", sourceTimeZone="Asia/Shanghai", database=database, drift={"newColumn": "discard_value"}),
    ]
    for each in made:
        path = contract_path(tmp_path, each["id"])
        path.parent.mkdir(exist_ok=True)
        YAML().dump(each, path)
        forget(spark, settings, store, each["id"])
    with own_airflow(tmp_path, monkeypatch) as own:
        yield own
    for dataset in (READING, COMPANY):
        forget(spark, settings, store, dataset)


def said(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_backfills_of_late_periods_leave_newer_ones_alone(spark: SparkSession, settings: Settings, store: Any, airflow: Settings) -> None:
    reading = load_contract(contract_path(airflow.root, READING))

    def sent(period: str, first: int, name: str = "dump.csv", amount: str = "1.50") -> None:
        store.put_object(Bucket=settings.bucket("landing"), Key=f"{reading.landing}/{period}/{name}", Body=amounts(first, 10, amount))

    def backfill(first: str, last: str, *options: str) -> str:
        return said(lake(airflow, "backfill", READING, "--from", first, "--to", last, *options))

    def landed() -> dict[str, Any]:
        """What became of each period, less the stamp of the silver its rows were last counted in: that is of the whole table."""
        found = (row for row in Ledger(settings).deliveries(READING) if row["outcome"] == "landed")
        return {row["period"]: {name: value for name, value in row.items() if name not in ("counted_from", "updated_at")} for row in found}

    sent("2025-06", 600)
    run(spark, settings, reading, ("2025-06",))
    newer = landed()["2025-06"]
    for period, first in (("2025-01", 100), ("2025-02", 200), ("2025-04", 400)):
        sent(period, first)

    told = backfill("2025-01", "2025-04", "--dry-run")
    assert "3 of 4 periods would be run" in told and "missing, ask the department for: 2025-03" in told
    assert set(landed()) == {"2025-06"}

    with ThreadPoolExecutor(2) as both:
        one, other = both.submit(backfill, "2025-01", "2025-02"), both.submit(backfill, "2025-03", "2025-04")
    assert "2 of 2 periods were run" in one.result() and "success" in one.result()
    assert "1 of 2 periods were run" in other.result() and "missing, ask the department for: 2025-03" in other.result()
    ids = [*range(100, 110), *range(200, 210), *range(400, 410), *range(600, 610)]
    assert silver(spark, reading) == ids

    sent("2025-03", 300)
    sent("2025-01", 100, amount="9.99")  # a correction, which filling gaps leaves for later
    assert "1 of 4 periods were run" in backfill("2025-01", "2025-04", "--fill-gaps")
    assert silver(spark, reading) == sorted([*ids, *range(300, 310)])
    assert spark.sql(f"SELECT count(*) FROM silver.{reading.table} WHERE amount <> 1.5").first()[0] == 0
    assert "1 of 4 periods would be run" in backfill("2025-01", "2025-04", "--dry-run")
    assert landed()["2025-06"] == newer


def test_a_dag_fetches_the_table_of_its_contract(spark: SparkSession, settings: Settings, address: str, airflow: Settings) -> None:
    filled(spark, address, TABLE, ROWS)
    assert "success" in said(lake(airflow, "run", COMPANY, "--period", "2025-03"))
    company = load_contract(contract_path(airflow.root, COMPANY))
    rows = [tuple(row) for row in spark.sql(f"SELECT company_id, title, _period FROM silver.{company.table} ORDER BY 1").collect()]
    assert rows == [(1, "东湖茶厂", "2025-03"), (2, "Ann & Co", "2025-03"), (3, None, "2025-03")]
    ledger = Ledger(settings)
    jobs = [row["job"] for row in sorted(ledger.rows("runs", dataset=COMPANY), key=lambda row: row["ended_at"])]
    assert jobs == ["extract", "register", "land", "check", "conform"]

    before = month(settings)
    filled(spark, address, TABLE, [*ROWS, (4, "Four", None, None)])
    assert "success" in said(lake(airflow, "run", COMPANY))
    periods = {row["period"]: (row["records"], row["outcome"]) for row in ledger.deliveries(COMPANY)}
    assert periods["2025-03"] == (3, "landed"), "a period that has its dump keeps it"
    assert periods in [{"2025-03": (3, "landed"), of: (4, "landed")} for of in (before, month(settings))]


def month(settings: Settings) -> str:
    """The period that a run without one is for."""
    return dt.datetime.now(ZoneInfo(settings.time_zone)).strftime("%Y-%m")
