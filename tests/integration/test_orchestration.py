"""Steps as Airflow's tasks run them: the earlier try is stopped, a dataset fails alone, every step is in the ledger."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from dataclasses import replace
from typing import Any

import pytest
from deltalake import Field, Schema
from deltalake.schema import PrimitiveType
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from tenacity import Retrying, retry_if_not_result, stop_after_delay, wait_fixed

from jobs.contracts.load import load_all
from jobs.contracts.product import table_of
from jobs.ops.ledger import Ledger
from jobs.orchestration import StepFailed, Try, require_done, run_step, run_task, waiting
from jobs.platform.delta_tables import lay, written_since
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.spark import open_session
from jobs.platform.store import emptied
from jobs.steps import STEPS

DATASET = "education.enrolment"


@pytest.fixture
def this() -> Try:
    return Try("test", f"test__{uuid.uuid4()}", "register", -1, 1)


@pytest.fixture(autouse=True)
def swept(settings: Settings, this: Try) -> Any:
    yield
    Ledger(settings).table("runs").delete(f"run = '{this.run}'")


def test_a_retry_stops_what_the_earlier_try_left_running(settings: Settings, this: Try) -> None:
    ended: list[str] = []
    earlier = open_session(settings, session_id=this.session_id)

    def endless() -> None:
        try:
            earlier.range(0, 10**13, 1, 1).selectExpr("sum(hash(id))").collect()
            ended.append("finished")
        except PySparkException as problem:
            ended.append(str(problem))

    thread = threading.Thread(target=endless, daemon=True)
    thread.start()
    watcher = open_session(settings)
    Retrying(stop=stop_after_delay(60), wait=wait_fixed(0.2), retry=retry_if_not_result(bool))(lambda: thread.is_alive() and watcher.range(1).count() == 1)
    run_task("register", [DATASET], replace(this, number=2))
    thread.join(60)
    assert not thread.is_alive()
    assert "finished" not in ended and ("CANCEL" in ended[0].upper() or "SESSION" in ended[0].upper()), ended
    watcher.stop()
    earlier.stop()  # its session is gone; while it is this process's active one, Python's functions would still ask it


def test_a_failing_dataset_is_named_and_the_others_go_on(settings: Settings, this: Try) -> None:
    with pytest.raises(StepFailed, match=r"no\.such_dataset"):
        run_task("register", ["no.such_dataset", DATASET], this)
    rows = {row["dataset"]: row for row in Ledger(settings).rows("runs", run=this.run)}
    assert rows["no.such_dataset"]["outcome"] == "failed" and rows["no.such_dataset"]["message"]
    assert rows[DATASET]["outcome"] == "done" and rows[DATASET]["spark_session"] == this.session_id


def test_a_run_is_done_when_every_step_of_every_dataset_is(spark: SparkSession, settings: Settings, this: Try) -> None:
    for step in STEPS[:-1]:
        assert run_step(step, spark, settings, DATASET, this.run).problem is None
    with pytest.raises(LakeError, match=f"conform {DATASET}: did not run"):
        require_done(this.run, [DATASET])
    run_step(STEPS[-1], spark, settings, DATASET, this.run)
    require_done(this.run, [DATASET])


def test_what_an_earlier_try_of_a_run_wrote_is_told(settings: Settings) -> None:
    table, began = f"test__{uuid.uuid4().hex}", dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
    names = [table.replace("__", "."), "test.never_written", "curated.never_made"]

    def written(moment: dt.datetime) -> list[str]:
        return [name for name in names if written_since(settings, table_of(name), moment)]

    assert written(began) == []
    lay(settings, "silver", table, Schema([Field("id", PrimitiveType("long"))]))
    try:
        assert written(began) == names[:1]
        assert written(began + dt.timedelta(minutes=1)) == []
    finally:
        emptied(settings, "silver", f"{table}/")


def test_a_dataset_waits_until_its_deliveries_are_through(spark: SparkSession, settings: Settings, store: Any, this: Try) -> None:
    contracts = [contract for contract in load_all(settings.root)[0] if contract.dataset == DATASET]
    for step in STEPS:
        run_step(step, spark, settings, DATASET, this.run)
    assert waiting(settings, contracts) == []
    key = f"{contracts[0].landing}/2001-spring/test.xlsx"
    store.put_object(Bucket=settings.bucket("landing"), Key=key, Body=b"")
    try:
        assert waiting(settings, contracts) == [DATASET]
    finally:
        store.delete_object(Bucket=settings.bucket("landing"), Key=key)
