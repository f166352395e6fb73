"""A task that fails and a run that is late under the real scheduler of Airflow are told of at once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from jobs.alerts.look import alerts_of
from jobs.ops.ledger import Ledger
from jobs.platform.components import airflow_env
from jobs.platform.settings import Settings
from tests.integration.ports import free_ports
from tests.receivers import Hook, http_receiver

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
DAGS = """
import datetime as dt, time
from airflow.sdk import DAG, task
from jobs.alerts.notifier import LakeNotifier, deadline

START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)

with DAG("test_airflow__broken", schedule="@once", start_date=START, catchup=False, default_args={"on_failure_callback": [LakeNotifier()]}):
    @task
    def land():
        raise ValueError("cannot cast 110101199003071234 of Li Ming")
    land()

with DAG("test_airflow__slow", schedule="@once", start_date=START, catchup=False, deadline=deadline(0.05)):
    @task
    def conform():
        time.sleep(30)
    conform()
"""
PROCESSES = ("api-server", "scheduler", "dag-processor", "triggerer")
PATIENCE = 400  # seconds


@pytest.fixture
def hook() -> Iterator[Hook]:
    with http_receiver() as receiver:
        yield receiver


@pytest.fixture
def airflow(settings: Settings, tmp_path: Path, hook: Hook) -> Iterator[Path]:
    """An Airflow of its own on the shared lake, whose checkout tells the receiver. Yields the folder of its logs."""
    forget(settings)
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "two.py").write_text(DAGS)
    configure(settings, tmp_path, hook)
    env = environment(settings, tmp_path)
    program = str(Path(sys.executable).parent / "airflow")
    done = subprocess.run([program, "db", "migrate"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    logs = [(tmp_path / f"{name}.log").open("w") for name in PROCESSES]
    running = [subprocess.Popen([program, name], env=env, stdout=log, stderr=log, start_new_session=True) for name, log in zip(PROCESSES, logs, strict=True)]
    yield tmp_path
    for process in running:
        os.killpg(process.pid, 9)
        process.wait()
    for log in logs:
        log.close()
    forget(settings)


def configure(settings: Settings, root: Path, hook: Hook) -> None:
    yaml = YAML()
    document = yaml.load((settings.root / "conf" / "lake.yaml").read_text())
    document["alerts"] = {"channels": [{"kind": "webhook", "name": "desk", "departments": ["test_airflow"], "url": hook.url}]}
    document["profiles"]["embedded"]["storage"]["endpoint"] = settings.endpoint
    (root / "conf").mkdir()
    with (root / "conf" / "lake.yaml").open("w") as out:
        yaml.dump(document, out)


def environment(settings: Settings, root: Path) -> dict[str, str]:
    api, log, trigger_log = free_ports(3)
    own = {
        "AIRFLOW_HOME": str(root / "airflow"), "AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"), "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{root}/airflow.db",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(root / "passwords.json"), "AIRFLOW__API__PORT": str(api), "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{api}",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{api}/execution/", "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(log),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(trigger_log), "LAKE_ROOT": str(root), "LAKE_STATE": str(settings.state),
    }  # fmt: skip
    return dict(airflow_env(settings)) | own


def forget(settings: Settings) -> None:
    Ledger(settings).table("alerts").delete("dataset LIKE 'test_airflow.%'")


def told(hook: Hook) -> dict[str, dict[str, Any]]:
    return {alert["dataset"]: alert for _, body in hook.received for alert in body["alerts"]}


def known(settings: Settings) -> dict[str, tuple[str, str]]:
    """dataset → state of its alert in the ledger, and what the channel was told."""
    mine = [alert for alert in alerts_of(Ledger(settings)) if alert.dataset.startswith("test_airflow.")]
    return {alert.dataset: (alert.state, alert.told["desk"].state if alert.told else "") for alert in mine}


def test_a_failed_task_and_a_late_run_reach_the_receiver(settings: Settings, airflow: Path, hook: Hook) -> None:
    both = {"test_airflow.broken": ("open", "open"), "test_airflow.slow": ("open", "open")}
    until = time.monotonic() + PATIENCE
    while (len(told(hook)) < len(both) or known(settings) != both) and time.monotonic() < until:
        time.sleep(0.5)
    found = told(hook)
    assert set(found) == set(both), "".join(log.read_text()[-3000:] for log in airflow.glob("*.log"))
    assert known(settings) == both
    assert (found["test_airflow.broken"]["kind"], found["test_airflow.broken"]["text"]) == ("failed", "land failed")
    assert (found["test_airflow.slow"]["kind"], found["test_airflow.slow"]["subject"]) == ("late", "test_airflow__slow")
    assert "110101199003071234" not in str(hook.received), "what a task's exception says is not told"
