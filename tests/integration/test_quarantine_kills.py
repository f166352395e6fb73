"""kill -9 in the middle of release and replay: the lake is as before or as after, never between, and the same command again finishes it once."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from killed_dataset import unconserved, write_declarations
from own_stack import FORKS, OwnStack, kill, own_stack
from pyspark.sql import SparkSession
from tenacity import Retrying, retry_if_not_result, stop_after_delay, wait_fixed
from write_counter import Watch

from jobs import conform
from jobs.contracts.load import contract_path, load_contract
from jobs.contracts.model import Contract
from jobs.ops.ledger import Ledger
from jobs.orchestration import run_verb
from jobs.platform.settings import Settings
from jobs.platform.spark import open_session
from jobs.platform.store import s3
from jobs.quality.implied import rules_of
from jobs.quarantine.events import in_order
from jobs.quarantine.selecting import shelf, troubled
from jobs.steps import STEPS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
PATIENCE = 300  # seconds until a command must have come to its end
EVERY = int(os.environ.get("LAKE_KILL_EVERY", "3"))  # CI takes every third commit, a person all of them
ROWS = 24  # rejected rows: three to begin with, then one a kill
WHO = ("--by", "Ann", "--because", "a test")


@dataclass(frozen=True)
class Seen:
    """Of one rejected row: its status, how often silver has it, and the dataset's counts."""

    status: str
    in_silver: int
    counts: tuple[int, ...]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> Iterator[OwnStack]:
    with own_stack(tmp_path_factory.mktemp("lake"), settings) as stack:
        yield stack


def prepared(stack: OwnStack, spark: SparkSession, name: str) -> Contract:
    """A dataset with ROWS rejected rows, records 3 and on."""
    contract = write_declarations(stack.settings.root, name)
    body = "id,person,amount\n1,Ann,5\n" + "".join(f"{10 + n},Bo,-{n + 1}\n" for n in range(ROWS))
    s3(stack.direct).put_object(Bucket=stack.settings.bucket("landing"), Key=f"{contract.landing}/2024/dump.csv", Body=body.encode())
    for step in STEPS:
        run_verb(step, spark, stack.direct, contract.dataset, ())
    return contract


def command(stack: OwnStack, folder: Path, arguments: list[str]) -> BaseProcess:
    return FORKS.Process(target=_run, args=(stack.environment, str(folder), arguments))


def _run(environment: dict[str, str], log: str, arguments: list[str]) -> None:
    os.environ.update(environment)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    from jobs.cli.app import app

    app(["quarantine", *arguments], standalone_mode=False)


def seen(stack: OwnStack, spark: SparkSession, contract: Contract, record: int) -> Seen:
    ledger = Ledger(stack.direct)
    on = shelf(ledger, contract, in_order(ledger.rows("quarantine_events", dataset=contract.dataset)))
    [status] = [row["_status"] for row in troubled(spark, contract, on).where(f"_record = {record}").select("_status").collect()]
    deliveries = ledger.deliveries(contract.dataset)
    counts = tuple(sum(row[name] or 0 for row in deliveries) for name in ("rows", "silver", "quarantined_rows"))
    return Seen(status, spark.table(f"silver.{contract.table}").where(f"_record = {record}").count(), counts)


def settle(watch: Watch) -> None:
    """Spark ends what a dead client had begun; returns when nothing has been written for a while."""
    last: list[int] = [-1]

    def quiet() -> bool:
        same, last[0] = last[0] == len(watch.writes), len(watch.writes)
        return same

    Retrying(stop=stop_after_delay(60), wait=wait_fixed(2), retry=retry_if_not_result(bool), retry_error_callback=lambda _: None)(quiet)


def tolerate(stack: OwnStack, contract: Contract) -> Contract:
    """The rule that rejected the rows is no more."""
    path = contract_path(stack.settings.root, contract.dataset)
    document = json.loads(path.read_text())
    del document["schema"][0]["properties"][2]["logicalTypeOptions"]
    path.write_text(json.dumps(document))
    return load_contract(path)


@pytest.mark.parametrize("verb", ["release", "replay"])
def test_killed_after_each_commit_and_repeated(stack: OwnStack, verb: str, tmp_path: Path) -> None:
    spark = open_session(stack.direct)
    try:
        contract = prepared(stack, spark, f"quar{verb}")
        contract = tolerate(stack, contract) if verb == "replay" else contract
        through = {"release": "released", "replay": "fixed"}[verb]
        watch = Watch(contract.name.encode())
        stack.counter.watch(watch)
        ended(stack, spark, contract, verb, 3, tmp_path)
        assert seen(stack, spark, contract, 3) == Seen(through, 1, (ROWS + 1, 2, ROWS - 1))
        ended(stack, spark, contract, verb, 4, tmp_path)  # the first step of a dataset makes its table
        writes = list(watch.writes)
        watch.writes.clear()
        ended(stack, spark, contract, verb, 5, tmp_path)
        writes = list(watch.writes)
        commits = [1, *(k for k, write in enumerate(writes, 1) if "/_delta_log/" in write)]
        kinds: Counter[str] = Counter()
        for record, at in enumerate(commits[::EVERY], 6):
            kinds[killed(stack, spark, contract, verb, record, at, tmp_path)] += 1
        print(verb, len(writes), commits, kinds)
        assert kinds["before"] and kinds["after"], kinds
    finally:
        spark.stop()


def ended(stack: OwnStack, spark: SparkSession, contract: Contract, verb: str, record: int, folder: Path) -> None:
    process = command(stack, folder / "log", [verb, contract.dataset, "--record", str(record), *WHO])
    process.start()
    process.join(PATIENCE)
    assert process.exitcode == 0, (folder / "log").read_text()[-4000:]


def killed(stack: OwnStack, spark: SparkSession, contract: Contract, verb: str, record: int, at: int, folder: Path) -> str:
    """Whether the step was found not done or done; raises AssertionError where it is anything between."""
    through = {"release": "released", "replay": "fixed"}[verb]
    before = seen(stack, spark, contract, record)
    rows, silver, quarantined = before.counts
    after = Seen(through, 1, (rows, silver + 1, quarantined - 1))
    assert (before.status, before.in_silver) == ("open", 0)
    process = command(stack, folder / "log", [verb, contract.dataset, "--record", str(record), *WHO])
    watch = Watch(contract.name.encode(), lambda writes: len(writes) >= at, lambda: kill(process.pid))
    stack.counter.watch(watch)
    process.start()
    process.join(PATIENCE)
    assert (process.exitcode, watch.struck.wait(10)) == (-9, True), (folder / "log").read_text()[-4000:]
    settle(watch)
    stack.counter.watch()
    found = seen(stack, spark, contract, record)
    assert found.in_silver in (0, 1)
    assert found.status == through or found.in_silver == 0, f"silver before its event, after write {at}: {watch.writes}"
    conform.run(spark, stack.direct, contract, rules_of(contract, stack.settings.root))  # as the dataset's next run does
    found = seen(stack, spark, contract, record)
    assert found in (before, after), f"between, after write {at}: {watch.writes}"
    ended(stack, spark, contract, verb, record, folder)
    assert seen(stack, spark, contract, record) == after
    ledger = Ledger(stack.direct)
    assert unconserved(ledger.deliveries(contract.dataset)) == []
    events = [row for row in ledger.rows("quarantine_events", dataset=contract.dataset) if json.loads(row["selection"])["records"] == [record]]
    assert [(row["rows"], row["passing"], row["applied"]) for row in events] == [(1, 1, True)]
    return "before" if found == before else "after"


