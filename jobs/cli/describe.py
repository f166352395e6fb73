"""lake describe: what a table means, where it comes from, how fresh and how good it is"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Column, Table

from jobs.cli.console import console
from jobs.cli.curate import product_of
from jobs.cli.data import contract_of
from jobs.ops.description import described
from jobs.ops.ledger import Ledger
from jobs.platform.settings import load_settings
from jobs.platform.store import require_store


def add(app: typer.Typer) -> None:
    app.command("describe")(describe)


def describe(
    name: Annotated[str, typer.Argument(help="curated.<product>, or <department>.<dataset>")],
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Columns with meaning and unit, lineage, freshness and quality of a table. Example: [bold]./lake describe curated.emissions --json[/]"""
    settings = load_settings()
    contract = product_of(settings, name) if name.startswith("curated.") else contract_of(settings, name)
    require_store(settings)
    found = described(Ledger(settings), contract)
    if as_json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False, default=str))
        return
    console.print(f"[bold]{found.table}[/]  {found.title}\n{contract.description}", highlight=False, soft_wrap=True)
    notes = getattr(contract, "notes", "")
    if notes:
        console.print(f"[dim]{notes}[/]", highlight=False, soft_wrap=True)
    of = f"the newest of {found.period}, " if found.period else ""
    fresh = "not made yet" if found.rows is None or found.fresh_at is None else f"{found.rows:,} rows, {of}{found.fresh_at:%Y-%m-%d %H:%M} UTC"
    console.print(f"owner: {found.owner}\nfreshness: {fresh}\nmade from: {', '.join(found.made_from)}", highlight=False, soft_wrap=True)
    bad = ", ".join(f"{rule} ({count if count is not None else 'the whole'} rows)" for rule, count in found.failing.items())
    console.print(f"quality: {found.rules} rules at the last check, {len(found.failing)} not met{': ' + bad if bad else ''}", highlight=False, soft_wrap=True)
    table = Table(Column("column", no_wrap=True), "type", "unit", "meaning", Column("from", overflow="fold"))
    for column in found.columns:
        table.add_row(*(str(column[key] or "") for key in ("name", "type", "unit", "meaning", "from")))
    console.print(table)
