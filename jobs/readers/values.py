"""Texts as a department wrote them → values of the contract's types."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from jobs.contracts.model import Column, Contract

TYPES: dict[str, pl.DataType] = {
    "string": pl.String(), "json": pl.String(), "integer": pl.Int64(), "double": pl.Float64(), "boolean": pl.Boolean(), "date": pl.Date(),
    "timestamp": pl.Datetime("us", "UTC"),
}  # fmt: skip
TRUE, FALSE = ("true", "t", "yes", "y", "1", "是"), ("false", "f", "no", "n", "0", "否")


@dataclass(frozen=True)
class Typed:
    """`frame`: one typed column a contract column; `failed`: column → (mask of texts that are no value, the texts)."""

    frame: pl.DataFrame
    failed: dict[str, tuple[pl.Series, pl.Series]]


def polars_type(column: Column) -> pl.DataType:
    return pl.Decimal(column.precision, column.scale) if column.kind == "decimal" else TYPES[column.kind]


def typed(raw: pl.DataFrame, contract: Contract) -> Typed:
    """`raw`: one column a contract column, as sent (text, or already of a type where the format has types)."""
    texts = raw.select([_sent(column, contract, raw.schema[column.name]).alias(column.name) for column in contract.columns])
    frame = texts.select([_cast(column, contract, texts.schema[column.name]).alias(column.name) for column in contract.columns])
    failed = {}
    for column in contract.columns:
        if column.kind in ("string", "json") or frame[column.name].null_count() == texts[column.name].null_count():
            continue
        sent = texts[column.name]
        failed[column.name] = (sent.is_not_null() & frame[column.name].is_null(), sent.cast(pl.String))
    return Typed(frame, failed)


def _sent(column: Column, contract: Contract, kind: pl.DataType) -> pl.Expr:
    value = pl.col(column.name)
    if kind != pl.String:
        return value
    if contract.reader.trim or column.kind not in ("string", "json"):
        value = value.str.strip_chars()
    nulls = [*contract.reader.null_values, *column.null_values]
    value = pl.when(value.is_in(nulls)).then(None).otherwise(value) if len(nulls) > 1 else pl.when(value == nulls[0]).then(None).otherwise(value) if nulls else value
    if not column.value_map:
        return value
    mapped: pl.Expr = value
    for rule in reversed(column.value_map):
        mapped = pl.when(value.str.contains(rule.pattern)).then(value if rule.value == "$0" else pl.lit(rule.value, dtype=pl.String)).otherwise(mapped)
    return mapped


def _cast(column: Column, contract: Contract, kind: pl.DataType) -> pl.Expr:
    value, target = pl.col(column.name), polars_type(column)
    if column.kind == "timestamp":
        return _timestamp(value, column, contract, kind)
    if kind == target:
        return value
    if kind != pl.String:
        return value.cast(target, strict=False)
    if column.kind == "date":
        return pl.coalesce([value.str.to_date(format_, strict=False, cache=False) for format_ in column.formats or ("%Y-%m-%d",)])
    if column.kind == "boolean":
        low = value.str.to_lowercase()
        return pl.when(low.is_in(TRUE)).then(True).when(low.is_in(FALSE)).then(False).otherwise(None)
    if column.kind == "decimal":
        longer = value.str.contains(rf"\.\d{{{column.scale}}}\d*[1-9]")
        return pl.when(longer).then(None).otherwise(value).cast(target, strict=False)
    if column.kind == "double":
        number = value.cast(pl.Float64, strict=False)
        return pl.when(number.is_finite()).then(number).otherwise(None)
    return value.cast(target, strict=False)


def _timestamp(value: pl.Expr, column: Column, contract: Contract, kind: pl.DataType) -> pl.Expr:
    """Local time of the contract's zone → UTC. The earlier of two ambiguous hours; a missing hour is no value."""
    if kind == pl.String:
        value = pl.coalesce([value.str.to_datetime(format_, strict=False, time_unit="us", cache=False) for format_ in column.formats or ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")])
    if isinstance(kind, pl.Datetime) and kind.time_zone:
        return value.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    local = value.cast(pl.Datetime("us"))
    return local.dt.replace_time_zone(contract.source_time_zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
