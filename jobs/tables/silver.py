"""Silver: the table of a dataset, with its columns' comments and units, and how it is written."""

from __future__ import annotations

from deltalake import Field, Schema
from deltalake.schema import ArrayType, PrimitiveType
from pyspark.sql import DataFrame, SparkSession

from jobs.contracts.model import Column, Contract
from jobs.platform.delta_tables import lay, name_table
from jobs.platform.settings import Settings
from jobs.tables import files

REPLACED = "silver"  # the application whose transactions the replacements are

TYPES = {"string": "STRING", "json": "STRING", "integer": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP"}
LINEAGE = {
    "_delivery": ("STRING", "Delivery the row came with: period/hash"), "_record": ("BIGINT", "Record number in the delivered file"),
    "_part": ("INT", "Number of the row within its record"), "_period": ("STRING", "Period of the delivery"),
    "_warnings": ("ARRAY<STRING>", "Rules of severity warning the row does not meet"),
}  # fmt: skip
OF_MODE = {
    "snapshot": {
        "_valid_from": ("STRING", "First period that shows this version"), "_valid_to": ("STRING", "First period that no longer shows it; empty while current"),
        "_is_current": ("BOOLEAN", "The latest period shows this version"),
    },
    "increment": {},
    "events": {"_is_repeated": ("BOOLEAN", "Another row has the same identity"), "_is_conflicting": ("BOOLEAN", "Rows of this identity differ in content")},
}  # fmt: skip


def sql_type(column: Column) -> str:
    return f"DECIMAL({column.precision},{column.scale})" if column.kind == "decimal" else TYPES[column.kind]


def columns(contract: Contract) -> dict[str, tuple[str, str]]:
    """Column → (SQL type, comment), in the table's order."""
    said = {c.name: (sql_type(c), c.description + (f" ({c.unit})" if c.unit else "")) for c in contract.columns}
    return said | LINEAGE | OF_MODE[contract.mode]


def _schema(contract: Contract) -> Schema:
    return Schema([Field(name, delta_type(kind), nullable=True, metadata={"comment": comment}) for name, (kind, comment) in columns(contract).items()])


def delta_type(kind: str) -> PrimitiveType | ArrayType:
    """Of a type in SQL's words."""
    if kind.startswith("ARRAY<"):
        return ArrayType(delta_type(kind.removeprefix("ARRAY<").removesuffix(">")), contains_null=True)
    return PrimitiveType({"BIGINT": "long", "INT": "integer"}.get(kind, kind.lower()))


def replace(spark: SparkSession, settings: Settings, contract: Contract, rows: DataFrame, fingerprint: str) -> None:
    """All rows in one commit, which carries the fingerprint of what it was made from: as in bronze, the tasks write the files and delta-rs commits them.
    Raises LakeError where another run replaced the table meanwhile."""
    lay(settings, "silver", contract.table, _schema(contract), description=contract.title)
    shaped = rows.select(*[rows[name].cast(kind).alias(name) for name, (kind, _) in columns(contract).items()])
    # naming takes Spark a second, which the tasks do not wait for
    files.replace(shaped, settings, "silver", contract.table, _schema(contract), fingerprint, REPLACED, lambda: name_table(spark, settings, f"silver.{contract.table}"))


def made_from(settings: Settings, contract: Contract) -> str | None:
    """The fingerprint of what the standing table was made from; None before the first time."""
    return files.said_last(settings, "silver", contract.table)
