"""A whole city made by Spark: the same bytes on one core and on two, others for another seed; and the command that makes it, day by day and without writing."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from jobs.platform.components import job_env
from jobs.platform.settings import Settings
from tests.launcher import lake

pytestmark = pytest.mark.timeout(900)
MAKE = """
import datetime as dt, sys
from pyspark.sql import SparkSession
from jobs.sample.city.generate import Order, generate
from jobs.sample.city.plan import Plan
from jobs.sample.city.registry import datasets
cores, seed, out = sys.argv[1:]
spark = SparkSession.builder.master(f"local[{cores}]").config("spark.ui.enabled", "false").config("spark.driver.memory", "600m").getOrCreate()
made = list(generate(spark, Plan(1000, dt.date(2025, 1, 1), dt.date(2025, 1, 10), int(seed)), list(datasets().values()), Order(out)))
assert {each.dataset for each in made} == set(datasets())
"""
TOWN = ("--people", "1000", "--to", "2025-01-06", "--dataset", "hotline.request", "--dataset", "social.post")


def made(settings: Settings, cores: int, seed: int, out: Path) -> dict[str, str]:
    """File → hash, the truth's too."""
    environment = job_env(settings) | {"PYTHONPATH": str(settings.root), "PYSPARK_PYTHON": sys.executable}
    del environment["SPARK_CONF_DIR"]  # a Spark of its own, which needs no lake
    done = subprocess.run([sys.executable, "-c", MAKE, str(cores), str(seed), str(out)], capture_output=True, text=True, check=False, env=environment, cwd=settings.root)
    assert done.returncode == 0, done.stderr[-2000:]
    return hashes(out)


def hashes(out: Path) -> dict[str, str]:
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.rglob("*")) if path.is_file()}


def test_one_seed_gives_the_same_bytes_on_one_core_and_on_two_and_another_seed_others(settings: Settings, tmp_path: Path) -> None:
    one, two, other = made(settings, 1, 7, tmp_path / "one"), made(settings, 2, 7, tmp_path / "two"), made(settings, 2, 8, tmp_path / "other")
    assert one == two
    assert {"truth/expected.parquet", "truth/faults.parquet"} < set(one)
    dumps = [name for name in one if name.startswith("landing/") and name in other]
    assert len(dumps) > 50
    assert sum(one[name] == other[name] for name in dumps) / len(dumps) < 0.2  # a list of nothing, or of what no chance is in, is the same


def test_a_dry_run_counts_and_writes_nothing(settings: Settings, tmp_path: Path) -> None:
    said = lake(settings, "city", *TOWN, "--dry-run", "--out", str(tmp_path / "city"))
    assert said.returncode == 0, said.stdout + said.stderr
    assert "files" in said.stdout and "counted" in said.stdout
    assert not (tmp_path / "city").exists()


def test_a_day_brings_what_comes_on_it(settings: Settings, tmp_path: Path) -> None:
    whole = lake(settings, "city", *TOWN, "--out", str(tmp_path / "whole"))
    assert whole.returncode == 0, whole.stdout + whole.stderr
    every = pl.read_parquet(tmp_path / "whole" / "truth" / "expected.parquet")
    third = every.filter(pl.col("day").cast(pl.String) == "2025-01-03")
    assert third.height >= 2
    said = lake(settings, "city", *TOWN, "--day", "3", "--out", str(tmp_path / "day"))
    assert said.returncode == 0, said.stdout + said.stderr
    assert sorted(hashes(tmp_path / "day" / "landing").values()) == sorted(third["sha256"])
    told = pl.read_parquet(tmp_path / "day" / "truth" / "expected.parquet")
    assert told.height == every.filter(pl.col("day") <= third["day"][0]).height
