"""reidentify: a pseudonym → the records of the person it stands for, with the names and ids as they are written there. Each time is signed, and logged before anything is read."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.contracts.product import table_of
from jobs.identity.records import record_name
from jobs.identity.registers import Register, contract_of, load_registers
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError, signed
from jobs.platform.settings import Settings
from jobs.privacy.pseudonym import current_version, pseudonymise
from jobs.privacy.rotation import pseudonyms

PSEUDONYM = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Record:
    """A row of a register: `row` is its delivery#record, as evidence names it. What says who it is stays out of every repr, and so out of logs."""

    dataset: str
    row: str
    name: str | None = field(repr=False)
    resident_id: str | None = field(repr=False)


@dataclass(frozen=True)
class Reidentified:
    """`ask`: the row of ops.reidentifications; `version`: of the secret the pseudonym was made under."""

    ask: str
    version: int
    records: tuple[Record, ...]


def run(
    spark: SparkSession, settings: Settings, grant: str, pseudonym: str, by: str, because: str, registers: Sequence[Register] | None = None, prefix: str = "identity", tables: Callable[[str], str] = table_of
) -> Reidentified:
    """The records behind a pseudonym of a grant, of its present version or an older one. Raises LakeError where nobody signs, and where it stands for nobody: that is logged too."""
    by, because = signed(by, because)
    if not PSEUDONYM.fullmatch(pseudonym):
        raise LakeError("a pseudonym has 64 hexadecimal digits", "copy it whole from the product")
    ledger, version = Ledger(settings), current_version(settings, grant)
    row = {"dataset": f"grant.{grant}", "ask": uuid.uuid4().hex, "grant": grant, "pseudonym": pseudonym, "by": by, "because": because, "version": None, "found": None, "asked_at": dt.datetime.now(dt.UTC)}
    ledger.merge("reidentifications", [row])
    key, version = _resident(spark, settings, grant, version, pseudonym, prefix)
    had = spark.table(f"silver.{prefix}__resident_key").where(F.col("resident_key") == F.lit(key))
    now = had.where("valid_to IS NULL")
    links = (had if now.isEmpty() else now).select("source_dataset", "source_record").distinct()  # of a key that ended, the records that had it: they are somebody's still
    records = tuple(record for register in (load_registers(settings.root) if registers is None else registers) for record in _records(spark, settings, register, links, tables)) if key else ()
    ledger.merge("reidentifications", [row | {"version": version, "found": len(records)}])
    if not records:
        raise LakeError(f"this pseudonym of {grant} stands for nobody", "it may be of another product, or the person's records were withdrawn")
    return Reidentified(str(row["ask"]), version, records)


def _resident(spark: SparkSession, settings: Settings, grant: str, version: int, pseudonym: str, prefix: str) -> tuple[str | None, int]:
    """The key and the version of the secret: by the map of older versions, else by making the pseudonym of everybody."""
    older = pseudonyms(spark, settings, prefix).where((F.col("grant") == grant) & (F.col("pseudonym") == pseudonym)).select("resident_key", "version").take(1)
    if older:
        return str(older[0]["resident_key"]), int(older[0]["version"])
    if not version:
        return None, 0
    every = spark.table(f"silver.{prefix}__resident_key").select("resident_key").distinct()
    now = pseudonymise(every, "resident_key", settings, grant, version, into="pseudonym").where(F.col("pseudonym") == pseudonym).take(1)
    return (str(now[0]["resident_key"]) if now else None), version


def _records(spark: SparkSession, settings: Settings, register: Register, links: DataFrame, tables: Callable[[str], str]) -> list[Record]:
    table = tables(register.dataset)
    if not spark.catalog.tableExists(table):
        return []
    contract = contract_of(settings.root, register)
    mine = links.where(F.col("source_dataset") == register.dataset)
    found: list[Record] = []
    for people in register.people:
        said = F.expr(people.id) if people.id else F.lit(None)
        rows = spark.table(table).select(record_name(contract.key, people.role).alias("source_record"), F.concat_ws("#", "_delivery", "_record").alias("row"), F.expr(people.name).alias("name"), said.cast("string").alias("id"))
        found += [Record(register.dataset, r["row"], r["name"], r["id"]) for r in rows.join(mine, "source_record", "left_semi").orderBy("row").collect()]
    return found
