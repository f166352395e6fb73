"""Archives and compression around any format, nested: the files inside, one after the other, in bounded memory.

The limits are in `jobs.contracts.model.Archive`. Whatever an archive does to get out of its folder, to hide its size or to hold no file is Refused.
"""

from __future__ import annotations

import io
import posixpath
import re
import stat
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

import py7zr
import pyarrow as pa
from py7zr.io import Py7zIO, WriterFactory

from jobs.contracts.model import Archive
from jobs.readers.outcome import Refused
from jobs.readers.sniff import BLOCK, CONTAINERS, HEAD, kind_of, kind_of_zip
from jobs.readers.streams import Budget, Sparing, Unpacked, damage_refused

CODECS = {"gz": "gzip", "bz2": "bz2", "zst": "zstd"}
ARCHIVES = CONTAINERS - set(CODECS)
ENDINGS = {"gz": (".gz", ".gzip"), "bz2": (".bz2",), "zst": (".zst", ".zstd")}
JUNK = re.compile(r"(^|/)(__MACOSX/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)")  # what operating systems put beside the files
FETCHED = 4 << 20  # bytes of the delivered file that are read at once
DICTIONARY = 128 << 20  # bytes of memory a 7z archive may ask for to be unpacked
ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)


@dataclass(frozen=True)
class Member:
    """A file that is no archive itself. `stream` gives its bytes until the next member is asked for; None where the contract does not want it.

    `name`: its path inside the archives, or of the delivered file where `packed` (the archives around it, from outside) is empty.
    """

    name: str
    kind: str
    packed: tuple[str, ...]
    stream: IO[bytes] | None


def members(stream: Any, size: int, name: str, limits: Archive, *, shapes: bool = False) -> Iterator[Member]:
    """The files inside a delivered one, in the order they stand there; a file that is no archive is its own only member.

    `stream`: can be sought in; `shapes`: a ZIP with a shapefile is one file. Raises Refused for everything that is wrong with an archive or goes beyond the limits.
    """
    yield from _inside(io.BufferedReader(stream, FETCHED), name, "", (), Budget(limits, size, shapes=shapes))


def _inside(stream: Any, name: str, path: str, packed: tuple[str, ...], budget: Budget) -> Iterator[Member]:
    """`path`: of the member inside the archives opened so far."""
    stream = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream, HEAD)
    kind = kind_of(stream.peek(HEAD)[:HEAD])
    if kind == "zip":
        yield from _zip(stream, name, path, packed, budget)
        return
    if kind not in CONTAINERS:
        yield _leaf(stream, name, path, kind, packed, budget)
        return
    if len(packed) >= budget.limits.most_depth:
        raise _too_deep(path or name, budget)
    if kind in CODECS:
        with damage_refused(path or name):
            plain = pa.CompressedInputStream(pa.PythonFile(stream, "r"), CODECS[kind])
        yield from _inside(Unpacked(plain, budget, path or name), _without_ending(name, kind), _without_ending(path, kind), (*packed, kind), budget)
        return
    yield from (_tar if kind == "tar" else _7z)(stream, name, path, (*packed, kind), budget)


def _too_deep(name: str, budget: Budget) -> Refused:
    depth = budget.limits.most_depth
    return Refused("nested_too_deep", f"{name} is packed more than {depth} times, or the archive holds itself. Send the files in one archive.")


def _leaf(stream: Any, name: str, path: str, kind: str, packed: tuple[str, ...], budget: Budget) -> Member:
    if not ARCHIVES & set(packed):
        return Member(name, kind, packed, stream)
    wanted = re.fullmatch(budget.limits.members, path) and not JUNK.search(path)
    return Member(path, kind, packed, stream if wanted else None)


def _zip(stream: Any, name: str, path: str, packed: tuple[str, ...], budget: Budget) -> Iterator[Member]:
    if stream.seekable():
        yield from _zip_members(stream, name, path, packed, budget)
        return
    with budget.held(stream, path or name) as whole:
        yield from _zip_members(whole, name, path, packed, budget)


def _zip_members(stream: Any, name: str, path: str, packed: tuple[str, ...], budget: Budget) -> Iterator[Member]:
    with damage_refused(path or name):
        archive = zipfile.ZipFile(Sparing(stream))
    infos = archive.infolist()
    kind = kind_of_zip([info.filename for info in infos], shapes=budget.shapes)
    if kind != "zip":  # an Office file or a shapefile: its reader opens it, and it may be a bomb as well
        budget.unpack(sum(info.file_size for info in infos))
        stream.seek(0)
        yield _leaf(stream, name, path, kind, packed, budget)
        return
    if len(packed) >= budget.limits.most_depth:
        raise _too_deep(path or name, budget)
    _no_overlap(infos, path or name)
    for info in infos:
        inner = _safe(_zip_name(info))
        budget.member()
        if info.is_dir():
            continue
        _plain_file(stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG), inner)
        _open_to_all(bool(info.flag_bits & 1), inner)
        if info.compress_type not in ZIP_METHODS:
            raise Refused("unsupported_archive", f"{inner} is compressed in a way that cannot be read here (ZIP method {info.compress_type}). Pack it again with Deflate and send it.")
        with damage_refused(inner):
            content = archive.open(info)
        yield from _inside(Unpacked(content, budget, inner), name, posixpath.join(path, inner), (*packed, "zip"), budget)


def _no_overlap(infos: list[zipfile.ZipInfo], name: str) -> None:
    """Members that share bytes are how a small archive unpacks to a huge one."""
    ordered = sorted(infos, key=lambda info: info.header_offset)
    for info, following in zip(ordered, ordered[1:], strict=False):
        if info.header_offset + zipfile.sizeFileHeader + info.compress_size > following.header_offset:  # type: ignore[attr-defined]
            raise Refused("zip_bomb", f"The files in {name} overlap each other; the archive is damaged or hostile. Pack it again and send it.")


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Windows of the Chinese-speaking world writes names in its own code page and does not say so; the library then reads them as cp437."""
    if info.flag_bits & 0x800:
        return info.filename
    raw = info.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def _tar(stream: Any, name: str, path: str, packed: tuple[str, ...], budget: Budget) -> Iterator[Member]:
    source = Sparing(stream)
    with damage_refused(path or name):
        archive = tarfile.TarFile(fileobj=source, errors="replace")  # type: ignore[arg-type]
    while True:
        with damage_refused(path or name):
            info = archive.next()
        if info is None:
            break
        archive.members.clear()  # type: ignore[attr-defined]  # it remembers every header it met
        inner = _safe(info.name)
        budget.member()
        if info.isdir():
            continue
        _plain_file(info.isreg() and not info.issparse(), inner)
        with damage_refused(inner):
            content = archive.extractfile(info)
        yield from _inside(Unpacked(_Exact(content, info.size), budget, inner), name, posixpath.join(path, inner), packed, budget)
    if source.last != bytes(BLOCK):  # the library ends as quietly at damage, or where the rest is missing
        raise Refused("damaged_archive", f"{path or name} does not end as a TAR archive does. It is cut off or damaged; pack it again and send it.")


class _Exact:
    """A member of a TAR that has to be as long as its header says: the library ends quietly where the archive is cut off."""

    def __init__(self, source: Any, size: int) -> None:
        self._source, self._left = source, size

    def read(self, size: int) -> bytes:
        data = bytes(self._source.read(min(size, self._left)))
        self._left -= len(data)
        if not data and self._left and size:
            raise EOFError(f"{self._left} bytes are missing")
        return data


def _7z(stream: Any, name: str, path: str, packed: tuple[str, ...], budget: Budget) -> Iterator[Member]:
    """Unpacked at once: its files may be compressed as one, and the library pushes them out in one go."""
    with budget.held(stream, path or name) as whole:
        found = _Files(budget, path or name)
        with damage_refused(path or name), py7zr.SevenZipFile(whole, "r") as archive:
            names = _7z_names(archive, path or name, budget)
            archive.extractall(path="/", factory=found)
        for inner in names:
            content = found.content.pop("/" + inner, None) or io.BytesIO()
            yield from _inside(_Unseekable(content), name, posixpath.join(path, _safe(inner)), packed, budget)


def _7z_names(archive: py7zr.SevenZipFile, name: str, budget: Budget) -> list[str]:
    """Its files, in order, once all that its header says is found harmless."""
    _open_to_all(archive.password_protected, name)
    infos = archive.list()
    for info in infos:
        _safe(info.filename)
        budget.member()
        _plain_file(info.is_file or info.is_directory, info.filename)
    _modest(archive, name)
    budget.room(sum(info.uncompressed or 0 for info in infos) - budget.limits.most_held, name)
    names = [info.filename for info in infos if not info.is_directory]
    if len(set(names)) < len(names):
        raise Refused("damaged_archive", f"{name} holds two files of one name. Pack it again and send it.")
    return names


class _Unseekable(io.RawIOBase):
    """So that what is inside a 7z is treated as what is inside any other archive."""

    def __init__(self, content: io.BytesIO) -> None:
        self._content = content

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._content.readinto(buffer)


class _Files(WriterFactory):
    def __init__(self, budget: Budget, name: str) -> None:
        self.content: dict[str, io.BytesIO] = {}
        self._budget, self._name, self.size = budget, name, 0

    def create(self, filename: str) -> Py7zIO:
        self.content[filename] = io.BytesIO()
        return _File(self.content[filename], self)

    def grown(self, count: int) -> None:
        self.size += count
        self._budget.unpack(count)
        self._budget.room(self.size - self._budget.limits.most_held, self._name)


class _File(Py7zIO):
    def __init__(self, content: io.BytesIO, files: _Files) -> None:
        self._content, self._files = content, files

    def write(self, s: bytes | bytearray) -> int:
        self._files.grown(len(s))
        return self._content.write(s)

    def read(self, size: int | None = None) -> bytes:
        return self._content.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._content.seek(offset, whence)

    def flush(self) -> None:
        pass

    def size(self) -> int:
        return self._content.getbuffer().nbytes


def _modest(archive: py7zr.SevenZipFile, name: str) -> None:
    """The coders of LZMA, LZMA2 and PPMd say how much memory they need; a hostile archive says a lot."""
    streams = archive.header.main_streams
    for folder in streams.unpackinfo.folders if streams else ():
        for coder in folder.coders:
            method, said = coder["method"], coder.get("properties") or b""
            asked = (2 | said[0] & 1) << (said[0] // 2 + 11) if method == b"\x21" and said else 0
            if method in (b"\x03\x01\x01", b"\x03\x04\x01") and len(said) >= 5:
                asked = struct.unpack("<I", said[1:5])[0]
            if asked > DICTIONARY:
                raise Refused("zip_bomb", f"{name} needs {asked >> 20} MiB of memory to be unpacked. Pack it again with a smaller dictionary, or as ZIP.")


def _safe(name: str) -> str:
    """The path of a member with plain slashes. Raises Refused where it leads out of the archive's folder."""
    path = name.replace("\\", "/")
    if path.startswith("/") or not path or ".." in path.split("/") or re.match(r"[A-Za-z]:", path) or "\x00" in path:
        raise Refused("unsafe_path", f"The archive holds a file named {name[:80]!r}, which leads out of its folder. Pack the files again by their plain names.")
    return posixpath.normpath(path)


def _plain_file(plain: bool, name: str) -> None:
    if not plain:
        raise Refused("link_in_archive", f"{name} in the archive is a link, a device or a file with holes, not a plain file. Pack the files themselves.")


def _open_to_all(encrypted: bool, name: str) -> None:
    if encrypted:
        raise Refused("encrypted", f"{name} is protected by a password, which is not known here. Send it without one.")


def _without_ending(path: str, kind: str) -> str:
    return next((path[: -len(e)] for e in ENDINGS[kind] if path.lower().endswith(e) and len(path) > len(e)), path)
