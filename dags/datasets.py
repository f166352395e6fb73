"""One DAG a dataset, generated from its contract: (extract →) register → land → check → conform. Parsing reads YAML only."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

from airflow.sdk import DAG, Asset, Param, get_current_context, task

from jobs.alerts.notifier import LakeNotifier, deadline
from jobs.contracts.load import BrokenContract, contract_path, load_contract
from jobs.contracts.model import Contract
from jobs.dag_tasks import failing_task, require_written, result_of
from jobs.platform.settings import load_settings
from jobs.steps import DELIVERED, FETCH, STEPS

ROOT = Path(__file__).resolve().parents[1]
ALERTS = load_settings().alerts
START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def step_task(step: str, dataset: str, outlets: list[Asset], period: str = ""):
    """`period`: strftime format of the period of a run that is given none."""

    @task(task_id=step, retries=2, retry_delay=dt.timedelta(seconds=20), execution_timeout=dt.timedelta(hours=2), outlets=outlets)
    def run() -> None:
        context = get_current_context()
        asked = tuple(context["params"]["periods"] or ())
        if period and not asked:
            asked = (context["dag_run"].run_after.astimezone(ZoneInfo(load_settings().time_zone)).strftime(period),)
        result = result_of(step, dataset, asked)
        if step == "conform":
            require_written(dataset, result.changed)

    return run()


def dataset_dag(contract: Contract) -> DAG:
    columns = "\n".join(f"| {c.name} | {c.kind} | {c.description}{f' ({c.unit})' if c.unit else ''} |" for c in contract.columns)
    doc = f"# {contract.title}\n{contract.description}\n\nOwner: {contract.owner}\n\n| column | type | meaning |\n|---|---|---|\n{columns}"
    with DAG(
        contract.table, schedule=contract.schedule, start_date=START, catchup=False, max_active_runs=1, doc_md=doc, tags=[contract.department, contract.mode],
        default_args={"owner": contract.owner, "on_failure_callback": [LakeNotifier()]}, deadline=deadline(ALERTS.run_within_minutes),
        params={"periods": Param([], type=["array", "null"], description="only these periods; empty: all that is new")},
    ) as dag:  # fmt: skip
        outlet = Asset(f"lake://silver/{contract.table}")
        fetching = [step_task(FETCH, contract.dataset, [], contract.database.period)] if contract.database else []
        tasks = fetching + [step_task(step, contract.dataset, [outlet, Asset(DELIVERED)] if step == "conform" else []) for step in STEPS]
        for before, after in zip(tasks, tasks[1:], strict=False):
            before >> after
    return dag


def broken_dag(path: Path, problem: BrokenContract) -> DAG:
    """A broken contract is a DAG that says what is wrong; the other datasets go on."""
    with DAG(f"{path.parent.name}__{path.stem}", schedule=None, start_date=START, doc_md="# Broken contract\n" + "\n".join(f"- {f}" for f in problem.findings), tags=["broken"]) as dag:
        failing_task("contract", "\n".join(map(str, problem.findings)))
    return dag


for found in sorted((ROOT / "conf" / "datasets").glob("*/*.yaml")):
    try:
        made = dataset_dag(load_contract(contract_path(ROOT, f"{found.parent.name}.{found.stem}")))
    except BrokenContract as broken:
        made = broken_dag(found, broken)
    globals()[made.dag_id] = made
