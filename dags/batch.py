"""The DAG `batch`: what is waiting of all small datasets, dealt out to a few mapped task groups. A task costs seconds to start, so datasets share them."""

from __future__ import annotations

import datetime as dt

from airflow.sdk import DAG, Asset, AssetAlias, Param, TriggerRule, get_current_context, task, task_group

from jobs.alerts.notifier import LakeNotifier, deadline
from jobs.contracts.product import asset_of, table_of
from jobs.dag_tasks import by_the_clock
from jobs.platform.settings import load_settings
from jobs.steps import DELIVERED, STEPS

SILVER = AssetAlias("lake-silver")
DATASETS = Param([], type=["array", "null"], description="only these datasets, waiting or not; empty: the small ones for which something waits")
PERIODS = Param([], type=["array", "null"], description="only these periods; empty: all that is new")


def step_task(step: str, datasets: list[str], trigger_rule: TriggerRule):
    """One step for the datasets of a group. It runs even where the step before failed for one of them: the others are waiting for it."""

    @task(
        task_id=step, retries=2, retry_delay=dt.timedelta(seconds=20), execution_timeout=dt.timedelta(hours=2), trigger_rule=trigger_rule,
        map_index_template="{{ lake_datasets }}",
    )  # fmt: skip
    def run(datasets: list[str]) -> None:
        from jobs.orchestration import run_task, this_try  # seconds of imports, in the task only
        from jobs.platform.airflow_connection import door_of_airflow

        context = get_current_context()
        context["lake_datasets"] = ", ".join(datasets)
        run_task(step, datasets, this_try(context["ti"]), tuple(context["params"]["periods"] or ()), door_of_airflow())

    return run(datasets)


SETTINGS = load_settings()
SCHEDULE = by_the_clock(SETTINGS.batch_schedule, SETTINGS.time_zone) if SETTINGS.batch_schedule else None

with DAG(
    "batch", schedule=SCHEDULE, catchup=False, max_active_runs=1, doc_md=__doc__, tags=["batch"],
    params={"datasets": DATASETS, "periods": PERIODS}, default_args={"owner": "data platform", "on_failure_callback": [LakeNotifier()]},
    deadline=deadline(SETTINGS.alerts.run_within_minutes),
) as dag:  # fmt: skip

    @task
    def plan() -> list[list[str]]:
        from jobs.orchestration import groups, small_datasets, waiting_loads

        settings, asked = load_settings(), get_current_context()["params"]["datasets"]
        loads = waiting_loads(settings, [c for c in small_datasets(settings.root) if not asked or c.dataset in asked])
        return groups(asked or list(loads), settings.batch_groups, loads)

    @task_group
    def group(datasets: list[str]) -> None:
        tasks = [step_task(step, datasets, TriggerRule.ALL_SUCCESS if step == STEPS[0] else TriggerRule.ALL_DONE) for step in STEPS]
        for before, after in zip(tasks, tasks[1:], strict=False):
            before >> after

    @task(trigger_rule=TriggerRule.ALL_DONE, outlets=[SILVER], retries=2, retry_delay=dt.timedelta(seconds=20))
    def announce(planned: list[list[str]] | None) -> None:
        """An event for each silver table this run wrote, whatever failed beside it. All at the end: what is made of several is made once, and no delivery shares the machine with it."""
        from jobs.platform.delta_tables import written_since  # seconds of imports, in the task only

        context = get_current_context()
        for dataset in (dataset for each in planned or () for dataset in each):
            if written_since(SETTINGS, table_of(dataset), context["dag_run"].start_date):
                context["outlet_events"][SILVER].add(Asset(asset_of(dataset)))

    @task(trigger_rule=TriggerRule.ALL_DONE, outlets=[Asset(DELIVERED)])
    def summary(planned: list[list[str]] | None) -> None:
        """Red when the plan failed, or a step failed for a dataset or never ran: read from the ledger."""
        from jobs.alerts.look import well_again
        from jobs.orchestration import require_done

        if planned is None:
            raise ValueError("nothing was planned: see the log of the task plan")
        require_done(get_current_context()["run_id"], [dataset for each in planned for dataset in each])
        well_again(load_settings(), "batch")

    planned = plan()
    group.expand(datasets=planned) >> [announce(planned), summary(planned)]
