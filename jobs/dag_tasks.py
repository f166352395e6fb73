"""What the files in dags/ share. The DAGs themselves are made there: Airflow takes a DAG's file to be the one that makes it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.sdk import CronTriggerTimetable, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from jobs.contracts.product import table_of
from jobs.platform.settings import load_settings


def by_the_clock(cron: str, time_zone: str) -> CronTriggerTimetable:
    """A schedule that makes up for no time that went by before the DAG was first read: a new lake has nothing to do then, and a start to get over. Its DAG says no `start_date`:
    with one, Airflow runs the last time that has passed."""
    return CronTriggerTimetable(cron, timezone=time_zone, run_immediately=dt.timedelta(0))


def result_of(step: str, name: str, periods: tuple[str, ...] = ()) -> Any:
    """Run a step of one thing inside a task; its result. What stops it fails the task."""
    from jobs.orchestration import run_task, this_try  # seconds of imports, in the task only
    from jobs.platform.airflow_connection import door_of_airflow

    (done,) = run_task(step, [name], this_try(get_current_context()["ti"]), periods, door_of_airflow())
    return done.result


def require_written(name: str, changed: bool) -> None:
    """Skips the task, so that no asset event goes out, unless this try changed the table of the dataset or product, or an earlier try of this run did and died before it was done."""
    from jobs.platform.delta_tables import written_since  # seconds of imports, in the task only

    if not changed and not written_since(load_settings(), table_of(name), get_current_context()["dag_run"].start_date):
        raise AirflowSkipException(f"{name} is as it was: no asset event")


def waiting_task(step: str, name: str) -> None:
    """The one task of a DAG that runs `step` of one thing; skipped while that waits, with what it waits for."""

    @task(task_id=step, pool=load_settings().builds_pool, retries=1, retry_delay=dt.timedelta(seconds=20), execution_timeout=dt.timedelta(hours=2))  # type: ignore[untyped-decorator]
    def run() -> None:
        result = result_of(step, name)
        if result.waits_for:
            raise AirflowSkipException(f"{name} waits: {result.waits_for}")

    run()


def failing_task(task_id: str, message: str) -> None:
    """The one task of a DAG that stands for a broken file: it says what is wrong, and the other files go on."""

    @task(task_id=task_id)  # type: ignore[untyped-decorator]
    def fail() -> None:
        raise ValueError(message)

    fail()
