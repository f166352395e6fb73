"""Values as people write them: what each text becomes under the contract's options, exactly, or what is said of it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any

import polars as pl
import pytest

from jobs.contracts.model import Numbers, ValueMap
from tests.unit.readers.one_column import outcomes, read


class Says(str):
    """The value fails, and its message holds these words."""


def day(year: int, month: int, of_month: int) -> dt.date:
    return dt.date(year, month, of_month)


def utc(*fields: int) -> dt.datetime:
    return dt.datetime(*fields, tzinfo=dt.UTC)  # type: ignore[arg-type]


ACCOUNTS = Numbers(thousands=",", negative=("parentheses", "trailing"), currency=("¥", "元", "CNY"), dash="zero")
CHINESE = Numbers(multipliers=("千", "万", "千万", "亿", "万亿"), currency=("元",))
UNAGREED = Says("agreed for this column")
GROUPS = Says("groups of three")
ROC = ("roc:%Y/%m/%d", "roc:民國%Y年%m月%d日", "roc:%Y%m%d")
HALF, NO_DAY = Says("half a date"), Says("no such day")
TEXT_FORM = Says("format the column as text")

CASES: list[tuple[str, dict[str, Any], dict[Any, Any]]] = [
    ("whole numbers", {"kind": "integer"}, {
        "12": 12, " 12 ": 12, "+12": 12, "-12": -12, "007": 7, "１２３": 123, "－１２": -12, "＋５": 5, "\u3000１２\u3000": 12, "\u00a012": 12, "\u221212": -12, "'12": 12, "＇12": 12, "": None,
        "9223372036854775807": 9223372036854775807, "9223372036854775808": Says("too large"), "12.0": Says("whole number"), "1,234": Says("such thousands separators are not agreed"),
        "1 234": Says("such thousands separators are not agreed"), "12%": Says("percent"), "(12)": Says("parentheses"), "12-": Says("minus behind"), "¥12": Says("currency"), "3万": Says("multiplier"),
        "10²": Says("not a number"), "①": Says("not a number"), "½": Says("not a number"), "٣": Says("not a number"), "五": Says("not a number"), "Ⅻ": Says("not a number"),
        "1e3": Says("not a number"), "0x10": Says("not a number"), "1_000": Says("not a number"), "--5": Says("not a number"), "+-5": Says("not a number"), "''12": Says("not a number"),
        "-": Says("not a number"), "#REF!": Says("formula"), "#N/A": Says("formula"), "#####": Says("too narrow"), "1\u200b2": Says("invisible"), "\ufeff12": Says("invisible"), "1\x002": Says("invisible"),
    }),
    ("decimals", {"kind": "decimal"}, {
        "1.5": D("1.50"), "1.50": D("1.50"), "1.5000": D("1.50"), "-0": D("0.00"), "１．５": D("1.50"), ".5": D("0.50"), "5.": D("5.00"), "1.505": Says("more than 2 digits after"), "1,5": Says("not a comma"),
        "1.5e2": D("150.00"), "15E-1": D("1.50"), "5e-3": Says("2 digits after"), "1e-400": Says("not a number"), "1e400": Says("not a number"), "1e18": Says("16 digits before"),
        "9999999999999999.99": D("9999999999999999.99"), "99999999999999999": Says("more than 16 digits before"), "1" * 5000: Says("more than 16 digits before"), "1,234.50": UNAGREED, "NaN": Says("not a number"),
    }),
    ("doubles", {"kind": "double"}, {
        "1.5": 1.5, "1e5": 1e5, "1E-5": 1e-5, "-1.5": -1.5, "．５": 0.5, "NaN": Says("not finite"), "inf": Says("not finite"), "1e999": Says("not finite"), "-Infinity": Says("not finite"), "1,5": Says("comma"),
    }),
    ("accounts", {"kind": "decimal", "numbers": ACCOUNTS}, {
        "1,234": D("1234.00"), "1,234,567.8": D("1234567.80"), "1234": D("1234.00"), "１，２３４": D("1234.00"), "(1,234.50)": D("-1234.50"), "（5）": D("-5.00"), "5-": D("-5.00"), "-5": D("-5.00"), "+5": D("5.00"),
        "¥1,234": D("1234.00"), "￥1,234": D("1234.00"), "1,234元": D("1234.00"), "CNY 5": D("5.00"), "-¥5": D("-5.00"), "¥-5": D("-5.00"), "¥(5)": D("-5.00"), "(¥5)": D("-5.00"), "5元-": D("-5.00"),
        "-": D(0), "—": D(0), "－": D(0), "--": D(0), "'1,234": D("1234.00"), "1,23,4": GROUPS, "1,2": GROUPS, "12,34": GROUPS, "1234,567": GROUPS, "1,234,56": GROUPS, ",123": UNAGREED, "1,,234": UNAGREED,
        "1 234": UNAGREED, "1'234": UNAGREED, "1.234,5": GROUPS, "-(5)": UNAGREED, "(-5)": UNAGREED, "-5-": UNAGREED, "(5": UNAGREED, "5)": UNAGREED, "()": UNAGREED, "¥": UNAGREED, "$5": Says("currency"), "5万": Says("multiplier"),
        "1,234.505": Says("2 digits after"), "5%": Says("percent"), "1,234.5,678": GROUPS,
    }),
    ("spaces between groups", {"kind": "integer", "numbers": Numbers(thousands="space")}, {
        "1 234": 1234, "1\u00a0234\u00a0567": 1234567, "1\u2009234": 1234, "1\u202f234": 1234, "1\u3000234": 1234, "12 34": GROUPS, "1  234": UNAGREED, "1,234": UNAGREED, "1234": 1234,
    }),
    ("apostrophes between groups", {"kind": "integer", "numbers": Numbers(thousands="'")}, {"1'234": 1234, "1’234’567": 1234567, "'1'234": 1234, "1'23": GROUPS, "1,234": UNAGREED}),
    ("decimal comma", {"kind": "decimal", "numbers": Numbers(thousands=".", decimal_mark=",")}, {
        "1.234,5": D("1234.50"), "1234,50": D("1234.50"), "1,5": D("1.50"), "１，５": D("1.50"), "1.5": GROUPS, "1,234.5": GROUPS, "1,2,3": UNAGREED, "1.234": D("1234.00"),
    }),
    ("decimal comma alone", {"kind": "double", "numbers": Numbers(decimal_mark=",")}, {"1,5": 1.5, "-1,5": -1.5, "1,5e3": 1500.0, "1.5": Says("not a point"), "1.234,5": UNAGREED}),
    ("percent, divided", {"kind": "decimal", "scale": 4, "numbers": Numbers(percent="divide")}, {
        "12%": D("0.12"), "12.5%": D("0.125"), "100 %": D(1), "１２％": D("0.12"), "-0.5%": D("-0.005"), "250%": D("2.5"), ".5%": D("0.005"), "0": D(0), "0%": D(0), "12": Says("percent sign is missing"),
        "0.12": Says("percent sign is missing"), "12.345%": Says("more than 4 digits after"), "%": UNAGREED, "12%%": UNAGREED, "%12": UNAGREED, "12‰": UNAGREED,
    }),
    ("percent, divided, as doubles", {"kind": "double", "numbers": Numbers(percent="divide")}, {"7%": 0.07, "0.1%": 0.001, "33.3%": 0.333}),
    ("percent, kept", {"kind": "decimal", "numbers": Numbers(percent="keep")}, {"12%": D(12), "12": D(12), "-1.5 %": D("-1.50"), "12%%": UNAGREED}),
    ("multipliers", {"kind": "decimal", "numbers": CHINESE}, {
        "1.2万": D(12000), "1.2萬": Says("multiplier"), "3亿": D(300_000_000), "3千万": D(30_000_000), "5千": D(5000), "1.5万亿": D(1_500_000_000_000), "12万元": D(120_000), "12 万 元": D(120_000), "-2万": D(-20000),
        "12元": D(12), "12": D(12), "１２万": D(120_000), "0.123456万": D("1234.56"), "0.12345678万": Says("2 digits after"), "万": UNAGREED, "3亿5千万": Says("multiplier"), "2百": Says("multiplier"), "1万2": Says("multiplier"),
    }),
    ("multiplied whole numbers", {"kind": "integer", "numbers": Numbers(thousands=",", multipliers=("万", "million"))}, {"1.2万": 12000, "1,234万": 12_340_000, "2.5 million": 2_500_000, "1.23456万": Says("whole number")}),
    ("a currency with a point", {"kind": "decimal", "numbers": Numbers(currency=("kr.", "Rs."))}, {"kr. 5": D(5), "kr.5": D(5), "5 kr.": D(5), "Rs..5": D("0.5"), "kr 5": UNAGREED}),
    ("dash as null", {"kind": "integer", "numbers": Numbers(dash="null")}, {"-": None, "—": None, "－": None, "--": None, "-5": -5, "0": 0, "- -": UNAGREED}),
    ("numbers of the reader", {"kind": "integer", "reader": {"numbers": Numbers(thousands=",")}}, {"1,234": 1234}),
    ("numbers of the column instead", {"kind": "integer", "reader": {"numbers": Numbers(thousands=",")}, "numbers": Numbers()}, {"1,234": UNAGREED}),
    ("common nulls in numbers", {"kind": "integer", "reader": {"null_preset": "common"}}, dict.fromkeys((
        "-", "—", "——", "--", "NULL", "null", "N/A", "n/a", "ｎ／ａ", "#N/A", "无", "無", "不详", "None", "nan", "\\N", "/", "－", " 不详 ", "(null)", "（ｎｕｌｌ）",
    )) | {"12": 12, "无数据": UNAGREED}),
    ("common nulls in texts", {"kind": "string", "reader": {"null_preset": "common"}}, {"无": None, " NULL ": None, "无锡": "无锡", "-1": "-1", "NA": "NA", "A/B": "A/B"}),
    ("no common nulls here", {"kind": "string", "reader": {"null_preset": "common"}, "null_preset": "none"}, {"无": "无", "-": "-"}),
    ("common nulls here", {"kind": "date", "null_preset": "common"}, {"不详": None, "2013-08-05": day(2013, 8, 5)}),
    ("a dash that is zero among common nulls", {"kind": "integer", "reader": {"null_preset": "common"}, "numbers": Numbers(dash="zero")}, {"-": 0, "—": 0, "－": 0, "无": None}),
    ("texts stay as they are", {"kind": "string"}, {"Ａ１": "Ａ１", " x ": " x ", "'x": "'x", "-": "-", "10²": "10²", "1.0": "1.0", "1.1E+17": "1.1E+17"}),
    ("texts in NFKC", {"kind": "string", "normalize": "nfkc"}, {"Ａ１，－": "A1,-", "ｶﾞ": "ガ", "京Ａ·12345": "京A·12345"}),
    ("texts in NFC", {"kind": "string", "reader": {"normalize": "nfc"}}, {"e\u0301": "é", "Ａ": "Ａ"}),
    ("texts with Excel's mark", {"kind": "string", "reader": {"text_mark": True}}, {"'00123": "00123", "x'y": "x'y", "''a": "'a"}),
    ("booleans", {"kind": "boolean"}, {"是": True, "否": False, "ＹＥＳ": True, "Ｎ": False, "１": True, "０": False, "'1": True, "2": Says("yes nor no"), "maybe": Says("yes nor no")}),
    ("dates as the lake writes them", {"kind": "date"}, {
        "2013-08-05": day(2013, 8, 5), "2013-8-5": day(2013, 8, 5), "２０１３－０８－０５": day(2013, 8, 5), "'2013-08-05": day(2013, 8, 5), "2013-02-30": NO_DAY, "2013-13-01": NO_DAY, "2100-02-29": NO_DAY, "0000-01-01": Says("no date"),
        "13-08-05": Says("century"), "2013-08": HALF, "2013": HALF, "2013年": HALF, "2013年8月": HALF, "08-2013": HALF, "8月5日": HALF, "+2013-08-05": Says("no date"), "-013-08-05": Says("no date"), "2013-08- 5": Says("no date"),
        "2013-08-05 00:00:00": Says("no date"), "20130805": Says("no date"), "41491": Says("Excel's own count"), "12013-08-05": Says("no date"), "2013--08-05": Says("no date"), "2013/08/05": Says("no date"), "二〇一三年八月五日": Says("no date"),
    }),
    ("several formats", {"kind": "date", "formats": ("%Y年%m月%d日", "%Y%m%d", "%d/%m/%Y", "%d %b %Y", "%Y-%j")}, {
        "2013年8月5日": day(2013, 8, 5), "2013年08月05日": day(2013, 8, 5), "２０１３年８月５日": day(2013, 8, 5), "20130805": day(2013, 8, 5), "5/8/2013": day(2013, 8, 5), "05/08/2013": day(2013, 8, 5), "5 Aug 2013": day(2013, 8, 5),
        "2013-217": day(2013, 8, 5), "2013085": Says("no date"), "201385": Says("no date"), "5/8/13": Says("century"), "2013年8月": HALF, "2013年2月29日": NO_DAY, "31/4/2013": NO_DAY, "5 Foo 2013": NO_DAY,
    }),
    ("years of the Republic of China", {"kind": "date", "formats": ROC}, {
        "102/08/05": day(2013, 8, 5), "102/8/5": day(2013, 8, 5), "民國102年8月5日": day(2013, 8, 5), "民國元年1月1日": day(1912, 1, 1), "99/12/31": day(2010, 12, 31), "101/02/29": day(2012, 2, 29), "1020805": day(2013, 8, 5),
        "990805": day(2010, 8, 5), "民國１０２年８月５日": day(2013, 8, 5), "102/02/29": NO_DAY, "0/1/1": NO_DAY, "2013/08/05": Says("no date"), "民國102年8月": Says("no date"), "民國102年": HALF,
    }),
    ("both calendars", {"kind": "date", "formats": ("%Y/%m/%d", "roc:%Y/%m/%d")}, {"2013/8/5": day(2013, 8, 5), "102/8/5": day(2013, 8, 5)}),
    ("two digits from 1950", {"kind": "date", "formats": ("%d/%m/%y",), "two_digit_years_from": 1950}, {
        "5/8/49": day(2049, 8, 5), "5/8/50": day(1950, 8, 5), "5/8/99": day(1999, 8, 5), "29/2/00": day(2000, 2, 29), "5/8/2013": Says("no date"), "5/8/5": Says("no date"),
    }),
    ("two digits from 1900", {"kind": "date", "formats": ("%y%m%d",), "reader": {"two_digit_years_from": 1900}}, {"000228": day(1900, 2, 28), "000229": NO_DAY, "130805": day(1913, 8, 5)}),
    ("serials of 1900", {"kind": "date", "formats": ("excel1900",)}, {
        "41491": day(2013, 8, 5), "1": day(1900, 1, 1), "59": day(1900, 2, 28), "60": Says("no date"), "61": day(1900, 3, 1), "41491.0": day(2013, 8, 5), "41491.5": Says("time of day"), "0": Says("no date"), "-1": Says("no date"),
        "2958465": day(9999, 12, 31), "2958466": Says("no date"), "41491,5": Says("no date"), "４１４９１": day(2013, 8, 5),
    }),
    ("serials of 1904", {"kind": "date", "formats": ("excel1904",)}, {"0": day(1904, 1, 1), "40029": day(2013, 8, 5), "2957003": day(9999, 12, 31), "2957004": Says("no date")}),
    ("serials with a time", {"kind": "timestamp", "formats": ("excel1900",), "zone": "Asia/Shanghai"}, {"41491.5": utc(2013, 8, 5, 4), "41491.123456": utc(2013, 8, 4, 18, 57, 46, 598000), "41491": utc(2013, 8, 4, 16)}),
    ("epoch seconds", {"kind": "timestamp", "formats": ("epochSeconds",), "zone": "Asia/Shanghai"}, {
        "1375660800": utc(2013, 8, 5), "1375660800.25": utc(2013, 8, 5, 0, 0, 0, 250000), "-1": utc(1969, 12, 31, 23, 59, 59), "0": utc(1970, 1, 1), "1375660800000": Says("no time"), "1e9": Says("no time"), "+1": Says("no time"),
    }),
    ("epoch milliseconds", {"kind": "timestamp", "formats": ("epochMilliseconds",)}, {"1375660800123": utc(2013, 8, 5, 0, 0, 0, 123000), "-1": utc(1969, 12, 31, 23, 59, 59, 999000), "1.5": Says("no time"), "999999999999999": Says("no time")}),
    ("the day of an epoch", {"kind": "date", "formats": ("epochSeconds",), "zone": "Asia/Shanghai"}, {"1375632000": day(2013, 8, 5), "1375631999": day(2013, 8, 4)}),
    ("times", {"kind": "timestamp"}, {
        "2013-08-05 01:02:03": utc(2013, 8, 5, 1, 2, 3), "2013-08-05T01:02:03": utc(2013, 8, 5, 1, 2, 3), "２０１３－０８－０５　０１：０２：０３": utc(2013, 8, 5, 1, 2, 3), "2013-08-05": Says("no time"), "2013-08-05 24:00:00": NO_DAY,
        "2013-08-05 23:59:60": Says("no time"), "2013-08-05 01:02": Says("no time"), "13-08-05 01:02:03": Says("no time"), "2013-08-05 01:02:03Z": Says("no time"), "2013-02-30 01:02:03": NO_DAY,
    }),
    ("times of several forms", {"kind": "timestamp", "zone": "Asia/Shanghai", "formats": ("%Y-%m-%dT%H:%M:%S%z", "%Y年%m月%d日 %H时%M分", "%Y%m%d%H%M%S", "%d/%m/%Y %I:%M %p", "%Y-%m-%d %H:%M:%S.%f", "roc:%Y/%m/%d %H:%M")}, {
        "2013-08-05T01:02:03+02:00": utc(2013, 8, 4, 23, 2, 3), "2013-08-05T01:02:03Z": utc(2013, 8, 5, 1, 2, 3), "2013-08-05T01:02:03+0200": utc(2013, 8, 4, 23, 2, 3), "2013年8月5日 9时5分": utc(2013, 8, 5, 1, 5),
        "20130805090000": utc(2013, 8, 5, 1), "5/8/2013 1:30 PM": utc(2013, 8, 5, 5, 30), "2013-08-05 09:00:00.5": utc(2013, 8, 5, 1, 0, 0, 500000), "102/8/5 09:00": utc(2013, 8, 5, 1), "2013080509000": Says("no time"),
        "2013-08-05T01:02:03": Says("no time"), "5/8/2013 13:30 PM": NO_DAY, "0001-01-01T00:00:00+08:00": NO_DAY,
    }),
    ("hours that were not", {"kind": "timestamp", "zone": "Australia/Sydney"}, {"2013-10-06 02:30:00": Says("Australia/Sydney skipped this time"), "2013-10-06 03:00:00": utc(2013, 10, 5, 16), "2013-04-07 02:30:00": utc(2013, 4, 6, 15, 30)}),
    ("stored hours that were not", {"kind": "timestamp", "zone": "Australia/Sydney", "stored": pl.Datetime("ms")}, {dt.datetime(2013, 10, 6, 2, 30): Says("skipped this time"), dt.datetime(2013, 8, 5): utc(2013, 8, 4, 14)}),
    ("stored days with a time", {"kind": "date", "stored": pl.Datetime("ns")}, {dt.datetime(2013, 8, 5): day(2013, 8, 5), dt.datetime(2013, 8, 5, 0, 0, 1): Says("no date")}),
    ("JSON is not normalised", {"kind": "json", "reader": {"normalize": "nfkc", "text_mark": True}}, {'{"ａ": "＂"}': '{"ａ": "＂"}'}),
    ("identifiers", {"kind": "string", "identifier": True}, {
        "110101199003070012": "110101199003070012", "00123": "00123", "A-17": "A-17", "12E3": "12E3", "1.1E+17": Says("scientific"), "1.10101E17": Says("scientific"), "1E+17": Says("scientific"), "1,1E+17": Says("scientific"),
        "123.0": Says("decimal point"), "123.": Says("decimal point"), "1.5": "1.5", " 1.1E+17 ": Says("scientific"),
    }),
    ("identifiers of one length", {"kind": "string", "identifier": True, "min_length": 6, "max_length": 6}, {"012345": "012345", "12345": Says("fewer than 6 digits: zeros"), "ABC": "ABC", "1234567": "1234567"}),
    ("identifiers with a pattern", {"kind": "string", "pattern": r"^[0-9]{17}[0-9X]$"}, {"11010119900307001X": "11010119900307001X", "1.10101E+17": Says("scientific"), "123.0": Says("decimal point"), "abc": "abc", "12": "12"}),
    ("a pattern that means numbers", {"kind": "string", "pattern": r"^[0-9]+\.0$"}, {"123.0": "123.0"}),
    ("identifiers that were floats", {"kind": "string", "identifier": True, "stored": pl.Float64}, {1.1e17: Says("scientific"), 5.0: Says("decimal point"), 5.5: TEXT_FORM}),
    ("identifiers that were whole numbers", {"kind": "string", "identifier": True, "min_length": 3, "max_length": 3, "stored": pl.Int64}, {123: "123", 12: Says("fewer than 3")}),
    ("a pattern over floats", {"kind": "string", "pattern": "^[0-9]{3}$", "stored": pl.Float64}, {123.0: Says("decimal point")}),
    ("whole numbers that were floats", {"kind": "integer", "stored": pl.Float64}, {1.0: 1, 1e16: 10**16, 1.5: Says("whole number"), 1e20: Says("not a number")}),
    ("whole numbers that were decimals", {"kind": "integer", "stored": pl.Decimal(10, 2)}, {D("1.00"): 1, D("1.50"): Says("whole number")}),
    ("decimals that were floats", {"kind": "decimal", "stored": pl.Float64}, {0.1: D("0.10"), 1.005: Says("2 digits after"), 1e15: D(10**15), 1e17: Says("digits before"), 1e-7: Says("2 digits after")}),
    ("decimals that were finer decimals", {"kind": "decimal", "stored": pl.Decimal(20, 4)}, {D("1.5000"): D("1.50"), D("1.5050"): Says("2 digits after")}),
    ("dates that were numbers", {"kind": "date", "formats": ("%Y%m%d",), "stored": pl.Int64}, {20130805: day(2013, 8, 5), 20130230: NO_DAY}),
    ("serials that were floats", {"kind": "timestamp", "formats": ("excel1900",), "stored": pl.Float64}, {41491.0: utc(2013, 8, 5), 41491.5: utc(2013, 8, 5, 12)}),
    ("epochs that were numbers", {"kind": "timestamp", "formats": ("epochMilliseconds",), "stored": pl.Int64}, {1375660800123: utc(2013, 8, 5, 0, 0, 0, 123000)}),
    ("moments nobody agreed to count", {"kind": "timestamp", "stored": pl.Int64}, {1375660800: Says("no time")}),
    ("booleans that were numbers", {"kind": "boolean", "stored": pl.Int64}, {1: True, 0: False, 2: Says("yes nor no")}),
    ("mapped, then read", {"kind": "integer", "value_map": (ValueMap("^约", None), ValueMap("^（无）$", "0"))}, {"约５": None, "（无）": 0, "５": 5}),
]  # fmt: skip


@pytest.mark.parametrize(("options", "text", "expected"), [pytest.param(o, t, e, id=f"{name}-{str(t)[:24]!a}") for name, o, table in CASES for t, e in table.items()])
def test_a_text_becomes_a_value_or_is_told_why_not(options: dict[str, Any], text: Any, expected: Any) -> None:
    [found] = outcomes(read([text], **options))
    if isinstance(expected, Says):
        assert str(found).startswith("! ") and expected in found
    else:
        assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(("options", "table"), [pytest.param(o, t, id=name) for name, o, t in CASES])
def test_a_value_is_read_alike_among_others(options: dict[str, Any], table: dict[Any, Any]) -> None:
    """No shortcut that looks at the column as a whole changes what one of its texts becomes."""
    found = read(list(table), **options)
    assert outcomes(found) == [outcomes(read([text], **options))[0] for text in table]
    failed = [isinstance(expected, Says) for expected in table.values()]
    assert (found.failed["v"][0].to_list() if found.failed else [False] * len(failed)) == failed


def test_what_is_shown_is_what_was_sent() -> None:
    found = read([" １，２３ ", "约５", ""], "integer", reader={"null_values": ("",)}, value_map=(ValueMap("^约", "x"),))
    assert found.failed["v"][1].to_list() == ["１，２３", "约５", None]


def test_an_ambiguous_hour_is_read_and_doubted() -> None:
    texts = ["2013-04-07 02:30:00", "2013-04-07 01:59:59", "2013-04-07 02:00:00", "2013-04-07 02:59:59", "2013-04-07 03:00:00", None, "x", "2013-10-06 02:30:00"]
    found = read(texts, "timestamp", zone="Australia/Sydney")
    mask, sent, doubt = found.doubtful["v"]
    assert mask.to_list() == [True, False, True, True, False, False, False, False]
    assert found.frame["v"][0] == utc(2013, 4, 6, 15, 30), "the earlier one"
    assert (sent[0], doubt) == (texts[0], "clocks in Australia/Sydney showed this time twice that day; the earlier was taken")
    assert found.failed["v"][0].to_list() == [False] * 6 + [True, True]


def test_a_time_that_says_its_zone_is_never_doubted() -> None:
    texts = ["2013-04-07T02:30:00+11:00", "2013-04-07 02:30:00", "1365262200"]
    found = read(texts, "timestamp", zone="Australia/Sydney", formats=("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S", "epochSeconds"))
    assert found.doubtful["v"][0].to_list() == [False, True, False]
    assert found.frame["v"].n_unique() == 1
    stored = read([utc(2013, 4, 6, 15, 30)], "timestamp", zone="Australia/Sydney", stored=pl.Datetime("us", "UTC"))
    assert stored.doubtful == {}
    naive = read([dt.datetime(2013, 4, 7, 2, 30)], "timestamp", zone="Australia/Sydney", stored=pl.Datetime("ns"))
    assert naive.doubtful["v"][0].to_list() == [True]
