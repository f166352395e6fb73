"""`lake`: the one command line."""

from __future__ import annotations

import os
import sys

import typer
from rich.console import Console

from jobs.cli import (
    alerts,
    approve,
    backfill,
    bench,
    check,
    city,
    curate,
    data,
    demo,
    describe,
    docs,
    doctor,
    drift,
    new,
    privacy,
    publish,
    quarantine,
    resolve,
    review,
    run,
    scorecard,
    share,
    stack,
    status,
    submit,
)
from jobs.platform.errors import LakeError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="rich", help="civiclake: a data lake for a city. Start with [bold]./lake demo[/].")

for module in (demo, city, new, stack, doctor, status, alerts, docs, scorecard, data, describe, drift, quarantine, run, resolve, review, curate, privacy, publish, share, backfill, approve, submit, check, bench):
    module.add(app)


def main() -> None:
    """Run a command; a LakeError is one line and the way out, never a stack trace (LAKE_DEBUG=1 shows it)."""
    try:
        app(prog_name="./lake")
    except LakeError as problem:
        if os.environ.get("LAKE_DEBUG"):
            raise
        Console(stderr=True).print(f"[red]error:[/] {problem.message}\n[dim]→[/] {problem.way_out}", soft_wrap=True, highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
