"""`lake bench deliveries`: many small files of one dataset wait at once and are landed by one DAG run; a damaged one among them fails alone."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pyspark.sql import SparkSession

from jobs.bench import payments
from jobs.bench.dag_run import BatchRun, batch_run, declared, undeclared
from jobs.bench.ours import PERIOD
from jobs.contracts.model import Contract
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import s3
from jobs.tables import bronze

DAMAGED = b"payment_id,vendor_code\n1,\x00\x00\n"
UPLOADS = 8  # at once


@dataclass(frozen=True)
class Backlog:
    """What one DAG run made of the waiting files. `commits`: of the bronze table; `steps`: seconds of each."""

    deliveries: int
    landed: int
    refused: int
    rows: int
    seconds: float
    tasks: int
    commits: int
    steps: Mapping[str, float]

    @property
    def a_minute(self) -> float:
        return self.deliveries / self.seconds * 60


def run(spark: SparkSession, settings: Settings, deliveries: int, rows: int, tell: Callable[[str], None]) -> Backlog:
    """`deliveries` files of `rows` rows each and one damaged file. Raises LakeError where not each good one landed whole in one commit, or the damaged one did."""
    contract = declared(settings, f"backlog_{uuid.uuid4().hex[:8]}")
    try:
        tell(f"delivering {deliveries:,} files of {rows:,} rows, and a damaged one")
        _deliver(settings, contract, deliveries, rows)
        tell("one run of the batch DAG")
        return _looked_at(settings, contract, batch_run(settings, [contract.dataset]), deliveries, rows)
    finally:
        undeclared(spark, settings, contract)


def _deliver(settings: Settings, contract: Contract, deliveries: int, rows: int) -> None:
    client, bucket = s3(settings), settings.bucket("landing")

    def put(number: int) -> None:
        client.put_object(Bucket=bucket, Key=f"{contract.landing}/{PERIOD}/{number:06d}.csv", Body=payments.small_dump(number, rows))

    with ThreadPoolExecutor(UPLOADS) as pool:
        list(pool.map(put, range(deliveries)))
    client.put_object(Bucket=bucket, Key=f"{contract.landing}/{PERIOD}/damaged.csv", Body=DAMAGED)


def _looked_at(settings: Settings, contract: Contract, done: BatchRun, deliveries: int, rows: int) -> Backlog:
    ledger = Ledger(settings)
    noted = ledger.deliveries(contract.dataset)
    outcomes = Counter(row["outcome"] for row in noted)
    commits = bronze.commits(bronze.open_table(settings, contract))
    carried = Counter(delivery["delivery"] for commit in commits for delivery in commit)
    whole = all(row["rows"] == rows and carried[row["delivery"]] == 1 for row in noted if row["outcome"] == "landed")
    if outcomes != Counter(landed=deliveries, rejected=1) or not whole:
        raise LakeError(f"of {deliveries:,} good deliveries and a damaged one came {dict(outcomes)}", "look into ops.deliveries")
    steps = {row["job"]: row["seconds"] for row in ledger.rows("runs", dataset=contract.dataset, run=done.name)}
    return Backlog(deliveries + 1, outcomes["landed"], outcomes["rejected"], sum(row["rows"] or 0 for row in noted), done.seconds, done.tasks, len(commits), steps)
