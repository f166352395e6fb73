"""lake status"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from jobs.cli.console import console
from jobs.cli.stack import stack_table
from jobs.contracts.load import load_all
from jobs.ops.ledger import Ledger
from jobs.ops.summary import Summary, summarise
from jobs.platform import supervise
from jobs.platform.settings import Settings, load_settings
from jobs.platform.store import keys, require_store, s3
from jobs.quality.site.addresses import OVERVIEW, dataset_key

COLOURS = {"landed": "default", "resent": "default", "manifest": "default", "waiting": "yellow"}  # an outcome that asks for nobody; others are red


def add(app: typer.Typer) -> None:
    app.command("status")(status)


def status(dataset: Annotated[str | None, typer.Argument(help="<department>.<dataset>: every file of it, with its outcome and why")] = None) -> None:
    """Stack, datasets, freshness, outcomes, and where the docs are. Example: [bold]./lake status water.station_reading[/]"""
    from jobs.cli.data import contract_of

    settings = load_settings()
    if dataset:
        contract = contract_of(settings, dataset)
        require_store(settings)
        ledger = Ledger(settings)
        rows = ledger.deliveries(dataset)
        console.print(delivery_table(rows))
        for line in stopped(dataset, rows):
            console.print(line, soft_wrap=True, highlight=False)
        if corrections := ledger.rows("corrections", dataset=dataset):
            console.print(correction_table(corrections))
        console.print(f"answers to the department: {fetch_answers(settings, contract.table).as_uri()}", soft_wrap=True)
        console.print(f"quality page, with what Great Expectations found: {_pages(settings, dataset_key(contract.table))}", soft_wrap=True, highlight=False)
        return
    console.print(stack_table(settings))
    require_store(settings)
    console.print(dataset_table(settings))
    console.print(f"quality pages: {_pages(settings, OVERVIEW)}", soft_wrap=True, highlight=False)


def _pages(settings: Settings, page: str) -> str:
    """Where a page is served, or what serves it."""
    from jobs.quality.site.serve import address, component

    return address(settings, page) if supervise.state(settings.state, component(settings)).pid else "./lake docs"


def fetch_answers(settings: Settings, table: str) -> Path:
    """Copy what is new of a dataset's answers to .lake/docs (the bucket is not open to browsers); returns their folder."""
    client, bucket, home = s3(settings), settings.bucket("docs"), settings.state / "docs"
    for item in keys(client, bucket, f"answers/{table}/"):
        target = home / item["Key"]
        if not target.exists() or target.stat().st_mtime < item["LastModified"].timestamp():
            target.parent.mkdir(parents=True, exist_ok=True)
            client.download_file(bucket, item["Key"], str(target))
    return home / "answers" / table


def dataset_table(settings: Settings) -> Table:
    """One line a dataset."""
    table = Table(Column("dataset", no_wrap=True), "files", "landed", "held", "refused", "rows", "silver", "rejected", "newest period", "last landed", "last outcome", title="datasets")
    contracts, findings = load_all(settings.root)
    rows = Ledger(settings).rows("deliveries")
    for contract in contracts:
        table.add_row(contract.dataset, *_cells(summarise(contract.dataset, rows)))
    for finding in findings:
        table.add_row(f"[red]{finding.path}[/]", *[""] * 9, f"[red]line {finding.line}: {finding.message[:60]}[/]")
    return table


def _cells(found: Summary) -> list[str]:
    if not found.files:
        return ["0", *[""] * 7, "never", ""]
    age = f"{(dt.datetime.now(dt.UTC) - found.landed_at).total_seconds() / 3600:.1f} h ago" if found.landed_at else "never"
    return [
        str(found.files), str(found.landed), _red(found.held), _red(found.rejected), f"{found.rows:,}", f"{found.silver:,}", f"{found.rejected_share:.2%}", found.newest_period, age, _coloured(found.last),
    ]  # fmt: skip


def delivery_table(rows: list[dict[str, Any]]) -> Table:
    """One line a file, in the order of periods."""
    table = Table("period", "file", "outcome", "rows", "silver", "rejected", "why", title="files")
    for row in sorted(rows, key=lambda row: (row["period"], row["name"])):
        if row["outcome"] != "not_applicable":
            counts = [f"{row[name] or 0:,}" for name in ("rows", "silver", "quarantined")]
            table.add_row(row["period"], row["name"], _coloured(row["outcome"]), *counts, row["message"] or "")
    return table


def stopped(dataset: str, rows: list[dict[str, Any]]) -> list[str]:
    """A line for each delivery that a person can let through."""
    from jobs.deliveries.approvals import DECLINED, is_stopped

    asked = {row["delivery"]: row["name"] for row in rows if is_stopped(row) and row["reason"] != DECLINED}
    return [f"let {name} through: ./lake approve {dataset} {delivery} --by NAME --because TEXT (or --reject)" for delivery, name in asked.items()]


def correction_table(rows: list[dict[str, Any]]) -> Table:
    """One line a corrected file, in the order of periods and arrival."""
    counts = ("added", "removed", "changed", "unchanged")
    table = Table("period", "file", "delivered", *counts, title="corrections (rows)")
    for row in sorted(rows, key=lambda row: (row["period"], row["name"], row["delivered_at"])):
        table.add_row(row["period"], row["name"], f"{row['delivered_at']:%Y-%m-%d %H:%M}", *(f"{row[name]:,}" for name in counts))
    return table


def _coloured(outcome: str) -> str:
    return f"[{COLOURS.get(outcome, 'red')}]{outcome}[/]"


def _red(number: int) -> str:
    return f"[red]{number}[/]" if number else "0"
