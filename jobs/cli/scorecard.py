"""lake scorecard: how the data of a department arrived, month by month"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from jobs.cli.console import console
from jobs.platform.errors import LakeError
from jobs.platform.settings import load_settings
from jobs.platform.store import require_store
from jobs.scorecard.score import Score

SHOWN = 6  # months


def add(app: typer.Typer) -> None:
    app.command("scorecard")(scorecard)


def scorecard(
    department: Annotated[str | None, typer.Argument(help="one department, e.g. water; none: all of them")] = None,
    month: Annotated[str | None, typer.Option(help="YYYY-MM; none: the newest")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="write the letter to the head of the department there, as HTML of letter size")] = None,
) -> None:
    """Timeliness, completeness, rejected rows and corrections by month; the letter with --out. Example: [bold]./lake scorecard water --month 2025-03 --out water.html[/]"""
    from jobs.contracts.load import load_all
    from jobs.scorecard.letter import letter
    from jobs.scorecard.pages import departments
    from jobs.scorecard.record import read, record

    if out and not department:
        raise LakeError("a letter goes to one department", "name it: ./lake scorecard water --out water.html")
    settings = load_settings()
    require_store(settings)
    contracts = load_all(settings.root)[0]
    if department and department not in {contract.department for contract in contracts}:
        raise LakeError(f"there is no department {department!r}", f"departments are {', '.join(sorted({c.department for c in contracts}))}")
    record(settings, contracts, dt.datetime.now(dt.UTC))
    found = read(settings)
    known = {c.dataset for c in contracts if department in (None, c.department)}
    console.print(_table([score for dataset in sorted(known & set(found)) for score in found[dataset][-SHOWN:] if month in (None, score.month)]))
    if out and department:
        mine = departments(settings, contracts, found, department)
        if not mine:
            raise LakeError(f"nothing of {department} has come yet", "the scorecard follows from deliveries; see ./lake status")
        out.write_text(letter(mine[0], month), encoding="utf-8")
        console.print(f"letter: {out}", soft_wrap=True, highlight=False)


def _table(scores: list[Score]) -> Table:
    table = Table(
        Column("dataset", no_wrap=True), "month", "due", "came", "in time", "files", "refused", "rows", "rejected", "corrections", "days to correct", "drift", title="scorecard"
    )
    for score in scores:
        share, days = score.rejected_share, score.to_correction
        table.add_row(
            score.dataset, score.month, *("" if n is None else f"{n:,}" for n in (score.expected, score.present, score.on_time, score.files, score.refused, score.rows)),
            "" if share is None else f"{share:.2%}", f"{score.corrections:,}", "" if days is None else f"{days:.1f}", f"{score.drift:,}",
        )  # fmt: skip
    return table
