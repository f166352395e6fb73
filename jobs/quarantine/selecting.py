"""Which quarantined rows are meant, and what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.contracts.model import Contract
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError
from jobs.quality.ragged import RAGGED
from jobs.tables import mended
from jobs.tables.mended import DISCARDED, FIXED, REASONS, RELEASED
from jobs.tables.states import ROW, Standing, alone, standings

OPEN = "open"
STATUSES = (OPEN, FIXED, RELEASED, DISCARDED)
TEXTS = "map<string,string>"


@dataclass(frozen=True)
class Selection:
    """Rows of one status that fit everything said here; an empty field says nothing. `where`: SQL over the columns and `sent.<column>`, the texts."""

    rule: str | None = None
    periods: tuple[str, ...] = ()
    deliveries: tuple[str, ...] = ()
    records: tuple[int, ...] = ()
    where: str | None = None
    status: str = OPEN

    def said(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if value}

    @property
    def narrow(self) -> bool:
        """Whether it says more than a status."""
        return set(self.said()) != {"status"}


@dataclass(frozen=True)
class Shelf:
    """What stands when a step begins: deliveries, and events (the oldest first)."""

    stands: tuple[Standing, ...]
    events: tuple[str, ...]


def shelf(ledger: Ledger, contract: Contract, events: Sequence[dict[str, Any]]) -> Shelf:
    """`events`: rows of ops.quarantine_events, in order."""
    deliveries = [row for row in ledger.deliveries(contract.dataset) if row["checked"]]
    return Shelf(tuple(standings(contract, deliveries, ledger.rows("receipts", dataset=contract.dataset))), tuple(row["event"] for row in events))


def troubled(spark: SparkSession, contract: Contract, on: Shelf) -> DataFrame:
    """Every row that is or was quarantined, of the deliveries that count: as bronze, mended, with `_status`, `_reasons` (of a row that is through: those it had),
    and what was sent or set: `_texts` and `_set`, column → text, and `sent`, both together.

    Raises LakeError where nothing has landed.
    """
    if not on.stands:
        raise LakeError(f"{contract.dataset} has no rows yet", f"see ./lake status {contract.dataset}")
    rows = alone(spark.table(f"bronze.{contract.table}"), contract, on.stands, on.events).where("_state IS NULL OR _state = 'quarantined'")
    for column, kind in mended.OWN.items():
        rows = rows if column in rows.columns else rows.withColumn(column, F.lit(None).cast(kind))
    rows = rows.withColumn("_status", _status()).where("_status IS NOT NULL").join(_found_in_spark(spark, contract), list(ROW), "left")
    rows = rows.withColumn("_rejections", _all_said()).drop("_found").withColumn("_reasons", _reasons())
    return rows.withColumn("_texts", _texts()).withColumn("_set", _set(contract)).withColumn("sent", shown())


def selected(rows: DataFrame, selection: Selection) -> DataFrame:
    """Of `troubled` rows those that are meant. Raises LakeError for SQL that cannot be read."""
    found = rows.where(F.col("_status") == selection.status)
    if selection.rule:
        found = found.where(F.exists("_reasons", lambda r: r.getField("rule") == F.lit(selection.rule)))
    for column, values in (("_period", selection.periods), ("_delivery", selection.deliveries), ("_record", selection.records)):
        found = found.where(F.col(column).isin(list(values))) if values else found
    if selection.where:
        try:
            found = found.where(F.expr(selection.where))
            _ = found.schema
        except PySparkException as problem:
            raise LakeError(f"--where cannot be read: {str(problem).splitlines()[0][:300]}", "write SQL over the columns of the contract; sent.<column> is the text as sent") from None
    return found


def _status() -> Column:
    quarantined = F.col("_state") == "quarantined"
    through = F.when(F.col("_decision").isin(FIXED, RELEASED), F.col("_decision"))
    return F.when(quarantined & (F.col("_decision") == DISCARDED), DISCARDED).when(quarantined, OPEN).otherwise(through)


def _all_said() -> Column:
    """What every rule says of the row; of a mended one it stands in the row itself."""
    none = F.array().cast(REASONS)
    return F.concat(F.coalesce("_rejections", none), F.when(F.col("_decision").isNull(), F.coalesce("_found", none)).otherwise(none))


def _reasons() -> Column:
    """Why a row is kept from silver, or let through in spite of; of one that was put right, why it was kept."""
    return F.when(F.col("_status") == FIXED, F.col("_was")).otherwise(F.filter("_rejections", lambda r: r.severity == "critical"))


def _found_in_spark(spark: SparkSession, contract: Contract) -> DataFrame:
    found = spark.table("ops.rejections").where(F.col("dataset") == contract.dataset)
    reason = F.struct("rule", "severity", "column", F.lit(None).cast("string").alias("value"), "message")
    keys = [F.col("delivery").alias("_delivery"), F.col("record").alias("_record"), F.col("part").cast("int").alias("_part")]
    return found.select(*keys, reason.alias("_reason")).groupBy(*ROW).agg(F.array_sort(F.collect_list("_reason")).cast(REASONS).alias("_found"))


def ragged() -> Column:
    """A record with another number of fields than the header: what was sent is a line, and has no values."""
    return F.coalesce(F.exists("_reasons", lambda r: r.getField("rule") == F.lit(RAGGED)), F.lit(False))


def _texts() -> Column:
    """column → text as sent (or as corrected); nothing where landing kept no text."""
    none = F.from_json(F.lit("{}"), TEXTS)
    return F.when(ragged(), none).otherwise(F.coalesce(F.from_json("_raw", TEXTS), none))


def _set(contract: Contract) -> Column:
    """column → plain text of the values a person set; of a row that landing kept no text of, of all its values."""
    plain = F.map_from_arrays(F.array(*[F.lit(c.name) for c in contract.columns]), F.array(*[plain_text(F.col(c.name), c.kind) for c in contract.columns]))
    own = F.map_filter(plain, lambda _, value: value.isNotNull())
    return F.when(F.col("_values").isNotNull(), F.from_json("_values", TEXTS)).when(F.col("_raw").isNull(), own).otherwise(F.from_json(F.lit("{}"), TEXTS))


def plain_text(value: Column, kind: str) -> Column:
    """A value as text that has one reading, whatever the department's style."""
    return F.date_format(value, "yyyy-MM-dd HH:mm:ss.SSSSSS") if kind == "timestamp" else value.cast("string")


def shown() -> Column:
    """column → what a person sees of it."""
    return F.map_concat(F.map_filter("_texts", lambda column, _: ~F.map_contains_key("_set", column)), F.col("_set"))
