"""Deliveries that are read from their beginning (inside archives, or UTF-16): the files that registering noted, in parts of bounded size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from jobs.contracts.model import Contract
from jobs.readers.cells import Cells
from jobs.readers.containers import members
from jobs.readers.content import File, as_found
from jobs.readers.delimited import read_csv_part, read_head
from jobs.readers.encoding import as_utf8
from jobs.readers.fixed_width import Ends, check_control, read_fixed_width_range
from jobs.readers.formats import STREAMS, WAYS
from jobs.readers.frames import Part, captured_lines, captured_path, together
from jobs.readers.inspection import whole
from jobs.readers.json_lines import read_json_lines
from jobs.readers.lined import LINED, Place
from jobs.readers.outcome import Refused
from jobs.readers.streams import CHUNK

PART_BYTES = 32 << 20  # of a frame: a range of a long text, or many small files


@dataclass(frozen=True)
class Source:
    """A delivered file: `stream` can be sought in; `name` and `constants` are for every record in it."""

    stream: Any
    size: int
    name: str
    constants: Mapping[str, str]


@dataclass(frozen=True)
class Batch:
    """Some rows of a delivery, records numbered through all its files. `last`: nothing follows."""

    part: Part
    last: bool


def batches(contract: Contract, source: Source, files: Sequence[File]) -> Iterator[Batch]:
    """All rows of a delivery, PART_BYTES or a little more at a time. Raises Refused, also after some batches were given."""
    waiting: list[Part] = []
    for part in _parts(contract, source, files):
        if waiting and sum(p.frame.estimated_size() for p in waiting) >= PART_BYTES:
            yield _batch(waiting, last=False)
            waiting = []
        waiting.append(part)
    yield _batch(waiting, last=True)


def _batch(parts: Sequence[Part], last: bool) -> Batch:
    _refuse_retyped([p.frame for p in parts])
    try:
        frame = pl.concat([p.frame for p in parts], how="vertical_relaxed")
    except pl.exceptions.PolarsError as problem:  # Parquet: the files have types of their own
        raise Refused("retyped_column", f"A column has different types in the files of the archive ({str(problem)[:120]}). Send them with the same types.") from None
    return Batch(together(parts, frame), last)


def _refuse_retyped(frames: Sequence[pl.DataFrame]) -> None:
    """Polars would make a number of a day, or cut the digits of a whole number that stands beside fractions, to put columns together."""
    for name in frames[0].columns:
        kinds = {frame.schema[name] for frame in frames} - {pl.Null(), pl.String()}
        if len(kinds) > 1 and not _fit(kinds, [frame[name] for frame in frames]):
            raise Refused("retyped_column", f"The column {name!r} has different types in the files of the archive ({', '.join(sorted(map(str, kinds)))}). Send them with the same types.")


def _fit(kinds: Set[pl.DataType], columns: Sequence[pl.Series]) -> bool:
    """Whether values of these types can stand in one column as they are."""
    if not all(kind.is_numeric() for kind in kinds):
        return all(isinstance(kind, (pl.Date, pl.Datetime)) for kind in kinds)
    if not any(kind.is_float() for kind in kinds):
        return True
    whole = [column.cast(pl.Int128).abs().max() or 0 for column in columns if column.dtype.is_integer()]
    return not any(kind.is_decimal() for kind in kinds) and all(largest < 2**53 for largest in whole)  # type: ignore[operator]


def _parts(contract: Contract, source: Source, files: Sequence[File]) -> Iterator[Part]:
    """In order. What registering wanted counts, not what the contract has come to say since."""
    noted, before, shapes = iter(files), 0, contract.reader.format == "shapefile"
    expected = next(noted, None)
    for member in members(source.stream, source.size, source.name, replace(contract.reader.archive, members=".*"), shapes=shapes):
        if expected is None or member.name != expected.name or member.stream is None:
            continue
        constants = {**source.constants, **_captures(captured_path(contract, source.name)), "$member": member.name}
        if contract.reader.format in LINED and expected.ranges:
            reader = replace(contract.reader, encoding="utf-8" if expected.wide else expected.encoding.name if expected.encoding else None)
            yield from _lined(replace(contract, reader=reader), member.stream, expected, constants, before)
            before += expected.lines or 0
        elif contract.reader.format in STREAMS:
            last = before
            for part in STREAMS[contract.reader.format].read(as_found(contract, [expected]), member.stream, constants):
                yield (part := _renumbered(part, before))
                last = max(last, _last_record(part))
            before = max(before + (expected.lines or 0), last)
        else:
            part = _renumbered(WAYS[contract.reader.format].read(as_found(contract, [expected]), whole(member, contract.reader), constants), before)
            yield part
            before = max(before + (expected.lines or 0), _last_record(part))
        expected = next(noted, None)
    if expected is not None:
        raise Refused("damaged_archive", f"{expected.name} is not in the archive any more, or stands in another place. Send it again.")


def _lined(contract: Contract, stream: Any, file: File, constants: Mapping[str, str], before: int) -> Iterator[Part]:
    """`before`: source records of the files before this one."""
    chunks: Iterator[bytes] = iter(lambda: stream.read(CHUNK), b"")
    if file.wide and file.encoding:
        chunks = as_utf8(chunks, file.encoding.name)
    cut = zip(_cut(chunks, [r[1] - r[0] for r in file.ranges]), file.ranges, strict=True)
    if contract.reader.format == "csv":
        yield from _csv_parts(contract, cut, file, constants, before)
        return
    placed = ((data, Place(before + lines + 1, start, start == 0, end == file.ranges[-1][1])) for data, (start, end, lines) in cut)
    if contract.reader.format == "jsonl":
        yield from (read_json_lines(contract, data, constants, place) for data, place in placed)
    else:
        yield from _fixed_width_parts(contract, placed, constants)


def _fixed_width_parts(contract: Contract, placed: Iterable[tuple[bytes, Place]], constants: Mapping[str, str]) -> Iterator[Part]:
    ends, rows = Ends(), 0
    for data, place in placed:
        part, found = read_fixed_width_range(contract, data, constants, place, ends.header)
        ends, rows = Ends(ends.header + found.header, found.trailer), rows + part.records
        yield part
    check_control(contract.reader, ends, rows)


def _csv_parts(contract: Contract, cut: Iterable[tuple[bytes, tuple[int, int, int]]], file: File, constants: Mapping[str, str], before: int) -> Iterator[Part]:
    reader, head = contract.reader, None
    for data, (start, end, lines) in cut:
        first, preamble, offset = before + lines + 1, 0, start
        if head is None:
            head = read_head(data, reader)
            constants = {**constants, **_captures(captured_lines(contract, head.preamble))}
            preamble, offset = head.records, head.length
            data, first = data[head.length :], first + reader.preamble_lines + reader.header_lines
        part = read_csv_part(contract, data, head, constants, first, end == file.ranges[-1][1], offset)
        yield replace(part, preamble=part.preamble + preamble)


def _captures(groups: Mapping[str, str]) -> dict[str, str]:
    return {f"$capture.{group}": value for group, value in groups.items()}


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
    ragged = tuple(replace(record, record=record.record + before) for record in part.ragged)
    return replace(part, cells=Cells.of(part.frame.with_columns(pl.col("_record") + before)), ragged=ragged) if before else part


def _last_record(part: Part) -> int:
    """Rows of a sheet and lines of a text are numbered with the blank ones, which the counter passes over."""
    return max(int(part.frame["_record"].max() or 0), *(record.record for record in part.ragged), 0)  # type: ignore[arg-type]
