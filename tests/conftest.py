"""One shared session and store for all tests; each test isolates itself by names of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from pyspark.sql import SparkSession

from jobs.platform.settings import Settings, load_settings
from tests.launcher import lake
from tests.scheduler import rank

hypothesis.settings.register_profile("lake", deadline=None)  # how long an example takes is no property of ours
hypothesis.settings.load_profile("lake")
SKIPPED = pytest.StashKey[int]()
BEYOND_CI = tuple(line.split("#")[0].strip() for line in (Path(__file__).parent / "beyond_ci.txt").read_text().splitlines() if line.split("#")[0].strip())
REAL_DATA = Path(os.environ.get("LAKE_REAL_DATA") or load_settings().root.parent / "shared" / "data")


@pytest.fixture(scope="session")
def settings() -> Settings:
    return load_settings()


@pytest.fixture(scope="session")
def spark(settings: Settings) -> Iterator[SparkSession]:
    """The one session, as jobs make it for small datasets: no test's data is large."""
    from jobs.platform.spark import fit, open_session

    session = open_session(settings)
    fit(session, 0)
    yield session
    session.stop()


@pytest.fixture(scope="session")
def store(settings: Settings) -> Any:
    from jobs.platform.store import s3

    return s3(settings)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real dumps. Where it is absent these tests are left out (see below); in CI they fail."""
    if not REAL_DATA.is_dir():
        pytest.fail(f"the real data is not at {REAL_DATA}; set LAKE_REAL_DATA")
    return REAL_DATA


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Two processes at most share a machine's stack by tests/scheduler.py."""
    from tests.scheduler import ByStack

    return ByStack(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: (rank(item.nodeid), item.nodeid.startswith(BEYOND_CI)))  # a stable sort: otherwise as collected
    for item in items:
        if item.nodeid.startswith(BEYOND_CI):
            item.add_marker(pytest.mark.beyond_ci)
    if REAL_DATA.is_dir() or os.environ.get("CI"):
        return
    without = [item for item in items if "real_data" in getattr(item, "fixturenames", ())]
    config.stash[SKIPPED] = len(without)
    for item in without:
        item.add_marker(pytest.mark.skip(reason="no real data"))


SLOW_SECONDS = 60


def excerpt(text: str) -> str:
    """Of a failure its lines of errors without the JVM's frames, at most 4,000 characters: a stack trace of Spark would hide what it says."""
    lines = [line for line in text.splitlines() if not line.startswith("E") or "\tat " not in line]
    return "\n".join(lines)[-4000:]


class AsItHappens:
    """Says at once which test failed and why, and which took long: a run that is cut short has then said it."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self.config.pluginmanager.get_plugin("terminalreporter")
        if report.failed:
            terminal.write_line(f"\nFAILED {report.nodeid} ({report.when}, {report.duration:.0f} s)\n{excerpt(str(report.longrepr))}")
        elif report.duration > SLOW_SECONDS:
            terminal.write_line(f"\n{report.duration:.0f} s {report.nodeid} ({report.when})")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(AsItHappens(config))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if count := config.stash.get(SKIPPED, 0):
        terminalreporter.write_line(f"{count} tests of real data skipped: there is none at {REAL_DATA} (set LAKE_REAL_DATA)")


@pytest.fixture(scope="session")
def demo(settings: Settings) -> subprocess.CompletedProcess[str]:
    """The demo, run once for all tests that look at what it leaves."""
    return lake(settings, "demo")
