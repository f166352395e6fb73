"""Spark drivers of a test's own, each a process that commits when it is told to (see spark_committer.py)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jobs.platform.components import java_home
from jobs.platform.secrets import credentials
from jobs.platform.settings import Settings

OURS, DEFAULT = "org.civiclake.ConditionalLogStore", "io.delta.storage.S3SingleDriverLogStore"


@dataclass(frozen=True)
class Driver:
    """A Spark driver process. It is told a table and a number of commits, and says `done` when all are acknowledged."""

    name: str
    process: subprocess.Popen[str]
    log: Path

    def tell(self, table: str, commits: int) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{table} {commits}\n")
        self.process.stdin.flush()

    def hear(self, word: str) -> None:
        assert self.process.stdout is not None
        heard = self.process.stdout.readline().strip()
        assert heard == word, f"{self.name} said {heard!r} where it should say {word!r}; its last words:\n" + self.log.read_text()[-3000:]


@contextmanager
def spark_drivers(settings: Settings, home: Path, log_store: str, names: tuple[str, ...] = ("spark1", "spark2"), endpoint: str | None = None) -> Iterator[list[Driver]]:
    drivers = [_driver(settings, home, name, log_store, endpoint or settings.endpoint) for name in names]
    try:
        for driver in drivers:
            driver.hear("ready")
        yield drivers
    finally:
        for driver in drivers:
            driver.process.kill()  # its JVM ends with it
            driver.process.communicate()


def _driver(settings: Settings, home: Path, name: str, log_store: str, endpoint: str) -> Driver:
    who = credentials(settings)
    env = {key: value for key, value in os.environ.items() if not key.startswith("SPARK_")} | {
        "AWS_ACCESS_KEY_ID": who.access_key, "AWS_SECRET_ACCESS_KEY": who.secret_key, "JAVA_HOME": str(java_home()), "PYTHONPATH": str(settings.root),
        "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1",
    }  # fmt: skip
    log = home / f"{name}.log"
    command = [sys.executable, "-m", "tests.integration.spark_committer", name, log_store, endpoint, str(home)]
    with log.open("w") as out:
        return Driver(name, subprocess.Popen(command, env=env, cwd=settings.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=out, text=True), log)
