"""Streams with a limit: how much may come out of an archive, and how much of it may stand in memory."""

from __future__ import annotations

import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import py7zr
import pyarrow as pa

from jobs.contracts.model import Archive
from jobs.readers.outcome import Refused

CHUNK = 1 << 20
DIRECTORY = 16 << 20  # bytes of a ZIP's table of contents or a TAR's long name that may be read at once
RATIO, RATIO_FROM = 250, 32 << 20  # an archive may unpack to so many times its size once so many bytes came out of it
BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, py7zr.exceptions.ArchiveError, lzma.LZMAError, zlib.error, pa.ArrowException, struct.error, EOFError, OSError, NotImplementedError,
    UnicodeError, ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError, OverflowError, RuntimeError,
)  # fmt: skip


class Budget:
    """What one delivery may still cost. `size`: bytes as delivered; `shapes`: a ZIP with a shapefile is not unpacked here."""

    def __init__(self, limits: Archive, size: int, *, shapes: bool = False) -> None:
        self.limits, self.shapes, self._size, self._out, self._members, self._held = limits, shapes, size, 0, 0, 0

    def unpack(self, count: int) -> None:
        """Raises Refused once more came out than the limits allow."""
        self._out += count
        if self._out > self.limits.most_bytes:
            raise Refused("zip_bomb", f"The archive unpacks to more than {_size(self.limits.most_bytes)}. Send the data in several smaller files.")
        if self._out > RATIO_FROM and self._out > RATIO * self._size:
            raise Refused("zip_bomb", f"The archive unpacks to more than {RATIO} times its size, which data does not. Send the files without compression.")

    def member(self) -> None:
        self._members += 1
        if self._members > self.limits.most_members:
            raise Refused("too_many_members", f"The archive holds more than {self.limits.most_members} files. Send fewer files at once.")

    @contextmanager
    def held(self, stream: IO[bytes], name: str) -> Iterator[io.BytesIO]:
        """All of a stream in memory, for formats that have to be sought in."""
        room, data = self.limits.most_held - self._held, io.BytesIO()
        try:
            while chunk := stream.read(CHUNK):
                data.write(chunk)
                self.room(data.tell() - room, name)
            self._held += data.tell()
            data.seek(0)
            yield data
        finally:
            self._held = self.limits.most_held - room

    def room(self, beyond: int, name: str) -> None:
        """Raises Refused where `beyond` bytes are too many to hold."""
        if beyond > 0:
            words = f"{name} has to be unpacked whole before it can be read, and is larger than {_size(self.limits.most_held)}. Send it by itself, as ZIP or gzip of the plain file."
            raise Refused("too_big_inside", words)


class Unpacked(io.RawIOBase):
    """What comes out of an archive, counted; what goes wrong in a library on the way is Refused."""

    def __init__(self, source: Any, budget: Budget, name: str) -> None:
        self._source, self._budget, self._name = source, budget, name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer unless the stream ends, so that a peek sees all it asks for."""
        filled, size = 0, len(buffer)
        while filled < size:
            with damage_refused(self._name):
                chunk = self._source.read(min(size - filled, CHUNK))
            if not chunk:
                break
            buffer[filled : filled + len(chunk)] = chunk
            filled += len(chunk)
            self._budget.unpack(len(chunk))
        return filled


class Ranged(io.RawIOBase):
    """A file of which `fetch(start, end)` gives any bytes, for libraries that seek."""

    def __init__(self, fetch: Callable[[int, int], bytes], size: int) -> None:
        self._fetch, self._size, self._at = fetch, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        at = offset + (0, self._at, self._size)[whence]
        if at < 0:
            raise OSError(f"seek to {at}")
        self._at = at
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        data = self._fetch(self._at, min(self._size, self._at + len(buffer))) if self._at < self._size else b""
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class Sparing:
    """A view of a stream that reads no more than DIRECTORY bytes at once: a header may claim that terabytes follow. Seeks forward by reading."""

    def __init__(self, source: Any) -> None:
        self._source, self._seekable, self._at = source, source.seekable(), 0
        self.last = b""  # what was read last

    def seekable(self) -> bool:
        return bool(self._seekable)

    def read(self, size: int = -1) -> bytes:
        if size > DIRECTORY:
            raise Refused("damaged_archive", f"The archive claims a header of {_size(size)}; it is damaged or hostile. Pack it again and send it.")
        data = bytes(self._source.read(DIRECTORY if size < 0 else size))
        self._at += len(data)
        self.last = data
        return data

    def tell(self) -> int:
        return int(self._source.tell()) if self._seekable else self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if self._seekable:
            return int(self._source.seek(offset, whence))
        if whence != io.SEEK_SET or offset < self._at:
            raise OSError("cannot go back in a stream")
        while self._at < offset and self.read(min(CHUNK, offset - self._at)):
            pass
        return self._at

    def close(self) -> None:
        pass


@contextmanager
def damage_refused(name: str) -> Iterator[None]:
    """A library's complaint about an archive becomes one a clerk understands."""
    try:
        yield
    except Refused:
        raise
    except py7zr.exceptions.PasswordRequired:
        raise Refused("encrypted", f"{name} is protected by a password, which is not known here. Send it without one.") from None
    except MemoryError:
        raise Refused("zip_bomb", f"{name} claims sizes that no memory holds; it is damaged or hostile. Pack it again and send it.") from None
    except BROKEN as problem:
        raise Refused("damaged_archive", f"{name} cannot be unpacked ({type(problem).__name__}: {str(problem)[:120]}). It may be cut off; pack it again and send it.") from None


def _size(count: int) -> str:
    return f"{count / (1 << 30):.1f} GiB" if count >= 1 << 30 else f"{max(1, count >> 20)} MiB"
