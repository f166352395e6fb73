"""A byte range of JSON lines or fixed width, read by itself out of a delivery that was cut when it was registered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from jobs.contracts.model import Contract
from jobs.readers.content import File, as_found
from jobs.readers.delimited import MOST_HEADER
from jobs.readers.fixed_width import Ends, check_control, read_fixed_width_range, read_header
from jobs.readers.frames import Part
from jobs.readers.json_lines import read_json_lines
from jobs.readers.lined import Place

Fetch = Callable[[int, int], bytes]  # (start, end) → the bytes of the delivery


def read_line_piece(contract: Contract, fetch: Fetch, place: Place, end: int, files: Sequence[File], constants: Mapping[str, str]) -> Part:
    """The bytes from `place` to `end`. Raises Refused, also where the control count of the whole file is not the number of its rows: the last range tells."""
    data = fetch(place.offset, end)
    contract = as_found(contract, files)
    if contract.reader.format == "jsonl":
        return read_json_lines(contract, data, constants, place)
    header: tuple[str, ...] = ()
    if not place.first and contract.reader.header_record:
        header = read_header(fetch(0, min(place.offset, MOST_HEADER)), contract.reader)
    part, found = read_fixed_width_range(contract, data, constants, place, header)
    if place.last:
        ends = Ends(header + found.header, found.trailer)
        rows = part.records if place.first else sum((f.lines or 0) - f.blank for f in files) - len(ends.header) - len(ends.trailer)
        check_control(contract.reader, ends, rows)
    return part
