"""The date formats a contract may state: what each looks like as a regex, and what it lacks. Nothing is parsed here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

NUMERIC = ("excel1900", "excel1904", "epochSeconds", "epochMilliseconds")  # numbers that stand for a moment
ROC = "roc:"  # in front of a format whose years count from 1912, the first year of the Republic of China
ALIASES = {"%F": "%Y-%m-%d", "%T": "%H:%M:%S", "%D": "%m/%d/%y", "%R": "%H:%M", ".%f": "%.f"}
TOKEN = re.compile(r"%[-_0]?(?P<directive>\.f|\.[369]f|:z|[A-Za-z%])|(?P<space>\s+)|(?P<text>[^%\s]+)")
DIGITS = "YymdHIMSje"
YEAR = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9][0-9]|[0-9][1-9][0-9]{2}|[1-9][0-9]{3})"  # four digits, and not the year 0 that never was
SHAPES = {
    "Y": YEAR, "y": "[0-9]{2}", "m": "[0-9]{1,2}", "d": "[0-9]{1,2}", "e": " ?[0-9]{1,2}", "H": "[0-9]{1,2}", "I": "[0-9]{1,2}", "M": "[0-9]{1,2}", "S": "[0-5]?[0-9]", "j": "[0-9]{3}",
    "b": r"\p{L}+", "B": r"\p{L}+", "h": r"\p{L}+", "a": r"\p{L}+", "A": r"\p{L}+", "p": "[AaPp][Mm]", ".f": r"(?:\.[0-9]{1,9})?", ".3f": r"\.[0-9]{3}", ".6f": r"\.[0-9]{6}", ".9f": r"\.[0-9]{9}",
    "z": "(?:[+-][0-9]{2}:?[0-9]{2}|[Zz])", ":z": "(?:[+-][0-9]{2}:[0-9]{2}|[Zz])", "%": "%",
}  # fmt: skip
SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$#&~-]")


@dataclass(frozen=True)
class Shape:
    """A format taken apart at its year: regexes of what stands before and after it, and the format itself with `%Y` for the year."""

    before: str
    year: str
    after: str
    strptime: str
    calendar: Literal["gregorian", "roc", "two digits"]
    offset: bool  # the text says its own distance from UTC
    hour_alone: bool = False

    @property
    def regex(self) -> str:
        return f"^{self.before}{self.year}{self.after}$"


def shape(format_: str) -> Shape:
    """Raises ValueError for a directive that is not known here."""
    body = spelled_out(format_.removeprefix(ROC))
    tokens = list(TOKEN.finditer(body))
    names = [token["directive"] or "" for token in tokens]
    if odd := [name for name in names if name and name not in SHAPES]:
        raise ValueError(f"%{odd[0]}")
    pieces = [_piece(token, names, index) for index, token in enumerate(tokens)]
    at = next((i for i, name in enumerate(names) if name in ("Y", "y")), len(names))
    year = "" if at == len(names) else "[0-9]{1,3}" if format_.startswith(ROC) else pieces[at]
    calendar: Literal["gregorian", "roc", "two digits"] = "roc" if format_.startswith(ROC) and "y" not in names else "two digits" if "y" in names else "gregorian"
    strptime = "".join("%Y" if i == at else token[0] for i, token in enumerate(tokens))
    return Shape("".join(pieces[:at]), year, "".join(pieces[at + 1 :]), strptime, calendar, bool({"z", ":z"} & set(names)), bool({"H", "I"} & set(names)) and "M" not in names)


def spelled_out(format_: str) -> str:
    for short, long in ALIASES.items():
        format_ = format_.replace(short, long)
    return format_


def _piece(token: re.Match[str], names: list[str], index: int) -> str:
    """A number that touches another number has all its digits, or nobody could tell where it ends."""
    name = token["directive"]
    if name is None:
        return r"\s+" if token["space"] else SPECIAL.sub(lambda match: "\\" + match[0], token["text"])
    touching = [n for n in (names[index - 1] if index else "", names[index + 1] if index + 1 < len(names) else "") if n and n in DIGITS]
    return "[0-9]{2}" if touching and name in "mdHIM" else "[0-5][0-9]" if touching and name == "S" else SHAPES[name]


def fault(format_: str, two_digit_years: bool) -> str:
    """What is wrong with a format, and what to write instead; empty where it is right."""
    if format_ in NUMERIC:
        return ""
    try:
        found = shape(format_)
    except ValueError as odd:
        return f"{odd} in {format_!r} is not known here; write strptime directives such as %Y-%m-%d %H:%M:%S, or one of {', '.join(NUMERIC)}"
    names = {token["directive"] for token in TOKEN.finditer(spelled_out(format_))}
    if not found.year or not ({"j"} & names or ({"m", "b", "B", "h"} & names and {"d", "e"} & names)):
        return f"{format_!r} lacks a year, a month or a day: a part of a date is never completed by guessing; keep such a column as a string"
    if found.calendar == "two digits" and not two_digit_years:
        return f"{format_!r} has years of two digits: state their century, e.g. twoDigitYearsFrom: 1950 (the years 1950 to 2049)"
    return _clock_fault(format_, {name for name in names if name}, found)


def _clock_fault(format_: str, names: set[str], found: Shape) -> str:
    """What no reader can make a time of, of a format with a whole date."""
    fractions = names & {".f", ".3f", ".6f", ".9f"}
    if found.calendar != "roc" and format_.startswith(ROC) or {"Y", "y"} <= names:
        return f"{format_!r} needs exactly one year, %Y" + (" after roc:" if format_.startswith(ROC) else " or %y")
    if ("I" in names) != ("p" in names):
        return f"{format_!r} has one of %I (hours to 12) and %p (AM or PM) without the other"
    if not names & {"H", "I"} and (names & {"M", "S", "z", ":z"} or fractions):
        return f"{format_!r} has minutes, seconds or an offset, and no hour"
    if fractions and "S" not in names or "S" in names and "M" not in names:
        return f"{format_!r} has {'fractions and no seconds' if fractions and 'S' not in names else 'seconds and no minutes'}"
    return ""


def clash(formats: tuple[str, ...]) -> str:
    """Formats that read one number in several ways; empty where there are none."""
    numeric = [f for f in formats if f in NUMERIC]
    return f"{' and '.join(numeric)} read the same number as different moments; state the one that is meant" if len(numeric) > 1 else ""
