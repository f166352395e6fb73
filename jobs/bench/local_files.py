"""A dump on the local disk, cut and read by the very functions that register and land it: for measuring readers without a store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import polars as pl

from jobs.contracts.model import Contract
from jobs.readers.content import Content
from jobs.readers.delivery import Piece, read_piece
from jobs.readers.inspection import archive_content, is_plain_text, text_content
from jobs.readers.lined import LINED
from jobs.readers.pieces import chunks
from jobs.readers.raw import RawObject
from jobs.readers.sniff import HEAD
from jobs.readers.streams import Ranged
from jobs.readers.values import typed


def fetched(path: Path, start: int, end: int) -> bytes:
    """Bytes [start, end) of a file."""
    with path.open("rb") as file:
        file.seek(start)
        return file.read(end - start)


def content(contract: Contract, path: Path) -> Content:
    """What registering finds, in bounded memory for text formats."""
    size = os.path.getsize(path)
    if is_plain_text(fetched(path, 0, HEAD), contract.reader):
        with path.open("rb") as file:
            return text_content(chunks(file), path.name, contract.reader)
    return archive_content(Ranged(partial(fetched, path), size), size, path.name, contract.reader)


def cut(contract: Contract, path: Path) -> list[Piece]:
    """As landing cuts it: byte ranges that are read by themselves, or one."""
    found, size = content(contract, path), os.path.getsize(path)
    found.require()
    by_range = not found.in_order and contract.reader.format in (*LINED, "parquet")
    ranges = found.files[0].ranges if by_range else ((0, size, 0),)
    raw = RawObject(contract.dataset, "bench", str(path), size, encrypted=False)
    return [Piece(raw, "bench", path.name, s, e, n, i == len(ranges) - 1, len(ranges) == 1, found) for i, (s, e, n) in enumerate(ranges)]


def values(contract: Contract, piece: Piece) -> Iterator[pl.DataFrame]:
    """Typed rows of a piece, some at a time. Raises Refused."""
    for part, _ in read_piece(contract, partial(fetched, Path(piece.raw.key)), piece):
        yield typed(part.cells, contract).frame
