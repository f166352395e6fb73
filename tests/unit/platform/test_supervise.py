"""Nothing of a component outlives its stop, nor a new start, however it ended."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from jobs.platform.components import Component
from jobs.platform.supervise import start, state, stop

PARENT = "sleep 600 & sleep 600 & wait"


@pytest.fixture
def component(tmp_path: Path) -> Iterator[Component]:
    """A shell with two children."""
    made = Component("shell", ("sh", "-c", PARENT), dict(os.environ), lambda: len(children(tmp_path, made)) == 2, ())
    yield made
    stop(tmp_path, "shell")


def children(home: Path, component: Component) -> list[psutil.Process]:
    leader = state(home, component).pid
    return psutil.Process(leader).children(recursive=True) if leader else []


def gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=10)
    return not alive


def test_stop_ends_the_whole_family(tmp_path: Path, component: Component) -> None:
    assert start(tmp_path, component)
    family = children(tmp_path, component)
    assert stop(tmp_path, "shell") and gone(family)
    assert not stop(tmp_path, "shell")


def test_a_start_empties_the_scratch_of_one_that_was_killed_and_of_none_that_runs(tmp_path: Path, component: Component) -> None:
    scratch = tmp_path / "scratch"
    left, component = scratch / "shuffle", dataclasses.replace(component, scratch=scratch)
    scratch.mkdir()
    left.touch()
    assert start(tmp_path, component) and not left.exists()
    scratch.mkdir()
    left.touch()
    assert not start(tmp_path, component) and left.exists()


@pytest.mark.parametrize("then", ["stop", "start"])
def test_what_a_killed_one_left_behind_ends_too(tmp_path: Path, component: Component, then: str) -> None:
    start(tmp_path, component)
    orphans, leader = children(tmp_path, component), state(tmp_path, component).pid
    assert leader and len(orphans) == 2
    os.kill(leader, signal.SIGKILL)
    os.waitpid(leader, 0)
    assert all(orphan.is_running() for orphan in orphans)
    assert stop(tmp_path, "shell") if then == "stop" else start(tmp_path, component)
    assert gone(orphans)


def test_a_pid_that_was_given_to_another_is_left_alone(tmp_path: Path, component: Component) -> None:
    start(tmp_path, component)
    noted = tmp_path / "run" / "shell.json"
    mine = noted.read_text()
    noted.write_text(json.dumps({"pid": os.getpid(), "began": "another boot/1"}))
    assert not stop(tmp_path, "shell")
    noted.write_text(mine)
    assert stop(tmp_path, "shell")
