"""Each verb is a job file of its own, which spark-submit runs without the Connect server; the same file runs in a remote session."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.platform.settings import Settings
from jobs.platform.spark import door_of

pytestmark = pytest.mark.timeout(1500)
PERIODS = {
    "2012": "ID,VendorID,Vendor,AccountCode,AccountDescription,DocNo,Amount,Date,Source\n0,,JILL BARTLETT & COMPANY LTD,,Catering Charges,,1390.11,2008-04-01,338-april_2008\n",
    "2013": "ID,VendorID,Vendor,AccountCode,AccountDescription,DocNo,Amount,Date,Source\n1,,2CL COMMUNICATIONS LTD,,Postage,,1222.01,2008-04-01,4-april_2008\n",
}


@pytest.fixture
def dataset(settings: Settings, store: Any, spark: SparkSession, tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """(dataset, environment): a root with the contract of finance.spend under another name, and two delivered periods."""
    department, root = f"test_{uuid.uuid4().hex[:6]}", tmp_path / "root"
    (root / "conf" / "datasets" / department).mkdir(parents=True)
    (root / "conf" / "lake.yaml").symlink_to(settings.root / "conf" / "lake.yaml")
    (root / "jobs").symlink_to(settings.root / "jobs")
    contract = (settings.root / "conf" / "datasets" / "finance" / "spend.yaml").read_text()
    mine = contract.replace("id: finance.spend", f"id: {department}.spend").replace("domain: finance", f"domain: {department}").replace("landing/finance/", f"landing/{department}/")
    (root / "conf" / "datasets" / department / "spend.yaml").write_text(mine)
    for period, text in PERIODS.items():
        store.put_object(Bucket=settings.bucket("landing"), Key=f"{department}/spend/{period}/a.csv", Body=text.encode())
    yield f"{department}.spend", dict(os.environ) | {"LAKE_ROOT": str(root), "LAKE_STATE": str(settings.state), "PYTHONPATH": str(root), "LAKE_SPARK_MEMORY": "1g"}
    for kind, layer in (("TABLE", "silver"), ("VIEW", "quarantine"), ("TABLE", "bronze")):
        spark.sql(f"DROP {kind} IF EXISTS {layer}.{department}__spend")


def run(env: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], env=env, cwd=env["LAKE_ROOT"], capture_output=True, text=True, check=False, timeout=600)


def result(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr[-3000:]
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


@pytest.mark.slow
def test_the_verbs_run_without_and_with_a_connect_server(settings: Settings, spark: SparkSession, dataset: tuple[str, dict[str, str]]) -> None:
    name, env = dataset
    submit = ("-m", "jobs.cli.app", "submit")
    assert result(run(env, *submit, "register", name))["new"] == 2
    landed = result(run(env, *submit, "land", name, "--period", "2013"))
    assert (landed["deliveries"], landed["rows"], landed["refused"]) == (1, 1, [])
    remote = env | {"SPARK_REMOTE": f"{door_of(settings).url};user_id=job"}
    files = Path(env["LAKE_ROOT"]) / "jobs"
    assert result(run(remote, "-P", str(files / "land.py"), name))["deliveries"] == 1  # the other period
    assert result(run(remote, "-P", str(files / "check.py"), name))["deliveries"] == 2
    assert result(run(remote, "-P", str(files / "conform.py"), name))["rows"] == 2
    rows = spark.sql(f"SELECT spend_id, vendor, CAST(amount AS STRING) FROM silver.{name.replace('.', '__')} ORDER BY 1").collect()
    assert [tuple(row) for row in rows] == [(0, "JILL BARTLETT & COMPANY LTD", "1390.11"), (1, "2CL COMMUNICATIONS LTD", "1222.01")]


@pytest.mark.parametrize(("arguments", "said"), [(("sweep", "finance.spend"), "no verb 'sweep'"), (("land", "finance.nothing"), "no dataset 'finance.nothing'")])
def test_what_is_not_there_is_said_before_spark_starts(arguments: tuple[str, str], said: str) -> None:
    done = run(dict(os.environ) | {"LAKE_ROOT": os.environ.get("LAKE_ROOT", os.getcwd())}, "-m", "jobs.cli.app", "submit", *arguments)
    assert done.returncode == 1 and said in done.stderr
