"""What calamine does not tell of a workbook: hidden rows, and formulas that failed, whose cells it reads as empty."""

from __future__ import annotations

import io
import re
import zipfile

from jobs.readers.zipped import BROKEN_ZIP

HIDDEN = re.compile(rb"""<(?:\w+:)?row\b[^>]*\shidden=["'](?:1|true)["']""")
FAILED = re.compile(rb"""<(?:\w+:)?c\b[^>]*\st=["']e["']""")


def unseen(data: bytes) -> list[str]:
    """Events for the ledger, over all sheets of an .xlsx. Of the other kinds of workbook it says that hidden rows are not known."""
    try:
        packed = zipfile.ZipFile(io.BytesIO(data))
        sheets = [name for name in packed.namelist() if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name)]
        if not sheets:
            return ["hidden rows: not known"]
        texts = [packed.read(name) for name in sheets]
    except BROKEN_ZIP:
        return ["hidden rows: not known"]
    rows, cells = (sum(len(pattern.findall(text)) for text in texts) for pattern in (HIDDEN, FAILED))
    return [*([f"hidden rows: {rows}"] if rows else []), *([f"formulas that failed, read as empty cells: {cells}"] if cells else [])]
