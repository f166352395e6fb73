"""A part of a raw object → a frame with one column a contract column, as sent, and the record number of each row."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.contracts.model import Column, Contract
from jobs.readers.delimited import Head, Parsed, Ragged, read_head, read_range
from jobs.readers.encoding import Odd
from jobs.readers.outcome import Refused


@dataclass(frozen=True)
class Part:
    """`frame`: contract columns as sent, `_record`, `_part`. `records`: source records this part held, ragged ones included."""

    frame: pl.DataFrame
    records: int
    ragged: tuple[Ragged, ...] = ()
    footnotes: int = 0
    drift: tuple[str, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)  # contract column → header it came under
    odd: Odd = Odd()


def captured(contract: Contract, name: str, preamble: Sequence[str]) -> dict[str, str]:
    """Groups of the reader's captures. Raises Refused where a line that must match does not."""
    found: dict[str, str] = {}
    for capture in contract.reader.captures:
        text = name if capture.line == 0 else (preamble[capture.line - 1] if capture.line <= len(preamble) else "")
        match = re.search(capture.pattern, text)
        if match is None and capture.line:
            raise Refused("unexpected_preamble", f"Line {capture.line} should look like {capture.pattern!r}, but is {text[:80]!r}. Export the file again in the agreed form.")
        found |= {k: v for k, v in (match.groupdict() if match else {}).items() if v is not None}
    return found


def read_csv_part(contract: Contract, data: bytes, head: Head, constants: Mapping[str, str], first_record: int, last: bool, offset: int = 0) -> Part:
    """One byte range of delimited text that starts at byte `offset`. `constants`: values of `$capture…` and `$period`."""
    parsed = read_range(data, contract.reader, head, first_record, last, offset)
    mapping, drift = match_headers(contract, head.names)
    frame = pl.DataFrame(pl.from_arrow(parsed.table)).with_columns(pl.Series("_record", parsed.records))
    if contract.reader.unpivot:
        return _unpivoted(contract, frame, mapping, constants, parsed, drift)
    columns = [_source(column, mapping, constants).alias(column.name) for column in contract.columns]
    frame = frame.select(*columns, pl.col("_record"), pl.lit(0, pl.Int32).alias("_part"))
    return Part(frame, len(parsed.records) + len(parsed.ragged), parsed.ragged, parsed.footnotes, drift, mapping, parsed.odd)


def _unpivoted(contract: Contract, frame: pl.DataFrame, mapping: dict[str, str], constants: Mapping[str, str], parsed: Parsed, drift: tuple[str, ...]) -> Part:
    unpivot = contract.reader.unpivot
    assert unpivot is not None
    headers = [h for h in frame.columns if re.fullmatch(unpivot.headers, h)]
    if not headers:
        raise Refused("no_value_columns", f"No column is named like {unpivot.headers!r}. Send the file with its value columns.")
    parts = []
    for number, header in enumerate(headers):
        groups = re.fullmatch(unpivot.headers, header).groupdict()  # type: ignore[union-attr]
        here = dict(constants) | {f"$unpivot.{k}": v for k, v in groups.items()}
        columns = [(pl.col(header) if c.source == "$unpivot.value" else _source(c, mapping, here)).alias(c.name) for c in contract.columns]
        parts.append(frame.select(*columns, pl.col("_record"), pl.lit(number, pl.Int32).alias("_part")))
    return Part(pl.concat(parts), len(parsed.records) + len(parsed.ragged), parsed.ragged, parsed.footnotes, drift, mapping, parsed.odd)


def _source(column: Column, mapping: Mapping[str, str], constants: Mapping[str, str]) -> pl.Expr:
    if column.source.startswith("$"):
        return pl.lit(constants.get(column.source), dtype=pl.String)
    header = mapping.get(column.name)
    return pl.col(header) if header else pl.lit(None, dtype=pl.String)


def match_headers(contract: Contract, names: Sequence[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Contract column → header of the dump, and what drifted. Raises Refused where the contract's policy says so."""
    mapping: dict[str, str] = {}
    missing = []
    for column in contract.columns:
        if column.source.startswith("$"):
            continue
        found = next((n for n in (column.source, *column.synonyms) if n in names), None)
        if found:
            mapping[column.name] = found
        elif not column.optional:
            missing.append(column.source)
    pattern = contract.reader.unpivot.headers if contract.reader.unpivot else None
    extra = [n for n in names if n not in mapping.values() and not (pattern and re.fullmatch(pattern, n))]
    if missing and contract.drift.missing_column == "freeze":
        raise Refused("missing_column", f"The columns {', '.join(map(repr, missing))} are missing; the file has {', '.join(map(repr, names[:12]))}. Send it with all agreed columns.")
    if extra and contract.drift.new_column == "freeze":
        raise Refused("new_column", f"The columns {', '.join(map(repr, extra))} are not in the contract. Ask the data desk to add them, or leave them out.")
    return mapping, tuple([f"missing column {m}" for m in missing] + [f"new column {e}" for e in extra])


def read_json_part(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    """A JSON document: rows at the first path that exists, flattened by the contract's dotted paths."""
    try:
        document = json.loads(data)
    except (ValueError, UnicodeDecodeError) as problem:
        raise Refused("unreadable", f"The file is not valid JSON: {problem}. It may be cut off; send it again.") from None
    rows = _json_rows(contract, document)
    columns = {c.name: pl.Series(c.name, [_json_value(c, row, document, constants) for row in rows], dtype=pl.String) for c in contract.columns}
    frame = pl.DataFrame(columns).with_columns(pl.int_range(1, len(rows) + 1, dtype=pl.Int64).alias("_record"), pl.lit(0, pl.Int32).alias("_part"))
    return Part(frame, len(rows))


def _json_rows(contract: Contract, document: Any) -> list[Any]:
    for path in contract.reader.rows_at:
        if path == "$":
            if isinstance(document, dict) and document and set(contract.reader.row_requires) <= set(document):
                return [document]
            continue
        found = _at(document, path)
        if isinstance(found, list):
            return found
    return []


def _at(node: Any, path: str) -> Any:
    for step in path.split("."):
        node = node.get(step) if isinstance(node, dict) else None
    return node


def _json_value(column: Column, row: Any, document: Any, constants: Mapping[str, str]) -> str | None:
    for source in (column.source, *column.fallback):
        if source == "$row":
            value = row
        elif source.startswith("$doc."):
            value = _at(document, source.removeprefix("$doc."))
        elif source.startswith("$"):
            value = constants.get(source)
        else:
            value = _at(row, source)
        if value not in (None, ""):
            return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return None


def read_parquet_part(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    try:
        table = pq.read_table(io.BytesIO(data))
    except pa.ArrowException as problem:
        raise Refused("unreadable", f"The file is not Parquet that can be read: {str(problem)[:200]}. Send it again.") from None
    mapping, drift = match_headers(contract, table.column_names)
    frame = pl.DataFrame(pl.from_arrow(table)).with_columns(pl.int_range(1, table.num_rows + 1, dtype=pl.Int64).alias("_record"))
    columns = [_source(c, mapping, constants).alias(c.name) for c in contract.columns]
    return Part(frame.select(*columns, pl.col("_record"), pl.lit(0, pl.Int32).alias("_part")), table.num_rows, drift=drift, origins=mapping)


def read_excel_part(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    """The first sheet (or the contract's), every cell as text; blank rows are no records."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheet = book.get_sheet_by_name(contract.reader.sheet) if contract.reader.sheet else book.get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False)
    except CalamineError as problem:
        raise Refused("unreadable", f"The file is not an Excel workbook that can be read: {problem}. Save it again as .xlsx and send it.") from None
    lines = [(number, row) for number, row in enumerate(rows, 1) if any(cell != "" for cell in row)][contract.reader.preamble_lines :]
    if not lines:
        raise Refused("empty", "The sheet holds no rows. Send the file again.")
    names = [str(cell).strip() for cell in lines[0][1]]
    mapping, drift = match_headers(contract, names)
    table = {name: pl.Series(name, [_cell(row[i]) for _, row in lines[1:]], dtype=pl.String) for i, name in enumerate(names)}
    frame = pl.DataFrame(table).with_columns(pl.Series("_record", [number for number, _ in lines[1:]], dtype=pl.Int64))
    columns = [_source(c, mapping, constants).alias(c.name) for c in contract.columns]
    return Part(frame.select(*columns, pl.col("_record"), pl.lit(0, pl.Int32).alias("_part")), len(lines) - 1, drift=drift, origins=mapping)


def _cell(value: Any) -> str:
    """Excel stores whole numbers as floats; a person typed 12, not 12.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


__all__ = ["Part", "captured", "read_csv_part", "read_excel_part", "read_head", "read_json_part", "read_parquet_part"]
