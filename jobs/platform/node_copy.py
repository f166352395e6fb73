"""Bytes that registering read, kept on the node's disk until landing reads them again: the store need not give them twice.

Only a saving: what is not here is read from the store. The caller keeps nothing that the lake seals (law 7).
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from jobs.platform.settings import Settings

LEAST = 8 << 20  # bytes; a smaller file costs more here than in the store
LOG = logging.getLogger(__name__)


class NodeCopy:
    """A file on its way through a task. Whole and under its hash after `keep`; gone after `drop`, or when the disk is full."""

    def __init__(self, settings: Settings, size: int) -> None:
        self._folder, self._most = _folder(settings), settings.node_copies_gib * (1 << 30)
        self._path = self._folder / f"{uuid.uuid4().hex}.part" if LEAST <= size <= self._most else None
        self._size = size

    @property
    def wanted(self) -> bool:
        """Whether a file of this size is kept here."""
        return self._path is not None

    def through(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The same chunks, written on their way."""
        if self._path is None:
            yield from chunks
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _make_room(self._folder, self._most - self._size)
            target = self._path.open("wb")
        except OSError as problem:
            self._lost(problem)
            yield from chunks
            return
        with target:
            for chunk in chunks:
                if self._path is not None:
                    try:
                        target.write(chunk)
                    except OSError as problem:
                        self._lost(problem)
                yield chunk

    def keep(self, sha256: str) -> BinaryIO | None:
        """`sha256`: of the whole file. The copy, opened for reading; None where there is none: a file that is not whole is dropped."""
        if self._path is None:
            return None
        kept = None
        try:
            if self._path.stat().st_size == self._size:
                os.replace(self._path, self._folder / sha256)
                kept = (self._folder / sha256).open("rb")
        except OSError as problem:
            self._lost(problem)
        self.drop()
        return kept

    def drop(self) -> None:
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            self._path = None

    def _lost(self, problem: OSError) -> None:
        LOG.info("no copy is kept on this node: %s", problem)
        self.drop()


def bytes_of(settings: Settings, sha256: str, size: int, start: int, end: int) -> bytes | None:
    """Bytes [start, end) of a file of this hash and size; None where this node has no copy."""
    if size < LEAST:
        return None
    try:
        with (_folder(settings) / sha256).open("rb") as file:
            if os.fstat(file.fileno()).st_size != size:
                return None
            file.seek(start)
            data = file.read(end - start)
    except OSError:
        return None
    return data if len(data) == end - start else None


def forget(settings: Settings, hashes: Iterable[str]) -> None:
    """What has landed is not read again soon."""
    for sha256 in hashes:
        with suppress(OSError):
            (_folder(settings) / sha256).unlink(missing_ok=True)


def _folder(settings: Settings) -> Path:
    return settings.state / "node"


def _make_room(folder: Path, most: int) -> None:
    """The oldest go, with the leftovers of killed tasks among them, until all take `most` bytes."""
    found = []
    for path in folder.iterdir():
        try:
            found.append((path.stat().st_mtime, path.stat().st_size, path))
        except FileNotFoundError:
            continue
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= most:
            return
        path.unlink(missing_ok=True)
        total -= size
