"""A second checkout runs beside the first, with a lake of its own, starts again what died there, and leaves no process behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from own_stack import kill

from jobs.ops.ledger import Ledger
from jobs.platform.components import components
from jobs.platform.settings import Settings, load_settings
from jobs.platform.store import keys, s3
from jobs.platform.supervise import state
from tests.integration.ports import free_base

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
SPEND = """ID,VendorID,Vendor,AccountCode,AccountDescription,DocNo,Amount,Date,Source
0,,JILL BARTLETT & COMPANY LTD,,Catering Charges,,1390.11,2008-04-01,338-april_2008
1,,2CL COMMUNICATIONS LTD,,Postage,,1222.01,2008-04-01,4-april_2008
"""
PARTS = ("store", "metastore", "spark", "spark-analyst")


@dataclass(frozen=True)
class Checkout:
    root: Path
    env: dict[str, str]

    def lake(self, *arguments: str) -> str:
        done = subprocess.run([str(self.root / "lake"), *arguments], env=self.env, cwd=self.root, capture_output=True, text=True, check=False, timeout=900)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def second(settings: Settings, tmp_path: Path) -> Iterator[Checkout]:
    """The same files in another folder. Environment and jars are the first one's, so that nothing is downloaded: their stamps say that they are there."""
    root = tmp_path / "second"
    shutil.copytree(settings.root, root, ignore=shutil.ignore_patterns(".*_cache", ".git", ".lake", ".venv", "__pycache__"))
    (root / ".lake").mkdir()
    for name in ("jars", "stamps", "uv"):
        (root / ".lake" / name).symlink_to(settings.state / name)
    (root / ".venv").symlink_to(settings.root / ".venv")
    env = {key: value for key, value in os.environ.items() if not key.startswith(("LAKE_", "AWS_", "PYTHONPATH"))}
    checkout = Checkout(root, env | {"LAKE_PORT_BASE": str(free_base()), "LAKE_SPARK_MEMORY": "1g"})
    try:
        yield checkout
    finally:
        subprocess.run([str(root / "lake"), "down"], env=checkout.env, cwd=root, check=False)


def processes_of(checkout: Checkout) -> list[str]:
    """Everything that runs from this checkout or for it: by working folder, command line or environment."""
    found = []
    for process in psutil.process_iter():
        try:
            seen = [process.cwd(), *process.cmdline(), *(process.environ().get(name, "") for name in ("LAKE_ROOT", "SPARK_CONF_DIR", "PYTHONPATH"))]
        except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):  # denied: the system's, not ours
            continue
        if any(str(checkout.root) in text for text in seen):
            found.append(f"{process.pid} {' '.join(seen)[:200]}")
    return found


def settings_of(checkout: Checkout) -> Settings:
    return load_settings(checkout.root, "embedded").model_copy(update={"port_base": int(checkout.env["LAKE_PORT_BASE"])})


def test_a_second_checkout_runs_beside_the_first(settings: Settings, second: Checkout, store: Any) -> None:
    first = {part: (settings.state / "run" / f"{part}.json").read_text() for part in PARTS}
    second.lake("up", "--only", "store,metastore,spark")
    assert len(processes_of(second)) >= len(PARTS)

    theirs, name = settings_of(second), f"{uuid.uuid4()}.csv"
    s3(theirs).put_object(Bucket=theirs.bucket("landing"), Key=f"finance/spend/2013/{name}", Body=SPEND.encode())
    second.lake("land", "finance.spend")
    assert second.lake("sql", "--as", "job", "--format", "csv", "SELECT spend_id, amount FROM silver.finance__spend ORDER BY 1") == "spend_id,amount\n0,1390.11\n1,1222.01\n"
    assert [row["outcome"] for row in Ledger(theirs).deliveries("finance.spend") if row["name"] == name] == ["landed"]
    assert name not in {row["name"] for row in Ledger(settings).rows("receipts", dataset="finance.spend")}
    assert name not in " ".join(item["Key"] for item in keys(store, settings.bucket("landing"), "finance/spend/"))

    metastore = next(one for one in components(theirs) if one.name == "metastore")
    dead = state(theirs.state, metastore).pid
    assert dead
    kill(dead)
    second.lake("up", "--only", "store,metastore,spark")
    assert state(theirs.state, metastore).pid not in (None, dead)
    assert second.lake("sql", "--as", "job", "--format", "csv", "SELECT count(*) AS n FROM silver.finance__spend") == "n\n2\n"

    second.lake("down")
    assert processes_of(second) == []
    for part, noted in first.items():
        assert (settings.state / "run" / f"{part}.json").read_text() == noted and psutil.pid_exists(json.loads(noted)["pid"])
