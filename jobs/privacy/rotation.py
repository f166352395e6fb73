"""A new secret for the pseudonyms of a grant; which resident each older pseudonym stood for is kept in silver, where only the role `job` reads."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.identity.tables import create_silver
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError, signed
from jobs.platform.settings import Settings
from jobs.privacy.pseudonym import current_version, pseudonymise, rotate

COLUMNS = {
    "grant": ("string", "Whose pseudonyms they are"), "version": ("long", "Of the secret they were made under"), "resident_key": ("string", "Random key of the person"),
    "pseudonym": ("string", "What stood for the person, 64 hexadecimal digits"),
}  # fmt: skip


@dataclass(frozen=True)
class Rotated:
    """`version`: the new one; `residents`: whose older pseudonyms are in the map."""

    grant: str
    version: int
    residents: int


def run(spark: SparkSession, settings: Settings, grant: str, by: str, because: str, prefix: str = "identity") -> Rotated:
    """The map of the present version is written first, then the new secret is made: a run that ends in between writes the same map again. `prefix`: of the identity tables in silver.

    Raises LakeError where nobody signs, and where the grant has no secret yet.
    """
    by, because = signed(by, because)
    version = current_version(settings, grant)
    if not version:
        raise LakeError(f"nothing was ever given a pseudonym for {grant!r}", "a grant is a product with `pseudonyms` in its contract, or the recipient of a share")
    residents = spark.table(f"silver.{prefix}__resident_key").select("resident_key").distinct()
    rows = pseudonymise(residents, "resident_key", settings, grant, version, into="pseudonym").select(F.lit(grant).alias("grant"), F.lit(version).cast("long").alias("version"), "resident_key", "pseudonym")
    where = settings.uri("silver", f"{prefix}__pseudonym", scheme="s3a")
    pseudonyms(spark, settings, prefix)
    rows.write.format("delta").mode("overwrite").option("replaceWhere", f"grant = '{grant}' AND version = {version}").save(where)
    count = pseudonyms(spark, settings, prefix).where((F.col("grant") == grant) & (F.col("version") == version)).count()
    made = rotate(settings, grant)
    Ledger(settings).merge("rotations", [{"dataset": f"grant.{grant}", "grant": grant, "version": made, "by": by, "because": because, "residents": count, "rotated_at": dt.datetime.now(dt.UTC)}])
    return Rotated(grant, made, count)


def pseudonyms(spark: SparkSession, settings: Settings, prefix: str = "identity") -> DataFrame:
    """grant, version, resident_key, pseudonym of versions that were replaced; made empty where it is not there."""
    create_silver(spark, settings, f"{prefix}__pseudonym", COLUMNS)
    return spark.table(f"silver.{prefix}__pseudonym")
