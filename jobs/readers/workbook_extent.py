"""How far the cells of an .xlsx, .xlsb or .ods reach: calamine fills everything between the first and the last, and one cell in the far corner would fill all memory."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from lxml import etree

from jobs.readers.outcome import Refused
from jobs.readers.zipped import BROKEN_ZIP

MOST_CELLS = 40_000_000  # of a sheet, empty ones between others too
REFERENCE = rb"""<(?:\w+:)?c\s[^>]*?\br\s*=\s*["']"""
CELL = re.compile(REFERENCE + rb"([A-Z]{1,3})([0-9]{1,7})", re.IGNORECASE)
WIDE, LONG = re.compile(REFERENCE + rb"[A-Z]{2}", re.IGNORECASE), re.compile(REFERENCE + rb"[A-Z]{1,3}[0-9]{6}", re.IGNORECASE)

TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
ROW, CELLS = 0, frozenset(range(1, 12))  # kinds of records


def refuse_far_cells(data: bytes) -> None:
    """Raises Refused where a sheet reaches over more cells than can be held."""
    try:
        packed = zipfile.ZipFile(io.BytesIO(data))
        for name in packed.namelist():
            kind = re.fullmatch(r"xl/worksheets/[^/]+\.(xml|bin)|(content\.xml)", name)
            if kind and (area := AREAS[kind[1] or kind[2]](packed.read(name))) > MOST_CELLS:
                raise Refused("too_large", f"A sheet of the workbook reaches over {area} cells, most of them empty. Delete the cells far away from the table, and send it again.")
    except BROKEN_ZIP:
        return  # its reader says what is wrong with it


def _area(sheet: bytes) -> int:
    """Cells between the first and the last; 0 where they are surely few: every cell is looked at only where some stands far to the right or far below."""
    if not WIDE.search(sheet) and not LONG.search(sheet):
        return 0
    column = row = 0
    for cell in CELL.finditer(sheet):
        column, row = max(column, _number(cell[1])), max(row, int(cell[2]))
    return column * row


def _binary_area(sheet: bytes) -> int:
    """Of an .xlsb. A record is its kind, its length and its content ([MS-XLSB] 2.1.4); that of a row or a cell begins with its number."""
    column = row = at = 0
    while at + 1 < len(sheet):
        kind, length, at = (sheet[at], sheet[at + 1], at + 2) if sheet[at] < 128 > sheet[at + 1] else _longer(sheet, at)
        if kind in CELLS:
            column = max(column, int.from_bytes(sheet[at : at + 4], "little") + 1)
        elif kind == ROW:
            row = max(row, int.from_bytes(sheet[at : at + 4], "little") + 1)
        at += length
    return column * row


def _longer(sheet: bytes, at: int) -> tuple[int, int, int]:
    """(kind, length, where the content begins) of a record: numbers of seven bits a byte, the lowest first, as long as the eighth is set."""
    found = []
    for most in (2, 4):
        number = 0
        for place, byte in enumerate(sheet[at : at + most]):
            number, at = number | (byte & 127) << 7 * place, at + 1
            if byte < 128:
                break
        found.append(number)
    return found[0], found[1], at


def _open_area(content: bytes) -> int:
    """Of the largest table of an .ods (OpenDocument 1.3 part 3, 9.1): rows and cells that say the same are written once, with how often they come. What is empty after the last value does not count."""
    largest = row = cell = reach = last_row = last_cell = 0
    names = {f"{TABLE}{name}" for name in ("table-cell", "covered-table-cell", "table-row", "table")}
    for _, node in etree.iterparse(io.BytesIO(content), tag=list(names), huge_tree=True, recover=True, resolve_entities=False):
        if node.tag == f"{TABLE}table":
            largest, row, last_row, last_cell = max(largest, last_row * last_cell), 0, 0, 0
        elif node.tag == f"{TABLE}table-row":
            row += _times(node, "rows")
            last_row, last_cell, cell, reach = row if reach else last_row, max(last_cell, reach), 0, 0
        else:
            cell += _times(node, "columns")
            reach = cell if len(node) or any(name.endswith("}value-type") for name in node.attrib) else reach
        node.clear()
    return largest


def _times(node: Any, what: str) -> int:
    times = node.get(f"{TABLE}number-{what}-repeated", "1")
    return int(times) if times.isdigit() else 1


AREAS = {"xml": _area, "bin": _binary_area, "content.xml": _open_area}


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
