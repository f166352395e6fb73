"""What one more small dataset costs in a run of the batch DAG: a run of many against a run of one, by Airflow's own clock."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyspark.sql import SparkSession

from jobs.bench import payments
from jobs.bench.ours import delivered, forget
from jobs.bench.rounds import Timing
from jobs.bench.small import ROWS
from jobs.contracts.load import contract_path, load_contract
from jobs.contracts.model import Contract
from jobs.platform.airflow_api import Airflow, until_ended
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import emptied

DAG, MORE, PATIENCE = "batch", 6, 1800  # datasets more than one; seconds


def run(spark: SparkSession, settings: Settings, rounds: int, tell: Callable[[str], None]) -> Timing:
    """Seconds for one more dataset of ROWS rows, a round: (a run of 1 + MORE datasets − a run of one) / MORE. The first round warms up."""
    seconds = []
    for number in range(rounds + 1):
        tell(f"{f'round {number} of {rounds}' if number else 'warm-up'}: DAG runs of 1 and of {1 + MORE} datasets")
        one, many = _timed_run(spark, settings, 1), _timed_run(spark, settings, 1 + MORE)
        seconds.append((many - one) / MORE)
    return Timing("small_dataset_dag", f"one more small dataset in a DAG run (of {1 + MORE} against one of 1)", tuple(seconds[1:]), (0.0,) * rounds)


def _timed_run(spark: SparkSession, settings: Settings, datasets: int) -> float:
    """Seconds from the start to the end of a run that lands this many new datasets. Their contracts stand under conf/ for as long."""
    contracts = [declared(settings, f"dag_{uuid.uuid4().hex[:8]}") for _ in range(datasets)]
    try:
        for contract in contracts:
            delivered(settings, contract, ROWS)
        return batch_run(settings, [contract.dataset for contract in contracts]).seconds
    finally:
        for contract in contracts:
            undeclared(spark, settings, contract)


def swept(spark: SparkSession, settings: Settings) -> None:
    """Remove what a benchmark that was killed left behind. One benchmark runs at a time."""
    for path in contract_path(settings.root, "bench.any").parent.glob("*.yaml"):
        undeclared(spark, settings, load_contract(path))


def undeclared(spark: SparkSession, settings: Settings, contract: Contract) -> None:
    """Nothing of the dataset is left."""
    contract_path(settings.root, contract.dataset).unlink()
    emptied(settings, "landing", f"{contract.landing}/")
    forget(spark, settings, contract)


def declared(settings: Settings, name: str) -> Contract:
    """The benchmark's contract as a dataset of the lake, where Airflow's tasks find it."""
    text = contract_path(payments.HERE, "bench.payment").read_text(encoding="utf-8")
    for old, new in (("id: bench.payment", f"id: bench.{name}"), ("s3://landing/bench/payment", f"s3://landing/bench/{name}"), ("  - name: payment\n", f"  - name: {name}\n")):
        text = text.replace(old, new)
    path = contract_path(settings.root, f"bench.{name}")
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return load_contract(path)


@dataclass(frozen=True)
class BatchRun:
    """A run of the batch DAG that ended well: its id, seconds from its start to its end, and how many task instances it had."""

    name: str
    seconds: float
    tasks: int


def batch_run(settings: Settings, datasets: Sequence[str]) -> BatchRun:
    """Run these datasets and wait. Raises LakeError where the run fails."""
    airflow = Airflow(settings)
    name = airflow.triggered(DAG, {"datasets": list(datasets), "periods": []})
    if until_ended(lambda: airflow.state(DAG, name), PATIENCE) != "success":
        raise LakeError(f"the run {name} of {DAG} failed", f"see {airflow.url(DAG, name)}")
    return BatchRun(name, airflow.seconds(DAG, name), len(airflow.tasks(DAG, name)))
