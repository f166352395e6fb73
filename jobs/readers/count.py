"""The independent record counter (law 1) and the split points it finds on its way.

It looks at bytes, never at parsed rows, so that a parser that loses a record is found out. `0x0A` and `0x22` are never part of
a longer character in UTF-8, GBK, GB18030, Big5 or Shift-JIS, so counting needs no decoding.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from jobs.contracts.model import Reader

SPLIT_BYTES = 24 << 20
NEWLINE, RETURN = 10, 13


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
    lines: int = 0
    blank: int = 0
    size: int = 0
    _quoted: bool = False
    _after: int = 0  # offset just after the last line end
    _last: int = NEWLINE
    _escaping: bool = False  # the chunk before ended with an escape that escapes this one's first byte
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
        """Mask of the bytes that no escape stands before: those after an even run of escapes. None: all."""
        if self.escape is None:
            return None
        escapes = np.flatnonzero(data == ord(self.escape))
        if self._escaping:
            escapes = np.concatenate([[-1], escapes])
        breaks = np.flatnonzero(np.diff(escapes) > 1) + 1
        first, last = np.concatenate([escapes[:1], escapes[breaks]]), np.concatenate([escapes[breaks - 1], escapes[-1:]])
        after = last[(last - first) % 2 == 0] + 1
        self._escaping = bool(len(after)) and int(after[-1]) == len(data)
        plain = np.ones(len(data), dtype=np.bool_)
        plain[after[after < len(data)]] = False
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


def places(data: npt.NDArray[np.uint8], byte: int, plain: npt.NDArray[np.bool_] | None) -> npt.NDArray[Any]:
    """Where the byte stands, of those that are plain."""
    found = data == byte
    return np.flatnonzero(found if plain is None else found & plain)


def count_lines(reader: Reader, data: bytes) -> int:
    """Records of delimited text that are not blank, preamble and header among them."""
    counter = LineCounter(reader.quote, reader.escape)
    if data:
        counter.feed(data)
    counter.finish()
    if counter.unclosed:
        raise ValueError("a quote is opened and never closed")
    return counter.lines - counter.blank
