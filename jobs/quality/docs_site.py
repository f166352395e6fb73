"""GX Data Docs in the docs bucket: a page for each validation, its sections drawn by GX's own renderers. The quality site (`site/`) links them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from great_expectations.core import ExpectationSuiteValidationResult
from great_expectations.render.renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView
from jinja2 import ChoiceLoader, FileSystemLoader

from jobs.contracts.model import Contract
from jobs.platform.settings import Settings
from jobs.platform.store import s3
from jobs.quality.site.addresses import OVERVIEW, dataset_key, href

INDEX = "gx/index.html"


class QualityPageView(DefaultJinjaPageView):  # type: ignore[misc]
    """GX's sections on a page of our own: GX's page fetches styles, scripts and a logo from the internet each time it is looked at."""

    _template = "quality_page.j2"

    def __init__(self) -> None:
        super().__init__()
        self.env.loader = ChoiceLoader([FileSystemLoader(Path(__file__).parent), self.env.loader])


@cache
def _view() -> QualityPageView:
    """One for all pages of a process: each has its own compiled templates, which take longer than a page."""
    return QualityPageView()


def publish(settings: Settings, contract: Contract, group: Sequence[dict[str, Any]], result: ExpectationSuiteValidationResult) -> str:
    """Write the page of a validation; returns its key."""
    name = group[0]["delivery"] + (f"-and-{len(group) - 1}-more" if len(group) > 1 else "")
    key = f"gx/{contract.table}/{name}.html"
    result.meta.setdefault("run_id", {"run_name": name, "run_time": result.meta.get("validation_time")})
    said = {
        "lake_title": f"{contract.title} — {contract.dataset}, {group[0]['period']}", "lake_index": href(key, dataset_key(contract.table)),
        "lake_files": ", ".join(row["name"] for row in group[:5]) + (f" and {len(group) - 5} more files" if len(group) > 5 else ""),
    }  # fmt: skip
    page = _view().render(ValidationResultsPageRenderer().render(result), **said)
    s3(settings).put_object(Bucket=settings.bucket("docs"), Key=key, Body=page.encode(), ContentType="text/html; charset=utf-8")
    return key


def publish_index(settings: Settings) -> None:
    """The old way in leads to the quality site, which links the pages; a GX page of an older lake links it."""
    page = f'<!doctype html><html lang=en><meta charset=utf-8><title>Quality</title><p><a href="{href(INDEX, OVERVIEW)}">Quality of the data</a></html>'
    s3(settings).put_object(Bucket=settings.bucket("docs"), Key=INDEX, Body=page.encode(), ContentType="text/html; charset=utf-8")
