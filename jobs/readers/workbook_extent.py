"""How far the cells of an .xls, .xlsx, .xlsb or .ods reach: calamine fills everything between the first and the last, and one cell in the far corner would fill all memory."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable, Iterator
from xml.parsers import expat

from lxml import etree

from jobs.readers.compound import streams
from jobs.readers.outcome import Refused
from jobs.readers.workbook_open import Tables
from jobs.readers.workbook_parts import SAFE, member, sheets
from jobs.readers.zipped import BROKEN_ZIP

MOST_CELLS = 40_000_000  # of a sheet, empty ones between others too
FAR = 9  # digits of a row and letters of a column that are surely too far
# a cell that does not say where it stands as office programs write it: <c r="AB12", with a space before r. What all cells write so can be searched for as it stands, which is ten times as fast
ODD, PREFIXED = re.compile(rb"""<c(?=[\s/>])(?! (?:[a-z]+="[^"<>]*" )*?r="[A-Za-z]{1,3}[0-9]{1,7}")"""), re.compile(rb":c[\s/>]")
CELL = re.compile(rb' r="([A-Za-z]{1,3})([0-9]{1,7})"')
BEYOND_Z, BEYOND_ZZ, BEYOND_9999 = (re.compile(rb' r="[A-Za-z]' + more) for more in (rb"[A-Za-z]", rb"[A-Za-z]{2}", rb"[A-Za-z]{0,2}[0-9]{5}"))
BEYOND_LAST = re.compile(rb' r="[A-Za-z]{1,3}(?:[2-9][0-9]{6}|1[1-9][0-9]{5}|10[5-9][0-9]{4})')  # the last row of Excel is 1,048,576
PLACE = re.compile(r"([A-Za-z]+)([0-9]+)")

ROW, CELLS = 0, frozenset(range(1, 12))  # kinds of records
SHEET, END, TEXTS, REACH, OF_SEVERAL = 0x85, 0x0A, 0xFC, 0x200, (0xBD, 0xBE)  # of an .xls: where a sheet begins, what ends one, shared texts, how far a sheet says it reaches, a row's cells together
REACHES = {10: "<4H", 14: "<2L2H"}
OLD_CELLS = frozenset((*range(1, 7), 0xFD, 0xD6, *OF_SEVERAL, 0x201, 0x203, 0x204, 0x205, 0x206, 0x27E, 0x406))


def refuse_far_cells(data: bytes) -> None:
    """Raises Refused where a sheet reaches over more cells than can be held, and where nobody can tell because it cannot be unpacked, is no XML or no sound compound file."""
    for stream in streams(data, ("Workbook", "Book")):
        _refuse(_old_area(stream))
    try:
        packed = zipfile.ZipFile(io.BytesIO(data))
    except BROKEN_ZIP:
        return  # its reader says what is wrong with it
    names = _sheets(packed)
    for each in packed.infolist():
        if not re.fullmatch(r"xl/worksheets/[^/]+\.(xml|bin)|content\.xml", each.filename) and _last(each.filename) not in names:
            continue
        try:
            cells = _cells(each.filename, packed.read(each))
        except BROKEN_ZIP as problem:
            raise Refused("damaged_archive", f"{each.filename} in the workbook cannot be unpacked: {problem}. Save it again and send it.") from None
        except expat.ExpatError as problem:
            raise Refused("unreadable", f"{each.filename} in the workbook cannot be read: {problem}. Save it again with an office program and send it.") from None
        _refuse(cells)


def _refuse(cells: int) -> None:
    if cells > MOST_CELLS:
        raise Refused("too_large", f"A sheet of the workbook reaches over {cells} cells, most of them empty. Delete the cells far away from the table, and send it again.")


def _sheets(packed: zipfile.ZipFile) -> set[str]:
    """The last parts of the names of the members that hold sheets, wherever they are kept."""
    found = []
    if (name := member(packed, "xl/workbook.xml")) in packed.NameToInfo:
        found += _told(lambda: [target for _, _, target in sheets(packed)], name)
    if (name := member(packed, "xl/_rels/workbook.bin.rels")) in packed.NameToInfo:
        found += _told(lambda: [each.get("Target", "") for each in etree.fromstring(packed.read(name), SAFE) if each.get("Type", "").endswith("heet")], name)
    return {_last(target) for target in found}


def _told(targets: Callable[[], list[str]], name: str) -> list[str]:
    try:
        return targets()
    except (etree.XMLSyntaxError, *BROKEN_ZIP) as problem:
        raise Refused("unreadable", f"Nobody can tell where the workbook keeps its sheets ({name}: {problem}). It may be cut off. Save it again as .xlsx and send it.") from None


def _last(name: str) -> str:
    return name.rpartition("/")[2].lower()


def _cells(name: str, part: bytes) -> int:
    """How far a sheet reaches; one of a workbook that is both an .xlsb and an .xlsx is read as the latter."""
    if name == "content.xml":
        return Tables(io.BytesIO(part)).area
    return max(_binary_area(part) if name.lower().endswith(".bin") else 0, _area(part))


def _area(sheet: bytes) -> int:
    """Cells between the first and the last; 0 where they are surely few. Every cell is looked at only where it may be more, or where one does not say its place as others do."""
    if ODD.search(sheet) or PREFIXED.search(sheet):
        return _odd_area(sheet)
    if _surely_few(sheet):
        return 0
    column = row = 0
    for cell in CELL.finditer(sheet):
        column, row = max(column, _number(cell[1])), max(row, int(cell[2]))
    return column * row


def _surely_few(sheet: bytes) -> bool:
    """Of 26 columns and all rows, or of 702 columns and 9,999 rows."""
    if not BEYOND_Z.search(sheet):
        return not BEYOND_LAST.search(sheet)
    return not BEYOND_9999.search(sheet) and not BEYOND_ZZ.search(sheet)


def _odd_area(sheet: bytes) -> int:
    """As a parser of XML tells: a row or a cell that does not say its number comes after the one before. Raises expat.ExpatError."""
    column = row = last_column = last_row = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal column, row, last_column, last_row
        local = name.rpartition(":")[2]
        if local == "row":
            row, column = _digits(attributes.get("r", "")) or row + 1, 0
        elif local == "c":
            place = PLACE.fullmatch(attributes.get("r", ""))
            column = _number(place[1].encode()[:FAR]) if place else column + 1
            last_column, last_row = max(last_column, column), max(last_row, row, _digits(place[2]) if place else 0)

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = start
    parser.Parse(sheet, True)
    return last_column * last_row


def _digits(text: str) -> int:
    """Of more digits than FAR as many are enough to be too many."""
    return int(text[: FAR + 1]) if text.isascii() and text.isdigit() else 0


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


def _old_area(stream: bytes) -> int:
    """Of the largest sheet of an .xls. A record is its kind, its length and its content ([MS-XLS] 2.1.4); that of a cell begins with its row and its column, and ends with the last column where it is of several."""
    texts, begins = 0, set()
    for kind, content in _old_records(stream, 0):
        if kind == TEXTS:
            texts = max(texts, int.from_bytes(content[4:8], "little"))
        elif kind == SHEET:
            begins.add(int.from_bytes(content[:4], "little"))  # many may be one
    if texts > len(stream):  # its reader makes room for them all
        raise Refused("unreadable", f"The file is not an Excel workbook that can be read: it claims to have {texts} texts in {len(stream)} bytes. Save it again as .xlsx and send it.")
    return max((_old_sheet_area(stream, begin) for begin in begins), default=0)


def _old_sheet_area(stream: bytes, begin: int) -> int:
    column = row = claimed = 0
    for kind, content in _old_records(stream, begin):
        if kind == REACH and len(content) in REACHES:
            top, bottom, left, right = struct.unpack_from(REACHES[len(content)], content)
            claimed = max(claimed, (bottom + 1) * (right + 1) if top <= bottom and left <= right else 1 << 32)  # its reader makes room for them all, and counts from the last to the first round the end of its numbers
        elif kind in OLD_CELLS and len(content) >= 4:
            last = content[-2:] if kind in OF_SEVERAL else content[2:4]
            row, column = max(row, int.from_bytes(content[:2], "little") + 1), max(column, int.from_bytes(content[2:4], "little") + 1, int.from_bytes(last, "little") + 1)
    return max(row * column, claimed)


def _old_records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        if kind == END:
            return
        yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


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


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
