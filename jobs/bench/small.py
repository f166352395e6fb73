"""What one more small dataset costs: in a warm process on the Connect server, as a mapped batch task lands it, and by a spark-submit of its own."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

from pyspark.sql import SparkSession

from jobs.bench import payments
from jobs.bench.ours import delivered, forget, landed, under
from jobs.bench.processor import spent
from jobs.bench.rounds import Contender, Timing, measured
from jobs.contracts.model import Contract
from jobs.platform.components import job_env, spark_conf, spark_home
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import emptied

ROWS = 500


def run(spark: SparkSession, settings: Settings, rounds: int, tell: Callable[[str], None]) -> list[Timing]:
    """`connect` and `submit`: a dataset of ROWS rows through register, land, check and conform."""
    contract, _ = payments.contract(f"small_{uuid.uuid4().hex[:8]}")
    try:
        delivered(settings, contract, ROWS)
        return measured([_connect(spark, settings, contract), _submit(spark, settings, contract)], rounds, lambda: spent(settings), tell)
    finally:
        emptied(settings, "landing", f"{contract.landing}/")


def _connect(spark: SparkSession, settings: Settings, contract: Contract) -> Contender:
    rules = payments.contract(contract.name)[1]

    def run(tag: str) -> Mapping[str, float]:
        return landed(spark, settings, under(contract, f"{contract.name}_{tag}"), rules, ROWS, silver=True)

    return Contender("small_dataset", "one more small dataset on the Connect server", run, lambda tag: forget(spark, settings, under(contract, f"{contract.name}_{tag}")))


def _submit(spark: SparkSession, settings: Settings, contract: Contract) -> Contender:
    def run(tag: str) -> None:
        submitted(settings, contract.name, f"{contract.name}_submit_{tag}")

    return Contender("small_dataset_submit", "the same by a spark-submit of its own", run, lambda tag: forget(spark, settings, under(contract, f"{contract.name}_submit_{tag}")))


def submitted(settings: Settings, landing: str, name: str) -> None:
    """Land the dump below `bench/<landing>` as dataset `bench.<name>` in a fresh JVM with a catalog of its own. Raises LakeError with its last words."""
    home = settings.state / "bench"
    home.mkdir(parents=True, exist_ok=True)
    conf = spark_conf(settings) | {"spark.sql.catalogImplementation": "in-memory", "spark.local.dir": str(home / "local"), "spark.driver.memory": "1g"}
    (home / "submit.conf").write_text("".join(f"{key} {value}\n" for key, value in conf.items()))
    command = [str(spark_home() / "bin" / "spark-submit"), "--properties-file", str(home / "submit.conf"), str(Path(__file__).with_name("submit.py")), landing, name, str(ROWS)]
    done = subprocess.run(command, env=job_env(settings) | {"SPARK_CONF_DIR": str(home)}, capture_output=True, text=True, check=False, cwd=home)
    if done.returncode:
        raise LakeError(f"spark-submit ended with code {done.returncode}", done.stderr.strip()[-600:])
