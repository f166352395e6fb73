"""Law 3 under fire: kill -9 after each store write of a run, of each process, then retry; all tables must be as after one clean run.

The runs of a batch stand each at its own k-th write, unanswered, when the server they share is killed: one restart serves them all.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from killed_dataset import OUTCOMES, deliver, everything, unconserved, write_declarations
from own_stack import JobRun, OwnStack, job_run, kill, own_stack
from tenacity import Retrying, retry_if_not_result, stop_after_delay, wait_fixed
from write_counter import LOCKED, Watch

from jobs.contracts.model import Contract
from jobs.platform.settings import Settings
from jobs.platform.spark import open_session
from jobs.steps import STEPS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
AT_ONCE = 6  # runs at work at a time; more only wait for each other
PATIENCE = 300  # seconds until a run must have come to its write, or to its end
Lake = dict[str, list[Any]]
# of the ledger; its other tables wait for what this dataset does not have: tests/integration/test_deliveries.py, test_quarantine.py, test_trials_over_history.py, test_alerts.py …
WRITTEN = {f"ops.{name}" for name in ("receipts", "deliveries", "drift", "runs", "checks", "rules", "judgements", "rejections")}


@dataclass(frozen=True)
class Clean:
    """What one clean run leaves, and its writes; `steps` has the step of each write."""

    lake: Lake
    writes: list[str]
    steps: list[str]

    def batches(self, every: int = 1, first: int = 1) -> list[list[int]]:
        """Numbers of the writes (each `every`-th of them, from `first` on), each with those that are struck by one kill; a write under the lock is the last of each."""
        struck = range(first, len(self.writes) + 1, every)
        locked = [k for k in struck if LOCKED in self.writes[k - 1]] or [struck[-1]]
        free = [k for k in struck if k not in locked]
        return [[*reversed(free[i :: len(locked)]), last] for i, last in enumerate(locked)]


@dataclass(frozen=True)
class Victim:
    """One run of a dataset of its own, to be struck at a write of its own."""

    contract: Contract
    run: JobRun
    watch: Watch


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> Iterator[OwnStack]:
    with own_stack(tmp_path_factory.mktemp("lake"), settings) as stack:
        yield stack


@pytest.fixture(scope="module")
def clean(stack: OwnStack) -> Clean:
    finish(prepare(stack, "warm").run)  # the first dataset of a lake makes writes that no later one makes
    victim = prepare(stack, "clean")
    stack.counter.watch(victim.watch)
    finish(victim.run)
    steps, step = [], 0
    for write in victim.watch.writes:
        steps.append(STEPS[step])
        step += "/ops/runs/_delta_log/" in write.replace(stack.settings.bucket("ops"), "ops")  # a step's last write
    return Clean(lake_of(stack, [victim])[0], victim.watch.writes, steps)


def prepare(stack: OwnStack, name: str, at: Callable[[list[str]], bool] = lambda _: False) -> Victim:
    contract = write_declarations(stack.settings.root, name)
    deliver(stack.direct, contract)
    return Victim(contract, job_run(stack, stack.settings.root / "runs" / name, contract.dataset), Watch(name.encode(), at))


def at_write(number: int, clean: Clean, name: str) -> Callable[[list[str]], bool]:
    """At the write of this number, or the next one where that is under the lock; a write of the clean run under the lock is met by its name."""
    same = clean.writes[number - 1].replace("clean", name)
    return (lambda writes: writes[-1] == same) if LOCKED in same else lambda writes: len(writes) >= number and LOCKED not in writes[-1]


def finish(run: JobRun) -> None:
    run.process.start()
    code = run.ended(PATIENCE)
    assert code == 0, f"{run.folder.name} ended with {code}\n{run.said()[-4000:]}"


def lake_of(stack: OwnStack, victims: Sequence[Victim]) -> list[Lake]:
    spark = open_session(stack.settings)
    try:
        return [everything(stack.direct, spark, victim.contract) for victim in victims]
    finally:
        spark.stop()


def start_held(stack: OwnStack, victims: Sequence[Victim]) -> None:
    """All run until each has come to its write, or to its end: runs differ by a write or two."""
    stack.counter.watch(*(victim.watch for victim in victims))
    for group in (*grouped(victims[:-1]), victims[-1:]):
        for victim in group:
            victim.run.process.start()
        for victim in group:
            wait_until(lambda victim=victim: victim.watch.struck.is_set() or not victim.run.process.is_alive())
            # a run may be dead a moment before its watch says that it was struck
            assert victim.watch.struck.is_set() or victim.run.ended() == 0 or victim.watch.struck.wait(10), f"the write of {victim.contract.name} never came: {victim.watch.writes}\n{victim.run.said()[-4000:]}"


def grouped(all_: Sequence[Any]) -> list[Sequence[Any]]:
    return [all_[i : i + AT_ONCE] for i in range(0, len(all_), AT_ONCE)]


def wait_until(true: Callable[[], bool]) -> None:
    """Returns when it is true, or after PATIENCE."""
    Retrying(stop=stop_after_delay(PATIENCE), wait=wait_fixed(0.1), retry=retry_if_not_result(bool), retry_error_callback=lambda _: None)(true)


def strike_job(stack: OwnStack, victims: Sequence[Victim]) -> None:
    for victim in victims:
        victim.watch.act = lambda victim=victim: kill(victim.run.pid)
    start_held(stack, victims)


def strike_server(name: str) -> Callable[[OwnStack, Sequence[Victim]], None]:
    def strike(stack: OwnStack, victims: Sequence[Victim]) -> None:
        start_held(stack, victims)
        stack.kill(name)
        if name == "store":
            stack.counter.shut()
        stack.counter.release()

    return strike


STRIKES = {"job": strike_job, "spark": strike_server("spark"), "store": strike_server("store")}


TODAY = dt.datetime.now(dt.UTC).timetuple().tm_yday
# each retry is a run, each restart of a server minutes: by itself it takes every twelfth write, on each day of the year other ones, of the job and of one server, the other one the next day; a person all
VICTIMS = os.environ.get("LAKE_KILL_VICTIMS", "job,server").split(",")
SERVER = ("spark", "store")[TODAY % 2]
EVERY = int(os.environ.get("LAKE_KILL_EVERY", "12"))
FIRST = int(os.environ.get("LAKE_KILL_FIRST", f"{TODAY % EVERY + 1}"))


@pytest.mark.parametrize("victim", VICTIMS)
def test_killed_after_each_write_and_retried(stack: OwnStack, clean: Clean, victim: str) -> None:
    victim = SERVER if victim == "server" else victim
    wrong, missed = {}, []
    for number, batch in enumerate(clean.batches(EVERY, FIRST)):
        print(f"{dt.datetime.now():%H:%M:%S} {victim}: writes {batch}", flush=True)
        victims = [prepare(stack, name := f"{victim}{k:03d}x", at_write(k, clean, name)) for k in batch]
        STRIKES[victim](stack, victims)
        if victim != "job" and number % 2:  # a server that is back at once: a client may come through by trying again, not knowing whether its last write was done
            stack.start(victim)
        retry(stack, victim, victims)
        for struck, lake in zip(victims, lake_of(stack, victims), strict=True):
            write = f"{struck.contract.name} after {struck.watch.writes[-1]}"
            if differs := differences(clean.lake, lake):
                wrong[write] = differs
                print(write, differs)
            if not struck.watch.struck.is_set():
                missed.append(write)
            assert unconserved(lake["ops.deliveries"]) == []
    again = f"the same writes again: LAKE_KILL_VICTIMS={victim} LAKE_KILL_EVERY={EVERY} LAKE_KILL_FIRST={FIRST}"
    assert not wrong, again
    assert len(missed) < 5, (missed, again)


def retry(stack: OwnStack, victim: str, victims: Sequence[Victim]) -> None:
    """As the scheduler does: the step that ended badly (or, where the job came through, the last one) is tried again, then those after it."""
    for struck in victims:
        code = struck.run.ended(PATIENCE)
        expected = (0, 1) if victim != "job" else (-9,) if struck.watch.struck.is_set() else (0,)
        assert code in expected, f"ended with {code}\n{struck.run.said()[-4000:]}"
        assert code != 1 or "StepFailed: " in struck.run.said() or "LakeError: " in struck.run.said(), f"no clear error\n{struck.run.said()[-6000:]}"
    if victim != "job":
        stack.start(victim)
    stack.counter.watch()  # one that came to its end before its write is struck no more
    again = [job_run(stack, struck.run.folder.with_suffix(".again"), struck.contract.dataset, struck.run.step(), 2) for struck in victims]
    for group in grouped(again):
        for run in group:
            run.process.start()
        for run in group:
            code = run.ended(PATIENCE)
            assert code == 0, f"the retry of {run.folder.name} ended with {code}\n{run.said()[-6000:]}"


def differences(clean: Lake, lake: Lake) -> dict[str, Any]:
    return {name: (clean[name], lake[name]) for name in clean if clean[name] != lake[name]}


def test_the_clean_run_takes_every_way(clean: Clean) -> None:
    """Else the test of kills would compare too little."""
    assert {f"{row['period']}/{row['name']}": row["outcome"] for row in clean.lake["ops.deliveries"]} == OUTCOMES
    assert unconserved(clean.lake["ops.deliveries"]) == []
    assert {name for name, rows in clean.lake.items() if rows and name.startswith("ops.")} == WRITTEN
    assert [name for name, rows in clean.lake.items() if not rows and not name.startswith("ops.")] == []
    assert set(clean.steps) == set(STEPS)
    states = {state: sum(row[state] or 0 for row in clean.lake["ops.deliveries"]) for state in ("silver", "quarantined_rows", "duplicate", "held")}
    assert all(states.values()), states


def test_run_twice_is_run_once(stack: OwnStack, clean: Clean) -> None:
    victim = prepare(stack, "twice")
    finish(victim.run)
    finish(job_run(stack, Path(f"{victim.run.folder}.again"), victim.contract.dataset, number=2, then=2))
    assert differences(clean.lake, lake_of(stack, [victim])[0]) == {}


@pytest.mark.parametrize("moment", ["before", "during"])
@pytest.mark.parametrize("dead", ["store", "spark"])
def test_a_dead_server_is_one_clear_line_and_the_command_can_be_repeated(stack: OwnStack, clean: Clean, dead: str, moment: str) -> None:
    at_landed = at_write(clean.steps.index("check"), clean, "")
    victim = prepare(stack, f"cli{dead}{moment}", *([at_landed] if moment == "during" else []))
    stack.counter.watch(victim.watch)
    command = lake_land(stack, victim.contract) if moment == "during" else None
    if command:
        wait_until(lambda: victim.watch.struck.is_set() or command.poll() is not None)
        assert victim.watch.struck.is_set()
    stack.kill(dead)
    if dead == "store":
        stack.counter.shut()
    stack.counter.release()
    command = command or lake_land(stack, victim.contract)
    out, err = command.communicate(timeout=PATIENCE)
    stack.start(dead)
    assert command.returncode == 1
    assert "Traceback" not in out + err
    assert [line.partition(" ")[0] for line in err.splitlines()][-2:] == ["error:", "→"], err  # delta-rs may report a panic of its own before them
    assert err.count("error:") == 1, err
    again = lake_land(stack, victim.contract)
    out, err = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, err
    lake = lake_of(stack, [victim])[0]
    assert differences({name: rows for name, rows in clean.lake.items() if name != "ops.runs"}, lake) == {}  # each command is a run of its own


def lake_land(stack: OwnStack, contract: Contract) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-m", "jobs.cli.app", "land", contract.dataset]
    return subprocess.Popen(arguments, env=os.environ | stack.environment, cwd=stack.settings.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
