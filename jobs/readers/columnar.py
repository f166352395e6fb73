"""Files of Arrow's own formats: Parquet and ORC. The counter reads the footer, the reader the rows."""

from __future__ import annotations

import io
from collections.abc import Mapping

import polars as pl
import pyarrow as pa
import pyarrow.orc as orc
import pyarrow.parquet as pq

from jobs.contracts.model import Contract, Reader
from jobs.readers.frames import Part, framed
from jobs.readers.outcome import Refused


def read_parquet_part(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    try:
        table = pq.read_table(io.BytesIO(data))
        table.validate(full=True)  # Polars would take its process down at a text that is not UTF-8
    except (pa.ArrowException, OSError) as problem:
        raise _refused("Parquet", problem) from None
    return framed(contract, pl.DataFrame(pl.from_arrow(table)), constants)


def read_orc_part(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    try:
        table = orc.ORCFile(io.BytesIO(data)).read()
        table.validate(full=True)
    except (pa.ArrowException, OSError) as problem:
        raise _refused("ORC", problem) from None
    return framed(contract, pl.DataFrame(pl.from_arrow(table)), constants)


def count_parquet(reader: Reader, data: bytes) -> int:
    return int(pq.ParquetFile(io.BytesIO(data)).metadata.num_rows)


def count_orc(reader: Reader, data: bytes) -> int:
    return int(orc.ORCFile(io.BytesIO(data)).nrows)


def _refused(name: str, problem: Exception) -> Refused:
    return Refused("unreadable", f"The file is not {name} that can be read: {str(problem)[:200]}. Send it again.")
