"""lake reidentify, lake rotate: whom a pseudonym stands for, and new pseudonyms"""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Column, Table

from jobs.cli.console import console
from jobs.cli.curate import product_of
from jobs.cli.session import lake_session
from jobs.platform.errors import LakeError
from jobs.platform.settings import load_settings

PRODUCT = typer.Argument(help="curated.<product> with pseudonyms")
BY, BECAUSE = typer.Option(help="who asks"), typer.Option(help="why")


def add(app: typer.Typer) -> None:
    app.command("reidentify")(reidentify)
    app.command("rotate")(rotate)


def reidentify(
    product: Annotated[str, PRODUCT],
    pseudonym: Annotated[str, typer.Argument(help="64 hexadecimal digits, as the product has it")],
    by: Annotated[str, BY],
    because: Annotated[str, BECAUSE],
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Show the records of the person a pseudonym stands for; each time is noted in ops.reidentifications, before anything is read. Example: [bold]./lake reidentify curated.benefit_review 0123…cdef --by Ann --because "case 2025/17"[/]"""
    from jobs.reidentify import run

    settings = load_settings()
    grant = _grant(product)
    with lake_session(settings) as spark:
        found = run(spark, settings, grant, pseudonym, by, because)
    if as_json:
        typer.echo(json.dumps({"ask": found.ask, "version": found.version, "records": [vars(record) for record in found.records]}, ensure_ascii=False))
        return
    table = Table(Column("dataset", no_wrap=True), "row", "name", "id", title=f"who it is; noted in ops.reidentifications as {found.ask}")
    for record in found.records:
        table.add_row(record.dataset, record.row, record.name or "", record.resident_id or "")
    console.print(table)


def rotate(product: Annotated[str, PRODUCT], by: Annotated[str, BY], because: Annotated[str, BECAUSE]) -> None:
    """Give a product new pseudonyms from its next build on; which resident the old ones stood for stays in silver. Example: [bold]./lake rotate curated.benefit_review --by Ann --because "yearly rotation"[/]"""
    from jobs.privacy.rotation import run

    settings = load_settings()
    grant = _grant(product)
    with lake_session(settings) as spark:
        done = run(spark, settings, grant, by, because)
    console.print(f"pseudonyms of {grant} are of version {done.version} from the next build on (./lake curate {product}); {done.residents:,} older ones are kept in silver", soft_wrap=True, highlight=False)


def _grant(name: str) -> str:
    product = product_of(load_settings(), name)
    if not product.pseudonyms:
        raise LakeError(f"{product.dataset} has no pseudonyms", "its contract names them in customProperty `pseudonyms`")
    return product.grant
