"""Airflow's own way to say that a task failed or that a run is late: a notifier for `on_failure_callback` and for deadline alerts."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from typing import Any

from airflow.sdk import BaseNotifier
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from jobs.alerts.conditions import Condition, failed_step, late_run
from jobs.platform.settings import load_settings


class LakeNotifier(BaseNotifier):  # type: ignore[misc]
    """Opens the same alert as a look through the ledger would, at once. What is told of never depends on what a task's exception says."""

    def notify(self, context: Any) -> None:
        from jobs.alerts.look import tell  # seconds of imports, only where there is something to tell

        settings = load_settings()
        tell(settings, condition_of(context, dt.datetime.now(dt.UTC), settings.alerts.run_within_minutes or 0))

    async def async_notify(self, context: Any) -> None:
        await asyncio.to_thread(self.notify, context)


def condition_of(context: Mapping[str, Any], now: dt.datetime, minutes: float) -> Condition:
    """Of a task that failed, or of a run whose deadline has passed (its context has no task). A dataset's DAG is called as its table."""
    if "deadline" in context:
        run = context["dag_run"]
        return late_run(_dataset(run["dag_id"]), run["dag_id"], run["dag_run_id"], minutes, now)
    task = context["ti"]
    return failed_step(_dataset(task.dag_id), task.task_id, now)


def _dataset(dag: str) -> str:
    return dag.replace("__", ".", 1)


def deadline(minutes: float | None) -> DeadlineAlert | None:
    """A run that is not done so many minutes after it was queued is told of; None: none is."""
    if minutes is None:
        return None
    return DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, dt.timedelta(minutes=minutes), AsyncCallback(LakeNotifier), "run_within")
