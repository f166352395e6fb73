"""What the city is scored on may not know the city."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from jobs.platform.settings import load_settings

ROOT = load_settings().root
MAY = ("jobs/sample/", "jobs/bench/", "jobs/cli/city.py", "jobs/cli/score_products.py", "jobs/cli/demo.py", "jobs/cli/data.py")
WORDS = ("truth/", '"truth"', "person_link")


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / "jobs").rglob("*.py")) + sorted((ROOT / "dags").rglob("*.py")):
        name = str(path.relative_to(ROOT))
        if not name.startswith(MAY):
            yield name, path


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_no_job_product_or_reader_imports_the_generator() -> None:
    seen = {name: sorted(module for module in imported(path) if module.startswith("jobs.sample")) for name, path in modules()}
    assert len(seen) > 150
    assert {name: found for name, found in seen.items() if found} == {}


def test_the_rule_sees_an_import_where_there_is_one() -> None:
    assert "jobs.sample.city.score" in imported(ROOT / "jobs/cli/city.py")


def test_nothing_else_names_the_truth() -> None:
    texts = [*modules(), *((str(p.relative_to(ROOT)), p) for folder in ("conf", "expectations") for p in (ROOT / folder).rglob("*.yaml"))]
    assert [name for name, path in texts if any(word in path.read_text(encoding="utf-8") for word in WORDS)] == []
