"""Archives written by the libraries people use, for the tests beside this file."""

from __future__ import annotations

import bz2
import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from typing import TypeVar

import py7zr
import zstandard

from jobs.readers.outcome import Refused

Files = Sequence[tuple[str, bytes]]
T = TypeVar("T")


def outcome(call: Callable[[], T]) -> T | Refused:
    """What comes of it; any other exception is a fault of ours."""
    try:
        return call()
    except Refused as refused:
        return refused


def zipped(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return sink.getvalue()


def rezipped(archive: bytes, change: Callable[[str, bytes], tuple[str, bytes]]) -> bytes:
    """`change`: name and content of a member → the ones it gets."""
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        return zipped([change(name, packed.read(name)) for name in packed.namelist()])


def both(first: bytes, second: bytes) -> bytes:
    """The members of two, those of the first where they have one name."""
    members: dict[str, bytes] = {}
    for archive in (second, first):
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            members |= {name: packed.read(name) for name in packed.namelist()}
    return zipped(list(members.items()))


def tarred(files: Files, form: int = tarfile.PAX_FORMAT) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=form) as archive:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return sink.getvalue()


def sevened(files: Files, password: str | None = None) -> bytes:
    sink = io.BytesIO()
    with py7zr.SevenZipFile(sink, "w", password=password) as archive:
        for name, data in files:
            archive.writestr(data, name)
    return sink.getvalue()


def linked(name: str, kind: bytes, target: str = "/etc/passwd") -> bytes:
    """A TAR with one member that is no plain file."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        archive.addfile(info)
    return sink.getvalue()


ARCHIVES: dict[str, Callable[[Files], bytes]] = {"zip": zipped, "tar": tarred, "7z": sevened}
CODECS: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress, "zst": zstandard.compress}
