"""`lake bench city`: what a city costs by its size, and whether that grows as its people do."""

from __future__ import annotations

import datetime as dt
import math
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil
from pyspark.sql import SparkSession

from jobs.bench.processor import spent
from jobs.platform.components import components
from jobs.platform.settings import Settings
from jobs.platform.supervise import state
from jobs.sample.city.generate import Order, generate
from jobs.sample.city.plan import LEAST, Plan
from jobs.sample.city.registry import datasets

FIRST = dt.date(2025, 1, 1)
LOOKED = 0.5  # seconds between two looks at the workers' memory


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
    with tempfile.TemporaryDirectory() as out, _most_held(settings) as held:
        before, began = spent(settings), time.perf_counter()
        made = list(generate(spark, plan, list(datasets().values()), Order(out)))
        seconds, processor = time.perf_counter() - began, spent(settings) - before
    return Size(plan.people, sum(m.files for m in made), sum(m.rows for m in made), sum(m.bytes for m in made), seconds, processor, max(held))


@contextmanager
def _most_held(settings: Settings) -> Iterator[list[int]]:
    """Bytes of the largest of Spark's Python workers, look by look."""
    [pid] = [state(settings.state, part).pid for part in components(settings) if part.name == "spark"]
    ended, held = threading.Event(), [0]

    def look() -> None:
        while not ended.wait(LOOKED):
            with suppress(psutil.NoSuchProcess):
                held.append(max((child.memory_info().rss for child in psutil.Process(pid).children(recursive=True)), default=0))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield held
    finally:
        ended.set()
        watcher.join()


def growth(smaller: Size, larger: Size) -> float:
    """The power of the number of people by which processor time grows from one to the other: 1 is linear."""
    return math.log(larger.processor / smaller.processor) / math.log(larger.people / smaller.people)
