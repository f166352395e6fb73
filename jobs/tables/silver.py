"""Silver: the table of a dataset, with its columns' comments and units, and how it is written."""

from __future__ import annotations

from deltalake import DeltaTable, Field, Schema
from deltalake.exceptions import TableNotFoundError
from deltalake.schema import ArrayType, PrimitiveType
from pyspark.sql import DataFrame, SparkSession

from jobs.contracts.model import Column, Contract
from jobs.platform.delta_tables import lay, name_table
from jobs.platform.settings import Settings
from jobs.platform.store import delta_options

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


def create(spark: SparkSession, settings: Settings, contract: Contract) -> None:
    """The table, then its name; nothing where they are there."""
    lay(settings, "silver", contract.table, _schema(contract), description=contract.title)
    name_table(spark, settings, f"silver.{contract.table}")


def _schema(contract: Contract) -> Schema:
    return Schema([Field(name, delta_type(kind), nullable=True, metadata={"comment": comment}) for name, (kind, comment) in columns(contract).items()])


def delta_type(kind: str) -> PrimitiveType | ArrayType:
    """Of a type in SQL's words."""
    if kind.startswith("ARRAY<"):
        return ArrayType(delta_type(kind.removeprefix("ARRAY<").removesuffix(">")), contains_null=True)
    return PrimitiveType({"BIGINT": "long", "INT": "integer"}.get(kind, kind.lower()))


def replace(spark: SparkSession, settings: Settings, contract: Contract, rows: DataFrame, fingerprint: str) -> None:
    """All rows in one commit, which carries the fingerprint of what it was made from."""
    create(spark, settings, contract)
    table = rows.select(*[rows[name].cast(kind).alias(name) for name, (kind, _) in columns(contract).items()])
    changed = {f.name for f in spark.table(f"silver.{contract.table}").schema} != set(columns(contract))
    table.write.format("delta").mode("overwrite").option("overwriteSchema", str(changed).lower()).option("userMetadata", fingerprint).save(settings.uri("silver", contract.table, scheme="s3a"))


def fingerprint(settings: Settings, contract: Contract) -> str | None:
    """What the standing table was made from; None before the first time."""
    try:
        table = DeltaTable(settings.uri("silver", contract.table), storage_options=delta_options(settings))
    except TableNotFoundError:
        return None
    return next((str(entry["userMetadata"]) for entry in table.history() if entry.get("userMetadata")), None)
