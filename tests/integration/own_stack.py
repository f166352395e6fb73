"""A stack of a test's own: its processes may be killed without disturbing the other tests. The store stands behind a write counter."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil
from ruamel.yaml import YAML
from write_counter import WriteCounter

from jobs.cli.stack import bring_up, prepare_catalog, prepare_ledger
from jobs.orchestration import Try, run_task
from jobs.platform.components import Component, components
from jobs.platform.settings import PORTS, Settings, load_settings
from jobs.platform.supervise import noted, start, state, stop
from jobs.steps import STEPS

PARTS = ("store", "metastore", "spark")
PORTS_APART = 40  # the shared stack's ports end before this offset
MEMORY = "1200m"
TASKS = 40  # more than the runs of a batch have files: a task that is held at its write keeps its place
# Compiling a query costs more than these few rows do: a fifth of the time less, with the same plans, writes and commits.
INTERPRETED = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}


@dataclass(frozen=True)
class OwnStack:
    settings: Settings
    counter: WriteCounter

    def part(self, name: str) -> Component:
        """The store is started by the settings that do not know of the counter before it."""
        return next(part for part in components(self.direct if name == "store" else self.settings) if part.name == name)

    def start(self, name: str) -> None:
        self.counter.open()
        start(self.settings.state, self.part(name))

    def kill(self, name: str) -> None:
        pid = state(self.settings.state, self.part(name)).pid
        assert pid, f"{name} does not run"
        kill(pid)

    @property
    def direct(self) -> Settings:
        """Past the counter: this process reads for itself (delta-rs may keep the interpreter's lock, which the counter needs)."""
        return self.settings.model_copy(update={"storage": self.settings.storage.model_copy(update={"endpoint": None})})

    @property
    def environment(self) -> dict[str, str]:
        return {"LAKE_ROOT": str(self.settings.root), "LAKE_PORT_BASE": str(self.settings.port_base), "PYTHONPATH": str(self.settings.root), "GX_ANALYTICS_ENABLED": "false"}


@contextmanager
def own_stack(home: Path, shared: Settings) -> Iterator[OwnStack]:
    """Up inside the block, gone after it whatever happened."""
    base = shared.port_base + PORTS_APART
    counter = WriteCounter(base + PORTS["s3"])
    make_root(home, shared, counter.port)
    settings = load_settings(home).model_copy(update={"port_base": base})
    stack = OwnStack(settings, counter)
    try:
        bring_up(stack.direct, "store,metastore")
        stack.start("spark")
        prepare_catalog(settings)
        prepare_ledger(settings)
        yield stack
    finally:
        for name in [*reversed(PARTS), *noted(settings.state)]:
            stop(settings.state, name)
        counter.close()


def make_root(home: Path, shared: Settings, store_port: int) -> None:
    """The checkout as another folder: the same code and contracts, a configuration and a state of its own."""
    (home / ".lake").mkdir()
    (home / ".lake" / "jars").symlink_to(shared.state / "jars")
    (home / "jobs").symlink_to(shared.root / "jobs")
    for folder in ("conf", "expectations"):
        shutil.copytree(shared.root / folder, home / folder)
    yaml, path = YAML(), home / "conf" / "lake.yaml"
    document = yaml.load(path)
    document["profiles"]["embedded"] |= {"storage": {"endpoint": f"http://127.0.0.1:{store_port}", "region": "us-east-1"}}
    document["profiles"]["embedded"]["spark"] |= {"memory": MEMORY, "master": f"local[{TASKS}]", "conf": INTERPRETED}
    yaml.dump(document, path)


def kill(pid: int) -> None:
    """kill -9; returns when the process does nothing any more."""
    process = psutil.Process(pid)
    os.kill(pid, signal.SIGKILL)
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        psutil.wait_procs([process], timeout=0.01)


# A job process is forked from a server that has imported what it needs: five seconds less each.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["jobs.orchestration", "jobs.register", "jobs.land", "jobs.check", "jobs.conform"])


@dataclass(frozen=True)
class JobRun:
    """The tasks of one run of a dataset's DAG, in a process of their own: one try."""

    process: BaseProcess
    folder: Path

    @property
    def pid(self) -> int:
        assert self.process.pid
        return self.process.pid

    def ended(self, seconds: float = 180) -> int | None:
        """Exit code; negative for a signal, None when it still runs after `seconds`."""
        self.process.join(seconds)
        return self.process.exitcode

    def step(self) -> str:
        """The step it was in when it ended."""
        return (self.folder / "step").read_text()

    def said(self) -> str:
        return (self.folder / "log").read_text(errors="replace")


def job_run(stack: OwnStack, folder: Path, dataset: str, first: str = STEPS[0], number: int = 1, then: int = 1) -> JobRun:
    """A run that is not started yet; `first` is the step to begin with, `number` the number of that step's try, `then` of those after it."""
    folder.mkdir(parents=True, exist_ok=True)
    return JobRun(FORKS.Process(target=_work, args=(stack.environment, folder, dataset, first, number, then)), folder)


def _work(environment: dict[str, str], folder: Path, dataset: str, first: str, number: int, then: int) -> None:
    os.environ.update(environment)
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    for step in STEPS[STEPS.index(first) :]:
        (folder / "step").write_text(step)
        print(step, os.times(), flush=True)
        run_task(step, [dataset], Try("kills", dataset, step, -1, number if step == first else then))
    print("end", os.times(), flush=True)
