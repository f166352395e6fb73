"""A real .xlsb, made of the parts and records that [MS-XLSB] documents, as no library that is kept writes one: a shared-string table, formats of days, formulas with what they came to."""

from __future__ import annotations

import datetime as dt
import io
import struct
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

NAMES = {
    "RowHdr": 0, "CellReal": 5, "CellSt": 6, "CellIsst": 7, "CellBool": 4, "CellError": 3, "FmlaString": 8, "FmlaNum": 9, "SSTItem": 19, "Fmt": 44, "XF": 47,
    "BeginSheet": 129, "EndSheet": 130, "BeginBook": 131, "EndBook": 132, "BeginBundleShs": 143, "EndBundleShs": 144, "BeginSheetData": 145, "EndSheetData": 146, "WsDim": 148, "WbProp": 153,
    "BundleSh": 156, "BeginSst": 159, "EndSst": 160, "BeginStyleSheet": 278, "EndStyleSheet": 279, "BeginFmts": 615, "EndFmts": 616, "BeginCellXFs": 617, "EndCellXFs": 618,
}  # fmt: skip
FORMATS = {dt.date: (164, "yyyy-mm-dd"), dt.datetime: (165, "yyyy-mm-dd hh:mm:ss")}
PLAIN, STYLES = 0, {kind: number for number, kind in enumerate(FORMATS, 1)}  # cell formats
ERRORS = {"#DIV/0!": 0x07, "#N/A": 0x2A}
SHEET, BOOK, TEXTS, STYLE_SHEET = ("application/vnd.ms-excel." + what for what in ("worksheet", "sheet.binary.macroEnabled.main", "sharedStrings", "styles"))
OFFICE, PACKAGE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships", "http://schemas.openxmlformats.org/package/2006"


@dataclass(frozen=True)
class Formula:
    """What it came to, a number or a text; the formula itself is a constant."""

    value: float | str


@dataclass(frozen=True)
class Error:
    code: str


def xlsb(sheets: Mapping[str, list[list[Any]]], hidden: tuple[str, ...] = (), from_1904: bool = False, corner: tuple[int, int] | None = None) -> bytes:  # noqa: FBT001, FBT002
    """Rows of cells, None for none. `corner`: (row, column), from 0, of one more cell in each sheet."""
    texts: dict[str, int] = {}
    parts = {f"xl/worksheets/sheet{number}.bin": _sheet(rows, texts, from_1904, corner) for number, rows in enumerate(sheets.values(), 1)}
    members = {"xl/workbook.bin": _book(list(sheets), hidden, from_1904), "xl/styles.bin": _styles(), "xl/sharedStrings.bin": _texts(texts), **parts}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", _types(list(parts)))
        packed.writestr("_rels/.rels", _relations([("rId1", "officeDocument", "xl/workbook.bin")]))
        linked = [*((f"rId{n}", "worksheet", name.removeprefix("xl/")) for n, name in enumerate(parts, 1)), ("rIdS", "styles", "styles.bin"), ("rIdT", "sharedStrings", "sharedStrings.bin")]
        packed.writestr("xl/_rels/workbook.bin.rels", _relations(linked))
        for name, content in members.items():
            packed.writestr(name, content)
    return out.getvalue()


def _varied(number: int) -> bytes:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def _record(name: str, content: bytes = b"") -> bytes:
    return _varied(NAMES[name]) + _varied(len(content)) + content


def _numbers(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)


def _wide(text: str) -> bytes:
    coded = text.encode("utf-16-le")
    return _numbers(len(coded) // 2) + coded


def _book(names: list[str], hidden: tuple[str, ...], from_1904: bool) -> bytes:  # noqa: FBT001
    listed = (_record("BundleSh", _numbers(int(name in hidden), n) + _wide(f"rId{n}") + _wide(name)) for n, name in enumerate(names, 1))
    return _record("BeginBook") + _record("WbProp", _numbers(int(from_1904), 0) + _wide("")) + _record("BeginBundleShs") + b"".join(listed) + _record("EndBundleShs") + _record("EndBook")


def _styles() -> bytes:
    formats = b"".join(_record("Fmt", struct.pack("<H", number) + _wide(code)) for number, code in FORMATS.values())
    cells = b"".join(_record("XF", struct.pack("<HHHHHBBI", 0, number, 0, 0, 0, 0, 0, 0)) for number in (0, *(number for number, _ in FORMATS.values())))
    return b"".join(
        [_record("BeginStyleSheet"), _record("BeginFmts", _numbers(len(FORMATS))), formats, _record("EndFmts"), _record("BeginCellXFs", _numbers(1 + len(FORMATS))), cells, _record("EndCellXFs"), _record("EndStyleSheet")]
    )  # fmt: skip


def _texts(texts: Iterable[str]) -> bytes:
    items = [_record("SSTItem", b"\0" + _wide(text)) for text in texts]
    return _record("BeginSst", _numbers(len(items), len(items))) + b"".join(items) + _record("EndSst")


def _sheet(rows: list[list[Any]], texts: dict[str, int], from_1904: bool, corner: tuple[int, int] | None) -> bytes:  # noqa: FBT001
    lines = [_row(number) + b"".join(_cell(column, cell, texts, from_1904) for column, cell in enumerate(row) if cell is not None) for number, row in enumerate(rows)]
    if corner:
        lines.append(_row(corner[0]) + _cell(corner[1], "x", texts, from_1904))
    size = corner or (max(0, len(rows) - 1), max(0, max(map(len, rows), default=0) - 1))
    return b"".join([_record("BeginSheet"), _record("WsDim", _numbers(0, size[0], 0, size[1])), _record("BeginSheetData"), *lines, _record("EndSheetData"), _record("EndSheet")])


def _row(number: int) -> bytes:
    return _record("RowHdr", _numbers(number, 0) + struct.pack("<H", 300) + bytes(3) + _numbers(0))


def _cell(column: int, cell: Any, texts: dict[str, int], from_1904: bool) -> bytes:  # noqa: FBT001
    style = STYLES.get(type(cell), PLAIN)
    place, formula = _numbers(column, style), struct.pack("<H", 0) + _numbers(3) + b"\x1e\1\0" + _numbers(0)  # flags, then the constant 1 as the formula
    match cell:
        case Formula(value) if isinstance(value, str):
            return _record("FmlaString", place + _wide(value) + formula)
        case Formula(value):
            return _record("FmlaNum", place + struct.pack("<d", value) + formula)
        case Error(code):
            return _record("CellError", place + bytes([ERRORS[code]]))
        case bool():
            return _record("CellBool", place + bytes([cell]))
        case str():
            return _record("CellIsst", place + _numbers(texts.setdefault(cell, len(texts))))
        case dt.date():
            return _record("CellReal", place + struct.pack("<d", _serial(cell, from_1904)))
        case _:
            return _record("CellReal", place + struct.pack("<d", cell))


def _serial(day: dt.date, from_1904: bool) -> float:  # noqa: FBT001
    """Days since the epoch of the workbook; of days after February 1900."""
    moment = day if isinstance(day, dt.datetime) else dt.datetime(day.year, day.month, day.day)
    return (moment - (dt.datetime(1904, 1, 1) if from_1904 else dt.datetime(1899, 12, 30))) / dt.timedelta(days=1)


def _types(sheets: list[str]) -> str:
    listed = {f"/{name}": SHEET for name in sheets} | {"/xl/workbook.bin": BOOK, "/xl/styles.bin": STYLE_SHEET, "/xl/sharedStrings.bin": TEXTS}
    overrides = "".join(f'<Override PartName="{name}" ContentType="{kind}"/>' for name, kind in listed.items())
    return f'<?xml version="1.0"?><Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{overrides}</Types>'


def _relations(linked: list[tuple[str, str, str]]) -> str:
    return f'<?xml version="1.0"?><Relationships xmlns="{PACKAGE}/relationships">' + "".join(f'<Relationship Id="{i}" Type="{OFFICE}/{kind}" Target="{target}"/>' for i, kind, target in linked) + "</Relationships>"
