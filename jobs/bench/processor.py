"""Processor time and memory of the stack: on a shared machine they say more than the clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

from jobs.platform.components import components
from jobs.platform.settings import Settings
from jobs.platform.supervise import state

PARTS = ("store", "metastore", "spark")
LOOKED = 0.5  # seconds between two looks at the memory


def spent(settings: Settings) -> float:
    """Seconds that this process, the store, the metastore and Spark with its Python workers have used so far."""
    pids = [state(settings.state, part).pid for part in components(settings) if part.name in PARTS]
    return sum(psutil.Process().cpu_times()[:4]) + sum(family(pid) for pid in pids if pid)


@contextmanager
def most(look: Callable[[], int]) -> Iterator[Callable[[], int]]:
    """Within it: the most that `look` has said, asked twice a second."""
    seen, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(LOOKED):
            seen[0] = max(seen[0], look())

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield lambda: seen[0]
    finally:
        done.set()
        watching.join()


def workers(settings: Settings) -> list[int]:
    """Bytes that each of Spark's Python workers holds now."""
    return _held(_server(settings))[1:]


def together(settings: Settings) -> int:
    """Bytes that the Connect server, its Python workers and this process hold now; pages that two share count in both."""
    return sum(_held(_server(settings))) + psutil.Process().memory_info().rss


def _server(settings: Settings) -> int:
    [pid] = [state(settings.state, part).pid for part in components(settings) if part.name == "spark"]
    return pid or 0


def _held(pid: int) -> list[int]:
    """Of a process and its living descendants."""
    held = []
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                held.append(process.memory_info().rss)
    return held


def family(pid: int) -> float:
    """A process, its living descendants, and those they have waited for."""
    total = 0.0
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total += sum(process.cpu_times()[:4])
    return total
