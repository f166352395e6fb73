"""extract: a table of a department's database → a dump in the landing zone, where it lies as if the department had sent it."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import ClientError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from jobs.contracts.model import Contract, Database
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings, load_settings
from jobs.platform.store import s3

PROVIDER = "civiclake"  # org.civiclake.NamedCredentials
HELD_BACK = "_extracting"  # folder of the landing zone that no dataset reads: a dump stands there until its rows are counted


@dataclass(frozen=True)
class Extracted:
    """`new`: files delivered, 0 where this period's dump stands already."""

    dataset: str
    new: int
    rows: int


@dataclass(frozen=True)
class Dump:
    """A Parquet file that a task wrote."""

    rows: int
    sha256: str
    etag: str


def run(spark: SparkSession, settings: Settings, contract: Contract, periods: Sequence[str] = (), again: bool = False) -> Extracted:
    """Fetch the table as the dump of one period. A period that has its dump keeps it, unless `again`: a dump of other content then corrects it.

    Raises LakeError where the contract names no database, the period is no period of it, the database refuses, or the table changed while it was read.
    """
    base, key = contract.database, _key(contract, periods)
    if base is None:
        raise LakeError(f"the contract of {contract.dataset} names no database", "say customProperty `database`, or let the department deliver files")
    client, bucket = s3(settings), settings.bucket("landing")
    stands = _digest(client, bucket, key)
    if stands is not None and not again:
        return Extracted(contract.dataset, 0, 0)
    held_back = f"{HELD_BACK}/{key}"
    dump = _fetched(spark, base, contract, held_back)
    if dump.sha256 != stands:
        source = {"Bucket": bucket, "Key": held_back}
        client.copy_object(CopySource=source, Bucket=bucket, Key=key, CopySourceIfMatch=dump.etag, Metadata={"sha256": dump.sha256}, MetadataDirective="REPLACE")
    client.delete_object(Bucket=bucket, Key=held_back)
    return Extracted(contract.dataset, int(dump.sha256 != stands), dump.rows)


def _key(contract: Contract, periods: Sequence[str]) -> str:
    if len(periods) != 1 or not re.fullmatch(contract.period_pattern, periods[0]):
        raise LakeError(f"an extract is the dump of one period like {contract.period_pattern}, not {', '.join(periods) or 'none'}", f"e.g. ./lake extract {contract.dataset} 2025-03")
    return f"{contract.landing}/{periods[0]}/{contract.name}.parquet"


def _digest(client: Any, bucket: str, key: str) -> str | None:
    """SHA-256 of what stands there, as its metadata says ("" where it does not); None where nothing stands."""
    try:
        return str(client.head_object(Bucket=bucket, Key=key)["Metadata"].get("sha256", ""))
    except ClientError as problem:
        if problem.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None
        raise


def _fetched(spark: SparkSession, base: Database, contract: Contract, key: str) -> Dump:
    """One task reads by one statement, so that all rows are of one moment; the database's own count before and after must be what came."""
    try:
        before, frame = _count(spark, base), _read(spark, base)
        ordered = frame.repartition(1).sortWithinPartitions(*_order(frame, contract))
        schema = frame.limit(0).toArrow().schema
        answer = ordered.mapInArrow(_writer(key, schema), "answer string").first()
        after = _count(spark, base)
    except PySparkException as problem:
        raise LakeError(f"{contract.dataset} cannot be extracted from {base.url}: {_said(problem)}", f"mend the address, the table or the credentials {base.credentials!r}, then run it again") from None
    dump = Dump(**json.loads(answer["answer"]))  # type: ignore[index]
    if not before == dump.rows == after:
        raise LakeError(f"the table of {contract.dataset} changed while it was read: {before:,} rows before, {dump.rows:,} read, {after:,} after", "nothing was delivered; run it again")
    return dump


def _read(spark: SparkSession, base: Database, query: str | None = None) -> DataFrame:
    """Credentials are only named: the server's connection provider looks them up. Times without a zone stay so, as the contract says the zone."""
    what = {"query": query or base.query or ""} if query or base.query else {"dbtable": base.table or ""}
    options: dict[str, str | int | bool] = {"url": base.url, "connectionProvider": PROVIDER, "lakeCredentials": base.credentials, "fetchsize": base.fetch_rows, "preferTimestampNTZ": True}
    return spark.read.format("jdbc").options(**options, **what).load()


def _count(spark: SparkSession, base: Database) -> int:
    source = f"({base.query})" if base.query else base.table
    return int(_read(spark, base, f"SELECT COUNT(*) AS n FROM {source} counted").first()[0])  # type: ignore[index]


def _order(frame: DataFrame, contract: Contract) -> list[str]:
    """By the key, so that the same rows are the same bytes; by all columns where there is none."""
    keyed = [column.source for column in sorted(contract.columns, key=lambda c: c.primary_key) if column.primary_key and column.source in frame.columns]
    return [f"`{name}`" for name in keyed or frame.columns]


def _writer(key: str, schema: pa.Schema) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Batch by batch through a file on the worker's disk: no table has to fit in memory."""

    def write(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        settings, rows = load_settings(), 0
        with tempfile.TemporaryFile() as file:
            with pq.ParquetWriter(file, schema, compression="zstd") as out:
                for batch in batches:
                    out.write_batch(batch.cast(schema))
                    rows += batch.num_rows
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            client, bucket = s3(settings), settings.bucket("landing")
            client.upload_fileobj(file, bucket, key)
            etag = client.head_object(Bucket=bucket, Key=key)["ETag"]
        yield pa.RecordBatch.from_arrays([pa.array([json.dumps({"rows": rows, "sha256": sha256, "etag": etag})])], ["answer"])

    return write


def _said(problem: PySparkException) -> str:
    """The database's own words, which stand under Spark's: the message of the innermost cause."""
    trace = str(getattr(problem, "getStackTrace", lambda: "")() or "")
    causes = re.findall(r"^Caused by: [\w.$]+: (.+)$", trace, re.MULTILINE)
    return (causes[-1] if causes else str(problem).strip().splitlines()[0])[:300]


def main() -> None:
    """By spark-submit: `jobs/extract.py <dataset> --period PERIOD`"""
    from jobs.cli.submit import submitted

    submitted("extract")


if __name__ == "__main__":
    main()
