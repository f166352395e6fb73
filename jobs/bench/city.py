"""`lake bench city`: what a city costs by its size, and whether that grows as its people do."""

from __future__ import annotations

import datetime as dt
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyspark.sql import SparkSession

from jobs.bench.processor import most, spent, workers
from jobs.platform.settings import Settings
from jobs.sample.city.generate import Order, generate
from jobs.sample.city.plan import LEAST, Plan
from jobs.sample.city.registry import datasets

FIRST = dt.date(2025, 1, 1)


@dataclass(frozen=True)
class Size:
    """`processor`: seconds of processor time of the whole stack; `worker_bytes`: the most that one of Spark's Python workers held."""

    people: int
    files: int
    rows: int
    bytes: int
    seconds: float
    processor: float
    worker_bytes: int


def run(spark: SparkSession, settings: Settings, sizes: Sequence[int], days: int, tell: Callable[[str], None]) -> list[Size]:
    """A city of each size, all its dumps and truths to a folder that is then removed; before them a small one that warms up."""
    found: list[Size] = []
    for people in (LEAST, *sizes):
        tell(f"a city of {people:,} people, {days} days" if found or people != LEAST else "warm-up")
        found.append(_made(spark, settings, Plan(people, FIRST, FIRST + dt.timedelta(days=days - 1))))
    return found[1:]


def _made(spark: SparkSession, settings: Settings, plan: Plan) -> Size:
    with tempfile.TemporaryDirectory() as out, most(lambda: max(workers(settings), default=0)) as held:
        before, began = spent(settings), time.perf_counter()
        made = list(generate(spark, plan, list(datasets().values()), Order(out)))
        seconds, processor = time.perf_counter() - began, spent(settings) - before
    return Size(plan.people, sum(m.files for m in made), sum(m.rows for m in made), sum(m.bytes for m in made), seconds, processor, held())


def growth(smaller: Size, larger: Size) -> float:
    """The power of the number of people by which processor time grows from one to the other: 1 is linear."""
    return math.log(larger.processor / smaller.processor) / math.log(larger.people / smaller.people)
