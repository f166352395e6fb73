"""A Spark session of a command that works on the lake here and now, without Airflow."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

from pyspark.sql import SparkSession

from jobs.cli.console import console, refused
from jobs.platform.settings import Settings


@contextlib.contextmanager
def lake_session(settings: Settings) -> Iterator[SparkSession]:
    """Of the role `job`; closed whatever happens. Raises LakeError where the store or Spark does not answer."""
    from jobs.platform.outage import require_lake
    from jobs.platform.spark import open_session

    require_lake(settings)
    spark = open_session(settings)
    try:
        yield spark
    finally:
        spark.stop()


def carried_out(spark: SparkSession, settings: Settings, step: str, name: str, run: str, noun: str, said: Callable[[Any], str]) -> bool:
    """Run a step of one thing and say on the screen what came of it; whether it went well. `noun`: what a version of it is called; `said`: what a new one holds, of the step's result."""
    from jobs.orchestration import run_step

    with console.status(f"{step} {name} …"):
        done = run_step(step, spark, settings, name, run)
    if done.problem:
        return refused(name, done.problem)
    made = done.result
    told = f"waits: {made.waits_for}" if made.waits_for else f"{noun} {made.version}: {said(made)}" if made.changed else f"is as it was: {noun} {made.version}"
    console.print(f"  [green]✓[/] {name} {told}", soft_wrap=True, highlight=False)
    return True


def command_run() -> str:
    """What ops.runs calls this run, as Airflow names its own."""
    return f"cli__{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
