"""lake alerts"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from jobs.cli.console import console
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings, load_settings
from jobs.platform.store import require_store

if TYPE_CHECKING:
    from jobs.alerts.state import Alert


def add(app: typer.Typer) -> None:
    app.command("alerts")(alerts)


def alerts(
    look: Annotated[bool, typer.Option("--look", help="look through the ledger now and tell who has to be told")] = False,
    channel: Annotated[str | None, typer.Option("--try", metavar="CHANNEL", help="send a trial message to this channel")] = None,
    all_: Annotated[bool, typer.Option("--all", help="recovered ones too")] = False,
) -> None:
    """What is wrong now, since when, and who has been told. Example: [bold]./lake alerts --look[/]"""
    settings = load_settings()
    if channel:
        _try(settings, channel)
        return
    require_store(settings)
    if look:
        from jobs.alerts.look import look as look_now

        done = look_now(settings)
        for problem in done.down.values():
            console.print(f"[yellow]{escape(problem)}[/]; tried again at the next look", soft_wrap=True, highlight=False)
        console.print(f"{done.open} alerts are open, {done.told} were told of", highlight=False)
    _show(settings, all_)


def _try(settings: Settings, name: str) -> None:
    from jobs.alerts.channels import send
    from jobs.alerts.message import trial

    found = next((channel for channel in settings.alerts.channels if channel.name == name), None)
    if found is None:
        raise LakeError(f"conf/lake.yaml has no channel {name!r}", f"channels are {', '.join(c.name for c in settings.alerts.channels) or 'not set up: see docs/how-to/be-told.md'}")
    send(settings, found, trial(settings.city, name))
    console.print(f"channel {name} took the trial message", highlight=False)


def _show(settings: Settings, all_: bool) -> None:
    from jobs.alerts.look import alerts_of
    from jobs.alerts.state import OPEN
    from jobs.ops.ledger import Ledger

    found = [alert for alert in alerts_of(Ledger(settings)) if all_ or alert.state == OPEN]
    console.print(alert_table(sorted(found, key=lambda a: (a.state, a.opened_at, a.dataset, a.subject))))


def alert_table(found: Sequence[Alert]) -> Table:
    """A line an alert, the oldest first."""
    table = Table("since", "dataset", "what", Column("said", overflow="fold"), "state", "told", "what to do", title="alerts")
    for alert in found:
        told = ", ".join(f"{name} {'down' if each.problem else each.state}" for name, each in alert.told.items())
        table.add_row(f"{alert.opened_at:%Y-%m-%d %H:%M}", alert.dataset, alert.kind, escape(alert.text), alert.state, told, escape(alert.way_out))
    return table
