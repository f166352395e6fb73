"""lake publish: what the public reads"""

from __future__ import annotations

from typing import Annotated

import typer
from pyspark.sql import SparkSession
from rich.table import Column, Table

from jobs.cli.console import console, refused
from jobs.cli.session import carried_out, command_run, lake_session
from jobs.platform.errors import LakeError, signed
from jobs.platform.settings import Settings, load_settings
from jobs.platform.store import require_store
from jobs.publishing.publication import Publication
from jobs.steps import PUBLISH

Name = Annotated[str, typer.Argument(help="name of a file in conf/publications, without .yaml")]
By = Annotated[str, typer.Option(help="who decides")]
Because = Annotated[str, typer.Option(help="why")]


def add(app: typer.Typer) -> None:
    publishing = typer.Typer(no_args_is_help=True, help="Publish products for everybody: disclosure control, approval, open files, catalogue.")
    for name, command in (("list", list_), ("run", run), ("approve", approve), ("withdraw", withdraw)):
        publishing.command(name)(command)
    app.add_typer(publishing, name="publish")


def list_() -> None:
    """What may be published, what is, and what it waits for. Example: [bold]./lake publish list[/]"""
    from jobs.ops.ledger import Ledger
    from jobs.publishing.publication import load_publication, publication_paths
    from jobs.publishing.versions import all_versions, approval

    settings = load_settings()
    require_store(settings)
    ledger = Ledger(settings)
    last = {name: found[-1] for name, found in all_versions(ledger).items()}
    table = Table(Column("publication", no_wrap=True), "product", "of", "approved by", "version", "published", "rows", Column("what is new", overflow="fold"))
    for publication in map(load_publication, publication_paths(settings.root)):
        agreed, version = approval(ledger, publication), last.get(publication.name)
        by = "[yellow]nobody yet[/]" if agreed is None else agreed.by if agreed.approved else f"[red]declined by {agreed.by}[/]"
        said = (str(version.version), f"{version.published_at:%Y-%m-%d %H:%M}", f"{version.rows:,}", version.notice) if version else ("", "", "", "")
        table.add_row(publication.name, publication.product, publication.subject.kind, by, *said)
    console.print(table)


def run(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]…", help="publications; all when left out")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="all of disclosure control, and nothing leaves")] = False,
) -> None:
    """Publish what has changed and is approved. Example: [bold]./lake publish run public-spending --dry-run[/]"""
    from jobs.publish import publication_of
    from jobs.publishing.publication import publication_paths

    settings = load_settings()
    chosen = [publication_of(settings, name) for name in names or [path.stem for path in publication_paths(settings.root)]]
    said = command_run()
    with lake_session(settings) as spark:
        right = [(_foretell if dry_run else _publish)(spark, settings, publication, said) for publication in chosen]
    console.print(f"  the catalogue: {settings.public_address('catalogue.jsonld')}", soft_wrap=True, highlight=False)
    raise typer.Exit(0 if all(right) else 1)


def _publish(spark: SparkSession, settings: Settings, publication: Publication, run: str) -> bool:
    return carried_out(
        spark, settings, PUBLISH, publication.name, run, "version", lambda made: f"{made.rows:,} rows, {made.written:,} files written, {made.left_out:,} rows or cells held back"
    )


def _foretell(spark: SparkSession, settings: Settings, publication: Publication, _: str) -> bool:
    from jobs.publish import run

    try:
        with console.status(f"publish {publication.name} …"):
            would = run(spark, settings, publication, dry=True)
    except LakeError as problem:
        return refused(publication.name, problem)
    said = f"waits: {would.waits_for}" if would.waits_for else f"{would.rows:,} rows may go out, {would.left_out:,} rows or cells would be held back"
    console.print(f"  [green]✓[/] {publication.name} {said}", soft_wrap=True, highlight=False)
    return True


def approve(name: Name, by: By, because: Because, reject: Annotated[bool, typer.Option("--reject", help="these terms must not go out")] = False) -> None:
    """Let the terms of a publication out (columns, protection, licence), or not; other terms need another approval. Example: [bold]./lake publish approve public-spending --by Ann --because "council decision 12"[/]"""
    from jobs.ops.ledger import Ledger
    from jobs.publish import publication_of
    from jobs.publishing.versions import Approval, decide

    settings = load_settings()
    publication = publication_of(settings, name)
    require_store(settings)
    decide(Ledger(settings), publication, Approval(not reject, by.strip(), because.strip()))
    console.print(f"{name}: {'declined' if reject else 'goes out with the next run: ./lake publish run ' + name}", soft_wrap=True, highlight=False)


def withdraw(name: Name, by: By, because: Because, dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would go")] = False) -> None:
    """Take every file of a publication away from the public; a notice stays. Example: [bold]./lake publish withdraw public-spending --by Ann --because "wrong supplier names" --dry-run[/]"""
    from jobs import publish
    from jobs.ops.ledger import Ledger
    from jobs.publishing.versions import versions

    settings = load_settings()
    require_store(settings)
    by, because = signed(by, because)
    if dry_run:
        found = versions(Ledger(settings), name)
        console.print(f"{len({file.key for version in found for file in version.files}):,} files of {len(found)} versions would go", highlight=False)
        return
    console.print(f"{publish.withdraw(settings, name, by, because):,} files are gone; the notice is in the feed", highlight=False)
