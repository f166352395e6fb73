"""One DAG a curated product, generated from its contract; it runs when anything the product is made from has changed. Parsing reads YAML only."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from airflow.sdk import DAG, Asset, AssetAny, task
from airflow.sdk.exceptions import AirflowSkipException

from jobs.alerts.notifier import LakeNotifier, deadline
from jobs.contracts.load import BrokenContract, load_product
from jobs.contracts.product import DEPARTMENT, Product, asset_of
from jobs.dag_tasks import failing_task, require_written, result_of
from jobs.platform.settings import load_settings
from jobs.steps import CURATE

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = load_settings()
START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def product_dag(product: Product) -> DAG:
    columns = "\n".join(f"| {c.name} | {c.kind} | {c.description}{f' ({c.unit})' if c.unit else ''} |" for c in product.columns)
    made = ", ".join(given.name for given in product.inputs)
    doc = f"# {product.title}\n{product.description}\n\nMade from {made}. Owner: {product.owner}\n\n| column | type | meaning |\n|---|---|---|\n{columns}"
    with DAG(
        product.table, schedule=AssetAny(*(Asset(asset_of(given.name)) for given in product.inputs)), start_date=START, catchup=False, max_active_runs=1, doc_md=doc,
        tags=[DEPARTMENT], default_args={"owner": product.owner, "on_failure_callback": [LakeNotifier()]}, deadline=deadline(SETTINGS.alerts.run_within_minutes),
    ) as dag:  # fmt: skip

        @task(
            task_id=CURATE, pool=SETTINGS.builds_pool, retries=2, retry_delay=dt.timedelta(seconds=20), execution_timeout=dt.timedelta(hours=2),
            outlets=[Asset(asset_of(product.dataset))],
        )  # fmt: skip
        def run() -> None:
            from jobs.platform.delta_tables import is_there  # seconds of imports, in the task only
            from jobs.platform.outage import outages_named

            with outages_named(SETTINGS):
                missing = [given.name for given in product.inputs if not given.optional and not is_there(SETTINGS, given.table)]
            if missing:  # before a Spark session, which takes longer to open than this to tell
                raise AirflowSkipException(f"{product.dataset} waits for {', '.join(missing)}")
            result = result_of(CURATE, product.dataset)
            require_written(product.dataset, result.changed)

        run()
    return dag


def broken_dag(path: Path, problem: BrokenContract) -> DAG:
    """A broken contract is a DAG that says what is wrong; the other products go on."""
    doc = "# Broken contract\n" + "\n".join(f"- {f}" for f in problem.findings)
    with DAG(f"{DEPARTMENT}__{path.stem}", schedule=None, start_date=START, doc_md=doc, tags=["broken"]) as dag:
        failing_task("contract", "\n".join(map(str, problem.findings)))
    return dag


for found in sorted((ROOT / "conf" / "products").glob("*.yaml")):
    try:
        made = product_dag(load_product(found))
    except BrokenContract as broken:
        made = broken_dag(found, broken)
    globals()[made.dag_id] = made
