"""Formats whose record is a line (or some, where quotes hold a line end): counted by bytes, and cut into byte ranges that are read by themselves."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from jobs.contracts.model import Reader
from jobs.readers import count
from jobs.readers.count import LEADS, LineCounter, Split, leads

LINED = frozenset({"csv", "jsonl", "fixedWidth"})
LAST_SHARE = 24  # the last range is at least such a part of a range: footnotes and trailer records are looked for there
SPACES = np.frombuffer(b"\t\n\x0b\x0c\r ", dtype=np.uint8)  # as `bytes.isspace` has it


@dataclass(frozen=True)
class Place:
    """Where a byte range stands in its file. `line`: number of its first line, from 1; `offset`: its first byte; `first`, `last`: the ends of the file are in it."""

    line: int = 1
    offset: int = 0
    first: bool = True
    last: bool = True


@dataclass
class JsonLineCounter(LineCounter):
    """A line of white space is blank: JSON allows white space everywhere, and it is no object."""

    _full: bool = field(default=False)  # the line that the last chunk ended in holds more than white space

    def _count_blank(self, data: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]) -> None:
        starts = np.concatenate([[0], ends[:-1] + 1])
        open_to_doubt = np.isin(data[starts], SPACES)  # nearly every line starts with its brace
        open_to_doubt[0] = not self._full
        doubtful = np.flatnonzero(open_to_doubt)
        self.blank += sum(self._is_blank(data[starts[at] : ends[at]].tobytes(), first=at == 0) for at in doubtful)
        self._full = False

    def feed(self, chunk: bytes) -> None:
        super().feed(chunk)
        end = chunk.rfind(b"\n") + 1
        self._full = self._full or not self._is_blank(chunk[end:], first=end == 0 and self.size == len(chunk))

    def _is_blank(self, line: bytes, *, first: bool) -> bool:
        """A byte order mark before the first line is no part of it."""
        return not (line.removeprefix(codecs.BOM_UTF8) if first and self._after == 0 else line).strip()

    def finish(self) -> None:
        if self.size > self._after and not self._full:
            self.blank += 1
        super().finish()


def counters(reader: Reader) -> dict[bytes, LineCounter]:
    """What counts the records of a text of this contract, and finds where it may be cut, by the bytes that begin its longer characters (`count.leads`): one
    for each kind of encoding where that is told only when the text has been read, and makes a difference."""
    if reader.format != "csv":
        return {b"": JsonLineCounter(None) if reader.format == "jsonl" else LineCounter(None)}
    names = [reader.encoding] if reader.encoding else [None, *LEADS]
    return {kind: LineCounter(reader.quote, reader.escape, kind) for kind in dict.fromkeys(leads(reader, name) for name in names)}


def ranges(splits: Sequence[Split]) -> tuple[tuple[int, int, int], ...]:
    """(start, end, lines before) of each part; what ends a file is not torn from the rows before it."""
    found = [(s.start, s.end, s.lines) for s in splits]
    if len(found) > 1 and found[-1][1] - found[-1][0] < count.SPLIT_BYTES // LAST_SHARE:
        (start, _, lines), (_, end, _) = found[-2:]
        found[-2:] = [(start, end, lines)]
    return tuple(found)
