"""A date format of a contract as a clerk reads it: by an example, never as `%Y-%m-%d`."""

from __future__ import annotations

import datetime as dt

from jobs.contracts.formats import ROC, TOKEN, spelled_out

EXAMPLE = dt.datetime(2024, 8, 25, 13, 30)  # no month has 25: which number is the day is plain
FIRST_ROC_YEAR = 1912
NUMBERS = {
    "excel1900": ("the number of a day in Excel, e.g. 45529", "Excel 日期序号,例如 45529"),
    "excel1904": ("the number of a day in Excel (1904 system), e.g. 44067", "Excel 日期序号(1904 系统),例如 44067"),
    "epochSeconds": ("seconds since 1970, e.g. 1724592600", "1970 年起的秒数,例如 1724592600"),
    "epochMilliseconds": ("milliseconds since 1970, e.g. 1724592600000", "1970 年起的毫秒数,例如 1724592600000"),
}
OWN = {".f": ".000", ".3f": ".000", ".6f": ".000000", ".9f": ".000000000", "z": "+0000", ":z": "+00:00", "%": "%"}


def written(format_: str, *, zh: bool) -> str:
    """EXAMPLE as the format writes it, or what kind of number it is."""
    return NUMBERS[format_][zh] if format_ in NUMBERS else example(format_)


def example(format_: str) -> str:
    """EXAMPLE in a format that is no number. A format that the contract takes reads it back."""
    roc = format_.startswith(ROC)
    body = spelled_out(format_.removeprefix(ROC))
    return TOKEN.sub(lambda token: _spelt(token["directive"], token[0], roc), body)


def _spelt(directive: str | None, text: str, roc: bool) -> str:
    if directive is None:
        return text
    if directive == "Y" and roc:
        return str(EXAMPLE.year - FIRST_ROC_YEAR + 1)
    return OWN.get(directive) or EXAMPLE.strftime(text)
