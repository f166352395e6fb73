"""A JSON document as UTF-8 that ijson can be given: it takes its process down at a number that Python refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from jobs.contracts.model import Reader
from jobs.readers.outcome import Refused
from jobs.readers.pieces import utf8

MOST_NESTED, MOST_DIGITS = 1000, 4000  # arrays and objects around a value; digits of a number
ONE_DIGIT = b"0"
AS_ONE_DIGIT = bytes.maketrans(b"123456789", ONE_DIGIT * 9)
EXPONENTS = (b"e", b"E", b"e+", b"E+", b"e-", b"E-")
MONSTER = re.compile(rb"[:\[,\s]-?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]{16}")

HIGH, LOW, HEX = rb"\\u[dD][89abAB]", rb"\\u[dD][c-fC-F]", rb"[0-9a-fA-F]{2}"
HALF = re.compile(rb"(?<!\\)(?:\\\\)*(?:" + HIGH + HEX + rb"(?!" + LOW + rb")|(?<!" + HIGH + HEX + rb")" + LOW + HEX + rb")")
PAIR = 12  # bytes of two halves that make a character


def json_pieces(reader: Reader, stream: Any) -> Iterator[bytes]:
    """The document in UTF-8, piece by piece. Raises Refused for bytes and escapes that are no text, and before a number that no program holds."""
    return _tamed(utf8(stream, reader.encoding))


def too_deep() -> Refused:
    return Refused("unreadable", f"The file is no agreed JSON: its values are nested more than {MOST_NESTED} levels deep. Send it again as agreed.")


def _tamed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    before, passed = b"", 0
    for piece in pieces:
        data = before + piece
        if _monstrous(data):
            raise Refused("unreadable", f"The file is no agreed JSON: a number has more than {MOST_DIGITS} digits, or an exponent beyond all use. Send it again as agreed.")
        _refuse_halves(data, passed - len(before), len(data) - PAIR)
        passed += len(piece)
        before = data[-2 * MOST_DIGITS :]
        yield piece
    _refuse_halves(before, passed - len(before), len(before))


def _refuse_halves(data: bytes, offset: int, end: int) -> None:
    """What begins before `end`; a half near the end may still be followed by the other. `offset`: of the data in the file."""
    if b"\\ud" not in data and b"\\uD" not in data:
        return
    for half in HALF.finditer(data):
        if half.start() < end:
            place = offset + half.end() - PAIR // 2
            raise Refused("unreadable", f"At byte {place} stands half a character: a \\ud800 to \\udfff without its other half. Write the text again and send it.")


def _monstrous(data: bytes) -> bool:
    digits = data.translate(AS_ONE_DIGIT)
    return ONE_DIGIT * MOST_DIGITS in digits or (any(sign + ONE_DIGIT * 16 in digits for sign in EXPONENTS) and MONSTER.search(data) is not None)
