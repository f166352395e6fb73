"""lake city, lake score: a made-up city's dumps, and how what the lake made of them compares with the truth"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from jobs.cli.console import console
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings, load_settings

SHOWN = 12  # differences of a dataset on the screen


def add(app: typer.Typer) -> None:
    app.command("city")(city)
    app.command("score")(score)


def city(
    people: Annotated[int, typer.Option(help="residents, from 1,000 to 50 million")] = 20_000,
    first: Annotated[str, typer.Option("--from", help="first day of the city's life")] = "2025-01-01",
    last: Annotated[str, typer.Option("--to", help="last day")] = "2025-03-01",
    seed: Annotated[int, typer.Option(help="another seed, another city")] = 7,
    out: Annotated[Path | None, typer.Option(file_okay=False, help="folder of the dumps and the truth; left out with --land: .lake/city")] = None,
    land: Annotated[bool, typer.Option("--land", help="put the dumps into the landing zone")] = False,
    day: Annotated[int | None, typer.Option(min=1, help="deliver only what comes on this day of the city's life, counted from 1; the truth is that day's")] = None,
    dataset: Annotated[list[str] | None, typer.Option(help="only these datasets")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="count files, rows and bytes, and write nothing")] = False,
) -> None:
    """Make the dumps of a whole city, and the truth beside them. Example: [bold]./lake city --people 1000 --to 2025-01-14 --out /tmp/city[/]"""
    from jobs.sample.city.generate import Order

    if not (out or land or dry_run):
        raise LakeError("nobody said where the city goes", "name a folder with --out, or put it into the landing zone with --land")
    settings = load_settings()
    plan = _plan(people, first, last, seed)
    on = plan.first + dt.timedelta(days=day - 1) if day else None
    order = Order(str((out or settings.state / "city").resolve()), land, on, on, dry_run)
    made = make_city(settings, plan, dataset or [], order)
    where = "counted" if dry_run else f"in {settings.bucket('landing')}" if land else f"in {order.out}/landing"
    console.print(f"{made.files:,} files, {made.rows:,} rows, {made.bytes / 1e6:,.1f} MB {where}" + ("" if dry_run else f"; the truth in {order.out}/truth"), highlight=False)


def _plan(people: int, first: str, last: str, seed: int) -> Any:
    from jobs.sample.city.plan import Plan

    try:
        return Plan(people, dt.date.fromisoformat(first), dt.date.fromisoformat(last), seed)
    except ValueError:
        raise LakeError(f"{first} to {last} are no two days", "write days as 2025-01-31") from None


def make_city(settings: Settings, plan: Any, names: list[str], order: Any) -> Any:
    """What was made in all, as jobs.sample.city.generate.Made. With a progress bar."""
    from jobs.platform.spark import open_session
    from jobs.sample.city.generate import Made, generate, units
    from jobs.sample.city.registry import dataset_of, datasets

    wanted = [dataset_of(name) for name in names] or list(datasets().values())
    spark = open_session(settings)
    total = Made("", 0, 0, 0, 0, 0)
    try:
        with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console) as bar:
            task = bar.add_task(f"a city of {plan.people:,} people", total=len(units(plan, wanted)))
            for made in generate(spark, plan, wanted, order):
                total = replace(total, files=total.files + made.files, known=total.known + made.known, bytes=total.bytes + made.bytes, rows=total.rows + made.rows)
                bar.advance(task)
    finally:
        spark.stop()
    return total


def score(
    product: Annotated[str, typer.Argument(help="landing: every file and row of every dataset; residents, households, benefit_review, service_gap, special_fund, procurement_risk or policy_participation: what the product says, and what is planted")],
    truth: Annotated[Path | None, typer.Option(exists=True, file_okay=False, help="folder of the truth; left out: .lake/city/truth")] = None,
    dataset: Annotated[list[str] | None, typer.Option(help="only these datasets")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Compare what the lake holds with the truth of the city it came from; ends with 1 where they differ. Example: [bold]./lake score landing --json[/]"""
    from jobs.cli.score_products import score_product
    from jobs.sample.city.score_products import COUNTED, PRODUCTS, score_of

    settings, product = load_settings(), product.removeprefix("curated.")
    folder = truth or settings.state / "city" / "truth"
    if scored := score_of(product):
        return score_product(product, scored(settings, folder), as_json)
    if product in COUNTED:
        raise LakeError(f"nothing is planted that curated.{product} would have to find: it counts rows that are there", f"there are: landing, {', '.join(PRODUCTS)}")
    if product != "landing":
        raise LakeError(f"nobody knows how to score {product!r}", f"there are: landing, {', '.join(PRODUCTS)}")
    found = score_landing(settings, folder, dataset or [])
    wrong = [difference for each in found for difference in each.differences]
    if as_json:
        typer.echo(json.dumps({"datasets": len(found), "files": sum(e.files for e in found), "rows": sum(e.rows for e in found), "differences": len(wrong), "found": [asdict(d) for d in wrong]}, ensure_ascii=False))
    else:
        show(found)
    raise typer.Exit(1 if wrong else 0)


def score_landing(settings: Settings, truth: Path, datasets: Sequence[str] = ()) -> list[Any]:
    """Every file, and every row of it, as jobs.sample.city.score.DatasetScore. Raises LakeError where there is no truth."""
    from jobs.ops.ledger import Ledger
    from jobs.platform.spark import open_session
    from jobs.sample.city.score import landing
    from jobs.sample.city.score_rows import with_rows

    ledger = Ledger(settings)
    scores = landing(ledger, truth, datasets)
    spark = open_session(settings)
    try:
        return with_rows(spark, ledger, truth, scores)
    finally:
        spark.stop()


def show(found: Sequence[Any]) -> int:
    """On the screen, with the first differences of each dataset; how many there are."""
    console.print(score_table(found))
    for each in found:
        for d in each.differences[:SHOWN]:
            console.print(f"  [red]{d.dataset} {d.period} {d.name}[/]: {d.what}: expected {d.expected}, found {d.found}", highlight=False, soft_wrap=True)
    differences = sum(len(each.differences) for each in found)
    rows, files = sum(each.rows for each in found), sum(each.files for each in found)
    console.print(f"{len(found)} datasets, {files:,} files, {rows:,} rows expected: {differences} differences", highlight=False)
    return differences


def score_table(found: Any) -> Table:
    table = Table(Column("dataset", no_wrap=True), "files", "rows", "rejected", "duplicate", "differences", title="the lake against the truth")
    for each in found:
        table.add_row(each.dataset, f"{each.files:,}", f"{each.rows:,}", f"{each.rejected:,}", f"{each.duplicate:,}", "[green]0[/]" if not each.differences else f"[red]{len(each.differences)}[/]")
    return table
