"""lake doctor: every piece is looked at; what is missing comes with the way to mend it."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import typer

from jobs.cli.console import console
from jobs.contracts.load import load_all
from jobs.platform.components import Component, components, java_home
from jobs.platform.errors import LakeError
from jobs.platform.externals import externals
from jobs.platform.probe import note_conditions
from jobs.platform.secrets import secrets_path
from jobs.platform.settings import Settings, load_settings
from jobs.platform.supervise import require_free, state

MEMORY, ROOM = 6 << 30, 5 << 30  # bytes: what the embedded stack needs, and what a disk should still have
FETCHES = "run any ./lake command: it fetches what is missing"
COMPILED = "civiclake-logstore.jar"


@dataclass(frozen=True)
class Piece:
    """`look` tells a fact, or raises LakeError with what is wrong and the way out."""

    name: str
    look: Callable[[], str]


def add(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor() -> None:
    """Check every piece and say how to mend what is missing; exit 1 when something is. Example: [bold]./lake doctor[/]"""
    settings, broken = load_settings(), 0
    for piece in pieces(settings):
        try:
            console.print(f"  [green]✓[/] {piece.name:<28} [dim]{piece.look()}[/]", highlight=False, soft_wrap=True)
        except LakeError as problem:
            broken += 1
            console.print(f"  [red]✗[/] {piece.name:<28} {problem.message} → {problem.way_out}", highlight=False, soft_wrap=True)
    console.print(f"{broken} of the pieces need mending" if broken else "all is well")
    raise typer.Exit(1 if broken else 0)


def pieces(settings: Settings) -> Iterator[Piece]:
    """What was installed, what is declared, what runs here, what runs elsewhere, and what the store can do."""
    yield Piece("Python", platform.python_version)
    yield Piece("Python environment", lambda: _environment(settings))
    yield Piece("Java", _java)
    yield Piece("Spark jars", lambda: _jars(settings))
    yield Piece("object store binary", _weed)
    yield Piece("memory", lambda: _enough("memory", psutil.virtual_memory().total, MEMORY, "close other programs, or lower spark.memory in conf/lake.yaml"))
    yield Piece("disk", lambda: _enough("free disk", shutil.disk_usage(settings.state).free, ROOM, f"make room on the disk of {settings.state}"))
    yield Piece("secrets", lambda: _secrets(settings))
    yield Piece("contracts", lambda: _contracts(settings))
    if not secrets_path(settings).exists():
        return
    for part in components(settings):
        yield Piece(part.name, lambda part=part: _part(settings, part))  # type: ignore[misc]
    for other in externals(settings):
        yield Piece(f"{other.name} at {other.address}", lambda other=other: _elsewhere(other.require))  # type: ignore[misc]
    yield from _conditions(settings)
    yield Piece("a query in Spark", lambda: _query(settings))


def _environment(settings: Settings) -> str:
    uv = settings.root / ".lake" / "uv" / "bin" / "uv"
    if not uv.exists():
        raise LakeError("uv is missing", "remove .lake/stamps and run any ./lake command")
    asked = [str(uv), "sync", "--check", "--frozen", "--offline", "--python", sys.executable]
    done = subprocess.run(asked, cwd=settings.root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LakeError("differs from uv.lock", f"{uv.relative_to(settings.root)} sync --frozen")
    return "as in uv.lock"


def _java() -> str:
    said = subprocess.run([str(java_home() / "bin" / "java"), "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)([^"]*)"', said)
    if version is None or int(version[1]) < 17:
        raise LakeError(f"is {version[0] if version else 'not to be run'}", "install a JDK of version 17 or later: apt-get install openjdk-17-jdk-headless")
    return f"{version[1]}{version[2]}"


def _jars(settings: Settings) -> str:
    """The very bytes that were tested, and the project's own."""
    home = settings.state / "jars"
    wanted = [line.split() for line in (settings.root / "jobs" / "platform" / "jars.sha256").read_text().splitlines()]
    wrong = [name for digest, name in wanted if not _is(home / name, digest)]
    if not (home / COMPILED).exists():
        wrong.append(COMPILED)
    if wrong:
        raise LakeError(f"{', '.join(wrong)} missing or altered", f"remove .lake/stamps/jars-*; {FETCHES}")
    return f"{len(wanted)} as tested, and our own"


def _is(path: Path, digest: str) -> bool:
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == digest


def _weed() -> str:
    weed = Path(sys.executable).parent / "weed"
    if not weed.exists():
        raise LakeError("is missing", "remove .lake/stamps/env-*; " + FETCHES)
    return subprocess.run([str(weed), "version"], capture_output=True, text=True, check=False).stdout.strip()


def _enough(what: str, bytes_: int, needed: int, way_out: str) -> str:
    found = f"{bytes_ / 2**30:.0f} GiB {what}"
    if bytes_ < needed:
        raise LakeError(f"{found}, {needed / 2**30:.0f} are needed", way_out)
    return found


def _secrets(settings: Settings) -> str:
    path = secrets_path(settings)
    if not path.exists():
        raise LakeError("this checkout has none yet, and nothing runs", "./lake up")
    if path.stat().st_mode & 0o077:
        raise LakeError(f"others can read {path}", f"chmod 600 {path}")
    return "for this user only"


def _contracts(settings: Settings) -> str:
    found, findings = load_all(settings.root)
    if findings:
        raise LakeError(f"{len(findings)} findings", "./lake check shows them with file and line")
    return f"{len(found)}"


def _part(settings: Settings, part: Component) -> str:
    running = state(settings.state, part)
    if running.pid is None:
        for port in part.ports:
            require_free(port, part.name)
        raise LakeError("is down", f"./lake up; its log: .lake/logs/{part.name}.log")
    try:
        healthy = part.healthy()
    except Exception:  # noqa: BLE001 - whatever the failure, the part is not healthy
        healthy = False
    if not healthy:
        raise LakeError(f"runs (pid {running.pid}) but does not answer", f"see .lake/logs/{part.name}.log, then ./lake down and ./lake up")
    ports = f", port {', '.join(map(str, part.ports))}" if part.ports else ""
    return f"up {running.seconds_up / 60:.0f} min, pid {running.pid}{ports}"


def _elsewhere(require: Callable[[], None]) -> str:
    require()
    return "answers"


def _conditions(settings: Settings) -> Iterator[Piece]:
    """Without the conditions several writers would lose commits."""
    try:
        conditions = note_conditions(settings)
    except LakeError as problem:
        down = problem  # `problem` ends with its block, the piece is looked at later
        yield Piece("store: conditional writes", lambda: _raised(down))
        return
    for name, held in conditions.items():
        yield Piece(f"store: {name}", lambda held=held: _held(held))  # type: ignore[misc]


def _raised(problem: LakeError) -> str:
    raise problem


def _held(held: bool) -> str:
    if not held:
        raise LakeError("is not refused", "several writers would lose commits: use a store with conditional PUT, or single_writer: true in conf/lake.yaml")
    return "the second writer is refused"


def _query(settings: Settings) -> str:
    from jobs.platform.spark import open_session

    began = os.times().elapsed
    spark = open_session(settings)
    try:
        databases = len(spark.sql("SHOW DATABASES").toArrow())
    finally:
        spark.stop()
    return f"{databases} databases, {os.times().elapsed - began:.1f} s"
