"""Dates and moments as people write them → days, and microseconds in UTC. Formats are the contract's, tried in order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import reduce
from zoneinfo import ZoneInfo

import polars as pl

from jobs.contracts.formats import NUMERIC, Shape, shape

FIRST_ROC_YEAR = 1912
MILLISECONDS_A_DAY = 86_400_000
UNIX_DAY = {"excel1900": 25_569, "excel1904": 24_107}  # serial of 1970-01-01
LAST_SERIAL = {"excel1900": 2_958_465, "excel1904": 2_957_003}  # 9999-12-31
SERIAL = r"^[0-9]{1,7}(?:\.[0-9]+)?$"
SECONDS, MILLISECONDS = r"^-?[0-9]{1,12}(?:\.[0-9]{1,6})?$", r"^-?[0-9]{1,15}$"
MOST_DAYS = 40_000
FIRST, LAST = dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999_999)


def days(texts: pl.Series, formats: Sequence[str], zone: str, century: int | None) -> pl.Series:
    """Text → date; null for a text in none of the formats, for half a date, and for a serial with a time of day."""
    return _first_that_fits(texts, formats, lambda value, format_: _day(value, format_, zone, century), pl.Date())


def moments(texts: pl.Series, formats: Sequence[str], zone: str, century: int | None) -> pl.Series:
    """Text → moment in UTC. Formats that name no place on Earth are local times of `zone`, and tried before the others."""
    local = local_times(texts, formats, century)
    here = local.to_frame().select(in_utc(pl.col(local.name), zone).alias(texts.name)).to_series()
    left = (texts.is_not_null() & local.is_null()).arg_true()
    instants = [format_ for format_ in formats if absolute(format_)]
    return here.scatter(left, _first_that_fits(texts.gather(left), instants, _instant, pl.Datetime("us", "UTC"))) if instants and len(left) else here


def local_times(texts: pl.Series, formats: Sequence[str], century: int | None) -> pl.Series:
    """Text → time as the clocks showed it, in microseconds, without a zone."""
    return _first_that_fits(texts, [f for f in formats if not absolute(f)], lambda value, format_: _local(value, format_, century), pl.Datetime("us"))


def _first_that_fits(texts: pl.Series, formats: Sequence[str], read: Callable[[pl.Expr, str], pl.Expr], kind: pl.DataType) -> pl.Series:
    """Format by format, each over the texts that none before it could read: a text that does not fit costs five times one that does."""
    found = pl.Series(texts.name, [], dtype=kind).extend_constant(None, len(texts))
    for format_ in formats:
        left = (texts.is_not_null() & found.is_null()).arg_true()
        if not len(left):
            break
        part = texts.gather(left) if len(left) < len(texts) else texts
        values = part.to_frame().select(read(pl.col(texts.name), format_).cast(kind).alias(texts.name)).to_series()
        found = found.scatter(left, values) if len(left) < len(texts) else values
    return found


def in_utc(local: pl.Expr, zone: str) -> pl.Expr:
    """The earlier of two ambiguous hours; a missing hour is no value."""
    moment = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
    return _of_our_era(moment)


def _of_our_era(moment: pl.Expr) -> pl.Expr:
    """Moments of the years 1 to 9999 in UTC: no other system can hold the rest."""
    return pl.when(moment.is_between(pl.lit(FIRST).dt.replace_time_zone("UTC"), pl.lit(LAST).dt.replace_time_zone("UTC"))).then(moment)


def ambiguous(moments: pl.Series, zone: str) -> pl.Series:
    """Moments in UTC → whether clocks in `zone` showed the same time twice, and this is the earlier of the two."""
    first, last = moments.min(), moments.max()
    if not (isinstance(first, dt.datetime) and isinstance(last, dt.datetime)) or not _clocks_go_back(first, last, zone):
        return pl.repeat(False, len(moments), eager=True)
    local = moments.dt.convert_time_zone(zone).dt.replace_time_zone(None)
    later = local.dt.replace_time_zone(zone, ambiguous="latest", non_existent="null").dt.convert_time_zone("UTC")
    return (later != moments).fill_null(False)


def absolute(format_: str) -> bool:
    """Whether the format names a moment wherever it is read."""
    return format_.startswith("epoch") or (format_ not in NUMERIC and shape(format_).offset)


def _clocks_go_back(first: dt.datetime, last: dt.datetime, zone: str) -> bool:
    """Whether the zone's distance from UTC shrinks between a day before `first` and a day after `last`; asked once a day, which no zone outpaces."""
    if zone == "UTC":
        return False
    place, day, count = ZoneInfo(zone), dt.timedelta(days=1), (last - first).days + 4
    if count > MOST_DAYS or first.year == 1 or last.year == 9999:
        return True  # a wrong year among them: look at every value
    offsets = [(first + day * n).astimezone(place).utcoffset() or dt.timedelta() for n in range(-1, count)]
    return any(after < before for before, after in zip(offsets, offsets[1:], strict=False))


def _day(value: pl.Expr, format_: str, zone: str, century: int | None) -> pl.Expr:
    if format_.startswith("excel"):
        moment = _serial(value, format_)
        return pl.when(moment == moment.dt.truncate("1d")).then(moment.dt.date())
    if format_.startswith("epoch"):
        day = _epoch(value, format_).dt.convert_time_zone(zone).dt.date()
        return pl.when(day.is_between(pl.lit(FIRST.date()), pl.lit(LAST.date()))).then(day)
    found = shape(format_)
    text, strptime = _to_the_minute(_gregorian(value, found, century), found)
    return _shaped(value, found, text.str.to_date(strptime, strict=False, cache=False))


def _local(value: pl.Expr, format_: str, century: int | None) -> pl.Expr:
    if format_.startswith("excel"):
        return _serial(value, format_)
    found = shape(format_)
    text, strptime = _to_the_minute(_gregorian(value, found, century), found)
    return _shaped(value, found, text.str.to_datetime(strptime, strict=False, time_unit="us", cache=False))


def _instant(value: pl.Expr, format_: str) -> pl.Expr:
    if format_.startswith("epoch"):
        return _epoch(value, format_)
    found = shape(format_)
    text, strptime = _to_the_minute(_gregorian(value, found, None).str.replace("[Zz]$", "+00:00"), found)
    return _of_our_era(_shaped(value, found, text.str.to_datetime(strptime, strict=False, time_unit="us", cache=False).dt.convert_time_zone("UTC")))


def _to_the_minute(text: pl.Expr, found: Shape) -> tuple[pl.Expr, str]:
    """Text and format with the minute 0, where the format has an hour alone: polars does not read an hour without minutes."""
    return (text + " 00", f"{found.strptime} %M") if found.hour_alone else (text, found.strptime)


def _shaped(value: pl.Expr, found: Shape, read: pl.Expr) -> pl.Expr:
    """What was read, where the text has the format's shape: strptime alone lets a year 13, a blank and a sign pass."""
    return pl.when(value.str.contains(found.regex)).then(read) if found.calendar == "gregorian" else read


def _gregorian(value: pl.Expr, found: Shape, century: int | None) -> pl.Expr:
    """The text with a Gregorian year of four digits; of other calendars, null where it has not the format's shape."""
    if found.calendar == "gregorian":
        return value
    parts = value.str.replace("元年", "1年", literal=True).str.extract_groups(f"^({found.before})({found.year})({found.after})$")
    year = parts.struct.field("2").cast(pl.Int32, strict=False)
    year = _roc(year) if found.calendar == "roc" else _of_century(year, 1969 if century is None else century)
    return pl.concat_str(parts.struct.field("1"), year.cast(pl.String).str.zfill(4), parts.struct.field("3"))


def _roc(year: pl.Expr) -> pl.Expr:
    return pl.when(year > 0).then(year + (FIRST_ROC_YEAR - 1))


def _of_century(year: pl.Expr, first: int) -> pl.Expr:
    """Two digits → the one year of the hundred from `first` on that ends in them."""
    return first + (year - first % 100) % 100


def _serial(value: pl.Expr, system: str) -> pl.Expr:
    """Excel's count of days → local time, to the millisecond, as Excel shows it. Its 29 February 1900 never was."""
    number = pl.when(value.str.contains(SERIAL)).then(value).cast(pl.Float64, strict=False)
    first = 1 if system == "excel1900" else 0
    good = (number >= first) & (number < LAST_SERIAL[system] + 1)
    if system == "excel1900":
        good = good & ((number < 60) | (number >= 61))
        number = pl.when(number < 60).then(number + 1).otherwise(number)
    since = pl.when(good).then((number - UNIX_DAY[system]) * MILLISECONDS_A_DAY).round()
    return pl.from_epoch(since.cast(pl.Int64), "ms").cast(pl.Datetime("us"))


def _epoch(value: pl.Expr, unit: str) -> pl.Expr:
    pattern, scale = (SECONDS, 1_000_000) if unit == "epochSeconds" else (MILLISECONDS, 1_000)
    number = pl.when(value.str.contains(pattern)).then(value).cast(pl.Decimal(24, 6), strict=False)
    moment = pl.from_epoch((number * scale).cast(pl.Int64, strict=False), "us").cast(pl.Datetime("us"))
    return _of_our_era(moment.dt.replace_time_zone("UTC"))


def looks_like(value: pl.Expr, formats: Sequence[str]) -> pl.Expr:
    """Whether the text has the shape of one of the formats, be there such a day or not."""
    written = [value.str.contains(shape(f).regex) for f in formats if f not in NUMERIC]
    return reduce(lambda a, b: a | b, written, pl.lit(False))
