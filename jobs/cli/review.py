"""lake review list | show | decide: pairs of records that a clerk should look at"""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from jobs.cli.console import console
from jobs.platform.errors import LakeError, signed
from jobs.platform.settings import load_settings

review = typer.Typer(no_args_is_help=True, help="Pairs of records that may be of one person: look at them, and say whether they are.")
Pair = Annotated[str, typer.Argument(help="a pair as ./lake review list names it")]
By = Annotated[str, typer.Option(help="who looks or decides")]
Because = Annotated[str, typer.Option(help="why")]


def add(app: typer.Typer) -> None:
    app.add_typer(review, name="review")


@review.command("list")
def list_(
    rows: Annotated[int, typer.Option(help="pairs shown, the least sure first")] = 20,
    decided: Annotated[bool, typer.Option("--decided", help="what was decided, instead of what waits")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Pairs whose weight says neither yes nor no; no value is shown. Example: [bold]./lake review list --rows 5[/]"""
    from jobs.identity import review as queue
    from jobs.identity.decisions import decisions
    from jobs.ops.ledger import Ledger

    settings = load_settings()
    made = decisions(Ledger(settings), queue.PREFIX)
    if decided:
        table = Table("pair", "decision", "by", "because", "at", "followed", title="decisions")
        for each in made:
            table.add_row(queue.name_of(each.left, each.right), "same person" if each.same else "two people", escape(each.by), escape(each.because), f"{each.decided_at:%Y-%m-%d %H:%M}", "yes" if each.applied else "by the next ./lake resolve")
        console.print(table)
        return
    found = queue.waiting(settings, made, rows)
    if as_json:
        typer.echo(json.dumps([vars(pair) for pair in found], ensure_ascii=False))
        return
    table = Table(Column("pair", no_wrap=True), "registers", "weight", "now", Column("what agrees", overflow="fold"), title="pairs to review, the least sure first")
    for pair in found:
        table.add_row(pair.name, f"{pair.left_dataset}\n{pair.right_dataset}", f"{pair.match_weight:+.1f}", "linked" if pair.linked else "apart", queue.in_words(pair.evidence))
    console.print(table)


@review.command()
def show(pair: Pair, by: By = "", because: Because = "") -> None:
    """Both records with what they say, personal values and all; the look is noted. Example: [bold]./lake review show 1b2c3d4e5f60-0a1b2c3d4e5f --by "Ann Li" --because "two registers disagree"[/]"""
    from jobs.identity import review as queue
    from jobs.ops.ledger import Ledger

    settings, who = load_settings(), signed(by, because)
    left, right = queue.both(settings, pair)
    queue.note_look(Ledger(settings), pair, *who)
    table = Table("", left["source_dataset"], right["source_dataset"], title=pair)
    for name in queue.SHOWN:
        table.add_row(name, *(escape(row[name] or "") for row in (left, right)))
    console.print(table)


@review.command()
def decide(
    pair: Pair, by: By, because: Because, same: Annotated[bool, typer.Option("--same", help="they are of one person")] = False, different: Annotated[bool, typer.Option("--different", help="they are of two")] = False
) -> None:
    """Say whether two records are of one person; every later run follows. Example: [bold]./lake review decide 1b2c3d4e5f60-0a1b2c3d4e5f --different --by "Ann Li" --because "twins"[/]"""
    from jobs.identity import review as queue
    from jobs.identity.decisions import decide as note
    from jobs.ops.ledger import Ledger

    if same == different:
        raise LakeError("what was decided is not said", "say --same or --different")
    settings, who = load_settings(), signed(by, because)
    left, right = queue.both(settings, pair)
    if left["profile_id"] == right["profile_id"]:
        raise LakeError("the two records say the same in all that is compared, so they are one person", "were they of two, one of the registers must be corrected: nothing here tells them apart")
    note(Ledger(settings), queue.PREFIX, left["record_ref"], right["record_ref"], same, *who)
    console.print(f"{pair}: {'one person' if same else 'two people'}; ./lake resolve follows", highlight=False)
