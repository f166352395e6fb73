"""A bronze table takes the columns its contract has come to have, rows of before stay, and no column changes its type unseen."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable

from jobs.contracts.model import Column, Contract
from jobs.platform.errors import LakeError
from jobs.tables import bronze
from tests.unit.readers.made import contract

A, S = Column("a", "a", "integer"), Column("s", "s", "string")


class Folder:
    """Puts a table's files where the table is."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put_object(self, Bucket: str, Key: str, Body: Any, **_: Any) -> None:
        (self._path / Key.rpartition("/")[2]).write_bytes(Body.read())


def landed(path: Path, made: Contract, delivery: str, **values: Any) -> None:
    lineage = [pl.lit(None, kind).alias(name) for name, kind in bronze.LINEAGE.items()]
    frame = pl.DataFrame({name: [value] for name, value in values.items()}).with_columns(lineage).with_columns(pl.lit(delivery).alias("_delivery"), pl.lit("1").alias("_period"))
    table = bronze.widened(DeltaTable(path), made)
    bronze.commit(table, made, [bronze.write_file(Folder(path), "b", made.table, frame, made)], [{"delivery": delivery}])


def as_it_was(path: Path, made: Contract) -> None:
    """The table as it was before there was `_extra`."""
    schema = bronze.arrow_schema(made)
    DeltaTable.create(path, schema=schema.remove(schema.get_field_index("_extra")), configuration={"delta.dataSkippingStatsColumns": "_delivery,_period"})


def test_a_table_of_before_takes_new_columns(tmp_path: Path) -> None:
    old = contract([A, S], format="csv")
    as_it_was(tmp_path, old)
    landed(tmp_path, old, "1/a", a=1, s="x")
    new = dataclasses.replace(old, columns=(A, Column("price", "p", "decimal", precision=9, scale=2), S))
    landed(tmp_path, new, "1/b", a=2, s="y", price=None)
    rows = pl.read_delta(str(tmp_path)).sort("a")
    assert rows.select("a", "s", "price", "_extra").rows() == [(1, "x", None, None), (2, "y", None, None)]
    assert bronze.widened(DeltaTable(tmp_path), new).version() == DeltaTable(tmp_path).version()


def test_a_column_that_left_the_contract_stays_in_the_table(tmp_path: Path) -> None:
    old = contract([A, S], format="csv")
    as_it_was(tmp_path, old)
    landed(tmp_path, old, "1/a", a=1, s="x")
    landed(tmp_path, dataclasses.replace(old, columns=(A,)), "1/b", a=2)
    assert pl.read_delta(str(tmp_path)).sort("a").select("a", "s").rows() == [(1, "x"), (2, None)]


def test_another_type_is_an_error_that_names_the_column(tmp_path: Path) -> None:
    old = contract([A, S], format="csv")
    as_it_was(tmp_path, old)
    with pytest.raises(LakeError, match="another type for a than the contract says"):
        bronze.widened(DeltaTable(tmp_path), dataclasses.replace(old, columns=(dataclasses.replace(A, kind="string"), S)))
