"""lake run: a DAG run through Airflow, watched until it ends"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.live import Live
from rich.table import Table

from jobs.cli.console import console
from jobs.cli.curate import require_known
from jobs.contracts.product import is_product
from jobs.ops.ledger import Ledger
from jobs.platform.airflow_api import ENDED, Airflow, until_ended
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings, load_settings
from jobs.steps import CURATE, STEPS

PATIENCE = 2 * 3600  # seconds
WATCHING = 20  # looking takes at most a twentieth of the time: whoever watches must not slow what runs


def add(app: typer.Typer) -> None:
    app.command("run")(run)


def run(
    datasets: Annotated[list[str] | None, typer.Argument(metavar="[DATASET]…", help="<department>.<dataset>; one: its own DAG, several: the batch DAG; or one curated.<product>")] = None,
    all_: Annotated[bool, typer.Option("--all", help="all small datasets for which something waits (the batch DAG)")] = False,
    period: Annotated[list[str] | None, typer.Option(help="only these periods")] = None,
) -> None:
    """Run datasets through Airflow and watch. Example: [bold]./lake run finance.spend --period 2013[/]"""
    settings, names = load_settings(), datasets or []
    if bool(names) == all_:
        raise LakeError("name datasets, or say --all", "e.g. ./lake run finance.spend, or ./lake run --all")
    for name in names:
        require_known(settings, name)
    if len(names) > 1 and any(map(is_product, names)):
        raise LakeError("a product has a DAG of its own, and the batch DAG runs datasets", "run products one by one; each also runs by itself when what it is made from has changed")
    ended, url, problems = run_and_watch(settings, names, tuple(period or ()))
    for problem in problems:
        console.print(f"[red]✗[/] {problem}", soft_wrap=True, highlight=False)
    console.print(f"{ended}: {url}", soft_wrap=True)
    raise typer.Exit(0 if ended == "success" else 1)


def run_and_watch(settings: Settings, datasets: Sequence[str], periods: tuple[str, ...] = ()) -> tuple[str, str, list[str]]:
    """Trigger (one dataset: its own DAG, else the batch DAG), show progress until it ends. Returns its state, its page in Airflow, and what failed."""
    airflow, own = Airflow(settings), len(datasets) == 1
    dag = datasets[0].replace(".", "__") if own else "batch"
    conf = {"periods": list(periods)} | ({} if own else {"datasets": list(datasets)})
    name = airflow.triggered(dag, conf)
    with _live(settings, airflow, dag, name, datasets) as look:
        ended = until_ended(look, PATIENCE)
    rows = Ledger(settings).rows("runs", run=name)
    problems = [f"{row['job']} {row['dataset']}: {row['message']}" for row in rows if row["outcome"] == "failed"]
    return ended, airflow.url(dag, name), problems


@contextmanager
def _live(settings: Settings, airflow: Airflow, dag: str, name: str, datasets: Sequence[str]) -> Iterator[Any]:
    ledger, began, due = Ledger(settings), time.monotonic(), 0.0
    with Live(console=console, refresh_per_second=4) as live:

        def look() -> str:
            nonlocal due
            state, now = airflow.state(dag, name), time.monotonic()
            if now >= due or state in ENDED:
                live.update(_progress(datasets, ledger.rows("runs", run=name), airflow.tasks(dag, name), state, now - began))
                due = time.monotonic() + max(2, WATCHING * (time.monotonic() - now))
            return state

        yield look
    if not console.is_terminal:
        console.print()  # without a terminal, Live leaves the last line open


def _progress(datasets: Sequence[str], done: Sequence[dict[str, Any]], tasks: Sequence[dict[str, Any]], state: str, seconds: float) -> Table:
    """A line a dataset from the ledger; Airflow's own tasks in the caption."""
    by_step = {(row["dataset"], row["job"]): row for row in done}
    names = list(dict.fromkeys([*datasets, *(row["dataset"] for row in done)]))
    running = ", ".join(_task_name(task) for task in tasks if task["state"] == "running") or "none"
    steps = (CURATE,) if any(map(is_product, names)) else STEPS
    table = Table("dataset", *steps, caption=f"{state}, {seconds:.0f} s; running tasks: {running}", caption_justify="left")
    for dataset in names:
        table.add_row(dataset, *(_cell(by_step.get((dataset, step))) for step in steps))
    return table


def _task_name(task: dict[str, Any]) -> str:
    return str(task["task_id"]) if task["map_index"] < 0 else f"{task['task_id']}[{task['map_index']}]"


def _cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return "[dim]·[/]"
    return f"[green]✓[/] {row['seconds']:.1f} s" if row["outcome"] == "done" else "[red]✗ failed[/]"
