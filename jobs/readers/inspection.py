"""The first look at a delivery: what is in it, in which encoding, and how many records, by a count that no parser takes part in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import ijson

from jobs.contracts.model import Reader
from jobs.readers.columnar import parquet_ranges
from jobs.readers.containers import Member, members
from jobs.readers.content import SHOWN, Content, File
from jobs.readers.count import SPLIT_BYTES, leads
from jobs.readers.encoding import Encoding, Probe, as_utf8, wide, wide_told
from jobs.readers.formats import STREAMS, WAYS
from jobs.readers.lined import LINED, counters, ranges
from jobs.readers.outcome import Refused
from jobs.readers.pieces import Overheard
from jobs.readers.sniff import CONTAINERS, HEAD, kind_of, require
from jobs.readers.streams import BROKEN, CHUNK, damage_refused
from jobs.readers.xml_count import xml_encoding

MOST_SQL = 128 << 20  # bytes of a plain SQL dump, which is read whole: several times as much while it is taken apart
HELD = 8 << 20  # bytes of a stream that may have to be read again, in memory; the rest waits on disk
MOST_RECORD = 32 << 20  # bytes of one record; more is a file without line ends, or with a quote that never closes


def is_plain_text(head: bytes, reader: Reader) -> bool:
    """Text as it was delivered, whose byte ranges can be read by themselves."""
    if reader.format not in LINED or kind_of(head) in CONTAINERS:
        return False
    try:
        return wide(head, reader.encoding) is None
    except Refused:  # found again, and noted, by `archive_content`
        return False


def text_content(chunks: Iterable[bytes], name: str, reader: Reader) -> Content:
    """All of a plain text is read, whatever is found, as the caller takes its hash on the way."""
    file, refused = _text(File(name, "text"), chunks, reader)
    return Content((file,), refused=(refused.reason, refused.message) if refused else None)


def attachment_content(chunks: Iterable[bytes], name: str) -> Content:
    """A file that is kept and never read: an archive stays closed. All of it is read, for its hash."""
    head = b""
    for chunk in chunks:
        head = head or chunk[:HEAD]
    return Content((File(name, kind_of(head), lines=0),))


def archive_content(stream: Any, size: int, name: str, reader: Reader) -> Content:
    """Anything else. `stream`: the delivered file, can be sought in."""
    files: list[File] = []
    skipped: list[str] = []
    try:
        for member in members(stream, size, name, reader.archive, shapes=reader.format == "shapefile"):
            if member.stream is None:
                skipped.append(member.name)
                continue
            files.append(_member(member, reader))
        if not files:
            raise Refused("no_members", f"The archive holds no file named like {reader.archive.members!r}; it holds {', '.join(skipped[:5]) or 'nothing'}. Send it with the agreed files.")
    except Refused as problem:
        return Content(tuple(files), tuple(skipped[:SHOWN]), len(skipped), (problem.reason, problem.message))
    return Content(tuple(files), tuple(skipped[:SHOWN]), len(skipped))


def _member(member: Member, reader: Reader) -> File:
    require(member.kind, reader.format, member.name)
    file = File(member.name, member.kind, member.packed)
    if member.kind == "empty" and member.packed:
        raise Refused("empty", f"{member.name} in the archive is empty (0 bytes). Send it again.")
    if reader.format in LINED:
        file, refused = _text(file, iter(lambda: member.stream.read(CHUNK), b""), reader)  # type: ignore[union-attr]
        if refused:
            raise refused
        return file
    if reader.format in STREAMS:
        return _streamed(file, member.stream, reader)
    data = whole(member, reader)
    encoding = WAYS[reader.format].encoding(reader, data)
    records, problem = _counted(replace(reader, encoding=encoding.name) if encoding else reader, data)
    split = parquet_ranges(data) if reader.format == "parquet" and not member.packed and not problem else ()
    return replace(file, encoding=encoding, lines=records, problem=problem, ranges=split)


def _streamed(file: File, stream: Any, reader: Reader) -> File:
    """XML declares its encoding. JSON is counted as UTF-8 while its encoding is told, and once more where that is another."""
    if reader.format == "xml":
        encoding = xml_encoding(reader, stream.peek(HEAD)[:HEAD])
        records, problem = _counted(reader, stream)
        return replace(file, encoding=encoding, lines=records, problem=problem)
    with SpooledTemporaryFile(max_size=HELD) as kept:
        overheard = Overheard(stream, reader.encoding, kept)
        try:
            records, problem = _counted(reader, overheard)
        except Refused as error:
            if error.reason != "wrong_encoding" or reader.encoding or (found := overheard.told()).name == "utf-8":
                raise
            records, problem = _counted(replace(reader, encoding=found.name), overheard.again())
            return replace(file, encoding=found, lines=records, problem=problem)
        return replace(file, encoding=None if problem else overheard.told(), lines=records, problem=problem)


def _counted(reader: Reader, content: Any) -> tuple[int | None, str | None]:
    """Records of a file that is no delimited text, or why they cannot be counted: its reader says that in a clerk's words."""
    way: Any = STREAMS.get(reader.format) or WAYS[reader.format]
    try:
        return way.count(reader, content), None
    except Refused as error:
        if reader.format in STREAMS and error.reason != "unsafe_xml":  # it came from the archive or the encoding on the way, and is said in a clerk's words
            raise
        return None, f"{type(error).__name__}: {error.message[:200]}"
    except (ijson.JSONError, *BROKEN) as error:
        return None, f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}"


def whole(member: Member, reader: Reader) -> bytes:
    """All bytes of a file that is no delimited text. Raises Refused where it is too large to be held: inside an archive, or a plain SQL dump."""
    assert member.stream is not None
    if not member.packed:
        return _held(member.stream, reader)
    with damage_refused(member.name):
        data = member.stream.read(reader.archive.most_held + 1)
    if len(data) > reader.archive.most_held:
        raise Refused("too_big_inside", f"{member.name} in the archive is larger than {reader.archive.most_held >> 20} MiB. Send it as it is, without the archive.")
    return data


def _held(stream: IO[bytes], reader: Reader) -> bytes:
    if reader.format != "sql":
        return stream.read()
    data = stream.read(MOST_SQL + 1)
    if len(data) > MOST_SQL:
        raise Refused("too_large", f"The dump is larger than {MOST_SQL >> 20} MiB. Send it as CSV, as an SQLite file, or in several dumps.")
    return data


def _text(file: File, chunks: Iterable[bytes], reader: Reader) -> tuple[File, Refused | None]:
    """The file with what a counter saw, and why it cannot be landed, if so."""
    chunks = iter(chunks)
    first = next(chunks, b"")
    kind, counting, probe = kind_of(first[:HEAD]), counters(reader), Probe(reader.encoding)
    refused: Refused | None = None
    encoding: Encoding | None = None
    try:
        form = wide(first[:HEAD], reader.encoding)
        for chunk in as_utf8(_joined(first, chunks), form) if form else _joined(first, chunks):
            for counter in counting.values():
                counter.feed(chunk)
            if not form:
                probe.feed(chunk)
        require(kind, reader.format, file.name)
        encoding = wide_told(form, first, reader.encoding) if form else probe.found()
    except Refused as problem:
        refused = problem
    lines = counting.get(leads(reader, encoding.name if encoding else None)) or next(iter(counting.values()))
    lines.finish()
    if not refused and any(split.end - split.start > SPLIT_BYTES + MOST_RECORD for split in lines.splits()):
        refused = Refused("record_too_long", f"A record of the file is longer than {MOST_RECORD >> 20} MiB: line ends are missing, or a quote is opened and never closed. Send it again.")
    unclosed = "a quote is opened and never closed" if lines.unclosed else None
    found = replace(file, kind=kind, encoding=encoding, lines=None if unclosed else lines.lines, blank=lines.blank, ranges=ranges(lines.splits()), problem=unclosed)
    return found, refused


def _joined(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from filter(None, rest)


__all__ = ["MOST_RECORD", "archive_content", "attachment_content", "is_plain_text", "text_content", "whole"]
