"""Counts the records of a DBF by its bytes: every record starts with a flag, `*` where it is deleted. GDAL reads them otherwise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jobs.contracts.model import Reader
from jobs.readers.outcome import Refused

HEAD = 32
DELETED = ord("*")
MEMO = (0x83, 0x8B, 0xCB, 0xF5)  # versions whose long texts are in a second file


def refuse_cut_dbf(data: bytes) -> None:
    """Raises Refused where the file is shorter than its head says, or refers to a file that is not here."""
    if len(data) < HEAD:
        raise Refused("unreadable", f"The file is not a DBF table: it has only {len(data)} bytes. Send it again.")
    count, head, length = _shape(data)
    if head < HEAD or length < 1:
        raise Refused("unreadable", "The file is not a DBF table: its head gives no sense. Send it again.")
    if data[0] in MEMO:
        raise Refused("missing_member", "The DBF table keeps its long texts (memo fields) in a second file, which cannot be read. Export it without memo fields, or as CSV.")
    if len(data) < head + count * length:
        raise Refused("truncated", f"The DBF table is cut off: its head says {count} records, {(len(data) - head) // length} are there. Send it again.")


def dbf_records(data: bytes) -> int:
    """Records, deleted ones too, as the head says."""
    refuse_cut_dbf(data)
    return _shape(data)[0]


def count_dbf(reader: Reader, data: bytes) -> int:
    """Records that are not deleted."""
    return len(records_left(data))


def records_left(data: bytes) -> npt.NDArray[np.uint8]:
    """The bytes of each record that is not deleted, its flag first."""
    refuse_cut_dbf(data)
    count, head, length = _shape(data)
    records = np.frombuffer(data, dtype=np.uint8, count=count * length, offset=head).reshape(count, length)
    return records[records[:, 0] != DELETED]


def _shape(data: bytes) -> tuple[int, int, int]:
    """Records, bytes of the head, bytes of a record."""
    return int.from_bytes(data[4:8], "little"), int.from_bytes(data[8:10], "little"), int.from_bytes(data[10:12], "little")
