"""lake score of a curated product: what it points at against what the city planted"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import typer
from rich.table import Column, Table

from jobs.cli.console import console
from jobs.platform.settings import Settings


def score_product(settings: Settings, product: str, truth: Path, as_json: bool) -> None:
    """Of a product of `score_products.PRODUCTS`. There is no right answer to differ from, so it ends with 0."""
    from jobs.sample.city.score_products import PRODUCTS

    scores = PRODUCTS[product](settings, truth)
    if as_json:
        typer.echo(json.dumps([asdict(s) | {"precision": s.precision, "recall": s.recall} for s in scores]))
        return
    table = Table(Column("sign", no_wrap=True), "found", "planted", "lawful look-alikes", "precision", "meant to find", "found of these", "recall", title=f"curated.{product} against the truth")
    for s in scores:
        table.add_row(s.sign, f"{s.found:,}", f"{s.true:,}", f"{s.lawful:,}", _share(s.precision), f"{s.meant:,}", f"{s.met:,}", _share(s.recall))
    console.print(table)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"
