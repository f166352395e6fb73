"""Clusters → resident keys that stay: a key follows the most of its records; who splits off or is new gets a new random one."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator

import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

RECORD = ("source_dataset", "source_record")


def assigned(records: DataFrame, current: DataFrame) -> DataFrame:
    """RECORD, cluster, `resident_key` (random where it is new: write it down before reading it twice), `held` (the key it has now, null for none).

    `records`: RECORD, cluster; `current`: RECORD, resident_key, valid_from, valid_to, of these records. A key goes to the cluster that most of its records are in, a cluster has
    the key that most of its records bring; ties by the least cluster, then the least key. A record that was withdrawn and comes again brings the key it had last.
    """
    last = current.groupBy(*RECORD).agg(F.max_by(F.struct("resident_key", "valid_to"), "valid_from").alias("last"))
    held = records.join(last, list(RECORD), "left").select(*RECORD, "cluster", F.col("last.resident_key").alias("brought"), F.expr("IF(last.valid_to IS NULL, last.resident_key, NULL)").alias("held"))
    votes = held.where("brought IS NOT NULL").groupBy("cluster", "brought").agg(F.count(F.lit(1)).alias("n"))
    goes_to = votes.withColumn("_r", F.row_number().over(Window.partitionBy("brought").orderBy(F.desc("n"), "cluster"))).where("_r = 1")
    taken = goes_to.withColumn("_r", F.row_number().over(Window.partitionBy("cluster").orderBy(F.desc("n"), "brought"))).where("_r = 1").select("cluster", F.col("brought").alias("key"))
    with_key = held.select("cluster").distinct().join(taken, "cluster", "left").mapInArrow(_made, "cluster STRING, resident_key STRING")
    return held.join(with_key, "cluster", "inner").select(*RECORD, "cluster", "resident_key", "held")


def _made(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """A key for each cluster without one: 128 bits of the system's randomness."""
    for batch in batches:
        made = [key or secrets.token_hex(16) for key in batch.column("key").to_pylist()]
        yield pa.RecordBatch.from_pydict({"cluster": batch.column("cluster"), "resident_key": pa.array(made, pa.string())})
