"""Records of people out of the registers' silver tables, and what they say in the forms that are compared.

A record is `source_dataset` and `source_record`: the row's primary key as silver has it, parts joined by "|", and "/role" where a row holds several
people. A profile is what a record says: records that say the same name and the same id share one, so that each is compared once however often a
person was seen. Where a record tells no id, nothing says that another of the same words is of the same person: its profile is its own.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import reduce

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.contracts.model import Contract
from jobs.identity import persons
from jobs.identity.keys import RECORD
from jobs.identity.model import KEYS, UNIQUE
from jobs.identity.registers import TOLD, People, Register, contract_of
from jobs.platform.settings import Settings
from jobs.privacy.pseudonym import pseudonym_key

HOLDER = "linkage"  # the recipient whose secret makes ids of profiles and records: they follow from what was said, and tell nobody what that was
DERIVED = (UNIQUE, "record_ref", *persons.columns(), *KEYS)


@dataclass(frozen=True)
class Records:
    """What the registers tell now. Lazy: read as often as it is asked for, of the same versions. `frames`: RECORD and TOLD of the people of one register, and whether a record may be told more than
    once there, each time `_valid_from` another moment."""

    spark: SparkSession
    frames: tuple[tuple[DataFrame, bool], ...]

    def rows(self, of: DataFrame | None = None) -> DataFrame:
        """RECORD, TOLD (texts), `said`: one row a record. `of`: only those that have one of these `name_hash`."""
        frames = []
        for frame, versions in self.frames:
            kept = frame if of is None else frame.withColumn("name_hash", name_hash()).join(of, "name_hash", "left_semi").drop("name_hash")
            frames.append(_latest(kept) if versions else kept)
        return self._one(frames, ", ".join(f"{name} STRING" for name in (*RECORD, *TOLD))).withColumn("said", _said())

    def hashes(self) -> DataFrame:
        """`name_hash`, `said`: of each record but two whose names have one hash; no texts, as they are all read to find out which few are not as before."""
        frames = []
        for frame, versions in self.frames:
            hashed = frame.select(name_hash().alias("name_hash"), _said().alias("said"), *(["_valid_from"] if versions else []))
            frames.append(hashed.groupBy("name_hash").agg(F.max_by("said", "_valid_from").alias("said")) if versions else hashed)
        return self._one(frames, "name_hash BIGINT, said BIGINT")

    def _one(self, frames: Sequence[DataFrame], schema: str) -> DataFrame:
        return reduce(DataFrame.unionByName, frames) if frames else self.spark.createDataFrame([], schema)


def records(spark: SparkSession, settings: Settings, registers: Sequence[Register], tables: Callable[[str], str], versions: Mapping[str, int]) -> Records:
    """Of the registers whose silver is there. `tables`: dataset → what Spark calls its silver; `versions`: dataset → of its silver; a view has none."""
    frames = []
    for register in registers:
        table, version = tables(register.dataset), versions.get(register.dataset)
        if version is not None:
            rows = spark.read.format("delta").option("versionAsOf", version).load(settings.uri("silver", table.partition(".")[2], scheme="s3a"))
        elif spark.catalog.tableExists(table):
            rows = spark.table(table)
        else:
            continue
        contract = contract_of(settings.root, register)
        has_versions = contract.mode == "snapshot"
        frames += [(rows.select(*_selected(register, contract, people), *(["_valid_from"] if has_versions else [])), has_versions) for people in register.people]
    return Records(spark, tuple(frames))


def name_hash() -> Column:
    """A hash of RECORD: what finds rows by it compares their names too."""
    return F.xxhash64(*RECORD)


def _said() -> Column:
    """A hash of what a record says."""
    return F.xxhash64(*TOLD)


def _latest(rows: DataFrame) -> DataFrame:
    """Of each key what it was last seen to say: who has left a register was there."""
    return rows.groupBy(*RECORD).agg(F.max_by(F.struct(*TOLD), "_valid_from").alias("_row")).select(*RECORD, "_row.*")


def record_name(key: Sequence[str], role: str | None) -> Column:
    """`source_record` of a row of silver: its primary key, and which of several people of the row."""
    name = F.concat_ws("|", *[F.col(column).cast("string") for column in key])
    return F.concat(name, F.lit(f"/{role}")) if role else name


def _selected(register: Register, contract: Contract, people: People) -> list[Column]:
    told = [F.expr(expression).cast("string") if (expression := getattr(people, name)) else F.lit(None).cast("string") for name in TOLD]
    return [F.lit(register.dataset).alias(RECORD[0]), record_name(contract.key, people.role).alias(RECORD[1]), *[column.alias(name) for column, name in zip(told, TOLD, strict=True)]]


def derived(rows: DataFrame, settings: Settings) -> DataFrame:
    """RECORD, `said` and DERIVED of the rows of `Records.rows()`: all texts but the hash. Lazy."""
    pseudonym_key(settings, HOLDER)  # made before two tasks would each make one
    kinds = ", ".join([*(f"{name} STRING" for name in RECORD), "said BIGINT", *(f"`{name}` STRING" for name in DERIVED)])
    return rows.mapInArrow(_deriving(settings), kinds)


def _deriving(settings: Settings) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    schema = pa.schema([*((name, pa.string()) for name in RECORD), ("said", pa.int64()), *((name, pa.string()) for name in DERIVED)])

    def task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        key: bytes | None = None
        for batch in batches:
            key = key or pseudonym_key(settings, HOLDER, 1)
            yield pa.RecordBatch.from_pylist([_row(key, row) for row in batch.to_pylist()], schema)

    return task


def _row(key: bytes, row: dict[str, str | None]) -> dict[str, str | None]:
    found = persons.person(row["name"], row["id"], row["born"], row["sex"], row["address"], row["community"], row["phone"])
    values = asdict(found)
    reference = f"{row['source_dataset']}\x00{row['source_record']}"
    told = [repr(value) for value in values.values()] if found.is_told else [reference, *map(repr, values.values())]
    return {name: row[name] for name in (*RECORD, "said")} | values | blocking_keys(values) | {UNIQUE: _hash(key, *told), "record_ref": _hash(key, reference)}


def blocking_keys(values: dict[str, str | None]) -> dict[str, str | None]:
    """What the blocking rules need beside the columns: both halves of the id."""
    short = values["id15"]
    return {"id_head": short and short[:8], "id_tail": short and short[8:]}


def _hash(key: bytes, *parts: str) -> str:
    """32 hexadecimal digits of HMAC-SHA-256."""
    return hmac.digest(key, "\x00".join(parts).encode(), "sha256").hex()[:32]
