"""The commands of the how-tos are run as they stand, in a copy of the checkout, on the real stack; what a `text` block shows must be in the output above it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.platform.settings import Settings, load_settings
from tests.forget import forget

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
HOW_TOS = sorted((load_settings().root / "docs" / "how-to").glob("*.md"))


@dataclass(frozen=True)
class Block:
    """A fenced block: `kind` is bash or text."""

    kind: str
    text: str


def blocks(page: Path) -> list[Block]:
    return [Block(kind, text) for kind, text in re.findall(r"^```(bash|text)\n(.*?)^```$", page.read_text(), flags=re.MULTILINE | re.DOTALL)]


@pytest.fixture(scope="module")
def checkout(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files git knows, beside the same environment and the same running stack."""
    home = tmp_path_factory.mktemp("docs") / "checkout"
    known = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=settings.root, capture_output=True, check=True).stdout
    for name in filter(None, known.decode().split("\0")):
        source, target = settings.root / name, home / name
        if source.is_file() and not source.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
            target.chmod(source.stat().st_mode)
    for name in (".lake", ".venv"):
        (home / name).symlink_to(settings.root / name)
    return home


@pytest.fixture
def no_library_visits(spark: SparkSession, settings: Settings, store: Any) -> Iterator[None]:
    forget(spark, settings, store, "culture.library_visit")
    yield
    forget(spark, settings, store, "culture.library_visit")


@pytest.mark.usefixtures("no_library_visits", "demo")
@pytest.mark.parametrize("page", HOW_TOS, ids=lambda page: page.stem)
def test_the_commands_of_a_how_to_do_what_it_says(page: Path, checkout: Path) -> None:
    shown = ""
    for block in blocks(page):
        if block.kind == "bash":
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", block.text], cwd=checkout, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{block.text}\n{done.stdout}{done.stderr}"
            shown = done.stdout + done.stderr
        for line in block.text.splitlines() if block.kind == "text" else ():
            assert line.strip() in shown, f"{page.name} promises {line!r}, the command says:\n{shown}"
