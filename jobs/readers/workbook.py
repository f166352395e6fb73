"""Excel and OpenDocument workbooks (.xls, .xlsx, .xlsb, .ods) by calamine: sheets of cells become rows of texts."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from jobs.contracts.model import Column, Contract, Reader
from jobs.readers.cells import Cells
from jobs.readers.drift import compared
from jobs.readers.frames import Part, distinct, framed, together
from jobs.readers.headers import joined
from jobs.readers.outcome import Refused
from jobs.readers.skipped import skips
from jobs.readers.workbook_extent import refuse_far_cells
from jobs.readers.workbook_unseen import unseen
from jobs.readers.zipped import refuse_bombs

Rows = list[tuple[int, list[Any]]]  # row number from 1, cells


@dataclass(frozen=True)
class Sheet:
    """`rows`: those that are not blank. `merged`: (row, column) of a cell below a merged range → its text; None: the format does not tell."""

    name: str
    rows: Rows
    merged: Mapping[tuple[int, int], str] | None
    hidden: bool


def read_workbook(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    """The first sheet, or the contract's, every cell as text. Of several sheets `_part` is the number of the sheet, from 0, as row numbers start anew.

    Raises Refused for a file that is no workbook, a sheet that is not there, digits that a cell could not hold.
    """
    sheets = _sheets(contract.reader, data)
    parts = [_sheet_part(contract, sheet, constants, number) for number, sheet in enumerate(sheets)]
    hidden = [*(f"hidden sheet {sheet.name}" for sheet in sheets if sheet.hidden), *unseen(data)]
    joined = together(parts)
    return replace(joined, drift=(*joined.drift, *hidden))


def wanted(reader: Reader, names: Sequence[str]) -> list[str]:
    """The sheets a contract asks for, in the workbook's order. Raises Refused where one is not there."""
    asked = (reader.sheet,) if reader.sheet is not None else reader.sheets
    if not names:
        raise Refused("missing_sheet", "The workbook has no sheet. Save it again and send it.")
    if not asked:
        return list(names[:1])
    missing = [a for a in asked if a not in names and (a == reader.sheet or not any(re.fullmatch(a, n) for n in names))]
    if missing:
        raise Refused("missing_sheet", f"There is no sheet {', '.join(map(repr, missing))}; the workbook has {', '.join(map(repr, names[:12]))}. Send it with the agreed sheets.")
    return [n for n in names if n in asked or any(re.fullmatch(a, n) for a in reader.sheets)]


def sheet_rows(reader: Reader, data: bytes) -> list[int]:
    """Rows that are not blank, a sheet."""
    return [len(sheet.rows) for sheet in _sheets(reader, data)]


def _sheets(reader: Reader, data: bytes) -> list[Sheet]:
    from python_calamine import CalamineError, CalamineWorkbook

    refuse_bombs(data)
    refuse_far_cells(data)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        visible = {meta.name: str(meta.visible).endswith("Visible") for meta in book.sheets_metadata}
        return [_sheet(book.get_sheet_by_name(name), hidden=not visible.get(name, True)) for name in wanted(reader, book.sheet_names)]
    except (CalamineError, OSError, ValueError) as problem:
        raise _unreadable(problem) from None
    except BaseException as panic:  # calamine's Rust code panics where an old workbook is cut off, which is no Exception
        if type(panic).__name__ != "PanicException":
            raise
        raise _unreadable(panic) from None


def _unreadable(problem: BaseException) -> Refused:
    if "cell error value" in str(problem):  # a kind of error that Excel learnt later
        return Refused("unreadable", f"A formula of the workbook failed in a way that is not known here ({problem}). Mend it, or put a value in its place, and send it again.")
    return Refused("unreadable", f"The file is not an Excel workbook that can be read: {problem}. It may be cut off. Save it again as .xlsx and send it.")


def _sheet(sheet: Any, *, hidden: bool) -> Sheet:
    rows = sheet.to_python(skip_empty_area=False)
    full = [(number, row) for number, row in enumerate(rows, 1) if any(cell != "" for cell in row)]
    ranges = sheet.merged_cell_ranges
    merged: dict[tuple[int, int], str] = {}
    for (top, left), (bottom, right) in ranges or ():
        text = str(rows[top][left]) if top < len(rows) and left < len(rows[top]) else ""
        if (bottom - top + 1) * (right - left + 1) <= 10_000:  # headers are merged over tens of cells; a hostile range is not walked
            merged |= {(row + 1, column): text for row in range(top, bottom + 1) for column in range(left, right + 1)}
    return Sheet(sheet.name, full, None if ranges is None else merged, hidden)


def _sheet_part(contract: Contract, sheet: Sheet, constants: Mapping[str, str], number: int) -> Part:
    reader = contract.reader
    lines = sheet.rows[reader.preamble_lines :]
    if len(lines) < reader.header_lines:
        raise Refused("empty", "The sheet holds no rows. Send the file again.")
    header, rows = lines[: reader.header_lines], lines[reader.header_lines :]
    names, width = _names(sheet, header), len(header[0][1])
    used = [i for i in range(width) if names[i] or any(row[i] != "" for _, row in rows)]  # a column without header and cells is only formatting
    heads = distinct([names[i] for i in used])
    mapping = compared(contract, heads).mapping
    by_header = {mapping[column.name]: column for column in contract.columns if column.name in mapping}
    table = pl.DataFrame({head: _texts(rows, i, by_header.get(head)) for i, head in zip(used, heads, strict=True)})
    skipped = skips(table, reader, [[cell_text(row[i]) for i in used] for _, row in header])
    table, records = skipped.left(table), skipped.left(pl.Series("_record", [at for at, _ in rows], dtype=pl.Int64))
    part = framed(contract, table, constants, records, {"$sheet": pl.Series([sheet.name] * table.height, dtype=pl.String)})
    frame = part.frame.with_columns(pl.lit(number, pl.Int32).alias("_part"))
    return replace(part, cells=Cells.of(frame), footnotes=skipped.totals, preamble=len(sheet.rows) - len(rows) + skipped.headings)


def _names(sheet: Sheet, header: Rows) -> list[str]:
    if len(header) == 1:
        return [cell_text(cell).strip() for cell in header[0][1]]
    merged = sheet.merged
    lines = [[cell_text(cell) or (merged or {}).get((at, i), "") for i, cell in enumerate(row)] for at, row in header]
    return joined(lines, fill=merged is None)


def _texts(rows: Rows, at: int, column: Column | None) -> pl.Series:
    return pl.Series([cell_text(row[at], column, number) for number, row in rows], dtype=pl.String)


def cell_text(cell: Any, column: Column | None = None, row: int = 0) -> str:
    """Excel stores every number as a float, though a person typed 12, not 12.0, and a date as a date, however the contract spells its text."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float):
        return _number(cell, column, row)
    if isinstance(cell, dt.date):
        return _date(cell, column)
    return cell.isoformat() if isinstance(cell, dt.time) else str(cell)


def _number(cell: float, column: Column | None, row: int) -> str:
    if column and column.kind != "double" and abs(cell) * 10**column.scale >= 1e15:
        raise Refused(
            "lost_precision",
            f"Row {row} of {column.source!r} is the number {cell!r}: a cell holds 15 digits, the others are lost. Format the column as text, type the values again and send it.",
        )
    if cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return repr(cell) if column and column.kind == "double" else f"{cell:.15g}"  # what a formula made is stored to the last bit (1.2100000000000002), and shown with 15 digits


def _date(cell: dt.date, column: Column | None) -> str:
    """Midnight comes as a date: a timestamp column gets its hour back. Where the contract spells dates its way, so does the cell."""
    if column and column.kind == "timestamp" and not isinstance(cell, dt.datetime):
        cell = dt.datetime.combine(cell, dt.time())
    if column and column.kind in ("date", "timestamp") and column.formats:
        whole = cell if isinstance(cell, dt.datetime) else dt.datetime.combine(cell, dt.time())
        text = cell.strftime(column.formats[0])
        if _same(text, column.formats[0], whole):
            return text
    return cell.isoformat()


def _same(text: str, pattern: str, value: dt.datetime) -> bool:
    try:
        return dt.datetime.strptime(text, pattern) == value
    except ValueError:
        return False
