"""Regexes of rules: one pattern, read as Java (Spark, Great Expectations) reads it, by Rust's engine (Polars).

Only what both engines can be made to read alike is taken; the rest (look-around, back-references, flags, `\\b`, `\\p`, …) is left to Spark.
"""

from __future__ import annotations

import re
from functools import lru_cache

import polars as pl

ENDS = r"\n\r\x{85}\x{2028}\x{2029}"  # Java's line terminators: its `.` stops at them, its `$` stands before a last one
SETS = {"d": "0-9", "w": "a-zA-Z_0-9", "s": r" \t\n\x0B\x0C\r"}  # ASCII in Java, Unicode in Rust
ATOM = r"(?P<{name}set>\\[dDwWsS])|(?P<{name}char>\\[tnrf]|\\x[0-9A-Fa-f]{{2}}|\\u(?![dD][89a-fA-F])[0-9A-Fa-f]{{4}}|\\[!-/:;=?@\[-`{{-~]|{plain})"
TOKEN = re.compile(
    ATOM.format(name="", plain=r"[^\\\[\](){}|*+?.^$]")
    + r"|(?P<any>\.)|(?P<class>\[\^?(?:\\.|[^\\\[\]])+\])|(?P<open>\((?:\?:|\?<[A-Za-z][A-Za-z0-9]*>|(?!\?)))|(?P<close>\))|(?P<or>\|)|(?P<start>\^)|(?P<end>\$)"
    + r"|(?P<times>(?:[*+?]|\{\d{1,3}(?:,(?:\d{1,3})?)?\})\??)",
    re.DOTALL,
)
MEMBER = re.compile(ATOM.format(name="", plain=r"[^\\\[\]^]"), re.DOTALL)
REPEATABLE = ("set", "char", "any", "class", "close")


@lru_cache(maxsize=1024)
def native_regex(pattern: str) -> str | None:
    """The pattern for Polars that finds what Java finds in a text; None where there is none.

    A text that ends in a carriage return and a line feed is the one place where `$` is read wider than in Java; see `ends_alike`.
    """
    made = _translated(pattern)
    if made is None:
        return None
    try:
        pl.Series([""]).str.contains(made)
    except pl.exceptions.ComputeError:
        return None  # Rust refuses it, mostly for its compiled size
    return made


def _translated(pattern: str) -> str | None:
    out: list[str] = []
    depth, before, position = 0, "", 0
    while position < len(pattern):
        match = TOKEN.match(pattern, position)
        if match is None:
            return None
        kind, text, position = str(match.lastgroup), match[0], match.end()
        depth += {"open": 1, "close": -1}.get(kind, 0)
        piece = _piece(kind, text)
        last = position == len(pattern) or (depth == 0 and pattern[position] == "|")
        if piece is None or depth < 0 or (kind == "times" and before not in REPEATABLE) or (kind == "end" and not (last and depth == 0)):
            return None
        out.append(piece)
        before = kind
    return "".join(out) if depth == 0 else None


def _piece(kind: str, text: str) -> str | None:
    if kind == "any":
        return f"[^{ENDS}]"
    if kind == "end":
        return rf"(?:\r\n|[{ENDS}])?\z"
    if kind == "set":
        return _set(text)
    return _class(text) if kind == "class" else text


def _set(text: str) -> str:
    return f"[{'^' if text[1].isupper() else ''}{SETS[text[1].lower()]}]"


def _class(text: str) -> str | None:
    """A bracketed class, member by member; None for what the engines join, nest or order in ways of their own."""
    negated = text.startswith("[^")
    body = text[2 if negated else 1 : -1]
    if any(operator in body for operator in ("&&", "--", "~~")) or body.startswith("]"):
        return None
    members: list[str] = []
    position = 0
    while position < len(body):
        match = MEMBER.match(body, position)
        if match is None:
            return None
        if match[0] == "-" and 0 < position < len(body) - 1 and not _range(members, body, position):
            return None
        members.append(_set(match[0]) if match.lastgroup == "set" else match[0])
        position = match.end()
    return f"[{'^' if negated else ''}{''.join(members)}]"


def _range(members: list[str], body: str, position: int) -> bool:
    """Whether the hyphen here joins two single characters, the lower first, without the surrogates that only Java's texts are made of."""
    following = MEMBER.match(body, position + 1)
    if following is None or following.lastgroup == "set" or following[0] == "-" or members[-1].startswith("[") or (len(members) > 1 and members[-2] == "-" and len(members) > 2):
        return False
    low, high = _code(members[-1]), _code(following[0])
    return low <= high and not (low < 0xD800 and high > 0xDFFF)


def _code(text: str) -> int:
    if text[0] != "\\":
        return ord(text)
    if text[1] in "xu":
        return int(text[2:], 16)
    return ord({"t": "\t", "n": "\n", "r": "\r", "f": "\f"}.get(text[1], text[1]))


def matches(value: pl.Expr, pattern: str) -> pl.Expr:
    """Whether Java finds `pattern` in the text. Raises ValueError for a pattern that is not native."""
    native = native_regex(pattern)
    if native is None:
        raise ValueError(f"{pattern!r} is not read alike by Polars and Spark")
    found = value.str.contains(native)
    if not native.endswith(r"\z") and r"\z|" not in native:
        return found
    # Java's `$` does not stand between a carriage return and a line feed: there, ask for the ends it knows, one after the other
    strict = native.replace(rf"(?:\r\n|[{ENDS}])?\z", r"\z")
    exact = value.str.contains(strict) | value.str.strip_suffix("\r\n").str.contains(strict)
    return pl.when(value.str.ends_with("\r\n")).then(exact).otherwise(found)
