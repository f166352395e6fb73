"""Start, watch and stop the components: a pid file, a log file and a process group each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from tenacity import RetryError, Retrying, retry_if_not_result, retry_if_result, stop_after_delay, wait_fixed

from jobs.platform.components import Component
from jobs.platform.errors import LakeError

PORT_PATIENCE = 10  # seconds
UNKNOWN = -1
BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class State:
    name: str
    pid: int | None
    seconds_up: float


def state(home: Path, component: Component) -> State:
    process = _running(home, component.name)
    return State(component.name, process.pid if process else None, time.time() - process.create_time() if process else 0.0)


def start(home: Path, component: Component) -> bool:
    """Start a component and wait until it is healthy. False: it ran already.

    Raises LakeError for a taken port, a process that ends at once, or one that is not healthy in time.
    """
    if _running(home, component.name):
        return False
    stop(home, component.name)  # what a killed one left behind holds its ports
    for port in component.ports:
        require_free(port, component.name)
    (home / "logs").mkdir(parents=True, exist_ok=True)
    (home / "run").mkdir(parents=True, exist_ok=True)
    if component.scratch:
        shutil.rmtree(component.scratch, ignore_errors=True)
    component.prepare()
    log_path = home / "logs" / f"{component.name}.log"
    with log_path.open("ab") as log:
        process = subprocess.Popen(component.command, env=dict(component.env), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, cwd=home)
    (home / "run" / f"{component.name}.json").write_text(json.dumps({"pid": process.pid, "began": _began(process.pid)}))
    _wait(component, process, log_path)
    return True


def stop(home: Path, name: str, patience: float = 15) -> bool:
    """TERM, then KILL, all that the component started; returns when all of it is gone. False: nothing of it ran."""
    family = _family(home, name)
    if not family:
        return False
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.terminate()
    _, alive = psutil.wait_procs(family, timeout=patience)
    for left in alive:
        with suppress(psutil.NoSuchProcess):
            left.kill()
    psutil.wait_procs(alive, timeout=10)
    (home / "run" / f"{name}.json").unlink(missing_ok=True)
    return True


def noted(home: Path) -> list[str]:
    """Names of the components that were started and not stopped."""
    return sorted(path.stem for path in (home / "run").glob("*.json"))


def start_all(home: Path, parts: Sequence[Component], tell: Callable[[str, float | None], None]) -> None:
    """Start in order. `tell(name, seconds)` after each; None when it ran already."""
    for part in parts:
        began = time.monotonic()
        tell(part.name, time.monotonic() - began if start(home, part) else None)


def _running(home: Path, name: str) -> psutil.Process | None:
    """The process of the pid file, unless that pid has since been given to another."""
    try:
        note = json.loads((home / "run" / f"{name}.json").read_text())
        process = psutil.Process(note["pid"])
        same = _began(note["pid"]) == note.get("began") and process.status() != psutil.STATUS_ZOMBIE
    except (FileNotFoundError, ProcessLookupError, psutil.NoSuchProcess):
        return None
    return process if same else None


def _began(pid: int) -> str:
    """When a process began, in ticks of this boot (Linux, proc(5)). A time of day, as psutil has it, moves with the machine's clock when that is set: what runs would be taken for another's."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return f"{BOOT.read_text().strip()}/{ticks}"


def _family(home: Path, name: str) -> list[psutil.Process]:
    """The component's process, what descends from it, and what is left of its session when it was killed itself."""
    try:
        note = json.loads((home / "run" / f"{name}.json").read_text())
    except FileNotFoundError:
        return []
    leader = _running(home, name)
    if leader is None and psutil.pid_exists(note["pid"]) and psutil.Process(note["pid"]).status() != psutil.STATUS_ZOMBIE:
        return []  # that pid, and a session of that number, are somebody else's now
    session = [process for process in psutil.process_iter() if _session(process.pid) == note["pid"]]
    return list({*session, *([leader, *leader.children(recursive=True)] if leader else [])})


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def require_free(port: int, name: str) -> None:
    """Raises LakeError naming who holds the port. A process that was just killed gives its ports back a moment later; a port that somebody living holds is an error at once."""
    try:
        pid = Retrying(stop=stop_after_delay(PORT_PATIENCE), wait=wait_fixed(0.2), retry=retry_if_result(_is_unknown))(lambda: _holder(port))
    except RetryError:
        pid = UNKNOWN
    if pid is not None:
        holder = f"{psutil.Process(pid).name()} (pid {pid})" if pid != UNKNOWN else "another user's process"
        raise LakeError(f"port {port}, which {name} needs, is taken by {holder}", "stop it, or choose other ports: LAKE_PORT_BASE=9300 ./lake up")


def _holder(port: int) -> int | None:
    """Pid of the process that listens there, UNKNOWN where it cannot be seen (dying, or another user's), None when the port is free."""
    taken = [c for c in psutil.net_connections("inet") if c.laddr and c.laddr.port == port and c.status == psutil.CONN_LISTEN]
    return (taken[0].pid or UNKNOWN) if taken else None


def _is_unknown(pid: int | None) -> bool:
    return pid == UNKNOWN


def _wait(component: Component, process: subprocess.Popen[bytes], log: Path) -> None:
    def healthy() -> bool:
        if process.poll() is not None:
            raise LakeError(f"{component.name} ended with code {process.returncode} while starting", f"its last words are in {log}")
        try:
            return component.healthy()
        except LakeError:
            return False
        except Exception:  # noqa: BLE001 - a server that is not up yet fails in many ways; the deadline decides
            return False

    try:
        Retrying(stop=stop_after_delay(component.deadline), wait=wait_fixed(0.3), retry=retry_if_not_result(bool))(healthy)
    except RetryError:
        raise LakeError(f"{component.name} is not healthy after {component.deadline:.0f} s", f"see {log}, then try ./lake up again") from None
