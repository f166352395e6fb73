"""Counts the rows of a JSON document by its bytes: brackets, commas and keys outside of texts, down to where the rows are. The reader builds objects by ijson.

`{ } [ ] , : "` and the backslash are never part of a longer character in UTF-8. What is no JSON is for the reader to find; only brackets that do not close are found here.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from jobs.contracts.model import Reader
from jobs.readers.count import LineCounter, places
from jobs.readers.json_text import MOST_NESTED, json_pieces, too_deep

MOST_KEY = 1 << 16  # bytes of a key that are looked at
OPEN, CLOSE, COMMA, COLON, QUOTE = b"{[", b"}]", ord(","), ord(":"), ord('"')
MEANS = np.zeros(256, dtype=np.int8)  # byte → 1 opens, 2 closes, 3 parts items, 4 follows a key
for _number, _bytes in enumerate((OPEN, CLOSE, b",", b":"), 1):
    MEANS[list(_bytes)] = _number
Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]


@dataclass
class _Array:
    """An array at one of the paths: commas between its items so far, and whether anything but white space was met in it."""

    path: str
    level: int
    commas: int = 0
    filled: bool = False


@dataclass
class RowCounter:
    """Feed it the document in order. `rows`: path → items of the array there (the document itself: `$`); `top`: the keys of the document."""

    paths: tuple[str, ...]
    rows: dict[str, int] = field(default_factory=dict)
    top: set[str] = field(default_factory=set)
    _depth: int = 0
    _quoted: bool = False
    _text: bytes = b""  # the text that was closed last, or what there is of an open one
    _keys: list[str] = field(default_factory=list)  # of the objects we are in, the outermost first; an array has none ("")
    _array: _Array | None = None

    def __post_init__(self) -> None:
        self._deepest = max((path.count(".") + 2 for path in self.paths if path != "$"), default=1)
        self._escapes = LineCounter('"', "\\")

    def feed(self, chunk: bytes) -> None:
        data = np.frombuffer(chunk, dtype=np.uint8)
        quotes = places(data, QUOTE, self._escapes.plain(data))
        signs = np.flatnonzero(MEANS[data])
        signs = signs[(np.searchsorted(quotes, signs) + self._quoted) % 2 == 0]
        kinds = MEANS[data[signs]]
        after = self._depth + np.cumsum((kinds == 1).astype(np.int64) - (kinds == 2))
        if len(after) and after.max() > MOST_NESTED:
            raise too_deep()
        level = after + (kinds == 2)
        begin = 0
        for at in np.flatnonzero((level <= self._deepest) & (kinds != 3)):
            place = int(signs[at])
            self._count_items(chunk, signs, kinds, level, begin, place)
            self._sign(chunk, quotes, place, int(kinds[at]), int(level[at]))
            begin = place + 1
        self._count_items(chunk, signs, kinds, level, begin, len(chunk))
        self._text = self._text_before(chunk, quotes, len(chunk))
        self._quoted ^= bool(len(quotes) % 2)
        self._depth = int(after[-1]) if len(after) else self._depth

    def _count_items(self, chunk: bytes, signs: Places, kinds: Any, level: Places, begin: int, end: int) -> None:
        """Adds the commas of the array we are in between two places."""
        if self._array is None or begin >= end:
            return
        here = slice(*np.searchsorted(signs, [begin, end]))
        self._array.commas += int(np.count_nonzero((kinds[here] == 3) & (level[here] == self._array.level)))
        self._array.filled = self._array.filled or bool(chunk[begin:end].strip())

    def _sign(self, chunk: bytes, quotes: Places, place: int, kind: int, level: int) -> None:
        if kind == 4:
            self._keys[level - 1 :] = [_key(self._text_before(chunk, quotes, place))]
            if level == 1:
                self.top.add(self._keys[0])
        elif kind == 1:
            path = ".".join(self._keys[: level - 1]) or "$"
            if chunk[place] == ord("[") and path in self.paths and self._array is None:
                self._array = _Array(path, level)
            elif self._array is not None and level == self._array.level + 1:
                self._array.filled = True
            self._keys[level - 1 :] = [""]
        elif self._array is not None and level == self._array.level:
            self.rows[self._array.path] = self.rows.get(self._array.path, 0) + (self._array.commas + 1 if self._array.filled else 0)
            self._array = None

    def _text_before(self, chunk: bytes, quotes: Places, place: int) -> bytes:
        """The text that was closed last before a place, or the beginning of the one it is in."""
        before = int(np.searchsorted(quotes, place))
        opened = (before + self._quoted) % 2 == 1
        first, last = (before - 1, None) if opened else (before - 2, before - 1)
        if last is not None and last < 0 or opened and first < 0:  # nothing was opened or closed in this chunk
            return (self._text + chunk[:place] if opened else self._text)[:MOST_KEY]
        end = place if last is None else int(quotes[last])
        if first < 0:
            return (self._text + chunk[:end])[:MOST_KEY]
        return chunk[int(quotes[first]) + 1 : end][:MOST_KEY]

    def finish(self) -> None:
        """Raises ValueError where brackets or texts are not closed."""
        if self._depth or self._quoted:
            raise ValueError("not JSON: a bracket or a text is not closed")


def _key(text: bytes) -> str:
    """Raises ValueError where it is no text."""
    return str(json.loads(b'"' + text + b'"')) if b"\\" in text else text.decode()


def count_json(reader: Reader, data: bytes) -> int:
    """A document that is held already."""
    return count_json_stream(reader, io.BytesIO(data))


def count_json_stream(reader: Reader, stream: Any) -> int:
    """Rows at the first path that exists. Raises ValueError where brackets are not closed, Refused for bytes that are no text and for values nested without end."""
    counter = RowCounter(reader.rows_at)
    for piece in json_pieces(reader, stream):
        counter.feed(piece)
    counter.finish()
    for path in reader.rows_at:
        if path in counter.rows:
            return counter.rows[path]
        if path == "$" and counter.top and set(reader.row_requires) <= counter.top:
            return 1
    return 0
