"""lake approve: a person lets a held delivery through, or not"""

from __future__ import annotations

from typing import Annotated

import typer

from jobs.cli.console import console
from jobs.cli.data import contract_of
from jobs.ops.ledger import Ledger
from jobs.platform.errors import signed
from jobs.platform.settings import load_settings
from jobs.platform.store import require_store


def add(app: typer.Typer) -> None:
    app.command("approve")(approve)


def approve(
    dataset: Annotated[str, typer.Argument(help="<department>.<dataset>")],
    delivery: Annotated[str, typer.Argument(help="<period>/<hash>, as ./lake status <department>.<dataset> shows it")],
    by: Annotated[str, typer.Option(help="who decides")],
    because: Annotated[str, typer.Option(help="why")],
    reject: Annotated[bool, typer.Option("--reject", help="it stays held for good")] = False,
) -> None:
    """Let a delivery through that was held or kept waiting; noted in ops.approvals. Example: [bold]./lake approve water.station_reading 2025-02/0123456789abcdef --by Ann --because "three stations were closed"[/]"""
    from jobs.deliveries.approvals import Decision, decide

    settings = load_settings()
    contract_of(settings, dataset)
    by, because = signed(by, because)
    require_store(settings)
    name = decide(Ledger(settings), dataset, Decision(delivery, not reject, by, because))
    said = "stays held" if reject else f"goes on with the next run: ./lake run {dataset}, or ./lake land {dataset}"
    console.print(f"{name} ({delivery}) {said}", soft_wrap=True, highlight=False)
