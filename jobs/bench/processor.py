"""Processor time of the stack: on a shared machine it says more than the clock."""

from __future__ import annotations

from contextlib import suppress

import psutil

from jobs.platform.components import components
from jobs.platform.settings import Settings
from jobs.platform.supervise import state

PARTS = ("store", "metastore", "spark")


def spent(settings: Settings) -> float:
    """Seconds that this process, the store, the metastore and Spark with its Python workers have used so far."""
    pids = [state(settings.state, part).pid for part in components(settings) if part.name in PARTS]
    return sum(psutil.Process().cpu_times()[:4]) + sum(family(pid) for pid in pids if pid)


def family(pid: int) -> float:
    """A process, its living descendants, and those they have waited for."""
    total = 0.0
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total += sum(process.cpu_times()[:4])
    return total
