"""Files of Arrow's own formats: Parquet and ORC. The counter reads the footer, the reader the rows."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import polars as pl
import pyarrow as pa
import pyarrow.orc as orc
import pyarrow.parquet as pq

from jobs.contracts.model import Contract, Reader
from jobs.readers.frames import Part, distinct, framed
from jobs.readers.outcome import Refused


def read_parquet_part(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    return _read("Parquet", lambda source: pq.ParquetFile(source).read(), contract, data, constants)


def read_orc_part(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    return _read("ORC", lambda source: orc.ORCFile(source).read(), contract, data, constants)


def count_parquet(reader: Reader, data: bytes) -> int:
    return int(pq.ParquetFile(io.BytesIO(data)).metadata.num_rows)


def count_orc(reader: Reader, data: bytes) -> int:
    return int(orc.ORCFile(io.BytesIO(data)).nrows)


def _read(name: str, read: Callable[[io.BytesIO], pa.Table], contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    """Polars takes its process down at bytes that are not UTF-8, in a text or a field's metadata: Arrow checks the one and drops the other."""
    try:
        table = read(io.BytesIO(data))
        table.validate(full=True)
        plain = pa.Table.from_arrays(table.columns, names=distinct(table.column_names))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as problem:
        raise Refused("unreadable", f"The file is not {name} that can be read: {str(problem)[:200]}. Send it again.") from None
    return framed(contract, pl.DataFrame(pl.from_arrow(plain)), constants)
