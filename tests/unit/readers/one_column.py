"""One column, read as a contract says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from jobs.contracts.model import Column, Contract, Kind, Reader
from jobs.readers.values import Typed, typed


def contract_of(kind: Kind, zone: str = "UTC", reader: dict[str, Any] | None = None, **options: Any) -> Contract:
    column = Column("v", "v", kind, **({"precision": 18, "scale": 2} if kind == "decimal" else {}) | options)
    return Contract("d", "n", "i", "1", "t", "", "o", "events", "d/n", ".*", Reader("csv", **reader or {}), (column,), source_time_zone=zone)


def read(values: Sequence[Any], kind: Kind, zone: str = "UTC", reader: dict[str, Any] | None = None, stored: Any = pl.String, **options: Any) -> Typed:
    return typed(pl.DataFrame({"v": pl.Series(values, dtype=stored)}), contract_of(kind, zone, reader, **options))


def outcomes(found: Typed) -> list[Any]:
    """The value of each row, or what is said of it."""
    values = found.frame["v"].to_list()
    return [f"! {said}" if said else value for value, said in zip(values, found.messages["v"].to_list() if found.messages else [None] * len(values), strict=True)]
