"""Silver: the table of a dataset, with its columns' comments and units, and how it is written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from deltalake import CommitProperties, DeltaTable, Field, Schema, Transaction
from deltalake.exceptions import CommitFailedError, TableNotFoundError
from deltalake.schema import ArrayType, PrimitiveType
from pyspark.sql import DataFrame, SparkSession

from jobs.contracts.model import Column, Contract
from jobs.platform.delta_tables import lay, name_table
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import delta_options
from jobs.tables import files

FINGERPRINT = "userMetadata"  # where Spark's writer puts what a commit is to carry
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
    """All rows in one commit, which carries the fingerprint of what it was made from.

    The tasks write the files and delta-rs commits them, as in bronze: Spark's own writer asks the log three times by a query before it writes the first row.
    Raises LakeError where another run replaced the table meanwhile.
    """
    lay(settings, "silver", contract.table, _schema(contract), description=contract.title)
    table = DeltaTable(settings.uri("silver", contract.table), storage_options=delta_options(settings))
    with ThreadPoolExecutor(1) as beside:  # naming takes Spark a second, which the tasks do not wait for
        named = beside.submit(name_table, spark, settings, f"silver.{contract.table}")
        adds = files.write(rows.select(*[rows[name].cast(kind).alias(name) for name, (kind, _) in columns(contract).items()]), settings.bucket("silver"), contract.table)
        named.result()
    mark = Transaction(REPLACED, (table.transaction_version(REPLACED) or 0) + 1)  # of two runs at once, which would each add all rows, one is refused
    properties = CommitProperties(custom_metadata={FINGERPRINT: fingerprint}, app_transactions=[mark])
    try:
        table.create_write_transaction([*adds], mode="overwrite", schema=_schema(contract), commit_properties=properties)
    except CommitFailedError as problem:
        if made_from(settings, contract) != fingerprint:  # else the answer to the commit was lost, and this is our own
            raise LakeError(f"another run wrote silver.{contract.table} meanwhile", "run it again: it is made from all that has come by then") from problem


def made_from(settings: Settings, contract: Contract) -> str | None:
    """The fingerprint of what the standing table was made from; None before the first time."""
    try:
        table = DeltaTable(settings.uri("silver", contract.table), storage_options=delta_options(settings))
    except TableNotFoundError:
        return None
    return next((str(entry[FINGERPRINT]) for entry in table.history() if entry.get(FINGERPRINT)), None)
