"""The project's custom expectations: ordinary Great Expectations classes in `expectations/plugins/*.py`.

Their names and kinds are read from the source, without running it; `load` runs it, which registers them with Great Expectations.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from jobs.platform.errors import LakeError
from jobs.quality.vocabulary import Kind, core_types, kind_of

MAPS = ("ColumnMapExpectation", "ColumnPairMapExpectation", "MulticolumnMapExpectation")
WHOLES = ("BatchExpectation", "ColumnAggregateExpectation", "QueryExpectation")
WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def folder(root: Path) -> Path:
    return root / "expectations" / "plugins"


def plugin_kinds(root: Path) -> Mapping[str, Kind]:
    """Type of every custom expectation → who decides it, by the class it extends. Raises LakeError for a plugin that is no Python."""
    stamps = tuple((str(path), path.stat().st_mtime_ns) for path in sorted(folder(root).glob("*.py")))
    return _kinds(stamps)


@lru_cache(maxsize=32)
def _kinds(stamps: tuple[tuple[str, int], ...]) -> Mapping[str, Kind]:
    found: dict[str, Kind] = {}
    for path, _ in stamps:
        try:
            tree = ast.parse(Path(path).read_text(encoding="utf-8"))
        except SyntaxError as problem:
            raise LakeError(f"{path}:{problem.lineno}: {problem.msg}", "mend the plugin") from None
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and (kind := _kind(node)):
                found[type_of(node.name)] = kind
    return found


def type_of(name: str) -> str:
    """ExpectColumnSum → expect_column_sum, as Great Expectations names it."""
    return WORD.sub("_", name).lower()


def _kind(node: ast.ClassDef) -> Kind | None:
    for base in node.bases:
        name = base.attr if isinstance(base, ast.Attribute) else base.id if isinstance(base, ast.Name) else ""
        if name in MAPS:
            return "many-row"
        if name in WHOLES:
            return "aggregate"
        if type_of(name) in core_types():  # a core expectation with fixed arguments; a row rule among them is judged in Spark
            return "aggregate" if kind_of(type_of(name), {}, {}) == "aggregate" else "many-row"
    return None


def load(root: Path) -> None:
    """Run the plugins, each once a process. Raises LakeError naming the one that cannot be run."""
    for path in sorted(folder(root).glob("*.py")):
        name = f"lake_plugins_{path.stem}"
        known = sys.modules.get(name)
        if known is not None and known.__file__ == str(path):
            continue
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise LakeError(f"{path} cannot be loaded", "mend the plugin")
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except Exception as problem:
            del sys.modules[name]
            raise LakeError(f"{path} cannot be loaded: {type(problem).__name__}: {str(problem)[:300]}", "mend the plugin") from problem
