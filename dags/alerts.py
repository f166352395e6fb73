"""The DAG `alerts`: one look through the ledger for what is wrong or well again, and a message to each channel that does not know yet."""

from __future__ import annotations

import datetime as dt

from airflow.sdk import DAG, task

from jobs.alerts.notifier import LakeNotifier
from jobs.platform.settings import load_settings

ALERTS = load_settings().alerts

with DAG(
    "alerts", schedule=ALERTS.look if ALERTS.channels else None, catchup=False, max_active_runs=1, doc_md=__doc__, tags=["alerts"],
    default_args={"owner": "data platform", "on_failure_callback": [LakeNotifier()]},
) as dag:  # fmt: skip

    @task(retries=1, retry_delay=dt.timedelta(seconds=20), execution_timeout=dt.timedelta(minutes=10))
    def look() -> str:
        """A channel that is down is told at the next look; it fails nothing."""
        from jobs.alerts.look import look as look_now  # seconds of imports, in the task only
        from jobs.alerts.look import well_again

        settings = load_settings()
        done = look_now(settings)
        well_again(settings, "alerts")
        return f"{done.open} open, {done.told} told" + "".join(f"; {problem}" for problem in done.down.values())

    look()
