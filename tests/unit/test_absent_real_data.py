"""Without the real dumps their tests are left out, and one line says how many; in CI that is a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NEEDS_REAL_DATA = "tests/unit/contracts/test_real_dumps.py"


def tried(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name != "CI"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", NEEDS_REAL_DATA]
    return subprocess.run(command, cwd=ROOT, env=clean | {"LAKE_REAL_DATA": str(tmp_path / "none")} | environment, capture_output=True, text=True, check=False)


def test_absent_on_a_laptop_is_one_line(tmp_path: Path) -> None:
    done = tried(tmp_path)
    told = [line for line in done.stdout.splitlines() if "tests of real data skipped" in line]
    assert done.returncode == 0, done.stdout
    assert len(told) == 1 and int(told[0].split()[0]) > 0


def test_absent_in_ci_fails(tmp_path: Path) -> None:
    done = tried(tmp_path, CI="true")
    assert done.returncode == 1
    assert "the real data is not at" in done.stdout
