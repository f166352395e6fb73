"""lake backfill: the periods from one to another, planned and then run through Airflow"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from jobs.cli.console import console
from jobs.cli.data import contract_of
from jobs.platform.settings import load_settings
from jobs.platform.store import require_store

if TYPE_CHECKING:
    from jobs.deliveries.backfill import Planned


def add(app: typer.Typer) -> None:
    app.command("backfill")(backfill)


def backfill(
    dataset: Annotated[str, typer.Argument(help="<department>.<dataset>")],
    first: Annotated[str, typer.Option("--from", help="first period")],
    last: Annotated[str, typer.Option("--to", help="last period")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be done")] = False,
    fill_gaps: Annotated[bool, typer.Option("--fill-gaps", help="only periods of which nothing has landed")] = False,
) -> None:
    """Run the periods of a dataset from one to another, and name those that are missing. Example: [bold]./lake backfill water.station_reading --from 2025-01 --to 2025-06 --dry-run[/]"""
    from jobs.cli.run import run_and_watch
    from jobs.deliveries.backfill import chosen, plan

    settings = load_settings()
    contract = contract_of(settings, dataset)
    require_store(settings)
    planned = plan(settings, contract, first, last)
    periods = chosen(planned, fill_gaps)
    console.print(plan_table(dataset, planned, periods))
    ended = "success"
    if periods and not dry_run:
        ended, url, problems = run_and_watch(settings, [dataset], periods)
        for problem in problems:
            console.print(f"[red]✗[/] {problem}", soft_wrap=True, highlight=False)
        console.print(f"{ended}: {url}", soft_wrap=True)
        planned = plan(settings, contract, first, last)
    for line in summary(planned, periods, dry_run):
        console.print(line, soft_wrap=True, highlight=False)
    raise typer.Exit(0 if ended == "success" else 1)


def plan_table(dataset: str, planned: Sequence[Planned], periods: Sequence[str]) -> Table:
    table = Table("period", "files", "to do", title=f"backfill of {dataset}")
    for each in planned:
        table.add_row(each.period, f"[red]{each.words}[/]" if each.missing else each.words, "run" if each.period in periods else "")
    return table


def summary(planned: Sequence[Planned], periods: Sequence[str], dry_run: bool) -> list[str]:
    """What was (or would be) done, what is not in silver after all, and what was never sent."""
    lines = [f"{len(periods)} of {len(planned)} periods {'would be' if dry_run else 'were'} run"]
    stuck = [] if dry_run else [f"{each.period} ({each.words})" for each in planned if each.period in periods and not each.landed]
    missing = [each.period for each in planned if each.missing]
    return [*lines, *([f"not landed: {', '.join(stuck)}"] if stuck else []), *([f"missing, ask the department for: {', '.join(missing)}"] if missing else [])]
