"""lake share: what other departments and researchers may have"""

from __future__ import annotations

import datetime as dt
import json
from typing import Annotated

import typer
from pyspark.sql import SparkSession
from rich.table import Column, Table

from jobs.cli.console import console
from jobs.cli.session import carried_out, command_run, lake_session
from jobs.platform.errors import LakeError, signed
from jobs.platform.settings import Settings, load_settings
from jobs.platform.store import require_store
from jobs.sharing.share import Share
from jobs.steps import SHARE

Name = Annotated[str, typer.Argument(help="name of a file in conf/shares, without .yaml")]
By = Annotated[str, typer.Option(help="who asks or decides")]
Because = Annotated[str, typer.Option(help="why")]
COLOURS = {"granted": "green", "expired": "red", "revoked": "red", "declined": "red", "changed": "yellow", "requested": "yellow"}


def add(app: typer.Typer) -> None:
    sharing = typer.Typer(no_args_is_help=True, help="Give other departments and researchers what they may have: requested, approved, delivered to them alone, revoked at once.")
    for name, command in (("list", list_), ("request", request), ("approve", approve), ("revoke", revoke), ("run", run), ("key", key), ("log", log)):
        sharing.command(name)(command)
    app.add_typer(sharing, name="share")


def list_(as_json: Annotated[bool, typer.Option("--json", help="the catalogue that recipients read")] = False) -> None:
    """What can be requested, by whom, and how it stands. Example: [bold]./lake share list[/]"""
    from jobs.ops.ledger import Ledger
    from jobs.share import all_given, catalogue

    settings = load_settings()
    require_store(settings)
    given = all_given(settings, Ledger(settings))
    if as_json:
        typer.echo(json.dumps(catalogue(settings, given), ensure_ascii=False))
        return
    table = Table(Column("share", no_wrap=True), "of", "for", "what", "state", "until", Column("by", overflow="fold"))
    for each in given:
        share, now = each.share, each.standing
        state = "[red]not allowed[/]" if each.problem else f"[{COLOURS.get(now.state, 'default')}]{now.state}[/]"
        until = now.granted.wanted.until if now.granted else share.expires_on
        by = each.problem or (f"{now.last.by}: {now.last.because}" if now.last else "")
        table.add_row(share.name, share.source, share.recipient, "counts" if share.aggregate else f"{len(share.columns)} columns", state, str(until), by)
    console.print(table)


def request(
    name: Name, by: By, because: Because,
    column: Annotated[list[str] | None, typer.Option(help="only these columns; all that are offered when left out")] = None,
    where: Annotated[str | None, typer.Option(help="only rows that meet this, e.g. \"district = '110101'\"")] = None,
    until: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="an earlier last day")] = None,
) -> None:  # fmt: skip
    """Ask for a share, or for less of it. Example: [bold]./lake share request support-roster-for-audit --by "Bo Wang" --because "audit plan 7 of 2026" --column district --column monthly_amount[/]"""
    from jobs.ops.ledger import Ledger
    from jobs.sharing.events import Wanted, ask
    from jobs.sharing.share import checked

    settings, share = _found(name)
    checked(settings.root, share)
    require_store(settings)
    ask(Ledger(settings), share, Wanted(tuple(column) if column else share.columns, where, _day(until) if until else share.expires_on), by, because)
    console.print(f"{name}: {share.approver} decides: ./lake share approve {name} --by {share.approver!r} --because TEXT", soft_wrap=True, highlight=False)


def approve(name: Name, by: By, because: Because, reject: Annotated[bool, typer.Option("--reject", help="the recipient must not have it")] = False) -> None:
    """Decide about the request that waits; the approver of the share does. Example: [bold]./lake share approve support-roster-for-audit --by "Ann Li" --because "audit law, article 36"[/]"""
    from jobs.ops.ledger import Ledger
    from jobs.share import settle
    from jobs.sharing.access import key_path
    from jobs.sharing.events import decide
    from jobs.sharing.share import checked

    settings, share = _found(name)
    checked(settings.root, share)
    require_store(settings)
    decide(Ledger(settings), share, by, because, not reject)
    settle(settings)
    if reject:
        console.print(f"{name}: declined", highlight=False)
        return
    console.print(f"{name}: delivered by the next run: ./lake share run {name}", soft_wrap=True, highlight=False)
    if key_path(settings, share.recipient).exists():
        console.print(f"the S3 key of {share.recipient}, to hand over and delete: {key_path(settings, share.recipient)}", soft_wrap=True, highlight=False)


def revoke(name: Name, by: By, because: Because) -> None:
    """End a share now: access, files, and where it was the recipient's last one its S3 user and the key of its pseudonyms. Example: [bold]./lake share revoke support-roster-for-audit --by "Ann Li" --because "the audit is over"[/]"""
    from jobs.ops.ledger import Ledger
    from jobs.share import settle
    from jobs.sharing import events

    settings, share = _found(name)
    require_store(settings)
    events.revoke(Ledger(settings), share, by, because)
    settle(settings)
    console.print(f"{name}: {share.recipient} reads nothing of it any more; its files are gone", highlight=False)


def run(names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]…", help="shares; all when left out")] = None) -> None:
    """Deliver what is granted and has changed; end what has expired. Example: [bold]./lake share run support-roster-for-audit[/]"""
    from jobs.sharing.share import share_named, share_paths

    settings = load_settings()
    chosen = [share_named(settings.root, name) for name in names or [path.stem for path in share_paths(settings.root)]]
    said = command_run()
    with lake_session(settings) as spark:
        right = [_deliver(spark, settings, share, said) for share in chosen]
    raise typer.Exit(0 if all(right) else 1)


def _deliver(spark: SparkSession, settings: Settings, share: Share, run: str) -> bool:
    return carried_out(spark, settings, SHARE, share.name, run, "extract", lambda made: f"{made.rows:,} rows for {share.recipient}, {made.left_out:,} counts left out")


def key(name: Name, by: By, because: Because) -> None:
    """Make the recipient a new S3 key; those it had end. Example: [bold]./lake share key support-roster-for-audit --by "Ann Li" --because "the old one was lost"[/]"""
    from jobs.ops.ledger import Ledger
    from jobs.share import settle
    from jobs.sharing import access, events

    settings, share = _found(name)
    require_store(settings)
    by, because = signed(by, because)
    if events.standing(share, events.events(Ledger(settings), name), events.today(settings)).state != events.GRANTED:
        raise LakeError(f"nothing is granted of {name}", "see what is: ./lake share list")
    events.note_key(Ledger(settings), share, by, because)
    access.forget(settings, share.recipient)
    settle(settings)
    console.print(f"the new S3 key of {share.recipient}, to hand over and delete: {access.key_path(settings, share.recipient)}", soft_wrap=True, highlight=False)


def log(name: Name) -> None:
    """What was asked, decided, delivered and read of a share. Example: [bold]./lake share log support-roster-for-audit[/]"""
    from jobs.ops.ledger import Ledger
    from jobs.sharing.history import collect, happened

    settings, share = _found(name)
    require_store(settings)
    collect(Ledger(settings))
    table = Table("when (UTC)", "what", "by", Column("why, or how much", overflow="fold"))
    for each in happened(Ledger(settings), share.name):
        table.add_row(f"{each.at:%Y-%m-%d %H:%M:%S}", each.what, each.by, each.detail)
    console.print(table)


def _found(name: str) -> tuple[Settings, Share]:
    from jobs.sharing.share import share_named

    settings = load_settings()
    return settings, share_named(settings.root, name)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise LakeError(f"{text!r} is no day", "write it as 2026-12-31") from None
