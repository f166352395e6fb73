"""The independent record counter (law 1) and the split points it finds on its way.

It looks at bytes, never at parsed rows, so that a parser that loses a record is found out. `0x0A` and `0x22` are never part of
a longer character in UTF-8, GBK, GB18030, Big5 or Shift-JIS, so counting needs no decoding. A backslash (`0x5C`) may be: 功 is `A5 5C` in Big5, 表
`95 5C` in Shift-JIS. Where an escape or a quote is such a byte, those that end a character are told by the bytes that begin one.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from jobs.contracts.model import Reader

SPLIT_BYTES = 24 << 20
NEWLINE, RETURN = 10, 13
CHINESE, JAPANESE = bytes(range(0x81, 0xFF)), bytes([*range(0x81, 0xA0), *range(0xE0, 0xFD)])  # bytes that begin a character of two bytes
# the encodings in which its second byte may be ASCII; to GB18030 a character of four bytes is two of two
LEADS = dict.fromkeys(("gbk", "gb18030", "big5", "big5hkscs", "cp950", "cp949", "johab"), CHINESE) | dict.fromkeys(("shift_jis", "cp932", "shift_jis_2004", "shift_jisx0213"), JAPANESE)


@dataclass(frozen=True)
class Split:
    """Bytes [start, end) of the file; `lines` record lines (blank ones too) lie before it."""

    start: int
    end: int
    lines: int


@dataclass
class LineCounter:
    """Counts lines that end a record (a newline inside quotes does not) and blank lines; feed it the file in order."""

    quote: str | None
    escape: str | None = None  # the byte after it is no quote and no line end
    leads: bytes = b""  # bytes after which one is part of a character, and is no quote and no escape
    lines: int = 0
    blank: int = 0
    size: int = 0
    _quoted: bool = False
    _after: int = 0  # offset just after the last line end
    _last: int = NEWLINE
    _escaping: bool = False  # the chunk before ended with an escape that escapes this one's first byte
    _leading: bool = False  # it ended in a character
    _points: list[tuple[int, int]] = field(default_factory=list)

    def feed(self, chunk: bytes) -> None:
        """Count a chunk of at least one byte."""
        data = np.frombuffer(chunk, dtype=np.uint8)
        plain = self.plain(data)
        ends = self._record_ends(places(data, NEWLINE, plain), places(data, ord(self.quote), plain) if self.quote and self.quote.encode() in chunk else data[:0])
        if len(ends):
            self._count_blank(data, ends)
            self._note_split(ends)
            self.lines += len(ends)
            self._after = self.size + int(ends[-1]) + 1
        self._last = int(data[-1])
        self.size += len(data)

    def _record_ends(self, ends: npt.NDArray[Any], quotes: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Line ends outside quotes."""
        if len(quotes) == 0:
            return ends[:0] if self._quoted else ends
        inside = (np.searchsorted(quotes, ends) + int(self._quoted)) % 2 == 1
        self._quoted ^= bool(len(quotes) % 2)
        return ends[~inside]

    def plain(self, data: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_] | None:
        """Mask of the bytes that end no character and that no escape stands before. None: all."""
        if self.escape is None and not self.leads:
            return None
        plain = np.ones(len(data), dtype=np.bool_)
        if self.leads:
            ends, self._leading = _after_odd_runs(_table(self.leads)[data], begun=self._leading)
            plain[ends] = False
        if self.escape is not None:
            escaped, self._escaping = _after_odd_runs((data == ord(self.escape)) & plain, begun=self._escaping)
            plain[escaped] = False
        return plain

    def _count_blank(self, data: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]) -> None:
        lengths = np.diff(ends, prepend=self._after - self.size - 1) - 1
        before = np.where(ends > 0, data[np.maximum(ends - 1, 0)], self._last)
        self.blank += int(np.count_nonzero((lengths == 0) | ((lengths == 1) & (before == RETURN))))

    def _note_split(self, ends: npt.NDArray[np.int64]) -> None:
        wanted = (self._points[-1][0] if self._points else 0) + SPLIT_BYTES
        while self.size + int(ends[-1]) + 1 >= wanted:
            at = int(np.searchsorted(ends, wanted - self.size - 1))
            self._points.append((self.size + int(ends[at]) + 1, self.lines + at + 1))
            wanted = self._points[-1][0] + SPLIT_BYTES

    def finish(self) -> None:
        """The last line may lack its newline."""
        if self.size > self._after:
            self.lines += 1
            self._after = self.size

    @property
    def unclosed(self) -> bool:
        """A quote was opened and never closed: whatever follows it is swallowed by one field."""
        return self._quoted

    def splits(self) -> list[Split]:
        starts = [(0, 0), *[point for point in self._points if point[0] < self.size]]
        ends = [*[start for start, _ in starts[1:]], self.size]
        return [Split(start, end, lines) for (start, lines), end in zip(starts, ends, strict=True)]


@cache
def _table(leads: bytes) -> npt.NDArray[np.bool_]:
    return np.isin(np.arange(256), list(leads))


def _after_odd_runs(found: npt.NDArray[np.bool_], *, begun: bool) -> tuple[npt.NDArray[Any], bool]:
    """What stands behind each odd run of `found`: it is escaped, or ends a character, as within a run every second one is. And whether that is the next chunk's first.
    `begun`: so it was with the chunk before."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False, begun], found, [False]])))  # a run starts at the first of two, and ends before the other
    starts, ends = edges[::2] - 1, edges[1::2] - 1
    after = ends[(ends - starts) % 2 == 1]
    open_end = bool(len(after)) and int(after[-1]) == len(found)
    return after[:-1] if open_end else after, open_end


def leads(reader: Reader, encoding: str | None) -> bytes:
    """The bytes that begin a longer character, where its second byte could be taken for a quote or an escape. No encoding: UTF-8."""
    if not any(mark is not None and mark >= "0" for mark in (reader.quote, reader.escape)):
        return b""
    return LEADS.get(codecs.lookup(encoding or "utf-8").name, b"")


def places(data: npt.NDArray[np.uint8], byte: int, plain: npt.NDArray[np.bool_] | None) -> npt.NDArray[Any]:
    """Where the byte stands, of those that are plain."""
    found = data == byte
    return np.flatnonzero(found if plain is None else found & plain)


def count_lines(reader: Reader, data: bytes) -> int:
    """Records of delimited text that are not blank, preamble and header among them."""
    counter = LineCounter(reader.quote, reader.escape, leads(reader, reader.encoding))
    if data:
        counter.feed(data)
    counter.finish()
    if counter.unclosed:
        raise ValueError("a quote is opened and never closed")
    return counter.lines - counter.blank
