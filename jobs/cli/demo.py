"""lake demo: dumps of a city, through Airflow, to checked tables"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from jobs.cli.city import make_city, score_landing, show
from jobs.cli.console import console
from jobs.cli.run import run_and_watch
from jobs.cli.stack import bring_up
from jobs.contracts.load import load_all
from jobs.contracts.model import Contract
from jobs.ops.ledger import Ledger
from jobs.ops.summary import Summary, summarise, top_reasons
from jobs.orchestration import waiting
from jobs.platform.airflow_api import Airflow
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings, load_settings
from jobs.platform.spark import open_session
from jobs.sample import real
from jobs.sample.city.generate import Order
from jobs.sample.city.plan import Plan
from jobs.sample.city.registry import datasets
from jobs.sample.deliver import Put, deliver

PEOPLE, FIRST, LAST = 20_000, "2025-01-01", "2025-03-01"
WORST = 5  # datasets whose reasons are shown
# Of nineteen departments, in each one's own format, with broken, late and corrected files among them: what two cores do in five minutes. With all that curated.special_fund is made from.
FEW = (
    "civil_affairs.low_income_roster", "civil_affairs.marriage", "commerce.staple_sale", "consultation.policy", "culture.venue", "education.enrolment", "environment.air_station_hour",
    "finance.allocation", "finance.budget", "finance.payment", "finance.project", "finance.special_fund", "health.institution", "hotline.request", "market.company", "meteorology.warning",
    "planning.community", "power.outage", "procurement.ocds_release", "public_security.household_register", "social_organisation.organisation", "statistics.street_population", "traffic.incident",
    "water.station_reading",
)  # fmt: skip
Data = Annotated[Path | None, typer.Option(exists=True, file_okay=False, help="a folder of the real open dumps instead of the made-up city, e.g. ../shared/data")]
Live = Annotated[bool, typer.Option("--live", help="the city's days come one by one, each through Airflow; begun again, it goes on where it stopped")]
Days = Annotated[int, typer.Option(min=1, help="with --live: how many days of the city's life, counted from its first")]


def add(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    data: Data = None, live: Live = False, days: Days = 60, people: Annotated[int, typer.Option(help="residents of the made-up city")] = PEOPLE,
    seed: Annotated[int, typer.Option(help="another one makes another city")] = 7,
    whole: Annotated[bool, typer.Option("--whole", help="all 63 datasets of the city instead of 24; takes some ten minutes on two cores")] = False,
) -> None:  # fmt: skip
    """Start everything, deliver a city's dumps, run them through Airflow, compare what came of it with the truth. Example: [bold]./lake demo[/]"""
    if data and live:
        raise LakeError("the real dumps have no days", "leave out --data or --live")
    settings, began, wanted = load_settings(), time.monotonic(), list(datasets() if whole else FEW)
    console.rule("the stack")
    bring_up(settings)
    if live:
        raise typer.Exit(0 if _live(settings, _city(people, seed), wanted, days) else 1)
    console.rule("the departments deliver")
    contracts, put = _deliver_real(settings, data) if data else _deliver_city(settings, _city(people, seed), wanted)
    console.print(f"  {put.new} files of {len(contracts)} datasets put into {settings.bucket('landing')}, {put.known} stood there already")
    console.rule("Airflow runs register → land → check → conform")
    wait = waiting(settings, contracts)
    url = _run(settings, wait) if wait else _last_run(settings)
    _summarise(settings, contracts, time.monotonic() - began)
    if not wait:
        console.print("[bold]Nothing new came, and nothing was loaded twice[/]: every file stood in the ledger already, through all steps.")
    right = _control_totals(settings) if data else _compare(settings)
    _look_further(settings, contracts, url)
    raise typer.Exit(0 if right else 1)


def _city(people: int, seed: int) -> Plan:
    return Plan(people, dt.date.fromisoformat(FIRST), dt.date.fromisoformat(LAST), seed)


def _deliver_real(settings: Settings, data: Path) -> tuple[list[Contract], Put]:
    files = [(each.key, each.content()) for each in real.foundation(data)]
    put = deliver(settings, files)
    return _addressed(settings, [key for key, _ in files]), put


def _deliver_city(settings: Settings, plan: Plan, wanted: list[str], day: dt.date | None = None) -> tuple[list[Contract], Put]:
    """The city's contracts, and what was put; `day`: only what comes on it, and the truth is that day's."""
    made = make_city(settings, plan, wanted, Order(str(settings.state / "city"), land=True, only=day, until=day))
    return [contract for contract in load_all(settings.root)[0] if contract.dataset in wanted], Put(made.files - made.known, made.known)


def _run(settings: Settings, wait: Sequence[str]) -> str:
    """The datasets that wait, through Airflow; the page of the run there. Raises LakeError where it does not end well."""
    state, url, problems = run_and_watch(settings, wait)
    if state != "success":
        raise LakeError(f"the run ended as {state}: {'; '.join(problems) or 'see its tasks'}", f"look at {url}, then run ./lake demo again: what is done is not done twice")
    return url


def _last_run(settings: Settings) -> str:
    """The page of the batch DAG's newest run; of the DAG, where it has none."""
    airflow = Airflow(settings)
    runs = airflow.get("/dags/batch/dagRuns?order_by=-run_after&limit=1")["dag_runs"]
    return airflow.url("batch", runs[0]["dag_run_id"] if runs else None)


def _live(settings: Settings, plan: Plan, wanted: list[str], days: int) -> bool:
    """Day by day: what comes on it is delivered, runs through Airflow, and is compared with that day's truth. False: something differs."""
    right = True
    for day in (plan.first + dt.timedelta(days=number) for number in range(days)):
        console.rule(f"{day}")
        contracts, put = _deliver_city(settings, plan, wanted, day)
        console.print(f"  {put.new} files came, {put.known} had come before", highlight=False)
        if wait := waiting(settings, contracts):
            _run(settings, wait)
            right &= _compare(settings)
    return right


def _compare(settings: Settings) -> bool:
    """Every file and row of the city against the truth. False: something differs."""
    return show(score_landing(settings, settings.state / "city" / "truth")) == 0


def _addressed(settings: Settings, keys: Sequence[str]) -> list[Contract]:
    """The datasets into whose landing folders the files went."""
    return [contract for contract in load_all(settings.root)[0] if any(key.startswith(f"{contract.landing}/") for key in keys)]


def _summarise(settings: Settings, contracts: Sequence[Contract], seconds: float) -> None:
    console.rule("what came of it")
    rows = Ledger(settings).rows("deliveries")
    found = [summarise(contract.dataset, rows) for contract in contracts]
    console.print(_summary_table(found))
    spark = open_session(settings)
    reasons = Table(Column("dataset", no_wrap=True), "rule", "what is wrong", "rows", title="why rows were rejected, where most were")
    for reason in top_reasons(spark, [each.dataset.replace(".", "__") for each in sorted(found, key=lambda each: -each.quarantined)[:WORST] if each.quarantined]):
        reasons.add_row(reason.dataset, reason.rule, reason.message, f"{reason.rows:,}")
    spark.stop()
    console.print(reasons)
    files = Table(Column("dataset", no_wrap=True), "file", "outcome", "why", title="files that were not loaded")
    for row in rows:
        if row["outcome"] in ("rejected", "held") and any(row["dataset"] == contract.dataset for contract in contracts):
            files.add_row(row["dataset"], row["name"], row["outcome"], row["message"])
    if files.row_count:
        console.print(files)
    console.print(f"{sum(s.rows for s in found):,} rows read, {sum(s.silver for s in found):,} in silver, {sum(s.quarantined for s in found):,} rejected, in {seconds:.0f} s", highlight=False)


def _summary_table(found: Sequence[Summary]) -> Table:
    table = Table(Column("dataset", no_wrap=True), "files", "refused", "held", "rows read", "silver", "rejected", "duplicate", "superseded")
    for each in found:
        counts = (each.files, each.rejected, each.held, each.rows, each.silver, each.quarantined, each.duplicate, each.superseded)
        table.add_row(each.dataset, *(f"{count:,}" for count in counts))
    return table


def _control_totals(settings: Settings) -> bool:
    """The publishers' own totals against the tables. False: one differs."""
    spark = open_session(settings)
    table, right = Table("control total", "published", "in the lake", "", title="control totals"), True
    for total in real.CONTROL_TOTALS:
        value = str(spark.sql(total.sql).first()[0])  # type: ignore[index]
        right &= value == total.published
        table.add_row(total.name, total.published, value, "[green]✓[/]" if value == total.published else "[red]differs[/]")
    spark.stop()
    console.print(table)
    return right


def _look_further(settings: Settings, contracts: Sequence[Contract], url: str) -> None:
    table = contracts[0].table
    console.rule("look further")
    for command in (
        "./lake status", f"./lake status {contracts[-1].dataset}", f'./lake sql --as job "SELECT * FROM silver.{table} LIMIT 5"', f'./lake sql --as job "SELECT * FROM quarantine.{table}"', "./lake docs",
    ):  # fmt: skip
        console.print(f"  {command}", highlight=False, soft_wrap=True)
    console.print(f"  in Airflow: {url}\n  user admin, password: ./lake password\n  stop everything: ./lake down", highlight=False, soft_wrap=True)
