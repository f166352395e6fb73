"""What an old workbook (.xls) is in: a compound file ([MS-CFB] 2.2 to 2.6), and whether it is a sound one. The reader of workbooks follows each chain of sectors to its end: one that leads back to itself, or far beyond the file, would fill all memory."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from jobs.readers.outcome import Refused

MAGIC = bytes.fromhex("D0CF11E0A1B11AE1")
LAST = 0xFFFFFFFA  # numbers of sectors are below; the others say that a chain ends, or that a sector is free
MINI = 64  # bytes of a sector of the mini stream, which holds the streams of less than CUTOFF bytes
CUTOFF = 4096
ENTRY, STREAM, ROOT = 128, 2, 5  # of the directory: bytes, kinds
Sectors = NDArray[np.uint32]


def streams(data: bytes, names: Collection[str]) -> list[bytes]:
    """The streams of a compound file that are called so; none of what is no such file. Raises Refused (unreadable) where its sectors lead in a circle, or to where the file has none."""
    shift = struct.unpack_from("<H", data, 30)[0] if data.startswith(MAGIC) and len(data) >= 512 else 0
    return _streams(data, 1 << shift, names) if shift in (9, 12) else []


def _streams(data: bytes, size: int, names: Collection[str]) -> list[bytes]:
    count = max(0, -(-len(data) // size) - 1)  # the first has the header
    whole = np.frombuffer(data.ljust((count + 1) * size, b"\0"), "<u4").reshape(count + 1, size // 4)[1:]
    first_directory, first_mini, first_more = (struct.unpack_from("<L", data, at)[0] for at in (48, 60, 68))
    tables = np.concatenate([np.frombuffer(data, "<u4", 109, 76), *(sector[:-1] for sector in _more(whole, first_more))])
    tables = tables[tables < LAST]
    if len(np.unique(tables)) < len(tables) or (tables >= count).any():
        raise _unsound()
    fat = _sound(whole[tables].reshape(-1)[:count], count)
    directory = whole[_chain(fat, first_directory)].tobytes()
    entries = [Entry.of(directory[at : at + ENTRY]) for at in range(0, len(directory), ENTRY)]
    root = next((_chain(fat, entry.start) for entry in entries if entry.kind == ROOT and entry.length), [])
    minis = whole[root].reshape(-1, MINI // 4)
    mini = _sound(whole[_chain(fat, first_mini)].reshape(-1)[: len(minis)], len(minis))
    found = []
    for entry in entries:
        if entry.kind == STREAM and entry.length:
            table, sectors = (mini, minis) if entry.length < CUTOFF else (fat, whole)
            if entry.length > count * size or LAST > entry.start >= len(sectors):
                raise _unsound()
            if entry.name in names:
                found.append(sectors[_chain(table, entry.start)].tobytes()[: entry.length])
    return found


@dataclass(frozen=True)
class Entry:
    """Of the directory. `start`: its first sector; `length`: in bytes."""

    name: str
    kind: int
    start: int
    length: int

    @staticmethod
    def of(entry: bytes) -> Entry:
        return Entry(entry[:64].decode("utf-16-le", "replace").partition("\0")[0], entry[66], *struct.unpack_from("<LL", entry, 116))


def _more(whole: Sectors, at: int) -> Iterable[Sectors]:
    """Sectors that tell where the allocation table is, where the header has no place for all; the last number of each is the next of them."""
    seen: set[int] = set()
    while at < LAST:
        if at in seen or at >= len(whole):
            raise _unsound()
        seen.add(at)
        yield cast(Sectors, whole[at])
        at = int(whole[at][-1])


def _sound(table: Sectors, count: int) -> Sectors:
    """An allocation table, in which each sector has the number of the next. Raises Refused where that leads in a circle or to none of `count` sectors."""
    following = table[table < LAST]
    if (following >= count).any():
        raise _unsound()
    state = np.zeros(len(table), np.int8)  # 1: on the way that is followed, 2: known to end
    for begin in range(len(table)):
        way, at = [], begin
        while at < len(table) and not state[at]:
            state[at] = 1
            way.append(at)
            at = int(table[at])
        if at < len(table) and state[at] == 1:
            raise _unsound()
        state[way] = 2
    return table


def _chain(table: Sectors, at: int) -> list[int]:
    """The sectors from `at` to the end, of a table that is sound."""
    if LAST > at >= len(table):
        raise _unsound()
    found = []
    while at < LAST:
        found.append(at)
        at = int(table[at]) if at < len(table) else LAST
    return found


def _unsound() -> Refused:
    return Refused("unreadable", "The file is not an Excel workbook that can be read: the table of its sectors leads nowhere or in a circle. It may be cut off. Save it again as .xlsx and send it.")
