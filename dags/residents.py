"""Resident keys follow the registers: one task a night, as a run costs about the same for one delivery and for a day's. Parsing reads YAML only."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from airflow.sdk import DAG, Asset, task
from ruamel.yaml import YAML

from jobs.alerts.notifier import LakeNotifier, deadline
from jobs.contracts.product import asset_of
from jobs.dag_tasks import by_the_clock, require_written, result_of
from jobs.platform.settings import load_settings
from jobs.steps import RESOLVE

ROOT = Path(__file__).resolve().parents[1]
RESIDENTS = "identity.resident_key"
SETTINGS = load_settings()
NIGHTLY = by_the_clock("0 2 * * *", SETTINGS.time_zone)
DATASETS = sorted(register["dataset"] for register in YAML(typ="safe").load((ROOT / "conf" / "linkage" / "registers.yaml").read_text(encoding="utf-8"))["registers"])
DOC = f"# Resident keys\nFinds the records of one person in {', '.join(DATASETS)}: docs/how-to/resolve-residents.md. Products that speak of people follow."

with DAG(
    "identity__resident_key", schedule=NIGHTLY, catchup=False, max_active_runs=1,
    doc_md=DOC, tags=["identity"], default_args={"owner": "Data resources bureau", "on_failure_callback": [LakeNotifier()]}, deadline=deadline(SETTINGS.alerts.run_within_minutes),
) as dag:  # fmt: skip

    @task(task_id=RESOLVE, pool=SETTINGS.builds_pool, retries=2, retry_delay=dt.timedelta(seconds=20), execution_timeout=dt.timedelta(hours=4), outlets=[Asset(asset_of(RESIDENTS))])
    def run() -> None:
        require_written(RESIDENTS, result_of(RESOLVE, RESIDENTS).changed)

    run()
