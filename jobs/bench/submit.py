"""What spark-submit runs in `lake bench land`: one small dataset by itself. Arguments: landing folder, dataset, rows."""

from __future__ import annotations

import sys
from dataclasses import replace

from pyspark.sql import SparkSession

from jobs.bench import payments
from jobs.bench.ours import landed
from jobs.ops.catalog import register_ops
from jobs.platform.settings import load_settings
from jobs.platform.spark import make_databases


def main(landing: str, name: str, rows: int) -> None:
    settings, spark = load_settings(), SparkSession.builder.getOrCreate()
    contract, rules = payments.contract(landing)
    make_databases(spark, settings)
    register_ops(spark, settings)
    landed(spark, settings, replace(contract, name=name), rules, rows, silver=True)
    spark.stop()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
