"""The screen: as wide as the terminal; where there is none (a log, a pipe), wide enough for the tables."""

from __future__ import annotations

import sys

from rich.console import Console

from jobs.platform.errors import LakeError

console = Console(width=None if sys.stdout.isatty() else 150)


def refused(name: str, problem: LakeError) -> bool:
    """A line of a list of things done that says why this one was not. False, for the list's outcome."""
    console.print(f"  [red]✗[/] {name}: {problem.message}\n    → {problem.way_out}", soft_wrap=True, highlight=False)
    return False
