"""lake bench linkage | residents"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from jobs.platform.errors import LakeError
from jobs.platform.settings import load_settings

console, told = Console(), Console(stderr=True)
NEEDED = "store,metastore,spark"


def linkage(
    only: Annotated[list[str] | None, typer.Option("--set", help="febrl3 | febrl4 | fake_1000 | pseudopeople; may be given several times; left out: all")] = None,
    back_end: Annotated[str, typer.Option(help="where ours scores its pairs: spark, or duckdb, which needs no stack")] = "spark",
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of a table")] = False,
) -> None:
    """Record linkage on labelled sets beside splink's tutorials and recordlinkage, on the half of the people that taught nobody. Example: [bold]./lake bench linkage --set febrl3 --back-end duckdb[/]"""
    from jobs.bench.linkage import run as bench
    from jobs.bench.linkage.labelled import SETS
    from jobs.cli.bench import measuring

    if unknown := sorted(set(only or ()) - set(SETS)):
        raise LakeError(f"there is no set {', '.join(unknown)}", f"choose from {', '.join(SETS)}")
    if back_end not in ("spark", "duckdb"):
        raise LakeError(f"there is no back end {back_end!r}", "choose spark or duckdb")
    settings, names = load_settings(), only or list(SETS)
    if back_end == "duckdb":
        with told.status("starting …") as status:
            found = bench.run(settings, None, names, status.update)
    else:
        with measuring(settings, NEEDED) as (spark, tell):
            found = bench.run(settings, spark, names, tell)
    if as_json:
        rows = [{"set": r.of, "method": r.method, "seconds": round(r.seconds, 2), "pairs": r.pairs} | r.test.facts() for r in found]
        ours = {r.of: r for r in reversed(found)}  # the first of a set is ours
        ratios = {f"{r.of}/{r.method}": round(ours[r.of].seconds / r.seconds, 3) for r in found if r is not ours[r.of]}
        typer.echo(json.dumps({"bench": "linkage", "back_end": back_end, "half": "test", "ratios": ratios, "results": rows}))
        return
    table = Table("set", "method", "precision", "recall", "F1", "B³ F1", "seconds", title="record linkage, on the people of the test half")
    for r in found:
        table.add_row(r.of, r.method, *("" if n is None else f"{n:.4f}" for n in (r.test.precision, r.test.recall, r.test.f1, r.test.b3_f1)), f"{r.seconds:.1f}")
    console.print(table)


def residents(
    people: Annotated[list[int] | None, typer.Option(help="sizes of the city; may be given several times; left out: 10,000 and 100,000")] = None,
    skewed: Annotated[float, typer.Option(min=0, max=20, help="percent of the people who get one more common name")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of a table")] = False,
) -> None:
    """Resolving five registers of a city by its size, a day's hundredth against the whole, and a run with nothing new. Example: [bold]./lake bench residents --people 10000[/]"""
    from jobs.bench import residents as bench
    from jobs.cli.bench import measuring

    with measuring(load_settings(), NEEDED) as (spark, tell):
        found = bench.run(spark, load_settings(), people or [10_000, 100_000], skewed, tell)
    if as_json:
        wholes = {cost.people: cost.processor for cost in found if cost.what == bench.WHOLE}
        ratios = {f"{cost.what}/{cost.people}": round(cost.processor / wholes[cost.people], 3) for cost in found if cost.what != bench.WHOLE}
        typer.echo(json.dumps({"bench": "residents", "skewed_percent": skewed, "registers": bench.REGISTERS, "ratios": ratios, "costs": [asdict(cost) | {"agreement": cost.agreement and cost.agreement.facts()} for cost in found]}))
        return
    table = Table("people", "run", "seconds", "processor s", "of the whole", "GiB held", "records", "new or changed", "pairs compared", "links", "precision", "recall", title="resident keys of five registers")
    whole = 0.0
    for cost in found:
        whole = cost.processor if cost.what == bench.WHOLE else whole
        scores = ("", "") if cost.agreement is None else (f"{cost.agreement.precision:.4f}", f"{cost.agreement.recall:.4f}")
        table.add_row(f"{cost.people:,}", cost.what, f"{cost.seconds:.1f}", f"{cost.processor:.1f}", f"{cost.processor / whole:.3f}", f"{cost.memory / (1 << 30):.1f}", f"{cost.records:,}", f"{cost.fresh:,}", f"{cost.compared:,}", f"{cost.pairs:,}", *scores)
    console.print(table)
