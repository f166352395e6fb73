"""A format that a contract may state can be read, and a clerk sees an example of it that reads back."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jobs.contracts.date_words import EXAMPLE, NUMBERS, example, written
from jobs.contracts.formats import NUMERIC, SHAPES, fault
from jobs.readers import dates

CLOCK = [name for name in SHAPES if name not in "Yymdej"]
DAYS = [["Y", "m", "d"], ["d", "b", "Y"], ["B", "e", "Y"], ["Y", "j"], ["m", "d", "y"], ["Y", "m"]]


@st.composite
def formats(draw: st.DrawFn) -> str:
    names = draw(st.permutations(draw(st.sampled_from(DAYS)))) + draw(st.lists(st.sampled_from(CLOCK), max_size=4, unique=True))
    return draw(st.sampled_from(["", "", "roc:"])) + draw(st.sampled_from(["", "-", " ", "/", "年"])).join(f"%{name}" for name in names)


@settings(max_examples=400)
@given(format_=formats())
def test_a_format_is_refused_or_read(format_: str) -> None:
    assume(not fault(format_, True))
    text = pl.Series("a", [example(format_)])
    day, moment = dates.days(text, (format_,), "UTC", 1970)[0], dates.moments(text, (format_,), "UTC", 1970)[0]
    assert day == EXAMPLE.date()
    assert moment.date() == EXAMPLE.date()


@pytest.mark.parametrize(
    ("format_", "shown"),
    [("%Y-%m-%d", "2024-08-25"), ("%d/%m/%Y %H:%M", "25/08/2024 13:30"), ("roc:民國%Y年%m月%d日", "民國113年08月25日"), ("%d %b %y", "25 Aug 24"), ("%F %T.%f", "2024-08-25 13:30:00.000")],
)
def test_a_format_is_shown_by_an_example(format_: str, shown: str) -> None:
    assert written(format_, zh=True) == written(format_, zh=False) == shown


def test_a_number_of_a_day_is_said_in_words() -> None:
    assert set(NUMBERS) == set(NUMERIC)
    for format_, texts in NUMBERS.items():
        text = pl.Series("a", [texts[0].rsplit(" ", 1)[1]])
        assert dates.days(text, (format_,), "UTC", None)[0] == EXAMPLE.date()
        assert texts[0].rsplit(" ", 1)[1] in written(format_, zh=True)


def test_hours_without_minutes_are_read() -> None:
    texts = pl.Series("a", ["2024082513", "2024082524", "202408251"])
    assert dates.moments(texts, ("%Y%m%d%H",), "Asia/Shanghai", None).to_list() == [dt.datetime(2024, 8, 25, 5, tzinfo=dt.UTC), None, None]
    assert dates.moments(pl.Series("a", ["25.8.2024 1 PM"]), ("%d.%m.%Y %I %p",), "UTC", None).to_list() == [dt.datetime(2024, 8, 25, 13, tzinfo=dt.UTC)]


@pytest.mark.parametrize("format_", ["%Y%m%d%I", "%Y%m%d%p", "%Y%m%d %S", "%Y%m%d%M", "%Y%m%d%H%S", "%Y%m%d %H:%M.%f", "%Y%m%d%z", "roc:%y%m%d", "%Y %y %m %d"])
def test_what_no_reader_can_read_is_refused(format_: str) -> None:
    assert fault(format_, True)
