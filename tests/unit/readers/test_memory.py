"""A task's memory does not grow with the file, whatever text it is: measured in a process of its own, by what the kernel says it held at most."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jobs.bench.dumps import Dump, written

pytestmark = pytest.mark.slow
MEBIBYTE = 1 << 20
# Mebibytes of the file, and the most that reading and typing it may add to an idle process: held whole, bytes and rows of these files take several times as much.
FORMS = {"csv": (512, 480), "csv_gb18030": (512, 560), "csv_utf16": (512, 760), "jsonl": (512, 300), "fixed_width": (512, 560), "json": (128, 360), "xml": (128, 400)}
COUNTED = 64  # the most that counting its records may add


def peak(form: str, path: Path) -> dict[str, Any]:
    environment = {**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-m", "jobs.bench.peak", form, str(path)], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def within(dump: Dump, path: Path, most: int) -> None:
    found = peak(dump.form, path)
    assert found["rows"] == dump.rows
    assert found["registered"] - found["before"] < COUNTED * MEBIBYTE
    assert found["landed"] - found["before"] < most * MEBIBYTE


@pytest.mark.parametrize("form", FORMS)
def test_memory_is_bounded(form: str, tmp_path: Path) -> None:
    size, most = FORMS[form]
    dump = written(form, tmp_path, size * MEBIBYTE / 1_000_000)
    within(dump, dump.path, most)


def test_memory_is_bounded_inside_a_gzip(tmp_path: Path) -> None:
    dump = written("jsonl", tmp_path, 300)
    packed = tmp_path / "payments.jsonl.gz"
    with dump.path.open("rb") as source, gzip.open(packed, "wb", compresslevel=1) as target:
        shutil.copyfileobj(source, target, MEBIBYTE)
    within(dump, packed, 500)


SQL = """
import sys
from jobs.bench.peak import most_held
from jobs.readers.formats import WAYS
from tests.unit.readers.made import contract

asked, way = contract(["a", "b", "c"], format="sql", dialect="mysql"), WAYS["sql"]
table, line = "CREATE TABLE t (a text, b int, c date);\\n", "INSERT INTO t VALUES " + ",".join(["('some text of a row',12345,'2024-08-25')"] * 1000) + ";\\n"
way.read(asked, (table + line).encode(), {})
before = most_held()
rows = way.read(asked, (table + line * int(sys.argv[1])).encode(), {}).records
print(rows, most_held() - before >> 20)
"""


def test_statements_of_a_sql_dump_are_taken_apart_a_block_at_a_time() -> None:
    """4 MiB of INSERT statements add some 80 MiB; with every word of them held at once it was more than 300."""
    done = subprocess.run([sys.executable, "-c", SQL, "100"], capture_output=True, text=True, check=True)
    rows, added = map(int, done.stdout.split())
    assert (rows, added < 150) == (100_000, True)
