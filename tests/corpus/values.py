"""Values as people write them: each case is one column, a value a line, most of them right and some wrong on purpose."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal as D
from typing import Any

from jobs.contracts.model import Kind, Numbers
from tests.corpus.case import Case, Lands, column, of
from tests.unit.readers.made import contract

CASTABLE, DOUBTFUL = "castable:v", "unambiguous:v"


def case(name: str, kind: Kind, good: dict[str, Any], bad: Sequence[str] = (), says: tuple[str, ...] = (), zone: str = "UTC", doubtful: int = 0, reader: dict[str, Any] | None = None, **options: Any) -> Case:
    """`good`: text → value; `bad`: texts that are no value. Tabs part the fields, so that any text may be one."""
    made = contract([column("n", "integer", name="n"), column("v", kind, **options)], format="csv", delimiter="\t", quote=None, **reader or {})
    lines = [f"{at}\t{text}\n" for at, text in enumerate([*good, *bad])]
    expected = Lands(list(enumerate(good.values())), {CASTABLE: len(bad)} if bad else {}, {DOUBTFUL: doubtful} if doubtful else {}, says=says)
    return Case(name, replace(made, source_time_zone=zone), "dump.tsv", of("n\tv\n" + "".join(lines)), expected)


def utc(*fields: int) -> dt.datetime:
    return dt.datetime(*fields, tzinfo=dt.UTC)  # type: ignore[arg-type]


def money(name: str, good: dict[str, Any], bad: Sequence[str] = (), says: tuple[str, ...] = (), **style: Any) -> Case:
    """A decimal with two digits behind its point."""
    return case(name, "decimal", good, bad, says, precision=18, scale=2, numbers=Numbers(**style))


DAY = dt.date(2013, 8, 5)

NUMBERS = [
    case("whole numbers in either width", "integer", {"12": 12, "１２３": 123, "－１２": -12, "\u3000５\u3000": 5, "\u22127": -7, "+8": 8, "007": 7, "": None},
         ["12.0", "1e3", "½", "五", "٣", "0x10", "1_000"], ("whole number", "not a number as agreed")),
    case("the largest whole number, and one more", "integer", {"9223372036854775807": 2**63 - 1, "-9223372036854775808": -(2**63)}, ["9223372036854775808"], ("too large",)),
    money("decimals", {"1.5": D("1.50"), "１．５": D("1.50"), ".5": D("0.50"), "5.": D("5.00"), "-0.01": D("-0.01"), "1.5e2": D("150.00"), "9999999999999999.99": D("9999999999999999.99")},
          ["1.505", "99999999999999999", "NaN", "1,5"], ("more than 2 digits after", "more than 16 digits before", "not a comma")),
    case("doubles", "double", {"1.5": 1.5, "1e5": 1e5, "-1.5E-3": -0.0015}, ["NaN", "inf", "1e999"], ("not finite",)),
    money("thousands parted by commas", {"1,234": D(1234), "1,234,567.8": D("1234567.80"), "1234": D(1234), "１，２３４": D(1234)}, ["12,34", "1,23,4", "1,,234", "1 234"], ("groups of three digits", "such thousands separators"), thousands=","),
    money("thousands parted by spaces of all kinds", {"1 234": D(1234), "1\u00a0234\u00a0567": D(1234567), "1\u2009234": D(1234), "1\u202f234": D(1234)}, ["12 34", "1,234"], thousands="space"),
    money("thousands parted by apostrophes", {"1'234": D(1234), "1’234’567": D(1234567)}, ["1'23"], thousands="'"),
    money("thousands that nobody agreed", {"1234": D(1234)}, ["1,234", "1 234", "1'234"], ("such thousands separators are not agreed",)),
    money("decimal commas", {"1.234,5": D("1234.50"), "1,5": D("1.50"), "0,05": D("0.05")}, ["1.5", "1,234.5"], thousands=".", decimal_mark=","),
    case("percent that becomes a share", "decimal", {"12%": D("0.1200"), "12.5%": D("0.1250"), "１２％": D("0.1200"), "-0.5 %": D("-0.0050"), "250%": D("2.5000"), "0": D("0.0000")}, ["12", "0.12", "%"], ("percent sign is missing",),
         precision=9, scale=4, numbers=Numbers(percent="divide")),
    money("percent that stays what it is", {"12%": D(12), "12": D(12), "-1.5 %": D("-1.50")}, ["12%%", "12‰"], percent="keep"),
    money("a percent sign that nobody agreed", {"12": D(12)}, ["12%"], ("percent sign is not agreed",)),
    money("negative numbers in parentheses or with a minus behind", {"(1.50)": D("-1.50"), "（5）": D(-5), "5-": D(-5), "-5": D(-5)}, ["(5", "5)", "(-5)", "-5-", "()"], negative=("parentheses", "trailing")),
    money("parentheses that nobody agreed", {"5": D(5)}, ["(5)", "5-"], ("parentheses for a negative number are not agreed", "minus behind the number is not agreed")),
    money("an accounting dash that says nothing", {"-": None, "—": None, "－": None, "--": None, "-5": D(-5)}, ["- -"], dash="null"),
    money("an accounting dash that says zero", {"-": D(0), "—": D(0), "－": D(0), "5": D(5)}, dash="zero"),
    money("万 and 亿", {"1.2万": D(12000), "3亿": D(300_000_000), "1.5万亿": D(1_500_000_000_000), "-2万": D(-20000), "１２ 万": D(120_000), "0.123456万": D("1234.56"), "12": D(12)}, ["3亿5千万", "万", "2百", "0.12345678万"],
          ("multiplier (such as 万) is not agreed",), multipliers=("万", "亿", "万亿")),
    money("万 that nobody agreed", {"12000": D(12000)}, ["1.2万"], ("write all digits",)),
    money("signs of a currency", {"¥1,234.50": D("1234.50"), "￥5": D(5), "1,234元": D(1234), "CNY 5": D(5), "-¥5": D(-5), "(¥5)": D(-5)}, ["$5", "¥"], ("currency sign is not agreed",), thousands=",", currency=("¥", "元", "CNY"), negative=("parentheses",)),
    money("万元", {"1.2万元": D(12000), "12 万 元": D(120_000)}, multipliers=("万",), currency=("元",)),
    money("numbers stored as text with Excel's apostrophe", {"'12": D(12), "＇12.5": D("12.50")}, ["''12"]),
    case("what spreadsheets leave behind", "integer", {"1": 1}, ["#REF!", "#N/A", "#####", "1\u200b2", "\ufeff12"], ("error of a spreadsheet formula", "column is too narrow", "invisible character")),
]

NULLS = [
    case("no value, as people spell it, in numbers", "integer",
         dict.fromkeys(["-", "—", "——", "--", "NULL", "null", "N/A", "ｎ／ａ", "#N/A", "无", "無", "不详", "不詳", "None", "\\N", "/", " 不详 ", "(null)", ""]) | {"12": 12}, ["无数据"], reader={"null_preset": "common"}),
    case("no value, as people spell it, in texts", "string", {"无": None, "NULL": None, "无锡": "无锡", "-1": "-1", "NA": "NA", "A/B": "A/B"}, reader={"null_preset": "common"}),
    case("no value, as the contract spells it", "integer", {"9999": None, "缺测": None, "1": 1, "": None}, ["无"], reader={"null_values": ("", "9999")}, null_values=("缺测",)),
    case("a dash is a text where nobody said otherwise", "string", {"-": "-", "NULL": "NULL", "无": "无"}),
    case("dashes that are zero among texts that are no value", "integer", {"-": 0, "－": 0, "无": None}, reader={"null_preset": "common"}, numbers=Numbers(dash="zero")),
]

DATES = [
    case("dates as computers write them", "date", {"2013-08-05": DAY, "２０１３－０８－０５": DAY, "2012-02-29": dt.date(2012, 2, 29), "'2013-08-05": DAY},
         ["2013-02-29", "2013-13-01", "2013-08", "2013年", "13-08-05", "41491", "2013/08/05"], ("no such day", "half a date", "order or the century", "Excel's own count")),
    case("年月日", "date", {"2013年8月5日": DAY, "2013年08月05日": DAY, "２０１３年８月５日": DAY}, ["2013年8月", "2013年2月30日", "二〇一三年八月五日"], ("half a date", "no such day"), formats=("%Y年%m月%d日",)),
    case("several forms of a date", "date", {"2013年8月5日": DAY, "20130805": DAY, "5/8/2013": DAY, "5 Aug 2013": DAY}, ["8/25/2013", "5/8/13"], formats=("%Y年%m月%d日", "%Y%m%d", "%d/%m/%Y", "%d %b %Y")),
    case("years of the Republic of China", "date", {"民國102年8月5日": DAY, "102/8/5": DAY, "1020805": DAY, "民國元年1月1日": dt.date(1912, 1, 1), "99/12/31": dt.date(2010, 12, 31)}, ["102/2/29", "0/1/1", "民國102年"],
         ("no such day", "half a date"), formats=("roc:%Y/%m/%d", "roc:民國%Y年%m月%d日", "roc:%Y%m%d")),
    case("Excel's days since 1900", "date", {"41491": DAY, "1": dt.date(1900, 1, 1), "59": dt.date(1900, 2, 28), "61": dt.date(1900, 3, 1), "41491.0": DAY, "４１４９１": DAY}, ["60", "0", "41491.5", "-1", "2958466"], ("time of day",), formats=("excel1900",)),
    case("Excel's days since 1904", "date", {"0": dt.date(1904, 1, 1), "40029": DAY}, ["-1"], formats=("excel1904",)),
    case("years of two digits, from 1950 on", "date", {"5/8/49": dt.date(2049, 8, 5), "5/8/50": dt.date(1950, 8, 5), "29/2/00": dt.date(2000, 2, 29)}, ["5/8/2013", "29/2/99"], formats=("%d/%m/%y",), two_digit_years_from=1950),
    case("years of two digits, from 1900 on", "date", {"130805": dt.date(1913, 8, 5)}, ["000229"], ("no such day",), formats=("%y%m%d",), two_digit_years_from=1900),
]

MOMENTS = [
    case("local time becomes UTC", "timestamp", {"2013-08-05 08:00:00": utc(2013, 8, 5), "2013-08-05T00:00:00": utc(2013, 8, 4, 16)}, ["2013-08-05", "2013-08-05 24:00:00", "2013-08-05 08:00:00Z"], ("no such day or time",), zone="Asia/Shanghai"),
    case("times in Chinese", "timestamp", {"2013年8月5日 9时5分": utc(2013, 8, 5, 1, 5)}, ["2013年8月5日"], zone="Asia/Shanghai", formats=("%Y年%m月%d日 %H时%M分",)),
    case("times that name their zone", "timestamp", {"2013-08-05T01:02:03+02:00": utc(2013, 8, 4, 23, 2, 3), "2013-08-05T01:02:03Z": utc(2013, 8, 5, 1, 2, 3), "2013-08-05T01:02:03+0800": utc(2013, 8, 4, 17, 2, 3)}, ["2013-08-05T01:02:03"],
         zone="Asia/Shanghai", formats=("%Y-%m-%dT%H:%M:%S%z",)),
    case("seconds since 1970", "timestamp", {"1375660800": utc(2013, 8, 5), "1375660800.25": utc(2013, 8, 5, 0, 0, 0, 250_000), "-1": utc(1969, 12, 31, 23, 59, 59)}, ["1375660800000", "1e9"], zone="Asia/Shanghai", formats=("epochSeconds",)),
    case("milliseconds since 1970", "timestamp", {"1375660800123": utc(2013, 8, 5, 0, 0, 0, 123_000), "0": utc(1970, 1, 1)}, ["1.5"], formats=("epochMilliseconds",)),
    case("the day in the contract's zone of seconds since 1970", "date", {"1375632000": DAY, "1375631999": dt.date(2013, 8, 4)}, zone="Asia/Shanghai", formats=("epochSeconds",)),
    case("Excel's days with a time", "timestamp", {"41491.5": utc(2013, 8, 5, 4)}, zone="Asia/Shanghai", formats=("excel1900",)),
    case("an hour that came twice is flagged", "timestamp", {"2013-10-27 02:30:00": utc(2013, 10, 27, 0, 30), "2013-10-27 03:30:00": utc(2013, 10, 27, 2, 30)}, zone="Europe/Berlin", doubtful=1, says=("showed this time twice",)),
    case("an hour that never was is no value", "timestamp", {"2013-03-31 03:30:00": utc(2013, 3, 31, 1, 30)}, ["2013-03-31 02:30:00"], ("Europe/Berlin skipped this time",), zone="Europe/Berlin"),
    case("an hour of China's summers of long ago that came twice", "timestamp", {"1986-09-14 01:30:00": utc(1986, 9, 13, 16, 30), "1986-09-14 02:30:00": utc(1986, 9, 13, 18, 30)}, zone="Asia/Shanghai", doubtful=1),
]

OTHERS = [
    case("yes and no", "boolean", {"是": True, "否": False, "ＹＥＳ": True, "n": False, "1": True, "0": False, "TRUE": True}, ["2", "maybe"], ("neither yes nor no",)),
    case("identifiers that a spreadsheet stored as numbers", "string", {"110101199003070012": "110101199003070012", "00123": "00123", "A-17": "A-17", "12E3": "12E3"}, ["1.1E+17", "1.10101E17", "123.0"],
         ("scientific notation and lost its last digits", "ends in a decimal point"), identifier=True),
    case("identifiers that lost their zeros", "string", {"001234": "001234", "A01234": "A01234"}, ["1234"], ("zeros in front were likely lost",), identifier=True, min_length=6, max_length=6),
    case("texts stay what they are", "string", {"Ａ１": "Ａ１", " x ": " x ", "'x": "'x", "10²": "10²", "1.0": "1.0"}),
    case("texts in one form", "string", {"Ａ１，－": "A1,-", "ｶﾞ": "ガ"}, normalize="nfkc"),
    case("texts without Excel's apostrophe", "string", {"'00123": "00123", "x'y": "x'y"}, reader={"text_mark": True}),
    case("text that a spreadsheet would run is kept and counted", "string", {"=1+1": "=1+1", "@SUM(A1)": "@SUM(A1)", "+86 571 87024321": "+86 571 87024321", "-": "-"}),
]

CASES = [*NUMBERS, *NULLS, *DATES, *MOMENTS, *OTHERS]
