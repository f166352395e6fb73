"""Laws of reading values: what a style writes is read back exactly, and nothing is read that was not written."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.contracts.model import Multiplier, Numbers
from tests.unit.readers.one_column import outcomes, read

POWERS: dict[Multiplier, int] = {"千": 3, "万": 4, "千万": 7, "亿": 8, "million": 6}
FORMATS = ("%Y-%m-%d", "%Y年%m月%d日", "%d/%m/%Y", "%Y%m%d", "%d %b %Y", "%Y.%m.%d", "roc:民國%Y年%m月%d日", "roc:%Y%m%d", "%d-%m-%y", "excel1900", "excel1904")
FIELDS = {"%Y-%m-%d": "ymd", "%Y年%m月%d日": "ymd", "%d/%m/%Y": "dmy", "%Y.%m.%d": "ymd"}
ZONES = ("Australia/Sydney", "Australia/Lord_Howe", "America/New_York", "Europe/London", "Asia/Shanghai", "Asia/Kathmandu", "UTC")
WIDE = {code: code + 0xFEE0 for code in range(ord("!"), ord("~") + 1)}
NUMBERS = st.decimals(min_value=Decimal("-99999999999.99"), max_value=Decimal("99999999999.99"), places=2)
DATES = st.dates(dt.date(1900, 3, 1), dt.date(2150, 12, 31))


@st.composite
def styles(draw: st.DrawFn) -> Numbers:
    mark = draw(st.sampled_from([".", ","]))
    thousands = draw(st.sampled_from([s for s in (None, ",", ".", "'", "space") if s != mark]))
    return Numbers(
        thousands=thousands, decimal_mark=mark, percent=draw(st.sampled_from([None, "keep", "divide"])), dash=draw(st.sampled_from([None, "null", "zero"])),
        negative=draw(st.sampled_from([(), ("parentheses",), ("trailing",), ("parentheses", "trailing")])), multipliers=draw(st.sampled_from([(), ("万", "亿"), ("千", "万", "千万"), ("million",)])),
        currency=draw(st.sampled_from([(), ("¥", "元"), ("EUR", "€"), ("kr.",)])),
    )  # fmt: skip


def shifted(text: str, power: int) -> str:
    """The decimal point moved in plain digits, by Python's decimals."""
    return format(Decimal(text).scaleb(power), "f")


@st.composite
def written(draw: st.DrawFn, number: Decimal, style: Numbers) -> str:
    """One of the ways in which the style writes the number."""
    multiplier = draw(st.sampled_from([None, *style.multipliers]))
    power = (POWERS[multiplier] if multiplier else 0) - (2 if style.percent == "divide" else 0)
    whole, _, fraction = shifted(str(abs(number)), -power).partition(".")
    separator = {"space": draw(st.sampled_from([" ", "\u00a0", "\u2009", "\u202f"])), None: ""}.get(style.thousands, style.thousands)
    if style.thousands and draw(st.booleans()):
        whole = f"{int(whole):,}".replace(",", separator or "")
    digits = whole + (style.decimal_mark + fraction if fraction else "") + (multiplier or "")
    digits += "%" if style.percent == "divide" or (style.percent and draw(st.booleans())) else ""
    money = draw(st.sampled_from(["", *style.currency]))
    after = draw(st.booleans())
    digits = digits + money if after else money + digits
    sign = draw(st.sampled_from(["minus", *style.negative])) if number < 0 else ""
    text = {"minus": f"-{digits}", "parentheses": f"({digits})", "trailing": f"{digits}-"}.get(sign, digits)
    text = text.translate(WIDE) if draw(st.booleans()) else text
    return draw(st.sampled_from(["", " ", "'", "\u3000"])) + text


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_a_number_in_any_style_is_read_back_exactly(data: st.DataObject) -> None:
    style = data.draw(styles())
    numbers = data.draw(st.lists(NUMBERS, min_size=1, max_size=6))
    texts = [data.draw(written(number, style)) for number in numbers]
    assert outcomes(read(texts, "decimal", numbers=style)) == numbers, texts
    assert outcomes(read(texts, "double", numbers=style)) == [float(n) for n in numbers], texts


def plain_of(text: str, style: Numbers) -> tuple[str, bool]:
    """Digits and decimal mark of a text, and whether it says minus: what a clerk sees, whatever stands around."""
    seen = unicodedata.normalize("NFKC", text).replace("−", "-")
    for word in style.currency:
        seen = seen.replace(unicodedata.normalize("NFKC", word), "")
    kept = "".join(c for c in seen if c in "0123456789" + style.decimal_mark)
    whole, _, fraction = kept.partition(style.decimal_mark)
    return f"{whole.lstrip('0')}.{fraction.rstrip('0')}", "-" in seen or "(" in seen


@st.composite
def near_numbers(draw: st.DrawFn, style: Numbers) -> str:
    """The style's own marks between groups that are too short or too long, and now and then something that is not its own."""

    def rarely(characters: str) -> str:
        return draw(st.sampled_from(["", "", "", "", *characters]))

    own = {"space": " ", None: style.decimal_mark}.get(style.thousands, style.thousands) or ""
    text = draw(st.text(alphabet="0123456789１４", min_size=1, max_size=4))
    for _ in range(draw(st.integers(0, 3))):
        text += draw(st.sampled_from([own, own, own, style.decimal_mark, ",", ".", "'", " ", "\u00a0", "，"])) + draw(st.text(alphabet="0123456789", min_size=1, max_size=4))
    return rarely("-+(¥－（'") + rarely("¥ ") + text + rarely("eE²½万千亿") + rarely("0%％") + rarely("元)）-")


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_no_number_is_made_of_garbage(data: st.DataObject) -> None:
    """Whatever is read has the digits, the mark and the sign that were sent, and groups of three where it has groups."""
    style = data.draw(styles())
    texts = data.draw(st.lists(near_numbers(style) | st.text(alphabet="0123456789,.' -+()%¥元万eE²", max_size=9), min_size=1, max_size=40))
    found = read(texts, "decimal", precision=38, scale=20, numbers=style)
    for text, number in zip(texts, found.frame["v"].to_list(), strict=True):
        digits, negative = plain_of(text, style)
        if number is None or (number == 0 and digits.strip("0") == "."):
            continue
        powers = {0, *(POWERS[m] for m in style.multipliers if m in text)}
        if "%" in text.replace("％", "%") and style.percent == "divide":
            powers = {p - 2 for p in powers}
        assert not set(text) & set("½²"), (text, number)
        assert any(abs(number) == Decimal(f"0{digits}0").scaleb(p) for p in powers), (text, number)
        assert (number < 0) == negative, (text, number)
        if grouped := re.search(r"[0-9]+(?:[,.' \u00a0][0-9]+)+", unicodedata.normalize("NFKC", text).partition(style.decimal_mark)[0].replace("\u00a0", " ")):
            assert all(len(group) == 3 for group in re.split(r"[,.' ]", grouped[0])[1:]), (text, number)


def date_text(day: dt.date, format_: str) -> str:
    if format_.startswith("excel"):
        return str((day - (dt.date(1899, 12, 30) if format_ == "excel1900" else dt.date(1904, 1, 1))).days)
    if format_.startswith("roc:"):
        return format_.removeprefix("roc:").replace("%Y", str(day.year - 1911)).replace("%m", f"{day.month:02}").replace("%d", f"{day.day:02}")
    return day.strftime(format_)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_date_in_any_stated_format_is_read_back(data: st.DataObject) -> None:
    format_ = data.draw(st.sampled_from(FORMATS))
    century = data.draw(st.integers(1900, 2050)) if "%y" in format_ else None
    earliest = dt.date(1912, 1, 1) if "roc" in format_ else dt.date(1904, 1, 1)
    days = data.draw(st.lists(st.dates(dt.date(century, 1, 1), dt.date(century + 99, 12, 31)) if century else DATES.filter(lambda day: day >= earliest), min_size=1, max_size=10))
    texts = [date_text(day, format_) for day in days]
    texts = [text.translate(WIDE) if data.draw(st.booleans()) else text for text in texts]
    assert outcomes(read(texts, "date", formats=(format_,), two_digit_years_from=century)) == days, texts


@st.composite
def near_dates(draw: st.DrawFn, format_: str) -> str:
    """The format's own shape with fields too short, too long or too large, and now and then a character too many."""
    fields = {"%Y": st.from_regex("[0-2]?[0-9]{1,4}", fullmatch=True), "%m": st.from_regex("[0-1]?[0-9]", fullmatch=True), "%d": st.from_regex("[0-3]?[0-9]", fullmatch=True)}
    odd = st.sampled_from(["", "", "", "", "", " ", "+", "-", "0"])
    return re.sub("%.", lambda field: draw(odd) + draw(fields[field[0]]), format_) + draw(odd)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_no_date_is_made_of_garbage(data: st.DataObject) -> None:
    """Whatever is read has the fields and the separators that were sent, and a year of four digits."""
    format_ = data.draw(st.sampled_from(sorted(FIELDS)))
    texts = data.draw(st.lists(near_dates(format_), min_size=1, max_size=40))
    for text, day in zip(texts, read(texts, "date", formats=(format_,)).frame["v"].cast(pl.String).to_list(), strict=True):
        if day is not None:
            fields = dict(zip(FIELDS[format_], re.findall("[0-9]+", text), strict=True))
            assert (fields["y"], int(fields["m"]), int(fields["d"])) == (day[:4], int(day[5:7]), int(day[8:])), (text, day)
            assert re.sub("[0-9]+", "", text.strip()) == re.sub("%.", "", format_), text


def hour(local: dt.datetime, zone: ZoneInfo) -> tuple[dt.datetime, bool, bool]:
    """(the earlier moment in UTC, whether the clocks showed the time twice, whether they skipped it), by Python's own rules (PEP 495)."""
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    there_and_back = first.astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None)
    twice = first.utcoffset() != second.utcoffset() and there_and_back == local
    return first.astimezone(dt.UTC), twice, there_and_back != local


@given(st.sampled_from(ZONES), st.lists(st.datetimes(dt.datetime(1970, 1, 2), dt.datetime(2036, 12, 30)).map(lambda at: at.replace(microsecond=0, fold=0)), min_size=1, max_size=200), st.data())
@settings(max_examples=150, deadline=None)
def test_local_hours_are_as_the_zone_had_them(zone: str, moments: list[dt.datetime], data: st.DataObject) -> None:
    place = ZoneInfo(zone)
    changes = [dt.datetime(year, month, of_month, at, 15) for year in (1988, 2013, 2024) for month in (3, 4, 9, 10, 11) for of_month in data.draw(st.sets(st.integers(1, 30), max_size=4)) for at in range(4)]
    moments = moments + changes
    expected = [hour(local, place) for local in moments]
    found = read([local.isoformat(sep=" ") for local in moments], "timestamp", zone=zone)
    assert found.frame["v"].to_list() == [None if skipped else at for at, _, skipped in expected]
    doubted = found.doubtful["v"][0].to_list() if found.doubtful else [False] * len(moments)
    assert doubted == [twice for _, twice, _ in expected]


@given(st.lists(st.text(alphabet="0123456789.eE+-ABX ,", max_size=14), min_size=1, max_size=30), st.integers(1, 12))
def test_an_identifier_is_kept_letter_by_letter_or_fails(texts: list[str], length: int) -> None:
    found = read(texts, "string", identifier=True, min_length=length, max_length=length, reader={"null_values": ()})
    for text, kept in zip(texts, found.frame["v"].to_list(), strict=True):
        assert kept in (text, None)
        lost = bool(re.fullmatch(r"[0-9]+", text)) and len(text) < length
        number = bool(re.fullmatch(r"\s*[+-]?\d+([.,]\d+[eE]\+?|[eE]\+)\d+\s*|\s*\d+\.0*\s*", text))
        assert (kept is None) == (lost or number), text


@given(st.sampled_from(["integer", "decimal", "double", "boolean", "date", "timestamp"]), st.lists(st.text(max_size=30), max_size=30), styles())
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_value_or_null_or_has_a_message(kind: Any, texts: list[str], style: Numbers) -> None:
    options = {"numbers": style} if kind in ("integer", "decimal", "double") else {}
    found = read(texts, kind, reader={"null_preset": "common"}, **options)
    assert found.frame.height == len(texts)
    for name, (mask, sent) in found.failed.items():
        assert found.messages[name].is_not_null().to_list() == mask.to_list()
        assert sent.filter(mask).null_count() == 0 and found.frame[name].filter(mask).null_count() == mask.sum()
    assert found.frame.schema["v"] == read([], kind).frame.schema["v"] != pl.Null
