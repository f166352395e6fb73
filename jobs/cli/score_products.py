"""lake score of a curated product: what it points at against what the city planted"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Column, Table

from jobs.cli.console import console

if TYPE_CHECKING:
    from jobs.identity.agreement import Agreement


def score_product(product: str, scores: Sequence[Any], as_json: bool) -> None:
    """What `score_products.score_of` says of a product. There is no right answer to differ from, so it ends with 0."""
    from jobs.identity.agreement import Agreement
    from jobs.sample.city.score_products import RankScore

    if agreements := [s for s in scores if isinstance(s, Agreement)]:
        show_agreements("resident keys against the truth", agreements, as_json)
        return
    ranks, signs = [s for s in scores if isinstance(s, RankScore)], [s for s in scores if not isinstance(s, RankScore | Agreement)]
    if as_json:
        typer.echo(json.dumps([*map(asdict, ranks), *(asdict(s) | {"precision": s.precision, "recall": s.recall} for s in signs)]))
        return
    if ranks:
        _show_ranks(product, ranks)
        return
    table = Table(Column("sign", no_wrap=True), "found", "planted", "lawful look-alikes", "precision", "meant to find", "found of these", "recall", title=f"{product} against the truth")
    for s in signs:
        table.add_row(s.sign, f"{s.found:,}", f"{s.true:,}", f"{s.lawful:,}", _share(s.precision), f"{s.meant:,}", f"{s.met:,}", _share(s.recall))
    console.print(table)
    for s in signs:
        for what, keys in (("wrong", s.wrong), ("missed", s.missed)):
            if keys:
                console.print(f"  {s.sign}: {what}, e.g. {', '.join(keys)}", highlight=False, soft_wrap=True)


def _show_ranks(product: str, ranks: Sequence[Any]) -> None:
    table = Table(Column("of", no_wrap=True), "compared", "rank correlation", title=f"{product} against the truth")
    for s in ranks:
        table.add_row(s.sign, f"{s.pairs:,}", "" if s.correlation is None else f"{s.correlation:.3f}")
    console.print(table)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def show_agreements(title: str, found: Sequence[Agreement], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([one.facts() for one in found], ensure_ascii=False))
        return
    table = Table(Column("records", no_wrap=True), "of", "people", "pairs", "precision", "recall", "F1", "B³ precision", "B³ recall", "B³ F1", title=title)
    for one in found:
        numbers = (one.precision, one.recall, one.f1, one.b3_precision, one.b3_recall, one.b3_f1)
        table.add_row(one.of, f"{one.records:,}", f"{one.people:,}", f"{one.pairs_true:,}", *("" if n is None else f"{n:.4f}" for n in numbers))
    console.print(table)
