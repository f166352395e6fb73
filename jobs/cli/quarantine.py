"""lake quarantine list | show | fix | replay | release | discard"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Column, Table

from jobs.cli.console import console
from jobs.platform.errors import LakeError, signed

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from jobs.contracts.model import Contract
    from jobs.ops.ledger import Ledger
    from jobs.platform.settings import Settings
    from jobs.quarantine.applying import Taken
    from jobs.quarantine.selecting import Selection

quarantine = typer.Typer(no_args_is_help=True, help="Rows that were kept from silver: look at them, put them right, let them through.")

Dataset = Annotated[str, typer.Argument(help="<department>.<dataset>")]
Rule = Annotated[str | None, typer.Option(help="only rows with this reason")]
Period = Annotated[list[str] | None, typer.Option(help="only these periods")]
Delivery = Annotated[list[str] | None, typer.Option(help="only these deliveries, <period>/<hash>")]
Record = Annotated[list[int] | None, typer.Option(help="only these records of their files")]
Where = Annotated[str | None, typer.Option(help="SQL over the columns; sent.<column> is the text as sent")]
Status = Annotated[str, typer.Option(help="open | fixed | released | discarded")]
By = Annotated[str, typer.Option(help="who decides")]
Because = Annotated[str, typer.Option(help="why")]
All = Annotated[bool, typer.Option("--all", help="every open row, where nothing else says which")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="say what would be done, and do nothing")]


def add(app: typer.Typer) -> None:
    app.add_typer(quarantine, name="quarantine")


@quarantine.command("list")
def list_(
    dataset: Annotated[str | None, typer.Argument(help="<department>.<dataset>; left out: all")] = None,
    events: Annotated[bool, typer.Option("--events", help="what people did, instead of what stands there")] = False,
) -> None:
    """Rejected rows by dataset, period and reason. Example: [bold]./lake quarantine list hotline.request[/]"""
    from jobs.cli.data import contract_of
    from jobs.contracts.load import load_all
    from jobs.ops.ledger import Ledger
    from jobs.platform.settings import load_settings
    from jobs.platform.store import require_store
    from jobs.quarantine.events import in_order
    from jobs.quarantine.listing import counted
    from jobs.quarantine.selecting import shelf

    settings = load_settings()
    contracts = [contract_of(settings, dataset)] if dataset else list(load_all(settings.root)[0])
    require_store(settings)
    ledger = Ledger(settings)
    taken = [row for row in ledger.rows("quarantine_events") if not dataset or row["dataset"] == dataset]
    if events:
        console.print(event_table(taken))
        return
    troubled = {row["dataset"] for row in ledger.rows("deliveries") if (row["quarantined_rows"] or row["quarantined"] or 0) > 0} | {row["dataset"] for row in taken}
    shelves = [(c, shelf(ledger, c, in_order(row for row in taken if row["dataset"] == c.dataset))) for c in contracts if c.dataset in troubled]
    with session(settings, "counting rejected rows") as spark:
        table = Table(Column("dataset", no_wrap=True), "period", Column("reason", overflow="fold"), "in words", "open", "fixed", "released", "discarded", title="quarantine (rows)")
        for found in counted(spark, shelves):
            table.add_row(found.dataset, found.period, escape(found.rule), escape(found.message), *(f"{n:,}" for n in found.rows.values()))
    console.print(table)
    if unfinished := [row for row in taken if row["applied"] is False]:
        names = ", ".join(sorted({row["dataset"] for row in unfinished}))
        console.print(f"[yellow]silver has not followed yet:[/] {names}; the next run does it, or ./lake quarantine replay", soft_wrap=True)


@quarantine.command()
def show(
    dataset: Dataset, rule: Rule = None, period: Period = None, delivery: Delivery = None, record: Record = None, where: Where = None, status: Status = "open",
    rows: Annotated[int, typer.Option(help="rows shown on the screen")] = 20,
    personal: Annotated[bool, typer.Option("--personal", help="values of personal columns too; the look is noted with --by and --because")] = False,
    by: By = "", because: Because = "", out: Annotated[Path | None, typer.Option(help="all of them into a CSV file, to be edited and given to fix --file")] = None,
) -> None:  # fmt: skip
    """Rows with what was sent and what is wrong; personal values are masked. Example: [bold]./lake quarantine show hotline.request --rule castable:answered_at --rows 5[/]"""
    from jobs.quarantine.edit_file import write
    from jobs.quarantine.listing import few, visible
    from jobs.quarantine.looking import look
    from jobs.quarantine.selecting import selected, troubled

    settings, contract, ledger = opened(dataset)
    selection = selection_of(rule, period, delivery, record, where, status)
    if personal:
        look(ledger, contract.dataset, *signed(by, because), selection)
    with session(settings, f"reading rejected rows of {dataset}") as spark:
        seen = visible(selected(troubled(spark, contract, on_shelf(ledger, contract)), selection), contract, personal=personal)
        if out:
            console.print(f"{write(seen, out, contract):,} rows written to {out}; edit them, then ./lake quarantine fix {dataset} --file {out}", highlight=False, soft_wrap=True)
        else:
            console.print(row_table(contract, few(seen, rows)))


@quarantine.command()
def fix(
    dataset: Dataset, by: By, because: Because, file: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="the edited table of show --out")] = None,
    assign: Annotated[list[str] | None, typer.Option("--set", metavar="COLUMN=SQL", help="a new value: SQL over the columns; sent.<column> is the text as sent")] = None,
    rule: Rule = None, period: Period = None, delivery: Delivery = None, record: Record = None, where: Where = None, status: Status = "open", every: All = False, dry_run: DryRun = False,
) -> None:  # fmt: skip
    """Correct rows and judge them again. Example: [bold]./lake quarantine fix hotline.request --rule between:amount --set "amount = abs(amount)" --by "Ann Li" --because "the sign was lost"[/]"""
    from jobs.quality.implied import rules_of
    from jobs.quarantine import edit_file
    from jobs.quarantine.events import Step
    from jobs.quarantine.verbs import fix_by_file, fix_by_sql

    if bool(file) == bool(assign):
        raise LakeError("where the corrections come from is not said", "give the edited table with --file, or SQL with --set, one of them")
    settings, contract, _ = opened(dataset)
    selection, who = selection_of(rule, period, delivery, record, where, status), signed(by, because)
    if assign:
        require_narrow(selection, every)
    rules = rules_of(contract, settings.root)
    source = edit_file.send(settings, contract, file) if file else "; ".join(assign or ())
    step = Step("fix", *who, selection, source)
    with session(settings, f"fix {dataset}") as spark:
        done = fix_by_sql(spark, settings, contract, rules, step, assign, dry_run=dry_run) if assign else fix_by_file(spark, settings, contract, rules, step, dry_run=dry_run)
        told(done, "fix", dry_run)


@quarantine.command()
def replay(
    dataset: Dataset, by: By, because: Because, rule: Rule = None, period: Period = None, delivery: Delivery = None, record: Record = None, where: Where = None,
    status: Status = "open", dry_run: DryRun = False,
) -> None:  # fmt: skip
    """Read and judge rejected rows again, by the contract and the rules as they are now. Example: [bold]./lake quarantine replay hotline.request --rule castable:answered_at --by "Ann Li" --because "the contract reads that date now"[/]"""
    from jobs.quality.implied import rules_of
    from jobs.quarantine.events import Step
    from jobs.quarantine.verbs import replay as verb

    settings, contract, _ = opened(dataset)
    step = Step("replay", *signed(by, because), selection_of(rule, period, delivery, record, where, status))
    with session(settings, f"replay {dataset}") as spark:
        told(verb(spark, settings, contract, rules_of(contract, settings.root), step, dry_run=dry_run), "replay", dry_run)


@quarantine.command()
def release(
    dataset: Dataset, by: By, because: Because, rule: Rule = None, period: Period = None, delivery: Delivery = None, record: Record = None, where: Where = None,
    status: Status = "open", every: All = False, dry_run: DryRun = False,
) -> None:  # fmt: skip
    """Let rows into silver in spite of their reasons. Example: [bold]./lake quarantine release hotline.request --rule between:amount --by "Ann Li" --because "seen on paper" --dry-run[/]"""
    _decide("release", dataset, by, because, selection_of(rule, period, delivery, record, where, status), every, dry_run)


@quarantine.command()
def discard(
    dataset: Dataset, by: By, because: Because, rule: Rule = None, period: Period = None, delivery: Delivery = None, record: Record = None, where: Where = None,
    status: Status = "open", every: All = False, dry_run: DryRun = False,
) -> None:  # fmt: skip
    """Say that rows will not be mended: they stay in quarantine, marked. Example: [bold]./lake quarantine discard hotline.request --rule ragged --by "Ann Li" --because "a test of the export"[/]"""
    _decide("discard", dataset, by, because, selection_of(rule, period, delivery, record, where, status), every, dry_run)


def _decide(action: Any, dataset: str, by: str, because: str, selection: Selection, every: bool, dry_run: bool) -> None:
    from jobs.quality.implied import rules_of
    from jobs.quarantine.events import Step
    from jobs.quarantine.verbs import decide

    settings, contract, _ = opened(dataset)
    require_narrow(selection, every)
    step = Step(action, *signed(by, because), selection)
    with session(settings, f"{action} {dataset}") as spark:
        told(decide(spark, settings, contract, rules_of(contract, settings.root), step, dry_run=dry_run), action, dry_run)


def opened(dataset: str) -> tuple[Settings, Contract, Ledger]:
    """What every command begins with. Raises LakeError where the dataset is unknown or the store does not answer."""
    from jobs.cli.data import contract_of
    from jobs.ops.ledger import Ledger
    from jobs.platform.outage import require_lake
    from jobs.platform.settings import load_settings

    settings = load_settings()
    contract = contract_of(settings, dataset)
    require_lake(settings)
    return settings, contract, Ledger(settings)


def on_shelf(ledger: Ledger, contract: Any) -> Any:
    from jobs.quarantine.events import in_order
    from jobs.quarantine.selecting import shelf

    return shelf(ledger, contract, in_order(ledger.rows("quarantine_events", dataset=contract.dataset)))


def selection_of(rule: str | None, period: Sequence[str] | None, delivery: Sequence[str] | None, record: Sequence[int] | None, where: str | None, status: str) -> Selection:
    from jobs.quarantine.selecting import STATUSES, Selection

    if status not in STATUSES:
        raise LakeError(f"there is no status {status!r}", f"statuses are {', '.join(STATUSES)}")
    return Selection(rule, tuple(period or ()), tuple(delivery or ()), tuple(record or ()), where, status)


def require_narrow(selection: Selection, every: bool) -> None:
    if not selection.narrow and not every:
        raise LakeError("which rows are meant is not said", "say --rule, --period, --delivery, --record or --where; --all means every row")


@contextmanager
def session(settings: Settings, title: str) -> Iterator[SparkSession]:
    """A Spark session whose work is seen on the screen: tasks done of those known so far."""
    from jobs.platform.outage import outages_named
    from jobs.platform.spark import open_session

    spark = open_session(settings)
    try:
        with console.status(f"{title} …") as status, outages_named(settings):
            spark.registerProgressHandler(lambda stages, inflight_tasks, operation_id, done: status.update(f"{title} … {progress(stages)}"))  # type: ignore[arg-type]
            yield spark
    finally:
        spark.stop()


def progress(stages: Any) -> str:
    """Of one query's stages."""
    done, known = sum(stage.num_completed_tasks for stage in stages or ()), sum(stage.num_tasks for stage in stages or ())
    return f"{done:,} of {known:,} tasks" if known else ""


def told(taken: Taken, action: str, dry_run: bool) -> None:
    """On the screen: what a step did."""
    found = taken.outcome
    if not found.rows:
        console.print("no row fits that can be changed so; nothing was done", highlight=False)
    else:
        said = f"would {action} {found.rows:,} rows" if dry_run else f"{action}: {found.rows:,} rows (event {taken.event})"
        console.print(f"{said}: {found.passing:,} go on to silver, {found.rows - found.passing:,} stay in quarantine", highlight=False)
        for title, reasons in (("before", found.before), ("after", found.after)):
            console.print(f"  {title}: {reasons_in_words(reasons)}", highlight=False, soft_wrap=True)
    if taken.states:
        console.print(f"  now: {', '.join(f'{name} {n:,}' for name, n in taken.states.items())}", highlight=False)


def reasons_in_words(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{escape(rule)} {n:,}" for rule, n in reasons.items()) or "none"


def event_table(rows: Sequence[dict[str, Any]]) -> Table:
    """One line an event, in order."""
    table = Table("dataset", "no.", "when", "what", "by", "because", "rows", "to silver", "before", "after", title="what people did")
    for row in sorted(rows, key=lambda r: (r["dataset"], r["at"])):
        counts = [f"{row[name] or 0:,}" for name in ("rows", "passing")]
        table.add_row(row["dataset"], str(row["number"]), f"{row['at']:%Y-%m-%d %H:%M}", row["action"], escape(row["by"]), escape(row["because"]), *counts, escape(row["before"]), escape(row["after"]))
    return table


def row_table(contract: Contract, rows: Sequence[dict[str, Any]]) -> Table:
    """One line a row: where it stands, why, and the texts that were sent."""
    table = Table("delivery", "record", Column("reasons", overflow="fold"), *(Column(c.name, overflow="fold") for c in contract.columns), title=f"quarantine of {contract.dataset}")
    for row in rows:
        texts = [row["_line"], *[""] * (len(contract.columns) - 1)] if row["_line"] is not None else [row[c.name] for c in contract.columns]
        table.add_row(row["_delivery"], str(row["_record"]), escape(row["_reasons"]), *(escape(text or "") for text in texts))
    return table
