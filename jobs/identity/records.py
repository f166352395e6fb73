"""Records of people out of the registers' silver tables, and what they say in the forms that are compared.

A record is `source_dataset` and `source_record`: the row's primary key as silver has it, parts joined by "|", and "/role" where a row holds several
people. A profile is what a record says: records that say the same name and the same id share one, so that each is compared once however often a
person was seen. Where a record tells no id, nothing says that another of the same words is of the same person: its profile is its own.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

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


def said(spark: SparkSession, settings: Settings, registers: Sequence[Register], tables: Callable[[str], str], versions: Mapping[str, int]) -> DataFrame:
    """RECORD, the columns of TOLD (texts) and `said`, a hash of them: one row a record, of the registers whose silver is there. Lazy: read as often as it is asked for, of the same
    `versions` (dataset → version; a view has none). `tables`: dataset → what Spark calls its silver."""
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
        frames += [_latest(rows, contract, _selected(register, contract, people)) for people in register.people]
    if not frames:
        return spark.sql("SELECT " + ", ".join(f"CAST(NULL AS {'BIGINT' if name == 'said' else 'STRING'}) AS {name}" for name in (*RECORD, *TOLD, "said")) + " WHERE false")
    every = frames[0]
    for frame in frames[1:]:
        every = every.unionByName(frame)
    return every.withColumn("said", F.xxhash64(*TOLD))


def _latest(rows: DataFrame, contract: Contract, columns: Sequence[Column]) -> DataFrame:
    """Of each key what it was last seen to say: who has left a register was there."""
    if contract.mode != "snapshot":
        return rows.select(*columns)
    versions = rows.select(*columns, "_valid_from").groupBy(*RECORD).agg(F.max_by(F.struct(*TOLD), "_valid_from").alias("_row"))
    return versions.select(*RECORD, "_row.*")


def record_name(key: Sequence[str], role: str | None) -> Column:
    """`source_record` of a row of silver: its primary key, and which of several people of the row."""
    name = F.concat_ws("|", *[F.col(column).cast("string") for column in key])
    return F.concat(name, F.lit(f"/{role}")) if role else name


def _selected(register: Register, contract: Contract, people: People) -> list[Column]:
    told = [F.expr(expression).cast("string") if (expression := getattr(people, name)) else F.lit(None).cast("string") for name in TOLD]
    return [F.lit(register.dataset).alias(RECORD[0]), record_name(contract.key, people.role).alias(RECORD[1]), *[column.alias(name) for column, name in zip(told, TOLD, strict=True)]]


def derived(records: DataFrame, settings: Settings) -> DataFrame:
    """RECORD, `said` and DERIVED of the rows of `said()`: all texts but the hash. Lazy."""
    pseudonym_key(settings, HOLDER)  # made before two tasks would each make one
    kinds = ", ".join([*(f"{name} STRING" for name in RECORD), "said BIGINT", *(f"`{name}` STRING" for name in DERIVED)])
    return records.mapInArrow(_deriving(settings), kinds)


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
