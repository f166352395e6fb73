"""What the texts of a sample look like: types, nulls, keys, closed lists, ranges, and what is likely about a person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import polars as pl
from pypinyin import lazy_pinyin

from jobs.readers.values import FALSE, TRUE

NULLS = ("", "-", "--", "—", "——", "NULL", "null", "N/A", "NA", "n/a", "None", "nan", "无", "不详", "未知")
DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y年%m月%d日")
TIMES = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d %H:%M:%S%.f", "%Y年%m月%d日 %H:%M",
)  # fmt: skip
INTEGER, DECIMAL, LEADING_ZERO = r"^[+-]?\d{1,18}$", r"^[+-]?(\d{1,26}(\.\d{1,10})?|\.\d{1,10})$", r"^[+-]?0\d+$"
DOUBLE = r"^[+-]?\d+(\.\d+([eE][+-]?\d+)?)?$"  # what a program writes of a float; 12E3 without a point may be a code
FEW, ROWS_OF_A_LIST = 12, 5  # a closed list has at most FEW values, each met ROWS_OF_A_LIST times on average
KEY_NAMES = re.compile(r"(^|_)(id|no|number|code|key|bianhao|bianma|hao|haoma)(_|$)|编号|编码|序号|号$", re.IGNORECASE)
ROW_NUMBERS = re.compile(r"__index_level_\d+__|Unnamed: 0|")  # headers under which a program writes the number of the row
KEY_PAIRS = 60  # pairs of columns that are tried as a key
PERSONAL_NAMES = re.compile(r"姓名|身份证|证件号|电话|手机|住址|地址|邮箱|出生|name$|_name|phone|mobile|email|address|birth|passport|id_?card|(^|_)(ssn|soc_sec|dob)(_|$)", re.IGNORECASE)
PERSONAL_VALUES = {"a resident id": r"^\d{17}[\dXx]$", "a mobile number": r"^1[3-9]\d{9}$", "a social security number": r"^\d{3}-\d{2}-\d{4}$", "an e-mail address": r"^[^@\s]+@[^@\s]+\.[^@\s]+$"}


@dataclass(frozen=True)
class ColumnProfile:
    """`formats` of a date or a timestamp; `values` of a closed list; `lowest`, `highest` as texts; `personal`: why it is likely about a person."""

    header: str
    name: str
    kind: str
    physical: str | None
    rows: int
    nulls: int
    distinct: int
    null_values: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    other_formats: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    lowest: str | None = None
    highest: str | None = None
    length: int | None = None
    personal: str | None = None


@dataclass(frozen=True)
class Profile:
    columns: tuple[ColumnProfile, ...]
    key: tuple[str, ...]


def profiled(frame: pl.DataFrame) -> Profile:
    """`frame`: a column of texts for every header."""
    columns = column_profiles(frame)
    return Profile(columns, _key(frame, columns))


def column_profiles(frame: pl.DataFrame) -> tuple[ColumnProfile, ...]:
    return tuple(_column(frame[header], name) for header, name in zip(frame.columns, column_names(frame.columns), strict=True))


def column_names(headers: Sequence[str]) -> list[str]:
    """Lower case letters, digits and _; Chinese as pinyin; no name twice."""
    found: list[str] = []
    for number, header in enumerate(headers, 1):
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", "_".join(lazy_pinyin(header)))
        name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
        name = name if re.match(r"[a-z]", name) else f"c_{name}".rstrip("_") if name else f"column_{number}"
        taken = sum(other == name or re.fullmatch(rf"{re.escape(name)}_\d+", other) is not None for other in found)
        found.append(f"{name}_{taken + 1}" if taken else name)
    return found


def _column(sent: pl.Series, name: str) -> ColumnProfile:
    texts = sent.alias("sent").str.strip_chars()  # a header such as ^a$ would be a pattern to Polars
    null_words = tuple(word for word in NULLS[1:] if (texts == word).any())
    values = texts.filter(texts.is_not_null() & ~texts.is_in(list(NULLS)))
    kind, physical, formats, others = _kind(values)
    if kind == "string":  # there a dash may be a value: only what is not there at all is null
        null_words, values = (), texts.filter(texts.is_not_null() & (texts != ""))
    listed = values.unique().sort()
    closed = kind == "string" and 1 < len(listed) <= FEW and len(values) >= ROWS_OF_A_LIST * len(listed)
    lengths = values.str.len_chars()
    low, high = _ends(values, kind, formats)
    return ColumnProfile(
        sent.name, name, kind, physical, len(sent), len(sent) - len(values), len(listed), null_words, formats, others, tuple(listed) if closed else (), low, high,
        _most(lengths) if kind == "string" and len(values) and lengths.n_unique() == 1 else None, _personal(sent.name, name, values),
    )  # fmt: skip


def _kind(values: pl.Series) -> tuple[str, str | None, tuple[str, ...], tuple[str, ...]]:
    """Logical type, physical type, formats, and the other formats that would fit as well."""
    if values.is_empty():
        return "string", None, (), ()
    if dates := _fitting(values, DATES, pl.Date()):
        return "date", None, dates[:1], dates[1:]
    if not values.str.contains(LEADING_ZERO).any():
        if values.str.contains(INTEGER).all():
            return "integer", None, (), ()
        if values.str.contains(DECIMAL).all():
            scale = _most(values.str.extract(r"\.(\d+)$").str.len_chars())
            return "number", f"decimal({min(38, _digits(values) + scale + 2)},{scale})", (), ()
        if values.str.contains(DOUBLE).all() and values.str.contains(".", literal=True).any():
            return "number", "double", (), ()
    if times := _fitting(values, TIMES, pl.Datetime("us")):
        return "timestamp", None, times[:1], times[1:]
    low = values.str.to_lowercase()
    if low.is_in([*TRUE, *FALSE]).all() and low.n_unique() == 2:
        return "boolean", None, (), ()
    return "string", None, (), ()


def _digits(values: pl.Series) -> int:
    return _most(values.str.extract(r"^[+-]?(\d+)").str.len_chars())


def _most(lengths: pl.Series) -> int:
    return max(lengths.drop_nulls().to_list(), default=0)


def _fitting(values: pl.Series, formats: Sequence[str], kind: pl.Date | pl.Datetime) -> tuple[str, ...]:
    """The formats every value has."""
    return tuple(f for f in formats if not values.str.strptime(kind, f, strict=False, exact=True).has_nulls())


def _ends(values: pl.Series, kind: str, formats: tuple[str, ...]) -> tuple[str | None, str | None]:
    if values.is_empty() or kind in ("string", "boolean"):
        return None, None
    if formats:
        target: pl.Date | pl.Datetime = pl.Date() if kind == "date" else pl.Datetime("us")
        read = values.str.strptime(target, formats[0])
    else:
        read = values.str.normalize("NFKC").cast(pl.Float64)  # digits of full width are digits to landing too
    order = read.arg_sort()
    return values[int(order[0])], values[int(order[-1])]


def _personal(header: str, name: str, values: pl.Series) -> str | None:
    for what, pattern in PERSONAL_VALUES.items():
        if len(values) and values.str.contains(pattern).mean() > 0.5:  # type: ignore[operator]
            return f"values look like {what}"
    return "its name sounds like it" if PERSONAL_NAMES.search(header) or PERSONAL_NAMES.search(name) else None


def _key(frame: pl.DataFrame, columns: Sequence[ColumnProfile]) -> tuple[str, ...]:
    """The first column, or pair of columns, that has no null and never repeats; names that sound like a key go first, then pairs of few values.

    What was measured, a shape, and a row number that a program wrote identify nothing, though they may never repeat.
    """
    whole = [c for c in columns if c.nulls == 0 and c.rows and c.kind != "number" and not ROW_NUMBERS.fullmatch(c.header) and not c.header.startswith("$")]
    ordered = sorted(whole, key=lambda c: not (KEY_NAMES.search(c.header) or KEY_NAMES.search(c.name)))
    for column in ordered:
        if column.distinct == column.rows:
            return (column.name,)
    large_enough = [pair for pair in combinations(ordered, 2) if pair[0].distinct * pair[1].distinct >= frame.height]
    for pair in sorted(large_enough, key=lambda pair: pair[0].distinct * pair[1].distinct)[:KEY_PAIRS]:
        if frame.select([c.header for c in pair]).n_unique() == frame.height:
            return tuple(c.name for c in pair)
    return ()
