"""Delimited text whose quotes say two things: Arrow ends a quoted field at the first quote that is not doubled and takes what follows for more of it,
so that `"say "hi" now"` would become `say hi" now"` without a word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from jobs.readers.count import NEWLINE, RETURN, LineCounter, places
from jobs.readers.encoding import BLOCK

WRONG = "a quote inside a quoted field is not doubled, or a quote is not closed: where the field ends cannot be told"


def broken_records(data: bytes, delimiter: str, quote: str | None, escape: str | None) -> tuple[dict[int, bytes], int]:
    """Records with such a field (numbered from 0, blank lines not counted) → their text; and how many records there are, where there is one. `data`: UTF-8, whole records."""
    if quote is None or quote.encode() not in data or _sound(data, delimiter, quote, escape):
        return {}, 0
    grammar, found, record, at = _grammar(delimiter, quote, escape), {}, 0, 0
    while at < len(data):
        sound = grammar.sound.match(data, at)
        match = sound or grammar.any.match(data, at)
        if match is None:  # an escape ends the text
            break
        text = match.end("text") - at
        if not sound:
            found[record] = data[at : at + text]
        record, at = record + bool(text), match.end()
    return found, record


def _sound(data: bytes, delimiter: str, quote: str, escape: str | None) -> bool:
    """Every first quote begins a field, every second one ends it, or two of them stand for one. Told by the bytes beside them, a block at a time: it costs little where quotes are as agreed."""
    held, escapes, inside = np.frombuffer(data, dtype=np.uint8), LineCounter(None, escape), 0
    beside = np.zeros(256, dtype=np.bool_)
    beside[[ord(delimiter), ord(quote), NEWLINE, RETURN]] = True
    for start in range(0, len(held), BLOCK):
        block = held[start : start + BLOCK]
        quotes = places(block, ord(quote), escapes.plain(block)) + start
        opening, closing = quotes[inside::2], quotes[1 - inside :: 2]
        if opening.size and opening[0] == 0:  # nothing stands before it
            opening = opening[1:]
        if not (beside[held[opening - 1]].all() and beside[held.take(closing + 1, mode="clip")].all()):
            return False
        inside = (inside + len(quotes)) % 2
    return inside == 0


@dataclass(frozen=True)
class Grammar:
    """A record (`text`) and its line end, as Arrow reads it: `any`, and one in which every field that begins with a quote ends with one (`sound`)."""

    sound: re.Pattern[bytes]
    any: re.Pattern[bytes]


@lru_cache
def _grammar(delimiter: str, quote: str, escape: str | None) -> Grammar:
    d, q, e = (re.escape(mark.encode()) if mark else b"" for mark in (delimiter, quote, escape))
    escaped = rb"|" + e + rb"[\s\S]" if escape else b""
    inside = rb"(?:[^" + q + e + rb"]++" + escaped + rb"|" + q + q + rb")*+"
    plain = rb"(?:[^\r\n" + d + e + rb"]++" + escaped + rb")*+"
    sound = rb"(?:" + q + inside + q + rb"(?=" + d + rb"|[\r\n]|\Z)|(?!" + q + rb")" + plain + rb")"
    some = rb"(?:" + q + inside + q + rb"?+)?+" + plain
    first, last = rb"(?P<text>", rb")(?:\r\n?|\n|\Z)"
    return Grammar(*(re.compile(first + field + rb"(?:" + d + field + rb")*+" + last) for field in (sound, some)))
