"""`./lake …` as a person would run it."""

from __future__ import annotations

import subprocess

from jobs.platform.settings import Settings


def lake(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(settings.root / "lake"), *arguments], capture_output=True, text=True, check=False, cwd=settings.root)
