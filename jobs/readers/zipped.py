"""What a zip unpacks to, told before it is unpacked: formats that are zips inside (.xlsx, .ods, a zipped shapefile) may be bombs."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib

from jobs.readers.outcome import Refused

# what the standard library raises for a zip that is damaged somewhere
BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError, ValueError, KeyError, IndexError)
MOST_BYTES = 2 << 30
MOST_TIMES = 500  # XML of a workbook packs 10 to 50 times; zeros pack 1000 times
SMALL = 16 << 20  # too little to harm, however well it is packed


def refuse_bombs(data: bytes) -> None:
    """Raises Refused where the members of a zip say that they are too large. Readers stop at the size a member says."""
    try:
        sizes = [member.file_size for member in zipfile.ZipFile(io.BytesIO(data)).infolist()]
    except BROKEN_ZIP:
        return
    total = sum(sizes)
    if total > MOST_BYTES or (total > SMALL and total > MOST_TIMES * len(data)):
        raise Refused("too_large", f"The file unpacks to {total >> 20} MiB from {len(data) >> 10} KiB: no agreed dump does. Split it and send it again.")
