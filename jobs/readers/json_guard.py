"""Numbers in JSON that ijson must not meet: its parser takes the process down at one that Python cannot hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

MOST_DIGITS = 4000
ONE_DIGIT = b"0"
AS_ONE_DIGIT = bytes.maketrans(b"123456789", ONE_DIGIT * 9)
EXPONENTS = (b"e", b"E", b"e+", b"E+", b"e-", b"E-")
MONSTER = re.compile(rb"[:\[,\s]-?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]{16}")


def guarded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces of a document. Raises ValueError before one is given that ends such a number."""
    before = b""
    for piece in pieces:
        seen = before + piece
        if _monstrous(seen):
            raise ValueError(f"a number has more than {MOST_DIGITS} digits, or an exponent beyond all use")
        before = seen[-MOST_DIGITS:]
        yield piece


def _monstrous(data: bytes) -> bool:
    """Also where so many digits stand in a text, which no data has."""
    digits = data.translate(AS_ONE_DIGIT)
    return ONE_DIGIT * MOST_DIGITS in digits or (any(sign + ONE_DIGIT * 16 in digits for sign in EXPONENTS) and MONSTER.search(data) is not None)
