"""Files of Arrow's own formats: Parquet and ORC. The counter reads the footer, the reader the rows."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import IO, Any

import polars as pl
import pyarrow as pa
import pyarrow.orc as orc
import pyarrow.parquet as pq

from jobs.contracts.model import Contract, Reader
from jobs.readers import count
from jobs.readers.cells import Cells
from jobs.readers.frames import Part, distinct, framed
from jobs.readers.outcome import Refused

LENGTH = 4  # bytes


def read_parquet_part(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    return _read("Parquet", lambda source: _opened(source).read(), contract, io.BytesIO(data), constants)


def parquet_ranges(data: bytes) -> tuple[tuple[int, int, int], ...]:
    """(start, end, rows before) of runs of row groups, SPLIT_BYTES or a little more each. They part the file as heavy as they are; where they stand is in its footer."""
    return tuple((start, end, before) for start, end, before, _ in _runs(pq.ParquetFile(io.BytesIO(data)).metadata, len(data)))


def read_parquet_range(contract: Contract, file: IO[bytes], size: int, start: int, constants: Mapping[str, str]) -> Part:
    """The run of row groups that `parquet_ranges` has at `start`. `file`: all of it, can be sought in."""

    def read(source: IO[bytes]) -> pa.Table:
        opened = _opened(source)
        groups = next(groups for at, _, _, groups in _runs(opened.metadata, size) if at == start)
        return opened.read_row_groups(groups, use_threads=False)

    part = _read("Parquet", read, contract, file, constants)
    before = next(before for at, _, before, _ in _runs(pq.ParquetFile(file).metadata, size) if at == start)
    return replace(part, cells=Cells.of(part.frame.with_columns(pl.col("_record") + before)))


def _opened(source: IO[bytes]) -> pq.ParquetFile:
    """Texts that repeat come as they are kept, every distinct one once: to write each out a row is half of the time of reading."""
    opened = pq.ParquetFile(source)
    repeated = _repeated(opened.metadata, opened.schema_arrow)
    if not repeated:
        return opened
    source.seek(0)
    return pq.ParquetFile(source, metadata=opened.metadata, read_dictionary=repeated)


def _repeated(footer: pq.FileMetaData, schema: pa.Schema) -> list[str]:
    """Text columns that take fewer bytes a value than the length that stands before each text that is written out."""
    texts = {field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)}
    size: Counter[str] = Counter()
    for group in (footer.row_group(number) for number in range(footer.num_row_groups)):
        for chunk in (group.column(at) for at in range(group.num_columns)):
            size[chunk.path_in_schema] += chunk.total_uncompressed_size - LENGTH * chunk.num_values
    return [name for name in size if name in texts and size[name] < 0]


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
    return framed(contract, _frame(plain), constants)


def _frame(table: pa.Table) -> pl.DataFrame:
    """Texts that repeat, every one where it stands: Polars' texts are views, so none is copied."""
    repeated = {f.name for f in table.schema if pa.types.is_dictionary(f.type) and (pa.types.is_string(f.type.value_type) or pa.types.is_large_string(f.type.value_type))}
    found = pl.DataFrame(pl.from_arrow(table.drop_columns(list(repeated)))) if len(repeated) < table.num_columns else pl.DataFrame()
    return pl.DataFrame([_texts(name, table.column(name)) if name in repeated else found[name] for name in table.column_names])


def _texts(name: str, cells: pa.ChunkedArray) -> pl.Series:
    parts = [pl.Series(name, pl.from_arrow(chunk.dictionary)).gather(pl.Series(pl.from_arrow(chunk.indices))) for chunk in cells.chunks]
    return pl.concat(parts, rechunk=True) if parts else pl.Series(name, [], dtype=pl.String)
