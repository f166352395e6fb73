"""The DAG `quality_pages`: the quality site and the scorecards brought up to date after a run over deliveries, and once an hour (a dataset's own DAG tells of no run that changed no silver)."""

from __future__ import annotations

import datetime as dt

from airflow.sdk import DAG, Asset, AssetOrTimeSchedule, task

from jobs.dag_tasks import by_the_clock
from jobs.platform.settings import load_settings
from jobs.steps import DELIVERED

settings = load_settings()
HOURLY = by_the_clock("@hourly", settings.time_zone)
SCHEDULE = AssetOrTimeSchedule(timetable=HOURLY, assets=[Asset(DELIVERED)])

with DAG(
    "quality_pages", schedule=SCHEDULE, catchup=False, max_active_runs=1, doc_md=__doc__, tags=["quality"],
    default_args={"owner": "data platform"},
) as dag:  # fmt: skip

    @task(pool=settings.builds_pool, retries=2, retry_delay=dt.timedelta(seconds=20), execution_timeout=dt.timedelta(hours=1))
    def pages() -> None:
        from jobs import quality_pages  # seconds of imports, in the task only

        quality_pages.run(load_settings())

    pages()
