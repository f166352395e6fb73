"""lake new: a contract and a suite from a sample"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from jobs.cli.console import console
from jobs.contracts.load import contract_path
from jobs.platform.errors import LakeError
from jobs.platform.settings import load_settings

DATASET = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


def add(app: typer.Typer) -> None:
    app.command("new")(new)


def new(
    dataset: Annotated[str, typer.Argument(help="<department>.<dataset>, in lower case")],
    sample: Annotated[list[Path], typer.Option(exists=True, dir_okay=False, help="a file as the department sends it; several of one kind may be given")],
    table: Annotated[str | None, typer.Option(help="which table of a database or SQL dump, or layer of a shapefile, where the sample has several")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="print both files and write none")] = False,
) -> None:
    """Write a contract and a suite that take a sample. Example: [bold]./lake new fiscal.spend --sample ../shared/data/fiscal/gla_spend.csv[/]"""
    from jobs.scaffold.document import contract_text, suite_text
    from jobs.scaffold.profile import profiled
    from jobs.scaffold.sample import read_sample

    if not DATASET.fullmatch(dataset):
        raise LakeError(f"{dataset!r} is no name of a dataset", "write <department>.<dataset> in lower case letters, digits and _, e.g. water.station_reading")
    root, (department, _, name) = load_settings().root, dataset.partition(".")
    files = {contract_path(root, dataset): "", root / "expectations" / department / f"{name}.yaml": ""}
    for path in files:
        if path.exists() and not dry_run:
            raise LakeError(f"{path.relative_to(root)} is there already", "choose another name, or remove it first")
    read = read_sample(sample, table)
    profile = profiled(read.frame)
    for path, text in zip(files, (contract_text(department, name, read, profile), suite_text(department, name, profile)), strict=True):
        if dry_run:
            typer.echo(text)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if dry_run:
        return
    shown = Table("column", "from", "type", "empty", "different", "likely personal", title=f"{dataset}: {read.frame.height:,} rows of {len(sample)} files")
    for column in profile.columns:
        shown.add_row(column.name, column.header, column.physical or column.kind, f"{column.nulls:,}", f"{column.distinct:,}", column.personal or "")
    console.print(shown)
    for path in files:
        console.print(f"  {path.relative_to(root)}", highlight=False)
    console.print(f"Next: decide where a comment asks you to, then ./lake check {dataset}, ./lake deliver {dataset} <period> <file>, ./lake land {dataset}", highlight=False)
