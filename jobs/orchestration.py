"""One step of one dataset inside an Airflow task: opens the task's own Spark session, runs the verb, writes the run's ledger row."""

from __future__ import annotations

import datetime as dt
import logging
import subprocess
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

from deltalake.exceptions import DeltaError

from jobs.contracts.load import contract_path, load_contract
from jobs.ops.ledger import Ledger
from jobs.platform.outage import outages_named, require_lake
from jobs.platform.settings import Settings, load_settings
from jobs.platform.spark import open_session, stop_earlier, task_session_id

log = logging.getLogger("civiclake")
STEPS = ("register", "land", "check", "conform")


@dataclass(frozen=True)
class Try:
    """Which try of which task this is."""

    dag: str
    run: str
    task: str
    map_index: int
    number: int  # from 1

    def session_id(self, number: int) -> str:
        return task_session_id(self.dag, self.run, self.task, self.map_index, number)


def run_step(step: str, dataset: str, this: Try, periods: tuple[str, ...] = ()) -> None:
    """Run a verb. What an earlier try left running in Spark is stopped first: a killed task does not stop its Spark job by itself."""
    settings = load_settings()
    with outages_named(settings):
        require_lake(settings)
        if this.number > 1:
            stop_earlier(settings, this.session_id(this.number - 1))
        _run_noted(step, settings, dataset, this, periods)


def _run_noted(step: str, settings: Settings, dataset: str, this: Try, periods: tuple[str, ...]) -> None:
    """The run's ledger row says how it ended; where the row cannot be written, the reason why the run failed is the one to be raised."""
    session, began = this.session_id(this.number), time.monotonic()
    note = partial(_run_row, settings, step, dataset, this, session)
    spark = open_session(settings, session_id=session)
    try:
        message = _said(_verb(step, spark, settings, dataset, periods))
    except Exception as problem:
        try:
            Ledger(settings).merge("runs", [note(time.monotonic() - began, "failed", str(problem).partition("\n")[0][:400])])
        except (OSError, DeltaError) as unwritten:
            log.warning("the ledger has no row of this run: %s", unwritten)
        raise
    finally:
        spark.stop()
    Ledger(settings).merge("runs", [note(time.monotonic() - began, "done", message)])
    log.info("%s %s: %s", step, dataset, message)


def _verb(step: str, spark: Any, settings: Settings, dataset: str, periods: tuple[str, ...]) -> Any:
    from jobs import check, conform, land, register
    from jobs.quality.implied import rules_of

    contract = load_contract(contract_path(settings.root, dataset))
    rules = rules_of(contract, settings.root)
    if step == "register":
        return register.run(spark, settings, contract, periods)
    if step == "land":
        return land.run(spark, settings, contract, rules, periods)
    return check.run(spark, settings, contract, rules) if step == "check" else conform.run(spark, settings, contract, rules)


def _said(result: Any) -> str:
    """A held or refused file is named with its reason in the task's log; the task itself did what it should."""
    for name, reason in [*getattr(result, "refused", ()), *getattr(result, "held", ())]:
        log.warning("%s: %s", name, reason)
    return ", ".join(f"{key} {value}" for key, value in vars(result).items() if isinstance(value, (int, str, bool)) and key != "dataset")


def _run_row(settings: Settings, step: str, dataset: str, this: Try, session: str, seconds: float, outcome: str, message: str | None) -> dict[str, Any]:
    version = subprocess.run(["git", "-C", str(settings.root), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    return {
        "run": this.run, "job": step, "dataset": dataset, "seconds": seconds, "airflow_run": this.run, "spark_session": session, "code_version": version,
        "outcome": outcome, "message": message, "ended_at": dt.datetime.now(dt.UTC),
    }  # fmt: skip
