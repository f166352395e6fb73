"""An Airflow of a test's own on the shared lake: a checkout in another folder, with `conf`, `dags` and state of its own, whose store, metastore and Spark are the shared ones."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from jobs.platform.components import components
from jobs.platform.settings import Settings, load_settings
from jobs.platform.supervise import noted, start, stop
from tests.integration.ports import free_base

OURS = ("lake", "jobs", "uv.lock", ".venv")  # of the checkout: the same code
PATIENCE = 500  # seconds until a process serves, on a machine that is busy with other tests


def make_checkout(home: Path, shared: Settings, **lake: Any) -> None:
    """`lake`: what its conf/lake.yaml says otherwise. Its dags and contracts are the caller's to write."""
    for folder in ("conf/datasets", "dags", "expectations", ".lake"):
        (home / folder).mkdir(parents=True)
    for name in OURS:
        (home / name).symlink_to(shared.root / name)
    (home / ".lake" / "stamps").symlink_to(shared.state / "stamps")
    for name in ("secrets.json", "probe.json"):
        shutil.copy(shared.state / name, home / ".lake" / name)
    yaml = YAML()
    document = yaml.load(shared.root / "conf" / "lake.yaml")
    document["profiles"]["embedded"] |= {
        "storage": {"endpoint": shared.endpoint, "region": shared.storage.region},
        "spark": {"connect": f"sc://localhost:{shared.port('connect')}", "connect_analyst": f"sc://localhost:{shared.port('connect_analyst')}", "master": None, "memory": "1g"},
        "metastore": f"jdbc:derby://127.0.0.1:{shared.port('metastore')}/metastore",
        "port_base": free_base(),
    }
    yaml.dump(document | lake, home / "conf" / "lake.yaml")


@contextmanager
def own_airflow(home: Path, monkeypatch: Any) -> Iterator[Settings]:
    """Its four processes are up inside the block. Yields the settings of the checkout at `home`; `./lake` there talks to this Airflow."""
    monkeypatch.delenv("LAKE_PORT_BASE", raising=False)  # of the shared stack
    settings = load_settings(home)
    try:
        for part in components(settings):
            start(settings.state, replace(part, deadline=PATIENCE))
        yield settings
    finally:
        for name in noted(settings.state):
            stop(settings.state, name)
