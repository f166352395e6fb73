"""lake up | down | password"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Annotated

import typer
from rich.table import Table

from jobs.cli.console import console
from jobs.platform.components import components, refresh_grants, sync_writes
from jobs.platform.externals import externals
from jobs.platform.probe import note_conditions
from jobs.platform.secrets import make_secrets, secret
from jobs.platform.settings import Settings, load_settings
from jobs.platform.store import make_buckets
from jobs.platform.supervise import noted, start_all, state, stop
from jobs.platform.writers import admit

Only = Annotated[str, typer.Option(help="Start only these parts and what they need, e.g. store,metastore,spark")]

RUNS_TASKS = "airflow-scheduler"  # they need a lake that is prepared


def add(app: typer.Typer) -> None:
    app.command("up")(up)
    app.command("down")(down)
    app.command("password")(password)


def bring_up(settings: Settings, only: str = "") -> None:
    """Start what is not running, in order, and prepare buckets, databases and ledger tables.

    Raises LakeError where a part that runs elsewhere does not answer, or where the store cannot hold several writers and no single one was chosen.
    """
    make_secrets(settings)
    for other in externals(settings):
        other.require()
        console.print(f"  [green]✓[/] {other.name:<18} elsewhere: {other.address}")
    if settings.profile != "embedded":
        _prepare_store(settings)
    wanted = [part for part in components(settings) if not only or part.name in only.split(",") or part.name.split("-")[0] in only.split(",")]
    prepared: Future[None] | None = None
    with console.status("starting the stack …") as status, ThreadPoolExecutor(1) as beside:

        def tell(name: str, seconds: float | None) -> None:
            console.print(f"  [green]✓[/] {name:<18} {'was up' if seconds is None else f'{seconds:5.1f} s'}")

        for part in wanted:
            status.update(f"starting {part.name} …")
            if prepared and part.name == RUNS_TASKS:
                prepared.result()
            start_all(settings.state, [part], tell)
            if part.name == "store":
                sync_writes(settings)
                _prepare_store(settings)
                if refresh_grants(settings, state(settings.state, part).pid or 0):
                    console.print("  [green]✓[/] grants of the contracts")
            if part.name == "spark":
                prepare_catalog(settings)
                prepared = beside.submit(prepare_ledger, settings)  # in a new lake half a minute
        if settings.spark.connect:
            prepare_catalog(settings)
            prepared = beside.submit(prepare_ledger, settings)
        status.update("naming the ledger's tables …")
        if prepared:
            prepared.result()


def _prepare_store(settings: Settings) -> None:
    """Buckets, and what the store can do: known before anything commits to it."""
    make_buckets(settings)
    note_conditions(settings)
    admit(settings)


def prepare_catalog(settings: Settings) -> None:
    """The databases. Before another server asks: the first to ask makes the metastore's own tables."""
    from jobs.platform.spark import make_databases, open_session

    spark = open_session(settings)
    make_databases(spark, settings)
    spark.stop()


def prepare_ledger(settings: Settings) -> None:
    """Its tables, and their names in the catalog."""
    from jobs.ops.catalog import register_ops
    from jobs.ops.ledger import Ledger
    from jobs.platform.spark import fit, open_session

    spark = open_session(settings)
    Ledger(settings).create()
    fit(spark, 0)  # they are small, and many
    register_ops(spark, settings)
    spark.stop()


def up(only: Only = "") -> None:
    """Start the embedded stack, or restart what died. Example: [bold]./lake up[/]"""
    settings = load_settings()
    bring_up(settings, only)
    console.print(f"Airflow: http://127.0.0.1:{settings.port('airflow')}  user admin, password: ./lake password")


def down() -> None:
    """Stop the whole stack, last part first. Example: [bold]./lake down[/]"""
    settings = load_settings()
    make_secrets(settings)
    names = [part.name for part in reversed(components(settings))]
    for name in [*(other for other in noted(settings.state) if other not in names), *names]:  # first what another profile started
        if stop(settings.state, name):
            console.print(f"  stopped {name}")


def stack_table(settings: Settings) -> Table:
    table = Table("part", "pid", "up since", title="stack")
    for part in components(settings):
        now = state(settings.state, part)
        table.add_row(part.name, str(now.pid or "[red]down[/]"), f"{now.seconds_up / 60:.0f} min" if now.pid else "")
    return table


def password() -> None:
    """Print the Airflow admin password. Example: [bold]./lake password[/]"""
    typer.echo(secret(load_settings(), "airflow_admin"))
