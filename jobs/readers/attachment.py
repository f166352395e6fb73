"""Images, PDFs and other files without rows: kept as they were delivered, found by their receipt."""

from __future__ import annotations

from collections.abc import Mapping

from jobs.contracts.model import Contract, Reader
from jobs.readers.frames import Part
from jobs.readers.outcome import Refused


def read_attachment(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    """Always raises Refused("not_applicable"): the file is registered, and there is nothing to land."""
    raise Refused("not_applicable", "An attachment: it is kept as it was delivered, and has no rows.")


def count_attachment(reader: Reader, data: bytes) -> int:
    return 0
