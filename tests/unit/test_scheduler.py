"""What shares a thing never runs at the same time; the long groups start first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.scheduler import group_of, rank

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("tests/integration/test_kills.py::test_x[a]", "own stack"),
        ("tests/integration/test_second_checkout.py::test_x", "own stack"),
        ("tests/integration/test_laws.py::test_x", "tests/integration/test_laws.py"),
        ("tests/e2e/test_demo.py::test_x", "tests/e2e/"),
        ("tests/e2e/test_dags.py::test_x", "tests/e2e/"),
        ("tests/corpus/test_corpus.py::test_x[tests/unit/a.py]", "tests/corpus/test_corpus.py"),
        ("tests/unit/test_scheduler.py::test_x", "tests/unit/test_scheduler.py"),
    ],
)
def test_a_test_belongs_to_a_group(nodeid: str, group: str) -> None:
    assert group_of(nodeid) == group


def test_the_longest_groups_start_first() -> None:
    names = ["tests/unit/a.py::t", "tests/integration/test_laws.py::t", "tests/integration/test_kills.py::t", "tests/e2e/test_demo.py::t"]
    assert sorted(names, key=rank) == names[::-1]


def test_every_group_stays_in_one_process(tmp_path: Path) -> None:
    """Real pytest with two real workers over files of the same names."""
    for name in ("e2e/test_dags", "e2e/test_demo", "integration/test_laws", "integration/test_kills", "unit/test_a", "unit/test_b"):
        path = tmp_path / "tests" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("import os, pytest\n@pytest.mark.parametrize('n', range(3))\ndef test_it(n): print('worker', os.environ['PYTEST_XDIST_WORKER'])\n")
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "scheduler.py").read_text() + (
        "\ndef pytest_xdist_make_scheduler(config, log): return ByStack(config, log)\n"
        "def pytest_collection_modifyitems(items): items.sort(key=lambda item: rank(item.nodeid))\n"
    ))  # fmt: skip
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run([sys.executable, "-m", "pytest", "-v", "-n", "2", "-p", "no:cacheprovider"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    ran: dict[str, set[str]] = {}
    for line in done.stdout.splitlines():
        if "PASSED" in line:
            worker, _, test = line.partition("]")
            ran.setdefault(group_of(test.split()[-1]), set()).add(worker)
    assert set(ran) == {"tests/e2e/", "own stack", "tests/integration/test_laws.py", "tests/unit/test_a.py", "tests/unit/test_b.py"}
    assert all(len(workers) == 1 for workers in ran.values()), ran
    assert ran["tests/e2e/"] != ran["own stack"]
