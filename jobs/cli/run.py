"""lake run"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from jobs.cli.data import contract_of
from jobs.platform.airflow_api import Airflow
from jobs.platform.settings import load_settings

console = Console()
PATIENCE = 3600  # seconds


def add(app: typer.Typer) -> None:
    app.command("run")(run)


def run(
    dataset: Annotated[str, typer.Argument(help="<department>.<dataset>")],
    period: Annotated[list[str] | None, typer.Option(help="only these periods")] = None,
) -> None:
    """Run a dataset's DAG through Airflow and watch it. Example: [bold]./lake run finance.spend --period 2013[/]"""
    settings = load_settings()
    contract, airflow = contract_of(settings, dataset), Airflow(settings)
    name = airflow.trigger(contract.table, tuple(period or ()))
    with Live(console=console, refresh_per_second=4) as live:

        def look() -> str:
            live.update(_table(dataset, airflow.tasks(contract.table, name)))
            return airflow.state(contract.table, name)

        ended = Retrying(retry=retry_if_result(lambda state: state not in ("success", "failed")), wait=wait_fixed(1), stop=stop_after_delay(PATIENCE))(look)
        live.update(_table(dataset, airflow.tasks(contract.table, name)))
    console.print(f"{ended}: {airflow.url(contract.table, name)}")
    raise typer.Exit(0 if ended == "success" else 1)


def _table(dataset: str, tasks: list[dict[str, object]]) -> Table:
    table = Table("step", "state", "try", "seconds", title=dataset)
    for task in sorted(tasks, key=lambda t: ("register", "land", "check", "conform").index(str(t["task_id"])) if t["task_id"] != "contract" else 0):
        seconds = task.get("duration")
        table.add_row(str(task["task_id"]), str(task["state"] or "waiting"), str(task["try_number"]), f"{seconds:.1f}" if isinstance(seconds, float) else "")
    return table
