"""Work items spread over Spark's tasks: each task gets its items, and answers with lines of text."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession

TASKS = 16


def balanced(weights: Sequence[int], most: int = TASKS) -> list[list[int]]:
    """Indices of the items in at most `most` groups of like total weight (longest first)."""
    groups: list[list[int]] = [[] for _ in range(min(most, len(weights)))]
    heap = [(0, i) for i in range(len(groups))]
    for item in sorted(range(len(weights)), key=lambda i: -weights[i]):
        total, group = heapq.heappop(heap)
        groups[group].append(item)
        heapq.heappush(heap, (total + weights[item] + 10_000, group))
    return groups


def spread(spark: SparkSession, items: Sequence[Any], weights: Sequence[int], work: Callable[[Iterator[Any]], Iterator[str]], most: int = TASKS) -> list[str]:
    """Run `work` over the items inside at most `most` Spark tasks. The answers are facts about files (counts, paths), never rows of data."""
    if not items:
        return []
    groups = [[items[i] for i in group] for group in balanced(weights, most)]

    def task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                answers = list(work(iter(groups[number])))
                yield pa.RecordBatch.from_arrays([pa.array(answers, pa.string())], ["answer"])

    frame = spark.range(0, len(groups), 1, len(groups)).mapInArrow(task, "answer string")
    return [str(answer) for answer in frame.toArrow().column("answer").to_pylist()]
