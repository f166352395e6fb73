"""lake bench land | deliveries | formats | quality | city | publish | linkage | residents"""

from __future__ import annotations

import contextlib
import json
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from jobs.cli.bench_linkage import linkage, residents
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings, load_settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from jobs.bench.formats import Measured
    from jobs.bench.rounds import Timing

console, told = Console(), Console(stderr=True)
NEEDED = "store,metastore,spark"
AIMS = {"plain_spark": 0.6, "spark_gx": 0.35, "polars": 1.2, "without_rules": 1.15}


def add(app: typer.Typer) -> None:
    bench = typer.Typer(no_args_is_help=True, help="Benchmarks: what the lake costs against what one would write without it.")
    bench.command("land")(land)
    bench.command("deliveries")(deliveries)
    bench.command("formats")(formats)
    bench.command("quality")(quality)
    bench.command("city")(city)
    bench.command("publish")(publish)
    bench.command("linkage")(linkage)
    bench.command("residents")(residents)
    app.add_typer(bench, name="bench")


def land(
    rows: Annotated[int, typer.Option(min=1, help="rows of the dump")] = 5_000_000,
    rounds: Annotated[int, typer.Option(min=1, help="measured rounds, after one that warms up")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of tables")] = False,
) -> None:
    """Landing with 10 rules against Spark, Spark + GX and Polars. Example: [bold]./lake bench land --rows 1000000 --rounds 1[/]"""
    from jobs.bench import dag_run, landing, small

    settings = load_settings()
    with measuring(settings, NEEDED) as (spark, tell):
        dag_run.swept(spark, settings)
        timings = landing.run(spark, settings, rows, rounds, tell)
        alone = small.run(spark, settings, rounds, tell)
        _up(settings)  # Airflow not before: idle it takes processor time too
        in_a_run = [dag_run.run(spark, settings, rounds, tell), replace(alone[1], name="dag_submit")]
    report(f"land {rows:,} rows × 8 columns", [timings, alone, in_a_run], as_json, {"rows": rows, "rounds": rounds})


def deliveries(
    count: Annotated[int, typer.Option("--deliveries", min=1, help="small files that wait at once, beside a damaged one")] = 1000,
    rows: Annotated[int, typer.Option(min=1, help="rows of each")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of a table")] = False,
) -> None:
    """Many small deliveries that wait at once, landed by one DAG run. Example: [bold]./lake bench deliveries --deliveries 200[/]"""
    from jobs.bench import backlog, dag_run

    settings = load_settings()
    with measuring(settings) as (spark, tell):
        dag_run.swept(spark, settings)
        done = backlog.run(spark, settings, count, rows, tell)
    facts = {"deliveries_a_minute": round(done.a_minute), **asdict(done)}
    if as_json:
        ratios = {"commits_a_delivery": round(done.commits / done.deliveries, 5), "tasks_a_delivery": round(done.tasks / done.deliveries, 5)}
        typer.echo(json.dumps({"bench": f"{count:,} deliveries of {rows:,} rows", "ratios": ratios} | facts))
        return
    table = Table("", "", title=f"{count:,} deliveries of {rows:,} rows and a damaged one, by one DAG run")
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), ", ".join(f"{step} {seconds:.1f} s" for step, seconds in value.items()) if isinstance(value, dict) else f"{value:,.0f}")
    console.print(table)


def formats(
    megabytes: Annotated[float, typer.Option(min=1, help="least size of each file, in 10^6 bytes")] = 1000,
    rounds: Annotated[int, typer.Option(min=1, help="measured rounds, after one that warms up")] = 3,
    only: Annotated[list[str] | None, typer.Option("--format", help="measure this format only; may be given several times")] = None,
    folder: Annotated[Path | None, typer.Option(help="where the files are made; left out: the folder for temporary files")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of a table")] = False,
) -> None:
    """Reading and typing each format against the fastest library that reads the same file. Example: [bold]./lake bench formats --megabytes 100 --rounds 1[/]"""
    from jobs.bench import formats as bench
    from jobs.bench.dumps import MEASURED

    if unknown := sorted(set(only or ()) - set(MEASURED)):
        raise LakeError(f"there is no format {', '.join(unknown)} to measure", f"choose from {', '.join(MEASURED)}")
    with told.status("starting …") as status:
        found = bench.run(only or MEASURED, megabytes, rounds, folder, status.update)
    if as_json:
        typer.echo(json.dumps({"bench": "formats", "megabytes": megabytes, "rounds": rounds, **_formats_object(found)}))
    else:
        console.print(_formats_table(found))


def quality(
    rows: Annotated[int, typer.Option(min=100, help="rows of the dump")] = 5_000_000,
    rounds: Annotated[int, typer.Option(min=1, help="measured rounds, after one that warms up")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of a table")] = False,
) -> None:
    """Landing with 20 row rules and 10 aggregate expectations against no rules, plain GX and cuallee. Example: [bold]./lake bench quality --rows 1000000 --rounds 1[/]"""
    from jobs.bench import quality as bench

    settings = load_settings()
    with measuring(settings, NEEDED) as (spark, tell):
        timings, peaks = bench.run(spark, settings, rows, rounds, tell)
    report(f"quality {rows:,} rows, 30 expectations", [timings], as_json, {"rows": rows, "rounds": rounds, "peak_bytes_by_failing_share": peaks})
    if not as_json:
        console.print("most memory of the driver: " + ", ".join(f"{size / 1e6:,.0f} MB with {share} of the rows failing" for share, size in peaks.items()))


def city(
    people: Annotated[list[int] | None, typer.Option(min=1000, help="residents; may be given several times, smaller first; left out: 10,000, 100,000 and a million")] = None,
    days: Annotated[int, typer.Option(min=1, help="days of the city's life")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of a table")] = False,
) -> None:
    """Making the sample city: people and rows a second, memory, growth. Example: [bold]./lake bench city --people 1000 --people 10000 --days 2[/]"""
    from jobs.bench import city as bench

    settings = load_settings()
    with measuring(settings, NEEDED) as (spark, tell):
        found = bench.run(spark, settings, people or (10_000, 100_000, 1_000_000), days, tell)
    powers = [None, *(bench.growth(before, after) for before, after in zip(found, found[1:], strict=False))]
    if as_json:
        sizes = [asdict(size) | {"people_a_second": round(size.people / size.seconds), "rows_a_second": round(size.rows / size.seconds), "growth": power} for size, power in zip(found, powers, strict=True)]
        a_person = [size.seconds / size.people for size in found]
        ratios = {f"a_person_at_{size.people}": round(now / before, 3) for size, before, now in zip(found[1:], a_person, a_person[1:], strict=False)}
        typer.echo(json.dumps({"bench": "city", "days": days, "ratios": ratios, "sizes": sizes}))
        return
    table = Table("people", "files", "rows", "MB", "seconds", "processor s", "people/s", "rows/s", "worker MiB", "growth", title=f"a city of {days} days; growth: power of the people by which processor time grows")
    for size, power in zip(found, powers, strict=True):
        rates = (f"{size.seconds:.1f}", f"{size.processor:.1f}", f"{size.people / size.seconds:,.0f}", f"{size.rows / size.seconds:,.0f}", f"{size.worker_bytes / 2**20:,.0f}")
        table.add_row(f"{size.people:,}", f"{size.files:,}", f"{size.rows:,}", f"{size.bytes / 1e6:,.1f}", *rates, "" if power is None else f"{power:.2f}")
    console.print(table)


def publish(
    publications: Annotated[int, typer.Option(min=1, help="publications in the catalogue, of 36 months each")] = 12,
    rows: Annotated[int, typer.Option(min=1, help="rows of each month")] = 5_000,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of a table")] = False,
) -> None:
    """A day's change against the whole catalogue. Example: [bold]./lake bench publish --publications 4 --rows 2000[/]"""
    from jobs.bench import publishing as bench

    settings = load_settings()
    with measuring(settings, NEEDED) as (spark, tell):
        found = bench.run(spark, settings, publications, rows, tell)
    ratios = {cost.name: round(cost.seconds / found[0].seconds, 4) for cost in found[1:]}
    if as_json:
        typer.echo(json.dumps({"bench": "publish", "publications": publications, "rows_a_month": rows, "ratios": ratios, "costs": [asdict(cost) for cost in found]}))
        return
    table = Table("what", "changed", "seconds", "processor s", "rows", "files written", "of the whole", title=f"{publications} publications of {bench.MONTHS} months of {rows:,} rows, in three formats")
    for cost in found:
        table.add_row(cost.name, f"{cost.share:.4f}", f"{cost.seconds:.1f}", f"{cost.processor:.1f}", f"{cost.rows:,}", f"{cost.written:,}", f"{ratios.get(cost.name, 1):.4f}")
    console.print(table)


def _up(settings: Settings, only: str = "") -> None:
    """The stack; what starting it says goes where no answer is read."""
    from jobs.cli.stack import bring_up

    with contextlib.redirect_stdout(sys.stderr):
        bring_up(settings, only)


@contextlib.contextmanager
def measuring(settings: Settings, only: str = "") -> Iterator[tuple[SparkSession, Callable[[str], None]]]:
    """A session on the stack (or `only` these parts of it), and a way to say what is being done."""
    from jobs.platform.spark import open_session

    _up(settings, only)
    spark = open_session(settings)
    try:
        with told.status("starting …") as status:
            yield spark, status.update
    finally:
        spark.stop()


def _formats_object(found: Sequence[Measured]) -> dict[str, Any]:
    from jobs.bench.formats import rates

    return {
        "ratios": {one.dump.form: round(statistics.median(one.ratio), 3) for one in found if one.fastest},
        "fastest": {one.dump.form: one.fastest.name for one in found if one.fastest},
        "megabytes_a_second": {one.dump.form: {t.name: round(rates(one, t)[0], 1) for t in (*one.timings, one.counted)} for one in found},
        "rows_a_second": {one.dump.form: {t.name: round(rates(one, t)[1]) for t in (*one.timings, one.counted)} for one in found},
        "seconds": {one.dump.form: {t.name: [round(s, 3) for s in t.seconds] for t in (*one.timings, one.counted)} for one in found},
        "processor_seconds": {one.dump.form: {t.name: [round(s, 2) for s in t.processor] for t in (*one.timings, one.counted)} for one in found},
        "files": {one.dump.form: {"bytes": one.dump.size, "rows": one.dump.rows} for one in found},
    }  # fmt: skip


def _formats_table(found: Sequence[Measured]) -> Table:
    from jobs.bench.formats import AIM, rates

    table = Table("format", "", "MB/s", "rows/s", "seconds", "processor s", "ours against it", "aim", title="formats, read and typed, nothing written")
    for one in found:
        for timing in (*one.timings, one.counted):
            speed, rows = rates(one, timing)
            against = f"{statistics.median(one.ratio):.2f} × ({min(one.ratio):.2f} – {max(one.ratio):.2f})" if timing is one.fastest else ""
            aim = f"{AIM} ×" if against else ""
            table.add_row(one.dump.form, timing.name, f"{speed:.0f}", f"{rows:,.0f}", f"{timing.median:.2f}", f"{statistics.median(timing.processor):.1f}", against, aim)
    return table


def report(title: str, groups: Sequence[Sequence[Timing]], as_json: bool, facts: Mapping[str, Any]) -> None:
    """Each group is one contest; its first timing is ours, and the ratios are ours against each of the others."""
    if as_json:
        typer.echo(json.dumps({"bench": title, **facts, **_object(groups)}))
        return
    for group in groups:
        console.print(_table(title if group is groups[0] else group[0].what, group))


def _object(groups: Sequence[Sequence[Timing]]) -> dict[str, Any]:
    from jobs.bench.rounds import ratios

    everyone = [timing for group in groups for timing in group]
    return {
        "ratios": {other.name: round(statistics.median(ratios(group[0], other)), 3) for group in groups for other in group[1:]},
        "seconds": {t.name: [round(s, 2) for s in t.seconds] for t in everyone}, "processor_seconds": {t.name: [round(s, 2) for s in t.processor] for t in everyone},
        "steps": {t.name: {step: [round(s, 2) for s in seconds] for step, seconds in t.steps.items()} for t in everyone if t.steps},
    }  # fmt: skip


def _table(title: str, group: Sequence[Timing]) -> Table:
    from jobs.bench.rounds import ratios

    table = Table("", "seconds", "min – max", "processor s", "ours against it", "aim", title=title)
    for timing in group:
        ratio, aim = ratios(group[0], timing), AIMS.get(timing.name)
        against = "" if timing is group[0] else f"{statistics.median(ratio):.2f} × ({min(ratio):.2f} – {max(ratio):.2f})"
        table.add_row(timing.what, f"{timing.median:.1f}", f"{min(timing.seconds):.1f} – {max(timing.seconds):.1f}", f"{statistics.median(timing.processor):.1f}", against, f"{aim} ×" if aim else "")
        for step, seconds in timing.steps.items():
            table.add_row(f"[dim]  {step}[/]", f"[dim]{statistics.median(seconds):.1f}[/]", f"[dim]{min(seconds):.1f} – {max(seconds):.1f}[/]")
    return table
