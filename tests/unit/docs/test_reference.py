"""The generated pages are what the code says today, and no page links to nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.contracts.reference import PATH, text
from jobs.platform.settings import load_settings
from tests.unit.contracts.test_real_dumps import KNOWN
from tests.unit.sample.test_real import FOUNDATION

ROOT = load_settings().root
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_contract_reference_is_current() -> None:
    assert PATH.read_text() == text()


def test_the_command_reference_is_current(tmp_path: Path) -> None:
    made = tmp_path / "commands.md"
    subprocess.run([sys.executable, "-m", "typer", "jobs.cli.app", "utils", "docs", "--name", "./lake", "--title", "Commands", "--output", str(made)], check=True, cwd=ROOT, capture_output=True)
    assert (ROOT / "docs/reference/commands.md").read_text() == made.read_text(), "write it again: see CONTRIBUTING.md"


def test_the_page_of_real_dumps_names_them_all_with_their_rows() -> None:
    page = (ROOT / "docs/reference/real-data.md").read_text()
    shown, others = (re.findall(r"^\| `([a-z_.]+)` \| ([\d,]+) \|", part, re.MULTILINE) for part in page.split("## The others"))
    assert {dataset: int(rows.replace(",", "")) for dataset, rows in shown + others} == {dataset: rows for dataset, (rows, _) in KNOWN.items()}
    assert {dataset for dataset, _ in shown} == FOUNDATION


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)", page.read_text()) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []
