"""One verb of one dataset as a spark-submit job of its own, without the Connect server: `lake submit`, and what the job file then runs."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from pyspark.sql import SparkSession

from jobs.cli.curate import require_known
from jobs.orchestration import run_verb
from jobs.platform.components import job_env, spark_home, write_job_conf
from jobs.platform.errors import LakeError
from jobs.platform.settings import load_settings
from jobs.platform.writers import admit
from jobs.steps import CURATE, FETCH, STEPS


def add(app: typer.Typer) -> None:
    app.command("submit")(submit)


def submit(
    verb: Annotated[str, typer.Argument(help=" | ".join((FETCH, *STEPS, CURATE)))],
    dataset: Annotated[str, typer.Argument(help="<department>.<dataset>, or curated.<product>")],
    period: Annotated[list[str] | None, typer.Option(help="only these periods; register and land")] = None,
) -> None:
    """Run one verb by spark-submit, with a Spark driver of its own. Example: [bold]./lake submit land finance.spend --period 2013[/]"""
    settings = load_settings()
    if verb not in (FETCH, *STEPS, CURATE):
        raise LakeError(f"there is no verb {verb!r}", f"verbs are {', '.join((FETCH, *STEPS, CURATE))}")
    require_known(settings, dataset)
    asked = [text for name in period or () for text in ("--period", name)]
    properties = write_job_conf(settings) / "spark-defaults.conf"
    command = [str(spark_home() / "bin" / "spark-submit"), "--name", f"civiclake-{verb}", "--properties-file", str(properties), str(settings.root / "jobs" / f"{verb}.py")]
    # safe path: the folder of the job file is no place to import from, its `platform` is not Python's
    os.execve(command[0], [*command, dataset, *asked], job_env(settings) | {"PYTHONSAFEPATH": "1"})


def submitted(verb: str, arguments: Sequence[str] | None = None) -> None:
    """The main of a job file: runs the verb in the session that spark-submit gives (classic or remote), and prints its result as one JSON object.

    A LakeError is one line, and exit code 1.
    """
    parser = argparse.ArgumentParser(prog=f"jobs/{verb}.py")
    parser.add_argument("dataset", help="<department>.<dataset>, or curated.<product>")
    parser.add_argument("--period", action="append", default=[], help="only this period; register and land")
    asked = parser.parse_args(arguments)
    try:
        settings = load_settings()
        require_known(settings, asked.dataset)
        admit(settings)
        spark = SparkSession.builder.getOrCreate()
        try:
            print(json.dumps(vars(run_verb(verb, spark, settings, asked.dataset, tuple(asked.period))), ensure_ascii=False))
        finally:
            spark.stop()
    except LakeError as problem:
        sys.exit(f"error: {problem.message}\n→ {problem.way_out}")
