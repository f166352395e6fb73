"""Bronze: Parquet written inside the tasks, the list of files committed at once."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError, TableNotFoundError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from jobs.contracts.model import Contract
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import delta_options
from jobs.quality.compile import REJECTIONS
from jobs.quality.ragged import RAGGED
from jobs.readers.values import polars_type
from jobs.tables.files import added, put

LINEAGE: dict[str, pl.DataType] = {
    "_delivery": pl.String(), "_period": pl.String(), "_record": pl.Int64(), "_part": pl.Int32(), "_rejections": REJECTIONS, "_raw": pl.String(), "_extra": pl.String(),
}  # fmt: skip
METADATA = "lake.deliveries"
FEW_FILES = 30  # more are listed by Spark in tasks
PLAIN = 1  # version of the Delta protocol for readers whose files hold the rows as they are


def polars_schema(contract: Contract) -> dict[str, pl.DataType]:
    return {column.name: polars_type(column) for column in contract.columns} | LINEAGE


def arrow_schema(contract: Contract) -> pa.Schema:
    """The table's columns as Arrow: contract columns, then lineage."""
    schema = pl.DataFrame(schema=polars_schema(contract)).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    return pa.schema([_small(field) for field in schema])


def _small(field: pa.Field) -> pa.Field:
    kind = field.type
    if pa.types.is_large_string(kind):
        return pa.field(field.name, pa.string())
    if pa.types.is_large_list(kind):
        struct = pa.struct([pa.field(f.name, pa.string()) for f in kind.value_type])
        return pa.field(field.name, pa.list_(pa.field("element", struct)))
    return field


def write_file(client: Any, bucket: str, table: str, frame: pl.DataFrame, contract: Contract) -> dict[str, Any]:
    """Write one Parquet file into the table's folder; it is no part of the table until its path is committed."""
    sink = io.BytesIO()
    arrow = frame.select(list(polars_schema(contract))).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(arrow_schema(contract))
    pq.write_table(arrow, sink, compression="zstd", compression_level=1, use_dictionary=_repeating(contract), write_statistics=["_delivery", "_period"], data_page_size=1 << 20)
    low, high = frame["_delivery"].min(), frame["_delivery"].max()
    stats = {"numRecords": frame.height, "minValues": {"_delivery": low}, "maxValues": {"_delivery": high}, "nullCount": {"_delivery": 0}}
    return put(client, bucket, table, sink) | {"stats": json.dumps(stats)}


def _repeating(contract: Contract) -> list[str]:
    """Columns of few values, which a dictionary makes small; looking for repetition in the others costs more than it saves."""
    return ["_delivery", "_period", *(c.name for c in contract.columns if c.enum)]


def open_table(settings: Settings, contract: Contract) -> DeltaTable:
    """The bronze table, made if it is not there."""
    uri, options = settings.uri("bronze", contract.table), delta_options(settings)
    try:
        return widened(DeltaTable(uri, storage_options=options), contract)
    except TableNotFoundError:
        configuration = {"delta.dataSkippingStatsColumns": "_delivery,_period"}
        with suppress(CommitFailedError):  # another run made it meanwhile, or this one did and the answer was lost
            DeltaTable.create(uri, schema=arrow_schema(contract), mode="ignore", configuration=configuration, storage_options=options)
        return DeltaTable(uri, storage_options=options)


def widened(table: DeltaTable, contract: Contract) -> DeltaTable:
    """The table with the columns that the contract, or a newer lake, has come to have. Raises LakeError where a column has another type than the contract says."""
    have, wanted = {field.name: field.type for field in table.schema().fields}, Schema.from_arrow(arrow_schema(contract)).fields
    if other := [field.name for field in wanted if field.name in have and have[field.name] != field.type]:
        raise LakeError(
            f"bronze.{contract.table} has another type for {', '.join(other)} than the contract says",
            "give the new type to a column of another name with the same physicalName, or rebuild the table from the raw files",
        )
    if new := [field for field in wanted if field.name not in have]:
        with suppress(CommitFailedError):  # another run did so meanwhile
            table.alter.add_columns(new)
        table.update_incremental()
    return table


def commit(table: DeltaTable, contract: Contract, files: Sequence[dict[str, Any]], deliveries: Sequence[dict[str, Any]]) -> None:
    """All deliveries in one commit, each marked as an application transaction: landing one twice is a conflict, not a duplicate.

    The answer to a commit may be lost, and the client then runs into its own commit: where all marks stand, it is done.
    """
    marks = [Transaction(mark(d["delivery"]), 1) for d in deliveries]
    properties = CommitProperties(custom_metadata={METADATA: json.dumps(list(deliveries), ensure_ascii=False)}, app_transactions=marks)
    try:
        table.create_write_transaction([*added(files)], mode="append", schema=arrow_schema(contract), commit_properties=properties)
    except CommitFailedError:
        table.update_incremental()
        if not all(landed(table, d["delivery"]) for d in deliveries):
            raise


def mark(delivery: str) -> str:
    return f"delivery:{delivery}"


def landed(table: DeltaTable, delivery: str) -> bool:
    return table.transaction_version(mark(delivery)) is not None


def notes(table: DeltaTable) -> dict[str, dict[str, Any]]:
    """What each commit noted about its deliveries: how a lost ledger row is rebuilt."""
    return {delivery["delivery"]: delivery for carried in commits(table) for delivery in carried}


def commits(table: DeltaTable) -> list[list[dict[str, Any]]]:
    """The deliveries of each commit that carried some, the newest first, as it noted them."""
    return [json.loads(entry[METADATA]) for entry in table.history() if entry.get(METADATA)]


def read(spark: SparkSession, settings: Settings, contract: Contract) -> DataFrame:
    """Every row as the table stands now. Of a table of few files they are named to Spark: to ask the log for them costs it a query, which takes longer than theirs."""
    table = DeltaTable(settings.uri("bronze", contract.table), storage_options=delta_options(settings))
    files = [uri.replace("s3://", "s3a://", 1) for uri in table.file_uris()]
    if not 0 < len(files) <= FEW_FILES or table.protocol().min_reader_version > PLAIN:
        return spark.table(f"bronze.{contract.table}")
    return spark.read.schema(StructType.fromJson(json.loads(table.schema().to_json()))).parquet(*files)


def judged_rows(rows: DataFrame, deliveries: Sequence[str]) -> DataFrame:
    """Of bronze those that could be read: what landing judged, and what Great Expectations judges. A ragged record has no values to judge."""
    rows = rows.where(F.col("_delivery").isin(list(deliveries)))
    return rows.where(~F.coalesce(F.exists("_rejections", lambda r: r.rule == RAGGED), F.lit(False)))
