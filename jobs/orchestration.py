"""A step of some datasets in one Spark session: runs the verb on each and writes a ledger row each. Airflow's tasks and `lake land` call it."""

from __future__ import annotations

import datetime as dt
import logging
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from deltalake.exceptions import DeltaError
from pyspark.sql import SparkSession

from jobs.contracts.load import contract_path, load_all, load_contract, load_product, product_path
from jobs.contracts.model import Contract
from jobs.contracts.product import table_of
from jobs.ops import openlineage
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError
from jobs.platform.outage import outages_named, require_lake
from jobs.platform.settings import Settings, load_settings
from jobs.platform.spark import Door, fit, open_session, stop_earlier, task_session_id
from jobs.steps import CURATE, FETCH, PUBLISH, RESOLVE, SHARE, STEPS

log = logging.getLogger("civiclake")
log.addHandler(logging.NullHandler())  # a command says on its own screen what a task says in its log
MEND = "mend it and run again: what is done is not done twice"
DATASET_LOAD = 25  # four verbs over a small dataset take 5 s, each file of it 0.2 s more (2026-11-30)


@dataclass(frozen=True)
class Try:
    """Which try of which task this is."""

    dag: str
    run: str
    task: str
    map_index: int
    number: int  # from 1

    @property
    def session_id(self) -> str:
        return task_session_id(self.dag, self.run, self.task, self.map_index, self.number)


def this_try(instance: Any) -> Try:
    """Of an Airflow task instance."""
    return Try(instance.dag_id, instance.run_id, instance.task_id, instance.map_index, instance.try_number)


@dataclass(frozen=True)
class Done:
    """What a step did to a dataset: `result` is the verb's own, None where it failed with `problem`."""

    dataset: str
    result: Any
    problem: LakeError | None
    seconds: float


class StepFailed(LakeError):
    """A step failed for some datasets; the others are done."""

    def __init__(self, step: str, failed: Sequence[Done]) -> None:
        super().__init__("; ".join(f"{step} {done.dataset}: {done.problem}" for done in failed), MEND)


def run_task(step: str, datasets: Sequence[str], this: Try, periods: tuple[str, ...] = (), door: Door | None = None) -> list[Done]:
    """Run a step inside an Airflow task. What an earlier try left running in Spark is stopped first: a killed task does not stop its Spark job by itself.

    `door`: the Spark to use, where it is not the profile's. Raises StepFailed after all datasets have had their turn.
    """
    settings = load_settings()
    with outages_named(settings, door):
        require_lake(settings, door)
        if this.number > 1:
            stop_earlier(settings, replace(this, number=this.number - 1).session_id, door)
        spark = open_session(settings, session_id=this.session_id, door=door)
    try:
        done = [run_step(step, spark, settings, dataset, this.run, this.session_id, periods, door) for dataset in datasets]
    finally:
        spark.stop()
    if failed := [each for each in done if each.problem]:
        raise StepFailed(step, failed)
    return done


def run_step(
    step: str, spark: SparkSession, settings: Settings, dataset: str, run: str, session: str = "", periods: tuple[str, ...] = (), door: Door | None = None, again: bool = False
) -> Done:
    """One verb on one dataset, and its row in ops.runs. A failure is in the answer, so that it stops nothing else (law 5)."""
    began = time.monotonic()
    openlineage.tell(settings, openlineage.START, step, dataset, run)
    try:
        with outages_named(settings, door):
            result, problem = run_verb(step, spark, settings, dataset, periods, again), None
    except LakeError as error:
        result, problem = None, error
    except Exception as error:  # noqa: BLE001 - whatever stops a dataset is noted against it, and the others go on
        log.exception("%s %s failed", step, dataset)
        result, problem = None, LakeError(f"{type(error).__name__}: {str(error).partition(chr(10))[0][:300]}", MEND)
    done = _noted(settings, step, run, session, Done(dataset, result, problem, time.monotonic() - began))
    rows = getattr(done.result, COUNTS[step].get("rows_out", ""), None)
    openlineage.tell(settings, openlineage.FAIL if done.problem else openlineage.COMPLETE, step, dataset, run, rows, done.problem.message if done.problem else None)
    return done


def _noted(settings: Settings, step: str, run: str, session: str, done: Done) -> Done:
    """With its row in ops.runs; where that cannot be written, a step that is done counts as failed and is run again."""
    try:
        with outages_named(settings):
            Ledger(settings).merge("runs", [_run_row(settings, step, run, session, done)])
    except (LakeError, OSError, DeltaError) as unwritten:
        log.warning("the ledger has no row of this run: %s", unwritten)
        return done if done.problem else replace(done, problem=LakeError(f"the ledger has no row of this run: {unwritten}", MEND))
    if done.problem is None:
        _tell(step, done)
    return done


def run_verb(step: str, spark: SparkSession, settings: Settings, dataset: str, periods: tuple[str, ...], again: bool = False) -> Any:
    """Imports only the verb it runs: Great Expectations, which check needs, takes seconds to import. `again`: what landing refused has another turn."""
    verb = import_module(f"jobs.{step}").run
    if step == RESOLVE:
        from jobs.identity.registers import load_registers

        registers = load_registers(settings.root)
        _fit_to(spark, settings, [table_of(register.dataset) for register in registers])
        return verb(spark, settings, registers, train=again)
    if step == PUBLISH:
        from jobs.publish import publication_of

        return verb(spark, settings, publication_of(settings, dataset))
    if step == SHARE:
        from jobs.sharing.share import share_named

        return verb(spark, settings, share_named(settings.root, dataset))
    from jobs.quality.implied import rules_of

    if step == CURATE:
        product = load_product(product_path(settings.root, dataset))
        _fit_to(spark, settings, [given.table for given in product.inputs])
        return verb(spark, settings, product, rules_of(product, settings.root))
    contract = load_contract(contract_path(settings.root, dataset))
    if step in (FETCH, "register"):
        return verb(spark, settings, contract, periods)
    rules = rules_of(contract, settings.root)
    receipts = Ledger(settings).columns("receipts", ["bytes", "records"], dataset=dataset)
    fit(spark, sum(row["bytes"] for row in receipts), sum(row["records"] or 0 for row in receipts))
    return verb(spark, settings, contract, rules, periods, again) if step == "land" else verb(spark, settings, contract, rules)


def _fit_to(spark: SparkSession, settings: Settings, tables: Iterable[str]) -> None:
    from jobs.tables.sizes import read_bytes

    fit(spark, read_bytes(settings, tables))


def _tell(step: str, done: Done) -> None:
    """Into the task's log: a held or refused file by name and with its reason; the task itself did what it should."""
    for name, reason in [*getattr(done.result, "refused", ()), *getattr(done.result, "held", ())]:
        log.warning("%s %s: %s: %s", step, done.dataset, name, reason)
    log.info("%s %s: %s", step, done.dataset, facts(done.result))


def facts(result: Any) -> str:
    """Numbers of a verb's result, as `name value`."""
    return ", ".join(f"{key} {value:,}" if isinstance(value, int) and not isinstance(value, bool) else f"{key} {value}" for key, value in vars(result).items() if isinstance(value, (int, bool)))


def _run_row(settings: Settings, step: str, run: str, session: str, done: Done) -> dict[str, Any]:
    counts = {name: getattr(done.result, field, None) for name, field in COUNTS[step].items()}
    return {
        "run": run, "job": step, "dataset": done.dataset, "seconds": done.seconds, "airflow_run": run, "spark_session": session, "code_version": code_version(settings.root),
        "outcome": "failed" if done.problem else "done", "message": str(done.problem or facts(done.result)), "ended_at": dt.datetime.now(dt.UTC), **counts,
    }  # fmt: skip


# column of ops.runs → what the verb's result calls it
COUNTS = {
    "extract": {"deliveries": "new", "rows_out": "rows"},
    "register": {"deliveries": "new"},
    "land": {"deliveries": "deliveries", "rows_in": "records", "rows_out": "rows"},
    "check": {"deliveries": "deliveries"},
    "conform": {"rows_out": "rows"},
    "curate": {"rows_out": "rows"},
    "publish": {"rows_out": "rows"},
    "resolve": {"deliveries": "fresh", "rows_out": "records"},
    "share": {"rows_out": "rows"},
}


@lru_cache(maxsize=1)
def code_version(root: Path) -> str:
    """The commit of this checkout."""
    return subprocess.run(["git", "-C", str(root), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()


def require_done(run: str, datasets: Sequence[str]) -> None:
    """Raises LakeError naming every dataset for which a step of this run failed or did not run."""
    rows = {(row["dataset"], row["job"]): row for row in Ledger(load_settings()).rows("runs", run=run)}
    bad = [f"{step} {dataset}: {row['message'] if row else 'did not run'}" for dataset in datasets for step in STEPS if (row := rows.get((dataset, step))) is None or row["outcome"] != "done"]
    if bad:
        raise LakeError("; ".join(bad), "see the tasks' logs; clear the failed tasks to try again")


def waiting(settings: Settings, contracts: Iterable[Contract]) -> list[str]:
    """Datasets with files that are not registered, or deliveries that are not yet through all steps."""
    return list(waiting_loads(settings, contracts))


def waiting_loads(settings: Settings, contracts: Iterable[Contract]) -> dict[str, int]:
    """Dataset that waits → what a run over it costs, in files: it costs as much as DATASET_LOAD files before it has read one. Reads the ledger and lists the landing zone; needs no Spark."""
    from jobs.deliveries.approvals import pending
    from jobs.register import delivered, fresh

    ledger = Ledger(settings)
    deliveries = ledger.rows("deliveries")
    settled = {(row["dataset"], row["delivery"], row["name"]) for row in deliveries if row["outcome"] not in (None, "landed") or row["silver"] is not None}
    receipts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in ledger.rows("receipts"):
        receipts[row["dataset"]].append(row)
    open_ = {dataset for dataset, rows in receipts.items() if any((dataset, row["delivery"], row["name"]) not in settled for row in rows)}
    open_ |= pending(deliveries, ledger.rows("approvals"))
    open_ |= {row["dataset"] for row in ledger.rows("quarantine_events") if not row["applied"]}  # a person's step that silver has not followed
    new = {c.dataset: len(fresh(delivered(settings, c), receipts[c.dataset])) for c in contracts}
    return {dataset: DATASET_LOAD + files for dataset, files in new.items() if files or dataset in open_}


def groups(datasets: Sequence[str], most: int, loads: Mapping[str, int] | None = None) -> list[list[str]]:
    """Datasets dealt out to at most `most` mapped tasks, the heaviest first, each to the lightest task. `loads`: dataset → what it costs; left out, all cost the same."""
    cost = {name: (loads or {}).get(name, DATASET_LOAD) for name in datasets}
    made: list[list[str]] = [[] for _ in range(min(most, len(datasets)))]
    for name in sorted(datasets, key=lambda each: -cost[each]):
        min(made, key=lambda group: sum(cost[each] for each in group)).append(name)
    return made


def small_datasets(root: Path) -> list[Contract]:
    """Those that share the batch DAG's tasks; a broken contract is not among them: its own DAG shows it. What is extracted has a period of its own, and so its own DAG."""
    return [contract for contract in load_all(root)[0] if contract.small and contract.database is None]
