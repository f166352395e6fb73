"""The demo is run once for all tests that look at what it leaves."""

from __future__ import annotations

import subprocess

import pytest

from jobs.platform.settings import Settings
from tests.launcher import lake


@pytest.fixture(scope="session")
def demo(settings: Settings) -> subprocess.CompletedProcess[str]:
    return lake(settings, "demo")
