"""A Spark session of a command that works on the lake here and now, without Airflow."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator

from pyspark.sql import SparkSession

from jobs.platform.settings import Settings


@contextlib.contextmanager
def lake_session(settings: Settings) -> Iterator[SparkSession]:
    """Of the role `job`; closed whatever happens. Raises LakeError where the store or Spark does not answer."""
    from jobs.platform.outage import require_lake
    from jobs.platform.spark import open_session

    require_lake(settings)
    spark = open_session(settings)
    try:
        yield spark
    finally:
        spark.stop()


def command_run() -> str:
    """What ops.runs calls this run, as Airflow names its own."""
    return f"cli__{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
