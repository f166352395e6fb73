"""Silver is replaced in one commit: what is read is what was given, and of two that replace it at once one is refused."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.contracts.model import Column, Contract, Reader
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.spark import fit, open_session
from jobs.tables import silver
from tests.forget import forget

COLUMNS = (
    Column("id", "id", "integer", primary_key=1), Column("title", "title", "string"), Column("amount", "amount", "decimal", precision=14, scale=2), Column("share", "share", "double"),
    Column("open", "open", "boolean"), Column("day", "day", "date"), Column("at", "at", "timestamp"),
)  # fmt: skip
FAR = (dt.date(987, 1, 1), dt.date(9999, 12, 31), dt.datetime(987, 1, 1, 0, 0, 0, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999))
ROWS = [
    (1, "东莞市第一小学", Decimal("-0.05"), float("nan"), True, FAR[0], FAR[2], "2024/a", 1, 0, "2024", None),
    (2, "x" * 70, Decimal("999999999999.99"), -0.5, None, FAR[1], FAR[3], "2024/a", 2, 0, "2024", ["max_value:amount", "警告"]),
    (3, None, None, None, False, None, None, "2024/a", 3, 0, "2024", []),
]  # fmt: skip


@pytest.fixture
def contract(spark: SparkSession, settings: Settings, store: Any) -> Iterator[Contract]:
    suffix = uuid.uuid4().hex[:8]
    made = Contract("test", f"silver_{suffix}", "t", "1.0.0", "t", "", "test", "increment", f"test_{suffix}/s", r".*\.csv", Reader("csv"), COLUMNS)
    yield made
    forget(spark, settings, store, made.dataset)


def frame(spark: SparkSession, contract: Contract, rows: list[tuple[Any, ...]]) -> DataFrame:
    return spark.createDataFrame(rows, ", ".join(f"{name} {kind}" for name, (kind, _) in silver.columns(contract).items()))


def read(spark: SparkSession, contract: Contract, where: str = "true") -> list[tuple[Any, ...]]:
    return [tuple(row) for row in spark.table(f"silver.{contract.table}").where(where).orderBy("id").collect()]


def test_what_is_read_is_what_was_given(spark: SparkSession, settings: Settings, contract: Contract) -> None:
    silver.replace(spark, settings, contract, frame(spark, contract, ROWS), "first")
    assert repr(read(spark, contract)) == repr(ROWS)  # what is no number is equal to nothing
    assert [row[0] for row in read(spark, contract, "day <= DATE'0987-01-01' OR at > TIMESTAMP'9999-12-31 23:59:59.9999'")] == [1, 2]  # by what the log says of the file
    assert read(spark, contract, "id > 3") == []
    assert {row["col_name"]: row["data_type"] for row in spark.sql(f"DESCRIBE silver.{contract.table}").collect()}["amount"] == "decimal(14,2)"

    silver.replace(spark, settings, contract, frame(spark, contract, ROWS[2:]), "second")
    assert (read(spark, contract), silver.made_from(settings, contract)) == (ROWS[2:], "second")
    silver.replace(spark, settings, contract, frame(spark, contract, []), "nothing")
    assert (read(spark, contract), silver.made_from(settings, contract)) == ([], "nothing")


def test_of_two_that_replace_it_at_once_one_is_refused(settings: Settings, spark: SparkSession, contract: Contract) -> None:
    """Also the first time, when no file stands that both would take away."""
    both = Barrier(2)

    def replace(number: int) -> str:
        session = open_session(settings)
        fit(session, 0)
        given = frame(session, contract, [(number, *row[1:]) for row in ROWS[2:]])
        try:
            both.wait(60)
            silver.replace(session, settings, contract, given, f"made from {number}")
            return "done"
        except LakeError as problem:
            return problem.message
        finally:
            session.stop()

    for _ in range(3):
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(replace, (1, 2)))
        assert "done" in found and set(found) <= {"done", f"another run wrote silver.{contract.table} meanwhile"}
        [row] = read(spark, contract)
        assert silver.made_from(settings, contract) == f"made from {row[0]}"
