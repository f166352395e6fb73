"""Rows of silver with the resident key of the person they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

LINKS = "identity.resident_key"


def keyed(inputs: Mapping[str, DataFrame], dataset: str, record: str, role: str | None = None, more: Sequence[str] = ()) -> DataFrame:
    """The rows of a dataset whose person is resolved, with `resident_key`. `record`: the column that names a row (the key of the dataset); `role`: which of several people of a row; `more`: columns
    of the links to keep."""
    links = inputs[LINKS].where((F.col("source_dataset") == dataset) & F.col("valid_to").isNull()).select(F.col("source_record").alias("_source_record"), "resident_key", *more)
    name = F.col(record) if role is None else F.concat_ws("/", F.col(record).cast("string"), F.lit(role))
    return inputs[dataset].join(links, name.cast("string") == F.col("_source_record"), "inner").drop("_source_record")
