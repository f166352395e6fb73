"""Writes docs/reference/expectations.md from Great Expectations' classes: `python -m jobs.quality.reference`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # before GX is imported: nothing phones home

from jobs.quality.engine import expectation_class
from jobs.quality.parameters import NAMES
from jobs.quality.plugins import load, plugin_kinds
from jobs.quality.vocabulary import REFUSED, core_types, kind_of

ROOT = Path(__file__).parents[2]
PATH = ROOT / "docs" / "reference" / "expectations.md"
OF_ALL = frozenset({
    "id", "meta", "notes", "result_format", "description", "catch_exceptions", "rendered_content", "windows", "batch_id", "severity", "library_metadata", "condition_parser",
})  # fmt: skip
HEAD = """# Expectations

<!-- Written by `python -m jobs.quality.reference`; do not edit. -->

`expectations/<department>/<dataset>.yaml` holds what the contract does not imply, in Great Expectations' own words: a list of `type`, `kwargs`,
`severity` (`critical`, `warning`, `info`) and `meta` (`message` in one or more languages). `./lake check` refuses what is not here, with file and line.

- **`critical`** quarantines the rows that fail. It holds the delivery where fewer rows than `mostly` (if it is given) are right, and where an expectation
  about the whole delivery fails. **`warning`** flags rows and lets them pass, **`info`** counts.
- **`row_condition`** names the rows a rule is about. `condition_parser: spark` takes SQL: comparisons, `IN`, `BETWEEN`, `IS NULL`, joined by `AND`,
  `OR`, `NOT`; `condition_parser: great_expectations` takes `col("x") > 5`, `col("x") == "text"` or `col("x").notnull()`. Other SQL is judged in Spark,
  before silver; `./lake check` tells which rules are, and why.
- **`{$PARAMETER: name}`** in `kwargs` stands for something of the delivery that is judged: NAMED.
"""
SECTIONS = {
    "row": (
        "One row decides",
        "Judged once, natively, while a delivery lands. JSON and dates in a format are asked once of every different text. A text that is no JSON fails `…_match_json_schema` (plain Great Expectations gives up there).",
    ),
    "many-row": (
        "Many rows decide about single rows",
        "Judged once in Spark, before silver; the rows that fail are in `ops.rejections`. Order is the file's own. Of `unexpected_rows_expectation` those that begin with `SELECT *` (or `SELECT b.*`) mark the rows they find; any other query says something of the delivery as a whole.",
    ),
    "aggregate": ("The delivery as a whole", "A critical one that fails holds the delivery."),
}  # fmt: skip


def text() -> str:
    load(ROOT)
    plugins = plugin_kinds(ROOT)
    parts = [HEAD.replace("NAMED", "; ".join(f"`{name}` ({said})" for name, said in NAMES.items()))]
    for kind, (title, said) in SECTIONS.items():
        names = sorted(name for name in core_types() if kind_of(name, {"unexpected_rows_query": "SELECT * "}, plugins) == kind)
        own = sorted(name for name, found in plugins.items() if found == kind)
        parts.append(f"\n## {title}\n\n{said}\n\n| type | arguments |\n|---|---|\n" + "".join(_row(name) for name in names))
        if own:
            parts.append("\nOf the project (`expectations/plugins/`, ordinary Great Expectations classes; add your own beside them):\n\n" + "".join(_entry(name) for name in own))
    parts.append("\n## Refused\n\nGreat Expectations has these and does not run them on Spark.\n\n| type | instead |\n|---|---|\n")
    parts += [f"| `{name}` | {way} |\n" for name, way in sorted(REFUSED.items())]
    return "".join(parts)


def _row(type_: str) -> str:
    return f"| `{type_}` | {', '.join(_arguments(expectation_class(type_)))} |\n"


def _entry(type_: str) -> str:
    made = expectation_class(type_)
    said = " ".join((made.__doc__ or "").split())
    return f"- `{type_}`: {', '.join(_arguments(made))}. {said}\n"


def _arguments(made: Any) -> Iterator[str]:
    for name, field in made.__fields__.items():
        if name not in OF_ALL:
            yield f"**`{name}`**" if field.required else f"`{name}`"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{PATH}\n")
