"""Silver tables of the sample city's registers, written straight from its frames: what linking costs at a size, without landing hundreds of files first."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
import pyarrow as pa
from deltalake import write_deltalake

from jobs.contracts.load import contract_path, load_contract
from jobs.contracts.model import Column, Contract
from jobs.platform.settings import Settings
from jobs.platform.store import delta_options
from jobs.sample.city.plan import Plan
from jobs.sample.city.registry import dataset_of

DAY = r"(\d{4})\D?(\d{2})\D?(\d{2})"


def frames(settings: Settings, plan: Plan, dataset: str, part: int) -> Iterable[tuple[str, pl.DataFrame]]:
    """(period, rows in the contract's columns) of each file of a part of the city. What a contract would reject is not planted here."""
    made, contract = dataset_of(dataset), load_contract(contract_path(settings.root, dataset))
    for period in plan.periods(made.frequency):
        rows = made.rows(plan, part, period)
        if not rows.is_empty():
            yield period.name, rows.select(*[_typed(rows, column) for column in contract.columns if column.source in rows.columns])


def _typed(rows: pl.DataFrame, column: Column) -> pl.Expr:
    text = pl.col(column.source).cast(pl.String)
    if column.kind == "date":
        text = text.str.replace(rf"^{DAY}.*$", "$1-$2-$3").str.to_date("%Y-%m-%d", strict=False)
    return text.alias(column.name)


def as_silver(contract: Contract, files: Iterable[tuple[str, pl.DataFrame]]) -> pl.DataFrame | None:
    """One row a key, as last delivered; of a snapshot with `_valid_from`."""
    every = [rows.with_columns(pl.lit(period).alias("_valid_from"), pl.lit(True).alias("_is_current")) for period, rows in files]
    return pl.concat(every, how="diagonal").unique(list(contract.key), keep="last", maintain_order=True) if every else None


def write(settings: Settings, plan: Plan, dataset: str, table: str) -> int:
    """The silver table of a register of the city, part by part, at `silver/<table>`; how many rows."""
    contract, total = load_contract(contract_path(settings.root, dataset)), 0
    for part in range(dataset_of(dataset).parts(plan)):
        rows = as_silver(contract, frames(settings, plan, dataset, part))
        if rows is not None:
            put(settings, table, rows, "append" if total else "overwrite")
            total += len(rows)
    return total


def put(settings: Settings, table: str, rows: pl.DataFrame, mode: str) -> None:
    data: pa.Table = rows.to_arrow()
    large = {pa.large_string(): pa.string(), pa.string_view(): pa.string()}
    data = data.cast(pa.schema([field.with_type(large.get(field.type, field.type)) for field in data.schema]))
    write_deltalake(settings.uri("silver", table), data, mode=mode, schema_mode="overwrite" if mode == "overwrite" else None, storage_options=delta_options(settings))  # type: ignore[call-overload]
