"""One DAG a share, generated from conf/shares; it runs when its table has changed. `shares` looks each hour for what has expired. Parsing reads YAML only."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from airflow.sdk import DAG, Asset, task

from jobs.alerts.notifier import LakeNotifier, deadline
from jobs.contracts.product import asset_of
from jobs.dag_tasks import by_the_clock, failing_task, waiting_task
from jobs.platform.errors import LakeError
from jobs.platform.settings import load_settings
from jobs.sharing.share import Share, load_share, share_paths
from jobs.steps import SHARE

ROOT = Path(__file__).resolve().parents[1]
ALERTS = load_settings().alerts
START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def share_dag(share: Share) -> DAG:
    doc = f"# {share.title.en} {share.title.zh}\nGives {share.recipient} {', '.join(share.told)} of {share.source}, while it is granted.\n\n{share.purpose} ({share.legal_basis})"
    with DAG(
        f"{SHARE}__{share.name}", schedule=[Asset(asset_of(share.source))], start_date=START, catchup=False, max_active_runs=1, doc_md=doc, tags=[SHARE],
        default_args={"owner": share.provider, "on_failure_callback": [LakeNotifier()]}, deadline=deadline(ALERTS.run_within_minutes),
    ) as dag:  # fmt: skip
        waiting_task(SHARE, share.name)
    return dag


def broken_dag(path: Path, problem: LakeError) -> DAG:
    """A broken declaration is a DAG that says what is wrong; the other shares go on."""
    with DAG(f"{SHARE}__{path.stem}", schedule=None, start_date=START, doc_md=f"# Broken share\n{problem.message}", tags=["broken"]) as dag:
        failing_task("share", problem.message)
    return dag


def expiring_dag() -> DAG:
    """The store ends what has expired by its own clock; files, keys and receipts follow here."""
    with DAG(
        "shares", schedule=by_the_clock("@hourly", load_settings().time_zone), catchup=False, max_active_runs=1, doc_md="# Ends what is no longer granted", tags=[SHARE],
        default_args={"owner": "data platform", "on_failure_callback": [LakeNotifier()]}, deadline=deadline(ALERTS.run_within_minutes),
    ) as dag:  # fmt: skip

        @task(task_id="settle", retries=2, retry_delay=dt.timedelta(seconds=20), execution_timeout=dt.timedelta(minutes=10))
        def settle() -> None:
            from jobs.share import settle as settle_now  # seconds of imports, in the task only

            settle_now(load_settings())

        settle()
    return dag


for found in share_paths(ROOT):
    try:
        made = share_dag(load_share(found))
    except LakeError as broken:
        made = broken_dag(found, broken)
    globals()[made.dag_id] = made
if share_paths(ROOT):
    globals()["shares"] = expiring_dag()
