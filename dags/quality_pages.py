"""The DAG `quality_pages`: the quality site and the scorecards brought up to date after silver changed, and once an hour (a refused or held file changes no silver)."""

from __future__ import annotations

import datetime as dt

from airflow.sdk import DAG, Asset, AssetAny, AssetOrTimeSchedule, CronTriggerTimetable, task

from jobs.contracts.load import load_all
from jobs.platform.settings import load_settings

settings = load_settings()
TABLES = sorted(contract.table for contract in load_all(settings.root)[0])
HOURLY = CronTriggerTimetable("@hourly", timezone=settings.time_zone)
SCHEDULE = AssetOrTimeSchedule(timetable=HOURLY, assets=AssetAny(*[Asset(f"lake://silver/{table}") for table in TABLES]))

with DAG(
    "quality_pages", schedule=SCHEDULE, start_date=dt.datetime(2024, 1, 1, tzinfo=dt.UTC), catchup=False, max_active_runs=1, doc_md=__doc__, tags=["quality"],
    default_args={"owner": "data platform"},
) as dag:  # fmt: skip

    @task(retries=2, retry_delay=dt.timedelta(seconds=20), execution_timeout=dt.timedelta(hours=1))
    def pages() -> None:
        from jobs import quality_pages  # seconds of imports, in the task only

        quality_pages.run(load_settings())

    pages()
