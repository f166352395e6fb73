"""`./lake test [--all] [pytest arguments]`: the tests, on a stack that is brought up for them."""

from __future__ import annotations

import sys

import pytest
from rich.console import Console

from jobs.cli.stack import bring_up
from jobs.platform.errors import LakeError
from jobs.platform.settings import load_settings

NEEDED = "store,metastore,spark"  # the slow ones need Airflow too
TWO_PROCESSES = ["-n", "2"]  # for a run of everything; tests/scheduler.py says what runs beside what


def main(arguments: list[str]) -> int:
    """Without `--all` the slow ones are left out; those that CI has no time for run only by `-m beyond_ci`, or by name. Returns pytest's exit code."""
    chosen = [a for a in arguments if a != "--all"]
    if "-m" not in chosen and not any(a.startswith("tests/") for a in chosen):
        chosen += ["-m", "not beyond_ci" if "--all" in arguments else "not slow and not beyond_ci"]
    elif "--all" not in arguments and "-m" not in chosen:
        chosen += ["-m", "not slow"]
    if "--all" in arguments or not arguments:
        chosen += TWO_PROCESSES
    settings = load_settings()
    try:
        bring_up(settings, "" if "--all" in arguments or "slow" in arguments else NEEDED)
    except LakeError as problem:
        Console(stderr=True).print(f"[red]error:[/] {problem.message}\n→ {problem.way_out}", highlight=False)
        return 1
    return int(pytest.main([*chosen, f"--rootdir={settings.root}"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
