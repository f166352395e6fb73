"""The rows of a delivery, a piece at a time: which reader reads what, out of what registering noted."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from jobs.contracts.model import Contract, Reader
from jobs.readers.columnar import read_parquet_range
from jobs.readers.content import Content, as_found
from jobs.readers.delimited import MOST_HEADER, Head, read_csv_part, read_head
from jobs.readers.formats import STREAMS, WAYS
from jobs.readers.frames import Part, captured_lines, captured_path
from jobs.readers.line_pieces import read_line_piece
from jobs.readers.lined import LINED, Place
from jobs.readers.outcome import Refused
from jobs.readers.packed import Source, batches
from jobs.readers.raw import RawObject
from jobs.readers.streams import Ranged

Fetch = Callable[[int, int], bytes]  # (start, end) → the bytes of the delivery
HEADS: dict[tuple[str, Reader], Head] = {}
MOST_HEADS = 100


@dataclass(frozen=True)
class Piece:
    """A byte range of a delivery; `lines` record lines stand before it. `whole`: the delivery has no other piece."""

    raw: RawObject
    period: str
    name: str
    start: int
    end: int
    lines: int
    last: bool
    whole: bool
    content: Content = Content()
    counted: dict[str, Any] = field(default_factory=dict)  # of the receipt: records, splits, count_error


def read_piece(contract: Contract, fetch: Fetch, piece: Piece) -> Iterator[tuple[Part, bool]]:
    """(rows as sent, whether they are the last) of a piece. Raises Refused, also after some rows were given."""
    reader = contract.reader
    if piece.raw.size == 0:
        if reader.files_without_rows == "skip_empty":
            raise Refused("not_applicable", "a file of a sibling dataset")
        raise Refused("empty", "The file is empty (0 bytes). Send it again.")
    piece.content.require()
    constants = {"$period": piece.period, "$member": piece.name} | {f"$capture.{k}": v for k, v in captured_path(contract, piece.name).items()}
    if piece.content.in_order or (reader.format in STREAMS and piece.content.files):
        yield from _read_in_order(contract, fetch, piece, constants)
    elif reader.format == "csv":
        yield _read_csv(contract, fetch, piece, constants), piece.last
    elif reader.format in LINED:
        place = Place(piece.lines + 1, piece.start, piece.start == 0, piece.last)
        part = read_line_piece(contract, fetch, place, piece.end, piece.content.files, constants)
        if piece.whole and part.records == 0:
            _no_rows(contract)
        yield part, piece.last
    elif reader.format == "parquet" and not piece.whole:
        yield read_parquet_range(contract, io.BufferedReader(Ranged(fetch, piece.raw.size)), piece.raw.size, piece.start, constants), piece.last
    else:
        part = WAYS[reader.format].read(as_found(contract, piece.content.files), fetch(0, piece.raw.size), constants)
        if part.records == 0:
            _no_rows(contract)
        yield part, True


def _read_in_order(contract: Contract, fetch: Fetch, piece: Piece, constants: dict[str, str]) -> Iterator[tuple[Part, bool]]:
    stream = Ranged(fetch, piece.raw.size)
    source, records = Source(stream, piece.raw.size, piece.name, constants), 0
    for batch in batches(contract, source, piece.content.files):
        records += batch.part.records
        if batch.last and records == 0:
            _no_rows(contract)
        yield batch.part, batch.last


def _no_rows(contract: Contract) -> None:
    if contract.reader.files_without_rows != "reject":
        raise Refused("not_applicable", "a file of a sibling dataset")
    raise Refused("no_rows", "The file can be read, but no row was found in it. Check that it is the agreed dump, and send it again.")


def _read_csv(contract: Contract, fetch: Fetch, piece: Piece, constants: dict[str, str]) -> Part:
    contract = as_found(contract, piece.content.files)
    reader, preamble, offset = contract.reader, 0, piece.start
    if piece.start == 0:
        data = fetch(0, piece.end)
        head = read_head(data, reader)
        data, first, preamble, offset = data[head.length :], reader.preamble_lines + reader.header_lines + 1, head.records, head.length
    else:
        head = _head(fetch, piece.raw.key, reader)
        data, first = fetch(piece.start, piece.end), piece.lines + 1
    constants |= {f"$capture.{k}": v for k, v in captured_lines(contract, head.preamble).items()}
    part = read_csv_part(contract, data, head, constants, first, piece.last, offset)
    if piece.whole and part.records == 0:
        _no_rows(contract)
    return replace(part, preamble=part.preamble + preamble)


def _head(fetch: Fetch, key: str, reader: Reader) -> Head:
    """The head of a file for its later pieces; a worker reads it once, as the key names the content."""
    if (key, reader) not in HEADS:
        if len(HEADS) >= MOST_HEADS:
            HEADS.clear()
        HEADS[key, reader] = read_head(fetch(0, MOST_HEADER), reader)
    return HEADS[key, reader]
