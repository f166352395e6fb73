"""Which encoding the texts of a DBF are in: what was said, else UTF-8 where every one of them is, else the double-byte code page that its head names.

A page of single bytes takes any byte for a letter, so that a head that is wrong (and many name the page of the program that wrote them) would not be found out: the contract has to name it.
"""

from __future__ import annotations

import numpy as np

from jobs.readers.dbf_cells import fields
from jobs.readers.dbf_count import records_left
from jobs.readers.encoding import Encoding
from jobs.readers.outcome import Refused

PAGE = 29  # the byte of the head that names the code page
PAGES = {0x13: "cp932", 0x7B: "cp932", 0x4D: "gbk", 0x7A: "gbk", 0x4E: "cp949", 0x79: "cp949", 0x4F: "cp950", 0x78: "cp950"}


def dbf_encoding(said: str | None, data: bytes) -> Encoding | None:
    """None where the file is no DBF that can be read: its reader says so."""
    if said:
        return Encoding(said)
    try:
        records = records_left(data)
    except Refused:
        return None
    try:
        for field in fields(data):
            field.name.decode()
            if field.kind == b"C":
                np.pad(records[:, field.start : field.start + field.width], ((0, 0), (0, 1))).tobytes().decode()  # a zero parts the cells
    except UnicodeDecodeError:
        return Encoding(PAGES[data[PAGE]], 1.0, "declared") if data[PAGE] in PAGES else Encoding("utf-8", 1.0, "utf-8")
    return Encoding("utf-8", 1.0, "utf-8")
