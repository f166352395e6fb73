"""A dataset's four verbs, one after another, as its DAG runs them."""

from __future__ import annotations

from pyspark.sql import SparkSession

from jobs import check, conform, land, register
from jobs.contracts.model import Contract
from jobs.platform.settings import Settings
from jobs.quality.implied import rules_of


def run(spark: SparkSession, settings: Settings, contract: Contract) -> None:
    rules = rules_of(contract, settings.root)
    register.run(spark, settings, contract)
    land.run(spark, settings, contract, rules)
    check.run(spark, settings, contract, rules)
    conform.run(spark, settings, contract, rules)
