"""Work over few rows in one task: what Spark would do in dozens of jobs, each of which costs more than the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
from pyspark.sql import DataFrame


def in_one_task(rows: DataFrame, work: Callable[[pa.Table], pa.Table], schema: str) -> DataFrame:
    """What `work` makes of all rows together; nothing of no rows. The caller knows that they are few: a task holds them in memory."""

    def task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        held = list(batches)
        if held:
            yield from work(pa.Table.from_batches(held)).to_batches()

    return rows.repartition(1).mapInArrow(task, schema)  # not coalesce: what makes the rows stays spread
