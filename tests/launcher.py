"""`./lake …` as a person would run it."""

from __future__ import annotations

import os
import subprocess

from jobs.platform.settings import Settings


def lake(settings: Settings, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(settings.root / "lake"), *arguments], capture_output=True, text=True, check=False, cwd=settings.root, env=os.environ | environment)
