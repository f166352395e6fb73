"""Where a task's Spark is, as the Airflow connection says."""

from __future__ import annotations

from jobs.platform.spark import Door

CONNECTION = "lake_spark"


def door_of_airflow() -> Door:
    """Only inside an Airflow task. The connection goes before the profile: another Spark is another connection, the DAGs stay."""
    from airflow.providers.apache.spark.hooks.spark_connect import SparkConnectHook

    return Door(SparkConnectHook(CONNECTION).get_connection_url())
