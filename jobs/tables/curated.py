"""A curated table: made to its contract, compared and replaced by period, and kept as it was where the new rows do not pass."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from deltalake import DeltaTable, Field, Schema
from deltalake.exceptions import TableNotFoundError
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.contracts import model
from jobs.contracts.product import Product
from jobs.platform.delta_tables import lay, name_table
from jobs.platform.settings import Settings
from jobs.platform.store import delta_options
from jobs.tables import files
from jobs.tables.silver import delta_type, sql_type

WHOLE = ""  # the one period of a table without periods, and of rows whose period is unknown


def typed(rows: DataFrame, product: Product) -> DataFrame:
    """The contract's columns in its order and types, with description and unit. Raises an AnalysisException for one that is not there."""
    return rows.select(*[rows[c.name].cast(sql_type(c)).alias(c.name, metadata=_metadata(c)) for c in product.columns])


def _metadata(column: model.Column) -> dict[str, Any]:
    return {"comment": column.description + (f" ({column.unit})" if column.unit else "")} | ({"unit": column.unit} if column.unit else {})


def create(spark: SparkSession, settings: Settings, product: Product) -> None:
    """By one commit of delta-rs, then its name, as in silver."""
    lay(settings, "curated", product.name, _schema(product), description=product.title)
    name_table(spark, settings, product.curated)


def _schema(product: Product) -> Schema:
    return Schema([Field(c.name, delta_type(sql_type(c)), metadata=_metadata(c)) for c in product.columns])


def is_shaped(spark: SparkSession, product: Product) -> bool:
    """Whether the table has the contract's columns, types, descriptions and units."""
    have = [(f.name, f.dataType.simpleString(), dict(f.metadata)) for f in spark.table(product.curated).schema]
    return have == [(c.name, sql_type(c).lower(), _metadata(c)) for c in product.columns]


def version(settings: Settings, table: str) -> int | None:
    """Of a table by the name Spark has for it; None where it is not there."""
    zone, _, name = table.partition(".")
    try:
        return DeltaTable(settings.uri(zone, name), storage_options=delta_options(settings)).version()
    except TableNotFoundError:
        return None


def commits(settings: Settings, product: Product, most: int = 20) -> dict[int, dict[str, Any]]:
    """Version → what its commit says it was made from; the newest."""
    history = DeltaTable(settings.uri("curated", product.name), storage_options=delta_options(settings)).history(most)
    return {int(entry["version"]): json.loads(entry[files.SAID]) for entry in history if entry.get(files.SAID)}


def periods_between(settings: Settings, product: Product, before: int, after: int) -> set[str] | None:
    """Periods that the commits after one version, up to another, wrote, as each of them says (`periods`); None where one does not say so, or was of all rows."""
    said = commits(settings, product) if before < after else {}
    found: set[str] = set()
    for version in range(before + 1, after + 1):
        periods = said.get(version, {}).get("periods")
        if periods is None or WHOLE in periods:
            return None
        found.update(periods)
    return found or None


def rows_in(fingerprint: str) -> int:
    """How many rows it is of."""
    return int(fingerprint.partition(":")[0])


def fingerprints(rows: DataFrame, period: str | None) -> dict[str, str]:
    """Period → what its rows are, whatever their order. `period`: SQL over the rows; rows of which it knows none are of the period ''."""
    content = F.xxhash64(*[F.coalesce(rows[name].cast("string"), F.lit("\x00")) for name in rows.columns])
    period_of: SparkColumn = F.coalesce(F.expr(period).cast("string"), F.lit(WHOLE)) if period else F.lit(WHOLE)
    sums = rows.select(period_of.alias("period"), content.alias("content")).groupBy("period").agg(F.count(F.lit(1)).alias("n"), F.sum(F.col("content").cast("decimal(38,0)")).alias("s"))
    return {row["period"]: f"{row['n']}:{row['s']}" for row in sums.toArrow().to_pylist()}


def within(rows: DataFrame, product: Product, periods: Collection[str] | None) -> DataFrame:
    """The rows of these periods; all for None."""
    return rows if periods is None or product.period is None else rows.where(in_periods(product, periods))


def in_periods(product: Product, periods: Collection[str]) -> str:
    """SQL that is true of the rows of these periods."""
    if product.period is None:
        return "true"
    kind = product.column(product.period).kind
    said = [f"DATE'{p}'" if kind == "date" else p if kind == "integer" else "'" + p.replace("\\", "\\\\").replace("'", "\\'") + "'" for p in sorted(periods)]
    return f"{product.period} IN ({', '.join(said)})" if said else "false"


def replace(settings: Settings, product: Product, rows: DataFrame, periods: Collection[str] | None, made_from: Mapping[str, Any]) -> None:
    """In one commit: the rows of these periods go (all rows, and the table's shape, for None), these come."""
    said = json.dumps(made_from, sort_keys=True)
    if periods is None:
        files.replace(rows, settings, "curated", product.name, _schema(product), said)
        return
    writer = rows.write.format("delta").mode("overwrite").option(files.SAID, said).option("replaceWhere", in_periods(product, periods))
    writer.save(settings.uri("curated", product.name, scheme="s3a"))
