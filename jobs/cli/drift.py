"""lake drift: how the dumps of a dataset left its contract, and a patch that follows them"""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Column, Table

from jobs.cli.console import console
from jobs.contracts.amend import CannotAmend, amended
from jobs.contracts.proposals import Proposals
from jobs.platform.errors import LakeError

KINDS = {
    "new_column": "new column", "missing_column": "missing column", "retyped_column": "another type", "code_list": "other codes", "synonym": "synonym",
    "reordered_columns": "other order", "absent_member": "in no row",
}  # fmt: skip


def add(app: typer.Typer) -> None:
    app.command("drift")(drift)


def drift(
    dataset: Annotated[str, typer.Argument(help="<department>.<dataset>")],
    period: Annotated[list[str] | None, typer.Option(help="only these periods")] = None,
    patch: Annotated[bool, typer.Option("--patch", help="print what the contract would have to say, as a unified diff")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="write it into the contract, if ./lake check finds nothing wrong with it")] = False,
    same: Annotated[list[str] | None, typer.Option(metavar="HEADER", help="this unknown header is the column it resembles")] = None,
    new: Annotated[list[str] | None, typer.Option(metavar="HEADER", help="this unknown header is a column of its own")] = None,
) -> None:
    """How dumps differed from the contract, and what to do. Example: [bold]./lake drift water.station_reading --patch[/]"""
    from jobs.cli.data import contract_of
    from jobs.contracts.proposals import proposed
    from jobs.ops.drift import events_of
    from jobs.ops.ledger import Ledger
    from jobs.platform.settings import load_settings
    from jobs.platform.store import require_store

    settings = load_settings()
    contract = contract_of(settings, dataset)
    require_store(settings)
    rows = [row for row in Ledger(settings).rows("drift", dataset=dataset) if not period or row["period"] in period]
    events = events_of(rows)
    unknown = {event.header for event in events if event.kind == "new_column"}
    if wrong := [header for header in [*(same or ()), *(new or ())] if header not in unknown]:
        raise LakeError(f"no dump had an unknown column {wrong[0]!r}", f"./lake drift {dataset} lists those there were")
    if patch or apply:
        follow(Path(contract.path), settings.root, proposed(contract, events, same or (), new or ()), write=apply)
    else:
        console.print(event_table(rows))


def follow(path: Path, root: Path, found: Proposals, *, write: bool) -> None:
    """Show the changes, what is to be decided and what would be wrong; write them where asked and nothing is."""
    text = path.read_text(encoding="utf-8")
    try:
        after = amended(text, found.changes)
    except CannotAmend as problem:
        raise LakeError(f"{path.name} cannot be changed line by line: {problem}", "write by hand: " + "; ".join(map(str, found.changes))) from None
    typer.echo(unified(text, after, path.relative_to(root)), nl=False)
    for question in found.undecided:
        console.print(f"[yellow]decide:[/] {escape(question)}", highlight=False, soft_wrap=True)
    if not found.changes:
        console.print("nothing to change", highlight=False)
        return
    faults = faults_of(after, path, root)
    for fault in faults:
        console.print(f"[red]{escape(fault)}[/]", highlight=False, soft_wrap=True)
    if write and faults:
        raise LakeError(f"{path.name} was left as it is: with the change it is no valid contract", "write it by hand from the patch, then ./lake check")
    if write:
        path.write_text(after, encoding="utf-8")
    done = "written; now mend every TODO, then ./lake check" if write else "proposed; --apply writes them"
    console.print(f"{len(found.changes)} changes {done}", highlight=False)


def event_table(rows: Sequence[dict[str, Any]]) -> Table:
    """One line an event, in the order of periods."""
    table = Table("period", "file", "what", Column("header", overflow="fold"), "column", "found", "of", "what was done", "may be", title="drift")
    for row in sorted(rows, key=lambda r: (r["period"], r["name"], r["event"])):
        table.add_row(*(escape(str(cell)) for cell in (
            row["period"], row["name"], KINDS.get(row["kind"], row["kind"]), row["header"], row["column"], f"{row['found']:,}", f"{row['looked_at']:,}", row["done"],
            row["suggestion"],
        )))  # fmt: skip
    return table


def unified(before: str, after: str, path: Path) -> str:
    """As `git apply` takes it."""
    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{path}", f"b/{path}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def faults_of(text: str, path: Path, root: Path) -> list[str]:
    """What `lake check` finds wrong with a contract that would stand at `path`."""
    from jobs.contracts.load import BrokenContract, load_contract
    from jobs.quality.implied import rules_of
    from jobs.quality.suites import lint_suite

    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / path.parent.name / path.name
        trial.parent.mkdir()
        trial.write_text(text, encoding="utf-8")
        try:
            contract = load_contract(trial)
            rules_of(contract, root)
            return [str(finding) for finding in lint_suite(contract, root)]
        except BrokenContract as problem:
            return [str(finding).replace(str(trial), str(path)) for finding in problem.findings]
