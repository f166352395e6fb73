"""The table that a clerk downloads, edits and sends back: CSV on their side, Parquet in the lake, named by its content. Never whole in memory."""

from __future__ import annotations

import csv
import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.contracts.model import Contract
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import s3
from jobs.tables.states import ROW

NOTES = ("_period", "_status", "_reasons", "_line")  # columns for people, which are not read back
ENCODINGS = ("utf-8-sig", "gb18030")  # Excel in Chinese saves CSV in the second
DELIMITERS = (",", ";", "\t")
BLOCK = 1 << 20  # characters


def write(rows: DataFrame, path: Path, contract: Contract) -> int:
    """`visible` rows as CSV, with the mark by which Excel knows UTF-8; batch by batch. Returns how many."""
    names = [*ROW, *NOTES, *(c.name for c in contract.columns)]
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(names)
        for row in rows.select(names).toLocalIterator(prefetchPartitions=False):
            writer.writerow(["" if value is None else value for value in row])
            count += 1
    return count


def send(settings: Settings, contract: Contract, path: Path) -> str:
    """Put the edited table into the lake. Returns the hash of the file. Raises LakeError where it is not such a table."""
    digest = _sha256(path)
    encoding, delimiter, header = _form(path)
    known = [c.name for c in contract.columns]
    if missing := [name for name in ROW if name not in header]:
        raise LakeError(f"{path.name} has no column {missing[0]}: its rows cannot be found", f"begin with ./lake quarantine show {contract.dataset} --out FILE and keep its first columns")
    if odd := [name for name in header if name not in (*known, *ROW, *NOTES)]:
        raise LakeError(f"{path.name} has a column {odd[0]!r}, which {contract.dataset} has not", f"columns are {', '.join(known)}")
    with tempfile.TemporaryDirectory() as home:
        text, table = Path(home) / "edits.csv", Path(home) / "edits.parquet"
        with path.open(encoding=encoding, newline="") as source, text.open("w", encoding="utf-8", newline="") as out:
            while block := source.read(BLOCK):
                out.write(block)
        try:
            pl.scan_csv(text, separator=delimiter, infer_schema=False).sink_parquet(table)
        except pl.exceptions.PolarsError as problem:
            raise LakeError(f"{path.name} cannot be read as a table: {str(problem).splitlines()[0][:200]}", "save it as CSV again, with the columns it had") from None
        s3(settings).upload_file(str(table), settings.bucket("bronze"), f"{_folder(contract)}/{digest}.parquet")
    return digest


def sent(spark: SparkSession, settings: Settings, contract: Contract, digest: str) -> DataFrame:
    """The rows of an edited table, all text. Raises LakeError where one row stands there twice."""
    rows = spark.read.parquet(settings.uri("bronze", _folder(contract), f"{digest}.parquet", scheme="s3a"))
    twice = rows.groupBy(*ROW).count().where("count > 1").limit(1).collect()
    if twice:
        raise LakeError(f"record {twice[0]['_record']} of {twice[0]['_delivery']} stands more than once in the table", "keep one line of it")
    return rows.withColumn("_record", F.col("_record").try_cast("bigint")).withColumn("_part", F.col("_part").try_cast("int"))


def _folder(contract: Contract) -> str:
    return f"{contract.table}__edits"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _form(path: Path) -> tuple[str, str, Sequence[str]]:
    """Encoding, delimiter and header."""
    for encoding in ENCODINGS:
        try:
            with path.open(encoding=encoding, newline="") as file:
                line = file.readline()
                while file.read(BLOCK):
                    pass
        except UnicodeDecodeError:
            continue
        delimiter = max(DELIMITERS, key=line.count)
        return encoding, delimiter, next(csv.reader([line], delimiter=delimiter), [])
    raise LakeError(f"{path.name} is neither UTF-8 nor GB18030 text", "save it as CSV (UTF-8)")
