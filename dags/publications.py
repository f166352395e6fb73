"""One DAG a publication, generated from conf/publications; it runs when its product has changed. Parsing reads YAML only."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from airflow.sdk import DAG, Asset

from jobs.alerts.notifier import LakeNotifier, deadline
from jobs.contracts.product import asset_of
from jobs.dag_tasks import failing_task, waiting_task
from jobs.platform.errors import LakeError
from jobs.platform.settings import load_settings
from jobs.publishing.publication import Publication, load_publication, publication_paths
from jobs.steps import PUBLISH

ROOT = Path(__file__).resolve().parents[1]
ALERTS = load_settings().alerts
START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def publication_dag(publication: Publication) -> DAG:
    doc = f"# {publication.title.en} {publication.title.zh}\n{publication.description.en}\n\nPublishes {', '.join(publication.columns)} of {publication.product}."
    with DAG(
        f"{PUBLISH}__{publication.name}", schedule=[Asset(asset_of(publication.product))], start_date=START, catchup=False, max_active_runs=1, doc_md=doc, tags=[PUBLISH],
        default_args={"owner": publication.publisher, "on_failure_callback": [LakeNotifier()]}, deadline=deadline(ALERTS.run_within_minutes),
    ) as dag:  # fmt: skip
        waiting_task(PUBLISH, publication.name)
    return dag


def broken_dag(path: Path, problem: LakeError) -> DAG:
    """A broken declaration is a DAG that says what is wrong; the other publications go on."""
    with DAG(f"{PUBLISH}__{path.stem}", schedule=None, start_date=START, doc_md=f"# Broken publication\n{problem.message}", tags=["broken"]) as dag:
        failing_task("publication", problem.message)
    return dag


for found in publication_paths(ROOT):
    try:
        made = publication_dag(load_publication(found))
    except LakeError as broken:
        made = broken_dag(found, broken)
    globals()[made.dag_id] = made
