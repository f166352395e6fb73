"""What people made of quarantined rows, laid over bronze, which never changes: one row a bronze row and event (`bronze.<table>__mended`).

Rows of an event count only once the event stands in `ops.quarantine_events`; of several events the last one counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, Schema
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from jobs.contracts.model import Contract
from jobs.platform import delta_sql
from jobs.platform.delta_tables import lay, name_table
from jobs.platform.settings import Settings
from jobs.platform.store import delta_options
from jobs.tables.bronze import arrow_schema

FIXED, RELEASED, DISCARDED = "fixed", "released", "discarded"
REASONS = "array<struct<rule:string,severity:string,column:string,value:string,message:string>>"
# beside the columns of bronze: `_raw` is the text as sent with corrections, `_values` (JSON) holds corrected values that no text was sent for
OWN = {"_values": "string", "_was": REASONS, "_decision": "string", "_event": "string"}


def name(contract: Contract) -> str:
    return f"{contract.table}__mended"


def schema(contract: Contract) -> pa.Schema:
    """As bronze; `_rejections` holds what every rule says of the row as it is now, `_was` what was said before, `_decision` what a person decided."""
    bronze = arrow_schema(contract)
    reasons = bronze.field("_rejections").type
    return pa.schema([*bronze, *(pa.field(column, reasons if kind == REASONS else pa.string()) for column, kind in OWN.items())])


def exists(settings: Settings, contract: Contract) -> bool:
    return DeltaTable.is_deltatable(settings.uri("bronze", name(contract)), delta_options(settings))


def create(spark: SparkSession, settings: Settings, contract: Contract) -> None:
    """The table and its name; nothing where they are there."""
    skipping = {"delta.dataSkippingStatsColumns": "_delivery,_period"}
    lay(settings, "bronze", name(contract), Schema.from_arrow(schema(contract)), partition_by=["_event"], configuration=skipping)
    name_table(spark, settings, f"bronze.{name(contract)}")


def write(settings: Settings, contract: Contract, rows: DataFrame, event: str) -> None:
    """All rows of an event in one commit, in place of what an earlier try of the same event wrote."""
    columns = [field.name for field in schema(contract)]
    table = rows.withColumn("_event", F.lit(event)).select(columns).write.format("delta").mode("overwrite")
    table.option("replaceWhere", f"_event = '{event}'").option("mergeSchema", "true").save(settings.uri("bronze", name(contract), scheme="s3a"))


def of_record(settings: Settings, contract: Contract, delivery: str, record: int) -> list[dict[str, Any]]:
    """What events made of a source record: `_event` and `_rejections` of its rows. Needs no Spark."""
    if not exists(settings, contract):
        return []
    table = DeltaTable(settings.uri("bronze", name(contract)), storage_options=delta_options(settings))
    return delta_sql.rows(table, ["_event", "_rejections"], delta_sql.equal(_delivery=delivery, _record=record))


def latest(spark: SparkSession, contract: Contract, events: Sequence[str]) -> DataFrame:
    """Of every mended row what the last of these events (the oldest first) made of it."""
    order = F.broadcast(spark.createDataFrame(list(enumerate(events)), "_number int, _event string"))
    last = Window.partitionBy("_delivery", "_record", "_part").orderBy(F.desc("_number"))
    rows = spark.table(f"bronze.{name(contract)}").where(F.col("_event").isin(list(events))).join(order, "_event")
    return rows.withColumn("_nth", F.row_number().over(last)).where("_nth = 1").drop("_nth", "_number")


def view(contract: Contract, mended: bool) -> str:
    """The query of the quarantine view: rows that are kept from silver, what was sent, and why. `_decision` is `discarded` where a person will not mend the row."""
    laid = f"""
        WITH laid AS (
          SELECT m.*, row_number() OVER (PARTITION BY m._delivery, m._record, m._part ORDER BY e.number DESC, e.event DESC) AS nth
          FROM bronze.{name(contract)} m JOIN ops.quarantine_events e ON e.dataset = '{contract.dataset}' AND e.event = m._event)"""
    critical = "exists({}._rejections, r -> r.severity = 'critical')"
    return f"""
        {laid if mended else ""}
        SELECT b._delivery, b._period, b._record, b._part, b._raw, concat(coalesce(b._rejections, array()), coalesce(m.found, array())) AS reasons, CAST(NULL AS STRING) AS _decision
        FROM bronze.{contract.table} b
        LEFT JOIN (SELECT delivery, record, part, collect_list(named_struct('rule', rule, 'severity', severity, 'column', `column`,
                          'value', CAST(NULL AS STRING), 'message', message)) AS found
                   FROM ops.rejections WHERE dataset = '{contract.dataset}' AND severity = 'critical' GROUP BY ALL) m
          ON b._delivery = m.delivery AND b._record = m.record AND b._part = m.part
        {"LEFT ANTI JOIN laid ON b._delivery = laid._delivery AND b._record = laid._record AND b._part = laid._part" if mended else ""}
        WHERE {critical.format("b")} OR m.found IS NOT NULL
        {f"UNION ALL SELECT _delivery, _period, _record, _part, _raw, _rejections, _decision FROM laid WHERE nth = 1 AND _decision <> '{RELEASED}' AND {critical.format('laid')}" if mended else ""}"""
