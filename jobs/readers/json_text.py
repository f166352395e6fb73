"""A JSON document as UTF-8 that ijson can be given: whole characters only, and no number that takes its process down."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from jobs.contracts.model import Reader
from jobs.readers.json_guard import guarded
from jobs.readers.outcome import Refused
from jobs.readers.pieces import utf8

MOST_NESTED = 1000  # arrays and objects around a value
HIGH, LOW, HEX = rb"\\u[dD][89abAB]", rb"\\u[dD][c-fC-F]", rb"[0-9a-fA-F]{2}"
HALF = re.compile(rb"(?<!\\)(?:\\\\)*(?:" + HIGH + HEX + rb"(?!" + LOW + rb")|(?<!" + HIGH + HEX + rb")" + LOW + HEX + rb")")
ESCAPE, PAIR = 6, 12  # bytes of half a character, and of two halves that make one


def json_pieces(reader: Reader, stream: Any) -> Iterator[bytes]:
    """The document in UTF-8, piece by piece. Raises Refused for bytes and escapes that are no text, ValueError before a number that no program holds."""
    return _of_whole_characters(guarded(utf8(stream, reader.encoding)))


def too_deep() -> Refused:
    return Refused("unreadable", f"The file is no agreed JSON: its values are nested more than {MOST_NESTED} levels deep. Send it again as agreed.")


def _of_whole_characters(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """ijson puts a question mark where an escape is half a character; here that is Refused."""
    before, passed = b"", 0
    for piece in pieces:
        data = before + piece
        _refuse_halves(data, passed - len(before), len(data) - PAIR)
        passed += len(piece)
        before = data[-4 * PAIR :]
        yield piece
    _refuse_halves(before, passed - len(before), len(before))


def _refuse_halves(data: bytes, offset: int, end: int) -> None:
    """What begins before `end`; a half near the end may still be followed by the other. `offset`: of the data in the file."""
    if b"\\ud" not in data and b"\\uD" not in data:
        return
    for half in HALF.finditer(data):
        if half.end() - ESCAPE < end:
            place = offset + half.end() - ESCAPE
            raise Refused("unreadable", f"At byte {place} stands half a character: a \\ud800 to \\udfff without its other half. Write the text again and send it.")
