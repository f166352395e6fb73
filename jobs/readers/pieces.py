"""A file that comes in pieces, for libraries that read from a file."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO, Any

from jobs.readers.encoding import Encoding, Probe, as_utf8, wide, wide_told
from jobs.readers.sniff import HEAD
from jobs.readers.streams import CHUNK


class Pieces:
    """`read` gives the next piece, whatever size is asked for; `count`: bytes given so far."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self.count = iter(pieces), 0

    def read(self, size: int = -1) -> bytes:
        piece = next(self._pieces, b"") if size else b""
        self.count += len(piece)
        return piece


class Overheard:
    """A stream whose encoding is told while it is read, and that can be read again: out of `kept` where it cannot be sought in."""

    def __init__(self, stream: Any, said: str | None, kept: IO[bytes]) -> None:
        self._stream, self._said, self._kept = stream, said, None if stream.seekable() else kept
        self._probe, self._head = Probe(said), b""

    def read(self, size: int = -1) -> bytes:
        piece: bytes = self._stream.read(size)
        if piece:
            self._head = self._head or piece[:HEAD]
            self._probe.feed(piece)
            if self._kept:
                self._kept.write(piece)
        return piece

    def told(self) -> Encoding:
        """Reads what is left. Raises Refused where nothing is likely enough."""
        for _ in chunks(self):
            pass
        form = wide(self._head, self._said)
        return wide_told(form, self._head, self._said) if form else self._probe.found()

    def again(self) -> Any:
        stream = self._kept or self._stream
        stream.seek(0)
        return stream


def chunks(stream: Any) -> Iterator[bytes]:
    return iter(lambda: stream.read(CHUNK), b"")


def utf8(stream: Any, said: str | None) -> Iterator[bytes]:
    """A text as UTF-8, without its byte order mark: `said` is its encoding, else its mark tells, else UTF-8. Raises Refused naming the bytes that are none."""
    coming = chunks(stream)
    first = next(coming, b"")
    texts = as_utf8(chain([first], coming), wide(first[:HEAD], said) or said or "utf-8")
    yield from filter(None, chain([next(texts, b"").removeprefix(codecs.BOM_UTF8)], texts))
