"""A Spark driver of its own: for every line `<table uri> <commits>` on stdin it appends that many one-row commits, then says `done`."""

from __future__ import annotations

import sys

from pyspark.sql import SparkSession
from pyspark.sql.functions import lit

from jobs.platform.components import spark_conf
from jobs.platform.settings import load_settings

QUICK_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # a JVM of one minute: compiling less is faster, above all where two share two cores


def main(writer: str, log_store: str, endpoint: str, home: str) -> None:
    conf = spark_conf(load_settings()) | {
        "spark.master": "local[1]", "spark.driver.memory": "700m", "spark.driver.extraJavaOptions": QUICK_START, "spark.api.mode": "classic",
        "spark.sql.catalogImplementation": "in-memory", "spark.sql.warehouse.dir": f"{home}/warehouse", "spark.local.dir": home,
        "spark.delta.logStore.s3a.impl": log_store, "spark.hadoop.fs.s3a.endpoint": endpoint, "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        "spark.databricks.delta.snapshotPartitions": "1", "spark.sql.shuffle.partitions": "1", "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR",
    }  # fmt: skip
    builder = SparkSession.builder
    for key, value in conf.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    print("ready", flush=True)
    for line in sys.stdin:
        table, commits = line.split()
        for number in range(int(commits)):
            spark.range(1).select(lit(writer).alias("writer"), lit(number).cast("long").alias("number")).coalesce(1).write.format("delta").mode("append").save(table)
        print("done", flush=True)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
