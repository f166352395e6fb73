"""Files of Arrow's own formats: Parquet and ORC. The counter reads the footer, the reader the rows."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import IO, Any

import polars as pl
import pyarrow as pa
import pyarrow.orc as orc
import pyarrow.parquet as pq

from jobs.contracts.model import Contract, Reader
from jobs.readers import count
from jobs.readers.frames import Part, distinct, framed
from jobs.readers.outcome import Refused


def read_parquet_part(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    return _read("Parquet", lambda source: pq.ParquetFile(source).read(), contract, io.BytesIO(data), constants)


def parquet_ranges(data: bytes) -> tuple[tuple[int, int, int], ...]:
    """(start, end, rows before) of runs of row groups, SPLIT_BYTES or a little more each. They part the file as heavy as they are; where they stand is in its footer."""
    return tuple((start, end, before) for start, end, before, _ in _runs(pq.ParquetFile(io.BytesIO(data)).metadata, len(data)))


def read_parquet_range(contract: Contract, file: IO[bytes], size: int, start: int, constants: Mapping[str, str]) -> Part:
    """The run of row groups that `parquet_ranges` has at `start`. `file`: all of it, can be sought in."""

    def read(source: IO[bytes]) -> pa.Table:
        opened = pq.ParquetFile(source)
        groups = next(groups for at, _, _, groups in _runs(opened.metadata, size) if at == start)
        return opened.read_row_groups(groups, use_threads=False)

    part = _read("Parquet", read, contract, file, constants)
    before = next(before for at, _, before, _ in _runs(pq.ParquetFile(file).metadata, size) if at == start)
    return replace(part, frame=part.frame.with_columns(pl.col("_record") + before))


def _runs(footer: pq.FileMetaData, size: int) -> list[tuple[int, int, int, list[int]]]:
    """(start, end, rows before, row groups) each."""
    found: list[tuple[int, int, int, list[int]]] = []
    start = end = rows = before = 0
    groups: list[int] = []
    for number in range(footer.num_row_groups):
        group = footer.row_group(number)
        groups.append(number)
        end += sum(group.column(at).total_compressed_size for at in range(group.num_columns))
        rows += group.num_rows
        if end - start >= count.SPLIT_BYTES or number == footer.num_row_groups - 1:
            found.append((start, end if number < footer.num_row_groups - 1 else size, before, groups))
            start, before, groups = end, rows, []
    return found or [(0, size, 0, [])]


def read_orc_part(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    return _read("ORC", lambda source: orc.ORCFile(source).read(), contract, io.BytesIO(data), constants)


def count_parquet(reader: Reader, data: bytes) -> int:
    return int(pq.ParquetFile(io.BytesIO(data)).metadata.num_rows)


def count_orc(reader: Reader, data: bytes) -> int:
    return int(orc.ORCFile(io.BytesIO(data)).nrows)


def _read(name: str, read: Callable[[Any], pa.Table], contract: Contract, source: IO[bytes], constants: Mapping[str, str]) -> Part:
    """Polars takes its process down at bytes that are not UTF-8, in a text or a field's metadata: Arrow checks the one and drops the other."""
    try:
        table = read(source)
        table.validate(full=True)
        plain = pa.Table.from_arrays(table.columns, names=distinct(table.column_names))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as problem:
        raise Refused("unreadable", f"The file is not {name} that can be read: {str(problem)[:200]}. Send it again.") from None
    return framed(contract, pl.DataFrame(pl.from_arrow(plain)), constants)
