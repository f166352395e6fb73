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


def json_pieces(reader: Reader, stream: Any) -> Iterator[bytes]:
    """The document in UTF-8, piece by piece. Raises Refused for bytes that are no text, and before a number that no program holds."""
    return _tamed(utf8(stream, reader.encoding))


def too_deep() -> Refused:
    return Refused("unreadable", f"The file is no agreed JSON: its values are nested more than {MOST_NESTED} levels deep. Send it again as agreed.")


def _tamed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    before = b""
    for piece in pieces:
        if _monstrous(before + piece):
            raise Refused("unreadable", f"The file is no agreed JSON: a number has more than {MOST_DIGITS} digits, or an exponent beyond all use. Send it again as agreed.")
        before = (before + piece)[-2 * MOST_DIGITS :]
        yield piece


def _monstrous(data: bytes) -> bool:
    digits = data.translate(AS_ONE_DIGIT)
    return ONE_DIGIT * MOST_DIGITS in digits or (any(sign + ONE_DIGIT * 16 in digits for sign in EXPONENTS) and MONSTER.search(data) is not None)
