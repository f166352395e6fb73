"""Deliveries that are read from their beginning (inside archives, or UTF-16): the files that registering noted, in parts of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from jobs.contracts.model import Contract
from jobs.readers.containers import members
from jobs.readers.content import File
from jobs.readers.delimited import read_head
from jobs.readers.encoding import Odd, as_utf8
from jobs.readers.frames import Part, captured, read_csv_part
from jobs.readers.inspection import whole
from jobs.readers.outcome import Refused
from jobs.readers.streams import CHUNK

PART_BYTES = 48 << 20  # of a frame: some ranges of a long text, or many small files
Whole = Callable[[Contract, bytes, Mapping[str, str]], Part]  # the reader of a format that is no text


@dataclass(frozen=True)
class Source:
    """A delivered file: `stream` can be sought in; `name` and `constants` are for every record in it."""

    stream: Any
    size: int
    name: str
    constants: Mapping[str, str]


@dataclass(frozen=True)
class Batch:
    """Some rows of a delivery, records numbered through all its files. `preamble`: lines and headers before them. `last`: nothing follows."""

    part: Part
    preamble: int
    last: bool


def batches(contract: Contract, source: Source, files: Sequence[File], read_whole: Whole) -> Iterator[Batch]:
    """All rows of a delivery, PART_BYTES or a little more at a time. Raises Refused, also after some batches were given."""
    waiting: list[tuple[Part, int]] = []
    for part, preamble in _parts(contract, source, files, read_whole):
        if waiting and sum(p.frame.estimated_size() for p, _ in waiting) >= PART_BYTES:
            yield _batch(waiting, last=False)
            waiting = []
        waiting.append((part, preamble))
    yield _batch(waiting, last=True)


def _batch(parts: Sequence[tuple[Part, int]], last: bool) -> Batch:
    found = [part for part, _ in parts]
    try:
        frame = pl.concat([p.frame for p in found], how="vertical_relaxed")
    except pl.exceptions.PolarsError as problem:  # Parquet: the files have types of their own
        raise Refused("retyped_column", f"A column has different types in the files of the archive ({str(problem)[:120]}). Send them with the same types.") from None
    joined = Part(
        frame, sum(p.records for p in found), tuple(r for p in found for r in p.ragged), sum(p.footnotes for p in found),
        tuple(sorted({event for p in found for event in p.drift})), found[0].origins, Odd(sum(p.odd.private_use for p in found), sum(p.odd.replacement for p in found)),
    )  # fmt: skip
    return Batch(joined, sum(preamble for _, preamble in parts), last)


def _parts(contract: Contract, source: Source, files: Sequence[File], read_whole: Whole) -> Iterator[tuple[Part, int]]:
    """(part, lines before its rows) in order. What registering wanted counts, not what the contract has come to say since."""
    noted, before = iter(files), 0
    expected = next(noted, None)
    for member in members(source.stream, source.size, source.name, replace(contract.reader.archive, members=".*")):
        if expected is None or member.name != expected.name or member.stream is None:
            continue
        constants = {**source.constants, "$member": member.name}
        if contract.reader.format == "csv":
            reader = replace(contract.reader, encoding="utf-8" if expected.wide else expected.encoding.name if expected.encoding else None)
            yield from _csv_parts(replace(contract, reader=reader), member.stream, source.name, expected, constants, before)
        else:
            part = read_whole(contract, whole(member, contract.reader), constants | _captured(contract, source.name, ()))
            yield _renumbered(part, before), contract.reader.preamble_lines + 1 if contract.reader.format == "excel" else 0
        before += expected.lines or 0
        expected = next(noted, None)
    if expected is not None:
        raise Refused("damaged_archive", f"{expected.name} is not in the archive any more, or stands in another place. Send it again.")


def _csv_parts(contract: Contract, stream: Any, name: str, file: File, constants: Mapping[str, str], before: int) -> Iterator[tuple[Part, int]]:
    """`before`: source records of the files before this one."""
    reader, head = contract.reader, None
    chunks: Iterator[bytes] = iter(lambda: stream.read(CHUNK), b"")
    if file.wide and file.encoding:
        chunks = as_utf8(chunks, file.encoding.name)
    for data, (start, end, lines) in zip(_cut(chunks, [r[1] - r[0] for r in file.ranges]), file.ranges, strict=True):
        first, preamble, offset = before + lines + 1, 0, start
        if head is None:
            head = read_head(data, reader)
            constants = {**constants, **_captured(contract, name, head.preamble)}
            preamble, offset = head.skipped, head.length
            data, first = data[head.length :], first + reader.preamble_lines + 1
        yield read_csv_part(contract, data, head, constants, first, end == file.ranges[-1][1], offset), preamble


def _captured(contract: Contract, name: str, preamble: Sequence[str]) -> dict[str, str]:
    return {f"$capture.{group}": value for group, value in captured(contract, name, preamble).items()}


def _cut(chunks: Iterable[bytes], sizes: Sequence[int]) -> Iterator[bytes]:
    """Pieces of these sizes, one in memory at a time, and no more or fewer bytes than there are."""
    coming, held = iter(chunks), bytearray()
    for size in sizes:
        while len(held) < size and (chunk := next(coming, b"")):
            held += chunk
        if len(held) < size:
            raise Refused("count_mismatch", "The file is shorter than it was when it was registered. Send it again.")
        yield bytes(held[:size])
        del held[:size]
    if held or next(coming, b""):
        raise Refused("count_mismatch", "The file is longer than it was when it was registered. Send it again.")


def _renumbered(part: Part, before: int) -> Part:
    return replace(part, frame=part.frame.with_columns(pl.col("_record") + before)) if before else part
