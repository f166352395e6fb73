"""Every reason a delivery may be refused for has words for the department, in both languages."""

from __future__ import annotations

import ast
from pathlib import Path

from jobs.platform.settings import load_settings
from jobs.quality.answer_words import REASONS, reason_of

OWN = {"not_applicable"}  # of a file that is none of this dataset's: nobody is answered


def reasons_of(path: Path) -> set[str]:
    """First arguments of `Refused(…)`, and reasons that facts are given without it."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    firsts = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Refused" and call.args]
    named = [word.value for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Facts" for word in call.keywords if word.arg == "reason"]
    return {node.value for node in (*firsts, *named) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_reason_has_words() -> None:
    found = set().union(*(reasons_of(path) for path in (load_settings().root / "jobs").rglob("*.py"))) - OWN
    assert len(found) > 30
    assert found - {"resent"} - set(REASONS) == set()


def test_words_differ_by_language_and_end_a_sentence() -> None:
    for reason in REASONS:
        english, chinese = reason_of(reason, "en"), reason_of(reason, "zh")
        assert english.isascii()
        assert english.endswith(".")
        assert not chinese.isascii()
        assert chinese.endswith("。")
