"""One shared session and store for all tests; each test isolates itself by names of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.platform.settings import Settings, load_settings

SKIPPED = pytest.StashKey[int]()


@pytest.fixture(scope="session")
def settings() -> Settings:
    return load_settings()


@pytest.fixture(scope="session")
def spark(settings: Settings) -> Iterator[SparkSession]:
    from jobs.platform.spark import open_session

    session = open_session(settings)
    yield session
    session.stop()


@pytest.fixture(scope="session")
def store(settings: Settings) -> Any:
    from jobs.platform.store import s3

    return s3(settings)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real dumps. Absent: these tests skip, and in CI they fail."""
    path = Path(os.environ.get("LAKE_REAL_DATA") or load_settings().root.parent / "shared" / "data")
    if not path.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"the real data is not at {path}; set LAKE_REAL_DATA")
        pytest.skip(f"no real data at {path}")
    return path
