"""How each format is read and how its records are counted: the one place that knows all of them.

Law 1 lets no counter share its reader's way of reading, so that a lost record is found out. Weaker than that, as no second library is kept:
`.xls` and `.xlsb` (calamine's own rows are counted), Parquet and ORC (the footer, by the same Arrow), Avro (the blocks' own counts, by the same
fastavro), SQLite (the engine's `count(*)`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jobs.contracts.model import Contract, Format, Reader
from jobs.readers.attachment import count_attachment, read_attachment
from jobs.readers.avro import count_avro, read_avro
from jobs.readers.columnar import count_orc, count_parquet, read_orc_part, read_parquet_part
from jobs.readers.count import count_lines
from jobs.readers.dbf_count import count_dbf
from jobs.readers.dbf_encoding import dbf_encoding
from jobs.readers.delimited import read_whole
from jobs.readers.encoding import Encoding, told
from jobs.readers.fixed_width import count_fixed_width, read_fixed_width
from jobs.readers.frames import Part
from jobs.readers.json_count import count_json, count_json_stream
from jobs.readers.json_document import json_parts, read_json_part
from jobs.readers.json_lines import count_json_lines, read_json_lines
from jobs.readers.shapes import count_shapefile, read_dbf, read_shapefile, shapefile_encoding
from jobs.readers.sql_count import count_sql_dump
from jobs.readers.sql_dump import read_sql_dump
from jobs.readers.sqlite_table import count_sqlite, read_sqlite
from jobs.readers.workbook import read_workbook
from jobs.readers.workbook_count import count_workbook
from jobs.readers.xml_count import count_xml, count_xml_stream
from jobs.readers.xml_rows import read_xml, xml_parts


@dataclass(frozen=True)
class Way:
    """`read`: contract, the whole file, values of `$…` sources → its part. `count`: records that are not blank, headers and totals among them.

    Both raise Refused, or (the counter) an error of its library, for a file that is not of the format. `encoding`: of a file that is a text, or holds such as it does not
    say the encoding of where they stand; raises Refused where nothing is likely enough.
    """

    read: Callable[[Contract, bytes, Mapping[str, str]], Part]
    count: Callable[[Reader, bytes], int]
    encoding: Callable[[Reader, bytes], Encoding | None] = lambda reader, data: None


@dataclass(frozen=True)
class Stream:
    """The same in bounded memory: `read` gives the parts of the file one by one; the stream may or may not be one that can be sought in."""

    read: Callable[[Contract, Any, Mapping[str, str]], Iterator[Part]]
    count: Callable[[Reader, Any], int]


WAYS: dict[Format, Way] = {
    "csv": Way(read_whole, count_lines),
    "json": Way(read_json_part, count_json),
    "jsonl": Way(read_json_lines, count_json_lines),
    "parquet": Way(read_parquet_part, count_parquet),
    "orc": Way(read_orc_part, count_orc),
    "fixedWidth": Way(read_fixed_width, count_fixed_width),
    "xml": Way(read_xml, count_xml),
    "avro": Way(read_avro, count_avro),
    "dbf": Way(read_dbf, count_dbf, lambda reader, data: dbf_encoding(reader.encoding, data)),
    "shapefile": Way(read_shapefile, count_shapefile, shapefile_encoding),
    "sqlite": Way(read_sqlite, count_sqlite),
    "sql": Way(read_sql_dump, count_sql_dump, lambda reader, data: told(data, reader.encoding)),
    "attachment": Way(read_attachment, count_attachment),
    "excel": Way(read_workbook, count_workbook),
}
STREAMS: dict[Format, Stream] = {"json": Stream(json_parts, count_json_stream), "xml": Stream(xml_parts, count_xml_stream)}
