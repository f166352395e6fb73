"""The pages of the quality site: an overview, a page a dataset, a page a delivery. Nothing in them comes from elsewhere, and no script runs."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from jobs.contracts.model import Contract
from jobs.quality.site.addresses import LINEAGE, OVERVIEW, dataset_key, delivery_key, department_key, href
from jobs.quality.site.failing import Problem, Result
from jobs.quality.site.history import RuleHistory
from jobs.quality.site.summary import SAID, Line, shown_time

TEMPLATES = Path(__file__).parent / "templates"
SCORECARD = Path(__file__).parents[2] / "scorecard" / "templates"
HISTORY, FILES = 12, 500  # deliveries in the history of expectations, and in the list


@dataclass(frozen=True)
class DatasetFacts:
    """`rows`: of ops.deliveries, oldest first; `failing`: delivery → expectations it failed; `validations`: keys of Great Expectations' own pages."""

    contract: Contract
    line: Line
    rows: Sequence[Mapping[str, Any]]
    failing: Mapping[str, int]
    histories: tuple[RuleHistory, ...]
    drift: Sequence[Mapping[str, Any]]
    corrections: Sequence[Mapping[str, Any]]
    validations: Sequence[str]
    note: str = ""


@dataclass(frozen=True)
class DeliveryFacts:
    """`rows`: of ops.deliveries with this content, a file each; `lines`: (line, its problems); `ragged`: lines that could not be taken apart."""

    contract: Contract
    rows: Sequence[Mapping[str, Any]]
    results: tuple[Result, ...]
    lines: tuple[tuple[int, tuple[Problem, ...]], ...]
    ragged: int = 0
    answers: Mapping[str, str] = field(default_factory=dict)  # file name → key
    validation: str | None = None


def overview_page(city: str, lines: Sequence[Line], unknown: Sequence[str], made_at: str) -> str:
    """`unknown`: datasets of the ledger that no contract describes."""
    by_department: dict[str, list[Line]] = defaultdict(list)
    for line in sorted(lines, key=lambda each: each.dataset):
        by_department[line.department].append(line)
    attention = [line for line in lines if line.newest_outcome in ("held", "rejected") or line.held or line.failing_rules]
    return render("overview.j2", OVERVIEW, city=city, departments=by_department, attention=attention, unknown=unknown, made_at=made_at)


def dataset_page(facts: DatasetFacts, zone: str) -> str:
    shown = list(reversed(facts.rows[-FILES:]))
    return render(
        "dataset.j2", dataset_key(facts.contract.table), facts=facts, contract=facts.contract, line=facts.line, rows=shown, more=len(facts.rows) - len(shown),
        columns=facts.rows[-HISTORY:], zone=zone,
    )  # fmt: skip


def delivery_page(facts: DeliveryFacts, zone: str) -> str:
    key = delivery_key(facts.contract.table, facts.rows[0]["delivery"])
    failed = [r for r in facts.results if r.unexpected or not r.success]
    return render("delivery.j2", key, facts=facts, contract=facts.contract, row=facts.rows[0], failed=failed, passed=[r for r in facts.results if r not in failed], zone=zone)


def render(template: str, page: str, **values: Any) -> str:
    """A page that stands at the key `page`."""
    return _environment().get_template(template).render(page=page, **values)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(loader=FileSystemLoader([TEMPLATES, SCORECARD]), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.globals |= {"href": href, "overview": OVERVIEW, "lineage_overview": LINEAGE, "dataset_key": dataset_key, "delivery_key": delivery_key, "department_key": department_key, "outcomes": SAID}
    made.filters |= {
        "number": lambda n: "" if n is None else f"{n:,}",
        "share": lambda share: "" if share is None else f"{share:.2%}",
        "at": shown_time,
        "days": lambda days: "" if days is None else f"{days:.1f}",
    }
    return made


@lru_cache(maxsize=1)
def made_with() -> str:
    """A hash of the templates and of this package's code: pages of another version are made again."""
    texts = [path.read_bytes() for path in sorted([*TEMPLATES.glob("*.j2"), *Path(__file__).parent.glob("*.py")])]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()
