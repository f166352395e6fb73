"""lake resolve: give every record of a person the key of that person, here and now"""

from __future__ import annotations

from typing import Annotated

import typer

from jobs.cli.console import console
from jobs.cli.session import command_run, lake_session
from jobs.platform.settings import load_settings


def add(app: typer.Typer) -> None:
    app.command("resolve")(resolve)


def resolve(train: Annotated[bool, typer.Option("--train", help="learn the weights anew, and compare everybody again; done by itself the first time, and when what is compared has changed")] = False) -> None:
    """Find the records of one person across all registers; only what is new is compared. Example: [bold]./lake resolve[/]"""
    from jobs.orchestration import facts, run_step
    from jobs.steps import RESOLVE

    settings = load_settings()
    with lake_session(settings) as spark, console.status("resolve …"):
        done = run_step(RESOLVE, spark, settings, RESOLVED, command_run(), again=train)
    if done.problem:
        raise done.problem
    console.print(f"  [green]✓[/] {RESOLVED} {done.seconds:5.1f} s  {facts(done.result)}", soft_wrap=True, highlight=False)


RESOLVED = "identity.resident_key"
