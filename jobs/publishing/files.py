"""The files that leave: one a partition and format, named by what is in them, so that a partition that did not change is not written again."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.platform.settings import load_settings
from jobs.platform.store import s3
from jobs.publishing.ocds_package import package
from jobs.publishing.publication import Publication

MEDIA = {"ocds": "application/json", "csv": "text/csv", "jsonl": "application/jsonl", "parquet": "application/vnd.apache.parquet"}
SUFFIXES = {"ocds": "json"}
FORMULA = r"^[=+\-@\t\r]"  # a spreadsheet runs a cell that begins so (OWASP, CSV injection)
NUMBER = r"^[+-]?\d+(\.\d+)?$"  # of which a number is none
NONE = "none"  # the partition of rows that have no value to cut them by
FACTS = "partition string, format string, key string, bytes bigint, rows bigint, sha256 string"


@dataclass(frozen=True)
class File:
    """`partition`: "" for what is in one piece. `key`: in the bucket it was written to."""

    partition: str
    format: str
    key: str
    bytes: int
    rows: int
    sha256: str


@dataclass(frozen=True)
class Writing:
    """What is written where: files `<folder>/data/<format>/<name>…` in the bucket of `zone`. `package`: makes the file of the format `ocds`, from the rows of a partition."""

    name: str
    zone: str
    folder: str
    columns: tuple[str, ...]
    partition: str | None
    formats: tuple[str, ...]
    package: Callable[[pa.Table], bytes] | None = None


def write(rows: DataFrame, publication: Publication) -> list[File]:
    """The files of a publication."""
    columns = tuple(column for column in publication.columns if column != publication.package)
    packed = partial(_packed, publication=publication, address=load_settings().public_address(f"{publication.name}/")) if publication.package else None
    return written(rows, Writing(publication.name, "open", publication.name, columns, publication.partition, publication.formats, packed))


def written(rows: DataFrame, writing: Writing) -> list[File]:
    """Writes the rows, sorted, inside Spark's tasks: a partition (all rows, where there is none) is one file of each format and has to fit a task's memory."""
    cut = F.coalesce(F.col(writing.partition).cast("string"), F.lit(NONE)) if writing.partition else F.lit("")
    found = rows.withColumn("_partition", cut).groupBy("_partition").applyInArrow(_writer(writing), FACTS).toArrow().to_pylist()
    return sorted((File(**fact) for fact in found), key=lambda file: (file.partition, file.format))


def _writer(writing: Writing) -> Callable[[pa.Table], pa.Table]:
    columns = list(writing.columns)

    def write_partition(table: pa.Table) -> pa.Table:
        settings = load_settings()
        client, bucket = s3(settings), settings.bucket(writing.zone)
        part = str(table.column("_partition")[0].as_py())
        frame = pl.DataFrame(pl.from_arrow(table.select(columns))).sort(columns, nulls_last=True)
        facts = []
        for kind in writing.formats:
            body = writing.package(table) if kind == "ocds" and writing.package else as_bytes(frame, kind)
            sha256 = hashlib.sha256(body).hexdigest()
            key = f"{writing.folder}/data/{kind}/{'-'.join(filter(None, [writing.name, slug(part), sha256[:12]]))}.{SUFFIXES.get(kind, kind)}"
            client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=MEDIA[kind] + ("; charset=utf-8" if kind != "parquet" else ""))
            facts.append(asdict(File(part, kind, key, len(body), frame.height, sha256)))
        return pa.Table.from_pylist(facts)

    return write_partition


def _packed(table: pa.Table, publication: Publication, address: str) -> bytes:
    assert publication.package
    return package(filter(None, table.column(publication.package).to_pylist()), address, publication.publisher, publication.licence)


def slug(part: str) -> str:
    return re.sub(r"[^0-9A-Za-z_-]+", "_", part)


def as_bytes(frame: pl.DataFrame, kind: str) -> bytes:
    """A frame in one of the formats. CSV begins with a byte order mark, without which a spreadsheet takes Chinese for something else."""
    sink = io.BytesIO()
    if kind == "csv":
        inert(frame).write_csv(sink, include_bom=True, datetime_format="%Y-%m-%dT%H:%M:%SZ")
    elif kind == "jsonl":
        frame.with_columns(pl.col(pl.Decimal).cast(pl.String)).write_ndjson(sink)  # a JSON number may lose digits of an amount
    else:
        frame.write_parquet(sink, compression="zstd")
    return sink.getvalue()


def inert(frame: pl.DataFrame) -> pl.DataFrame:
    """Texts that a spreadsheet would run as a formula begin with an apostrophe."""
    return frame.with_columns([_inert(name) for name, kind in frame.schema.items() if kind == pl.String])


def _inert(name: str) -> pl.Expr:
    runs = pl.col(name).str.contains(FORMULA) & ~pl.col(name).str.contains(NUMBER)
    return pl.when(runs).then(pl.lit("'") + pl.col(name)).otherwise(pl.col(name)).alias(name)

