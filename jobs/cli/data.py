"""lake deliver | extract | land | sql"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from jobs.cli.console import console
from jobs.cli.session import command_run, lake_session
from jobs.contracts.load import BrokenContract, contract_path, load_all, load_contract
from jobs.contracts.model import Contract
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings, load_settings

FORMATS = ("table", "csv", "json", "parquet")


def add(app: typer.Typer) -> None:
    app.command("deliver")(deliver)
    app.command("extract")(extract)
    app.command("land")(land)
    app.command("sql")(sql)


def contract_of(settings: Settings, dataset: str) -> Contract:
    """The contract of `department.name`. Raises LakeError naming the datasets there are, or the contract's faults."""
    path = contract_path(settings.root, dataset)
    if not path.exists():
        known = ", ".join(c.dataset for c in load_all(settings.root)[0])
        raise LakeError(f"there is no dataset {dataset!r}", f"datasets are {known}")
    try:
        return load_contract(path)
    except BrokenContract as problem:
        raise LakeError(f"the contract of {dataset} is broken: {problem.findings[0]}", "mend it; ./lake check shows every fault") from None


def deliver(
    dataset: Annotated[str, typer.Argument(help="<department>.<dataset>")],
    period: Annotated[str, typer.Argument(help="the period the files are for, e.g. 2025-03")],
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="the files of the dump")],
) -> None:
    """Put files into the landing zone, as a department would. Example: [bold]./lake deliver finance.spend 2013 ../shared/data/fiscal/gla_spend.csv[/]"""
    from jobs.deliveries.manifest import is_manifest
    from jobs.sample.deliver import deliver as put

    settings = load_settings()
    contract = contract_of(settings, dataset)
    for name, pattern, value in [("period", contract.period_pattern, period), *(("file name", contract.file_pattern, file.name) for file in files if not is_manifest(contract, file.name))]:
        if not re.fullmatch(pattern, value):
            raise LakeError(f"the contract of {dataset} takes no {name} like {value!r}", f"it must match {pattern}")
    done = put(settings, ((f"{contract.landing}/{period}/{file.name}", file) for file in files))
    console.print(f"{done.new} files delivered, {done.known} stood there already; next: ./lake land {dataset}, or ./lake run {dataset}", highlight=False)


def extract(
    dataset: Annotated[str, typer.Argument(help="<department>.<dataset> whose contract names a database")],
    period: Annotated[str, typer.Argument(help="the period the rows are for, e.g. 2025-03")],
    again: Annotated[bool, typer.Option(help="fetch a period that has its dump once more; other rows then correct it")] = False,
) -> None:
    """Fetch a table over JDBC into the landing zone, as that period's dump. Example: [bold]./lake extract registry.company 2025-03 --again[/]"""
    from jobs import extract as verb
    from jobs.platform.outage import outages_named

    settings = load_settings()
    contract = contract_of(settings, dataset)
    with lake_session(settings) as spark, console.status(f"extract {dataset} …"), outages_named(settings):
        done = verb.run(spark, settings, contract, (period,), again)
    said = f"{done.rows:,} rows delivered" if done.new else f"{done.rows:,} rows read, which stood there already" if done.rows else "the period has its dump already; --again fetches it once more"
    console.print(f"{said}; next: ./lake land {dataset}, or ./lake run {dataset}", highlight=False)


def land(
    dataset: Annotated[str, typer.Argument(help="<department>.<dataset>")],
    period: Annotated[list[str] | None, typer.Option(help="only these periods")] = None,
    again: Annotated[bool, typer.Option(help="files that were refused too, once the contract was changed to take them")] = False,
) -> None:
    """Register, land, check and conform one dataset here and now, without Airflow. Example: [bold]./lake land finance.spend --period 2013 --again[/]"""
    from jobs.orchestration import facts, run_step
    from jobs.steps import STEPS

    settings = load_settings()
    contract_of(settings, dataset)
    run = command_run()
    with lake_session(settings) as spark:
        for step in STEPS:
            with console.status(f"{step} {dataset} …"):
                done = run_step(step, spark, settings, dataset, run, periods=tuple(period or ()), again=again)
            if done.problem:
                raise LakeError(f"{step} {dataset}: {done.problem.message}", done.problem.way_out)
            console.print(f"  [green]✓[/] {step:<9} {done.seconds:5.1f} s  {facts(done.result)}", soft_wrap=True)
            for name, reason in [*getattr(done.result, "refused", ()), *getattr(done.result, "held", ())]:
                console.print(f"    [red]{name}[/]: {reason}", soft_wrap=True)


def sql(
    query: Annotated[str, typer.Argument(help="one SQL statement")],
    role: Annotated[str, typer.Option("--as", help="analyst, or job for operators")] = "analyst",
    format: Annotated[str, typer.Option(help=" | ".join(FORMATS))] = "table",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="a file instead of the screen")] = None,
    rows: Annotated[int, typer.Option(help="rows shown on the screen")] = 50,
) -> None:
    """Ask the lake. Example: [bold]./lake sql --as job "SELECT outcome, count(*) FROM silver.health__covid_case GROUP BY 1"[/]"""
    from pyspark.errors import PySparkException

    from jobs.platform.spark import open_session

    if format not in FORMATS:
        raise LakeError(f"there is no format {format!r}", f"formats are {', '.join(FORMATS)}")
    if format == "parquet" and output is None:
        raise LakeError("Parquet cannot be shown on a screen", "name a file: -o answer.parquet")
    spark = open_session(load_settings(), role)
    try:
        frame = spark.sql(query)
        answer = (frame.limit(rows) if format == "table" and output is None else frame).toArrow()
    except PySparkException as problem:
        raise LakeError(_first_line(problem), "check names with SHOW TABLES IN curated; operators see every zone with --as job") from None
    finally:
        spark.stop()
    _write(answer, format, output)


def _first_line(problem: Exception) -> str:
    text = str(problem)
    if "403" in text or "AccessDenied" in text or "Forbidden" in text:
        return "this role may not read that table"
    return text.splitlines()[0][:400]


def _write(answer: Any, format: str, output: Path | None) -> None:
    import polars as pl
    import pyarrow.parquet as pq

    if format == "parquet" and output is not None:
        pq.write_table(answer, output)
    elif format == "table" and output is None:
        table = Table(*answer.column_names)
        for row in answer.to_pylist():
            table.add_row(*("" if v is None else str(v) for v in row.values()))
        console.print(table)
    else:
        frame = pl.DataFrame(pl.from_arrow(answer))
        text = frame.write_ndjson() if format == "json" else frame.write_csv()
        typer.echo(text, nl=False) if output is None else output.write_text(text, encoding="utf-8")
