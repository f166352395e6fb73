"""lake land | sql | status"""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from jobs.contracts.load import BrokenContract, contract_path, load_all, load_contract
from jobs.contracts.model import Contract
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings, load_settings

console = Console()
FORMATS = ("table", "csv", "json", "parquet")


def add(app: typer.Typer) -> None:
    app.command("land")(land)
    app.command("sql")(sql)
    app.command("status")(status)


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


def land(
    dataset: Annotated[str, typer.Argument(help="<department>.<dataset>")],
    period: Annotated[list[str] | None, typer.Option(help="only these periods")] = None,
) -> None:
    """Register, land, check and conform one dataset here and now, without Airflow. Example: [bold]./lake land finance.spend[/]"""
    from jobs import check, conform, register
    from jobs import land as landing
    from jobs.platform.outage import outages_named, require_lake
    from jobs.platform.spark import open_session
    from jobs.quality.implied import rules_of

    settings = load_settings()
    contract = contract_of(settings, dataset)
    require_lake(settings)
    rules, periods, spark = rules_of(contract, settings.root), tuple(period or ()), open_session(settings)
    steps: list[tuple[str, Any]] = [
        ("register", lambda: register.run(spark, settings, contract, periods)), ("land", lambda: landing.run(spark, settings, contract, rules, periods)),
        ("check", lambda: check.run(spark, settings, contract, rules)), ("conform", lambda: conform.run(spark, settings, contract, rules)),
    ]  # fmt: skip
    try:
        for name, step in steps:
            with console.status(f"{name} {dataset} …"), outages_named(settings):
                began = time.monotonic()
                result = step()
            console.print(f"  [green]✓[/] {name:<9} {time.monotonic() - began:5.1f} s  {_facts(result)}", soft_wrap=True)
    finally:
        spark.stop()


def _facts(result: Any) -> str:
    return ", ".join(f"{key} {value}" for key, value in vars(result).items() if key != "dataset" and value not in ((), {}))


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


def status() -> None:
    """Stack, datasets, freshness, outcomes, and where the docs are. Example: [bold]./lake status[/]"""
    from jobs.cli.stack import stack_table
    from jobs.platform.store import require_store

    settings = load_settings()
    console.print(stack_table(settings))
    require_store(settings)
    console.print(dataset_table(settings))
    console.print(f"quality docs: {settings.endpoint}/{settings.bucket('docs')}/gx/index.html")


def dataset_table(settings: Settings) -> Table:
    """One line a dataset, read from the ledger."""
    from jobs.ops.ledger import Ledger

    table = Table("dataset", "files", "landed", "held", "refused", "rows", "silver", "rejected", "newest period", "last landed", title="datasets")
    contracts, findings = load_all(settings.root)
    rows = Ledger(settings).rows("deliveries")
    for contract in contracts:
        mine = [row for row in rows if row["dataset"] == contract.dataset and row["outcome"] != "not_applicable"]
        table.add_row(contract.dataset, *_summary(mine))
    for finding in findings:
        table.add_row(f"[red]{finding.path}[/]", *[""] * 8, f"[red]line {finding.line}: {finding.message[:60]}[/]")
    return table


def _summary(rows: list[dict[str, Any]]) -> list[str]:
    count = {outcome: sum(row["outcome"] == outcome for row in rows) for outcome in ("landed", "held", "rejected")}
    total, clean = sum(row["rows"] or 0 for row in rows), sum(row["silver"] or 0 for row in rows)
    share = sum(row["quarantined_rows"] or row["quarantined"] or 0 for row in rows) / total if total else 0
    newest = max((row["period"] for row in rows), default="")
    last = max((row["landed_at"] for row in rows if row["landed_at"]), default=None)
    age = f"{(dt.datetime.now(dt.UTC) - last).total_seconds() / 3600:.1f} h ago" if last else "never"
    return [str(len(rows)), str(count["landed"]), _red(count["held"]), _red(count["rejected"]), f"{total:,}", f"{clean:,}", f"{share:.2%}", newest, age]


def _red(number: int) -> str:
    return f"[red]{number}[/]" if number else "0"
