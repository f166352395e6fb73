"""Silver tables of a sample city made from the rows of its dumps at once, for tests of products: that landing makes the same of the dumps is tested elsewhere (test_city_lands.py)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl
from pyspark.sql import SparkSession

from jobs.contracts.load import contract_path, load_contract
from jobs.contracts.model import Column, Contract
from jobs.platform.settings import Settings
from jobs.platform.store import emptied
from jobs.sample.city.plan import Plan
from jobs.sample.city.registry import dataset_of
from jobs.tables.silver import columns

DATES = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日")
MOMENTS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")


def silver_of(spark: SparkSession, settings: Settings, plan: Plan, name: str, suffix: str) -> str:
    """The name of a new table `silver.<dataset>_<suffix>` with every right row, its lineage columns and, of a snapshot, its history."""
    contract = load_contract(contract_path(settings.root, name))
    rows = _rows(plan, contract)
    table = f"{contract.table}_{suffix}"
    frame = spark.createDataFrame(rows.to_arrow())
    said = columns(contract)
    made = frame.select(*[(frame[column] if column in frame.columns else _absent()).cast(kind).alias(column) for column, (kind, _) in said.items()])
    where = settings.uri("silver", table, scheme="s3a")
    made.write.format("delta").mode("overwrite").save(where)
    spark.sql(f"CREATE TABLE silver.{table} USING delta LOCATION '{where}'")
    return f"silver.{table}"


def forget_silver(spark: SparkSession, settings: Settings, store: Any, tables: Iterable[str]) -> None:
    for table in tables:
        spark.sql(f"DROP TABLE IF EXISTS {table}")
        emptied(settings, "silver", f"{table.removeprefix('silver.')}/")


def _absent() -> Any:
    from pyspark.sql import functions as F

    return F.lit(None)


def _rows(plan: Plan, contract: Contract) -> pl.DataFrame:
    dataset = dataset_of(contract.dataset)
    periods = plan.periods(dataset.frequency)
    parts = [(period, dataset.rows(plan, part, period)) for period in periods for part in range(dataset.parts(plan))]
    frames = [rows.select(*[_typed(rows[c.source], c).alias(c.name) for c in contract.columns], pl.lit(period.name).alias("_period")) for period, rows in parts if rows.height]
    every = pl.concat(frames).unique(maintain_order=True)
    if contract.mode == "snapshot":
        following = dict(zip([p.name for p in periods], [*[p.name for p in periods[1:]], None], strict=True))
        names = [c.name for c in contract.columns]
        every = every.group_by(names, maintain_order=True).agg(pl.col("_period").min().alias("_valid_from"), pl.col("_period").max().alias("last"))
        every = every.with_columns(pl.col("last").replace_strict(following, return_dtype=pl.String).alias("_valid_to"), pl.col("_valid_from").alias("_period")).drop("last")
        every = every.with_columns(pl.col("_valid_to").is_null().alias("_is_current"))
    elif contract.mode == "increment":
        every = every.unique(subset=list(contract.key), keep="last", maintain_order=True)
    else:
        every = every.with_columns(pl.lit(False).alias("_is_repeated"), pl.lit(False).alias("_is_conflicting"))
    return every.with_row_index("_record").with_columns(pl.col("_record").cast(pl.Int64), pl.col("_period").add("/test").alias("_delivery"))


def _typed(values: pl.Series, column: Column) -> pl.Series:
    """As the contract types it."""
    text = values.cast(pl.String)
    if column.kind == "date":
        return _first(text.str.to_date(form, strict=False) for form in DATES)
    if column.kind == "timestamp":
        return _first(text.str.to_datetime(form, strict=False) for form in MOMENTS).dt.replace_time_zone("Asia/Shanghai").dt.convert_time_zone("UTC")
    if column.kind == "boolean":
        return text.replace_strict({"是": True, "否": False}, default=None, return_dtype=pl.Boolean)
    if column.kind == "integer":
        return text.str.strip_suffix("元").cast(pl.Int64)
    if column.kind == "decimal":
        return text.cast(pl.Decimal(column.precision, column.scale))
    return text.cast(pl.Float64) if column.kind == "double" else text


def _first(tries: Iterable[pl.Series]) -> pl.Series:
    found: pl.Series | None = None
    for each in tries:
        found = each if found is None else found.fill_null(each)
    assert found is not None
    return found
