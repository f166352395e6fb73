"""A file that comes in pieces, for libraries that read from a file."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from jobs.readers.encoding import as_utf8, wide
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


def chunks(stream: Any) -> Iterator[bytes]:
    return iter(lambda: stream.read(CHUNK), b"")


def utf8(stream: Any, said: str | None) -> Iterator[bytes]:
    """A text as UTF-8, without its byte order mark: `said` is its encoding, else its mark tells, else UTF-8. Raises Refused naming the bytes that are none."""
    coming = chunks(stream)
    first = next(coming, b"")
    texts = as_utf8(chain([first], coming), wide(first[:HEAD], said) or said or "utf-8")
    yield from filter(None, chain([next(texts, b"").removeprefix(codecs.BOM_UTF8)], texts))
