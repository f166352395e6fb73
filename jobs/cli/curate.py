"""lake curate: build curated products here and now, without Airflow"""

from __future__ import annotations

from typing import Annotated

import typer
from pyspark.sql import SparkSession

from jobs.cli.console import console, refused
from jobs.cli.data import contract_of
from jobs.cli.session import command_run, lake_session
from jobs.contracts.load import BrokenContract, load_product, load_products, product_path
from jobs.contracts.product import DEPARTMENT, Product, is_product
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings, load_settings


def add(app: typer.Typer) -> None:
    app.command("curate")(curate)


def curate(
    products: Annotated[list[str] | None, typer.Argument(metavar="[PRODUCT]…", help="curated.<product>; all when left out, what others are made from first")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be made again")] = False,
) -> None:
    """Build products from what has changed, here and now. Example: [bold]./lake curate curated.emissions --dry-run[/]"""
    settings = load_settings()
    wanted = {product_of(settings, name).dataset for name in products or ()}
    chosen = [product for product in load_products(settings.root)[0] if not wanted or product.dataset in wanted]
    run, failed = command_run(), False
    with lake_session(settings) as spark:
        for product in chosen:
            if dry_run:
                _foretell(spark, settings, product)
            else:
                failed |= not _build(spark, settings, product, run)
    raise typer.Exit(1 if failed else 0)


def _build(spark: SparkSession, settings: Settings, product: Product, run: str) -> bool:
    from jobs.orchestration import facts, run_step
    from jobs.steps import CURATE

    with console.status(f"curate {product.dataset} …"):
        done = run_step(CURATE, spark, settings, product.dataset, run)
    if done.problem:
        return refused(product.dataset, done.problem)
    said = f"waits for {', '.join(done.result.waits_for)}" if done.result.waits_for else facts(done.result)
    console.print(f"  [green]✓[/] {product.dataset} {done.seconds:5.1f} s  {said}", soft_wrap=True, highlight=False)
    return True


def _foretell(spark: SparkSession, settings: Settings, product: Product) -> None:
    from jobs.curate import run

    would = run(spark, settings, product, (), dry=True)
    said = f"waits for {', '.join(would.waits_for)}" if would.waits_for else f"would make again: {', '.join(would.periods)}" if would.periods else "is as its inputs are"
    console.print(f"  {product.dataset} {said}", soft_wrap=True, highlight=False)


def product_of(settings: Settings, name: str) -> Product:
    """The contract of `curated.<product>` or `<product>`. Raises LakeError naming the products there are, or the contract's faults."""
    path = product_path(settings.root, name)
    if not path.exists():
        known = ", ".join(sorted(f"{DEPARTMENT}.{p.stem}" for p in path.parent.glob("*.yaml")))
        raise LakeError(f"there is no product {name!r}", f"products are {known}")
    try:
        return load_product(path)
    except BrokenContract as problem:
        raise LakeError(f"the contract of {name} is broken: {problem.findings[0]}", "mend it; ./lake check shows every fault") from None


def require_known(settings: Settings, name: str) -> None:
    """Raises LakeError where `name` is neither a dataset nor a product with a sound contract."""
    if is_product(name):
        product_of(settings, name)
    else:
        contract_of(settings, name)
