"""The project once more in another folder, with a lake and ports of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from jobs.platform.settings import Settings, load_settings
from tests.integration.ports import free_base


@dataclass(frozen=True)
class Checkout:
    root: Path
    env: dict[str, str]

    def lake(self, *arguments: str) -> str:
        """What the command says; it must end well."""
        done = subprocess.run([str(self.root / "lake"), *arguments], env=self.env, cwd=self.root, capture_output=True, text=True, check=False, timeout=900)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def settings(self) -> Settings:
        return load_settings(self.root, "embedded").model_copy(update={"port_base": int(self.env["LAKE_PORT_BASE"])})

    def processes(self) -> list[str]:
        """Everything that runs from this checkout or for it: by working folder, command line or environment."""
        found = []
        for process in psutil.process_iter():
            try:
                seen = [process.cwd(), *process.cmdline(), *(process.environ().get(name, "") for name in ("LAKE_ROOT", "SPARK_CONF_DIR", "PYTHONPATH", "AIRFLOW_HOME"))]
            except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):  # denied: the system's, not ours
                continue
            if any(str(self.root) in text for text in seen):
                found.append(f"{process.pid} {' '.join(seen)[:200]}")
        return found


@contextmanager
def second_checkout(settings: Settings, folder: Path) -> Iterator[Checkout]:
    """The same files in another folder. Environment and jars are the first one's, so that nothing is downloaded: their stamps say that they are there."""
    root = folder / "second"
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
