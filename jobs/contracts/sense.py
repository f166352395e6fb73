"""What the ODCS schema cannot see: parts of a contract that are well formed one by one and do not fit together."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jobs.contracts import database, delivery_options, format_options, formats
from jobs.contracts.model import Column, Contract
from jobs.contracts.regexes import bad_regex

PROPERTIES = ("schema", 0, "properties")
COLUMN_NAME = re.compile(r"[a-z][a-z0-9_]*")
OPTIONS = {"minimum", "maximum", "pattern", "minLength", "maxLength"}
NUMBERS = ("integer", "decimal", "double")
DESCRIPTION = ("purpose", "usage", "limitations", "authoritativeDefinitions", "customProperties")


class Fault(NamedTuple):
    """`path`: where in the document; `message`: what is wrong and what to write instead."""

    path: tuple[str | int, ...]
    message: str


def faults(document: Any, contract: Contract) -> Iterator[Fault]:
    """Everything that does not fit together in one contract, in no order."""
    yield from _names(contract)
    yield from _keys(contract)
    yield from _reader(document, contract)
    yield from (Fault((*_custom_at(document, "database"), name), message) for name, message in database.faults(contract))
    yield from _ignored(document)
    yield from (Fault((*_custom_at(document, name), *path), message) for name, path, message in delivery_options.faults(contract))
    groups = _groups(contract)
    for index, column in enumerate(contract.columns):
        yield from (Fault((*PROPERTIES, index, *path), message) for path, message in _column(document, index, column, contract, groups))


def _names(contract: Contract) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, column in enumerate(contract.columns):
        at = (*PROPERTIES, index, "name")
        if not COLUMN_NAME.fullmatch(column.name):
            yield Fault(at, f"column {column.name!r} should be lower case letters, digits and _, starting with a letter (names with _ in front are the lake's own)")
        if column.name in seen:
            yield Fault(at, f"column {column.name!r} is there twice")
        seen.add(column.name)
    if not contract.columns:
        yield Fault(("schema",), "the schema has no properties: a dataset needs at least one column")


def _keys(contract: Contract) -> Iterator[Fault]:
    places = sorted(c.primary_key for c in contract.columns if c.primary_key)
    if places != list(range(1, len(places) + 1)):
        yield Fault(PROPERTIES, f"primaryKeyPosition of the key columns should count 1, 2, 3 …, not {', '.join(map(str, places))}")
    if not places and contract.mode != "events":
        yield Fault(("customProperties",), f"deliveryMode {contract.mode} needs a key: mark its columns with primaryKey and primaryKeyPosition, or say events")
    for index, column in enumerate(contract.columns):
        if column.primary_key and not column.required:
            yield Fault((*PROPERTIES, index, "name"), f"key column {column.name!r} must be `required: true`: a row without it cannot be told from others")
    names = {c.name for c in contract.columns}
    for name in contract.identity:
        if name not in names:
            yield Fault(("customProperties",), f"identity names {name!r}, which is no column")


def _reader(document: Any, contract: Contract) -> Iterator[Fault]:
    reader, at = contract.reader, _custom_at(document, "reader")
    try:
        codecs.lookup(reader.encoding or "utf-8")
    except LookupError:
        yield Fault((*at, "encoding"), f"no encoding is called {reader.encoding!r}; try utf-8, gb18030, big5, cp1252")
    yield from (Fault((*at, *path), message) for path, message in format_options.faults(contract))
    if reader.format == "json" and not reader.rows_at:
        yield Fault(at, "a JSON dataset needs `rowsAt` in its reader: where the rows are, e.g. [releases], or [$] when the document is one row or an array of rows")
    try:
        ZoneInfo(contract.source_time_zone)
    except (KeyError, ValueError, OSError):
        yield Fault(_custom_at(document, "sourceTimeZone"), f"no time zone is called {contract.source_time_zone!r}; write an IANA name such as Asia/Shanghai")
    if not 0 <= contract.tolerated_rejected_share <= 1:
        yield Fault(_custom_at(document, "toleratedRejectedShare"), "a share is between 0 and 1")
    if reader.unpivot and reader.format != "csv":
        yield Fault((*at, "unpivot"), f"columns become rows in delimited text only, not in {reader.format}")
    expressions = [("filePattern", contract.file_pattern), ("periodPattern", contract.period_pattern)]
    inside = [
        ("footnote", reader.footnote), ("unpivot", reader.unpivot.headers if reader.unpivot else None), *(("captures", c.pattern) for c in reader.captures),
        ("archive", reader.archive.members), *format_options.patterns(reader),
    ]  # fmt: skip
    for path, pattern in [(_custom_at(document, name), p) for name, p in expressions] + [((*at, name), p) for name, p in inside if p]:
        if problem := bad_regex(pattern or ""):
            yield Fault(path, problem)


def _ignored(document: Any) -> Iterator[Fault]:
    """Law 4: what ODCS allows and the lake would not act upon is said, not passed over."""
    for name in document.get("description") or {}:
        if name not in DESCRIPTION:
            yield Fault(("description", name), f"a description has {', '.join(DESCRIPTION)}, not {name!r}")
    table = document["schema"][0]
    if table.get("quality"):
        yield Fault(("schema", 0, "quality"), "rules are written in expectations/<department>/<dataset>.yaml, as Great Expectations")
    for index, prop in enumerate(table.get("properties") or ()):
        if prop.get("quality"):
            yield Fault((*PROPERTIES, index, "quality"), "rules are written in expectations/<department>/<dataset>.yaml, as Great Expectations")
        for name in prop.get("logicalTypeOptions") or {}:
            if name not in OPTIONS:
                said = "write strptime formats as customProperty `formats`, e.g. ['%d/%m/%Y']" if name == "format" else f"known here: {', '.join(sorted(OPTIONS))}"
                yield Fault((*PROPERTIES, index, "logicalTypeOptions", name), f"logicalTypeOptions.{name} has no effect; {said}")


def _groups(contract: Contract) -> set[str]:
    """Every `$…` source this contract offers."""
    reader = contract.reader
    found = {"$period", "$member", *format_options.sources(reader)}
    for prefix, pattern in [("$capture.", c.pattern) for c in reader.captures] + ([("$unpivot.", reader.unpivot.headers)] if reader.unpivot else []):
        if not bad_regex(pattern):
            found |= {prefix + name for name in re.compile(pattern).groupindex}
    return found | ({"$unpivot.value"} if reader.unpivot else set())


def _column(document: Any, index: int, column: Column, contract: Contract, groups: set[str]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    prop = document["schema"][0]["properties"][index]
    for source in (column.source, *column.fallback):
        offered = "$doc.<path>" if source.startswith("$doc.") else source
        if source.startswith("$") and offered not in groups:
            yield ("physicalName",), f"{source} is no source of this contract; there are {', '.join(sorted(groups))}"
    if column.fallback and "$row" not in groups:
        yield _custom_at(prop, "fallback"), "only a JSON or XML dataset can fall back on another source; name other headers in `synonyms`"
    low, high = column.minimum, column.maximum
    if low is not None and high is not None and _reversed(low, high):
        yield ("logicalTypeOptions",), f"minimum {low} is above maximum {high}: no value can be right"
    if column.pattern and (problem := bad_regex(column.pattern)):
        yield ("logicalTypeOptions", "pattern"), problem
    for value in column.value_map:
        if problem := bad_regex(value.pattern):
            yield _custom_at(prop, "valueMap"), problem
    if column.kind == "decimal" and not 0 <= column.scale <= column.precision <= 38:
        yield ("physicalType",), f"decimal({column.precision},{column.scale}) is not possible: at most 38 digits, and no more after the point than in all"
    if column.formats and column.kind not in ("date", "timestamp"):
        yield _custom_at(prop, "formats"), f"formats are for dates and timestamps, and {column.name!r} is a {column.kind}"
    yield from ((_custom_at(prop, name), message) for name, message in _written(column, contract))
    if column.enum and column.kind not in ("string", "integer"):
        yield ("enum",), f"an enum needs a string or an integer, and {column.name!r} is a {column.kind}"


def _written(column: Column, contract: Contract) -> Iterator[tuple[str, str]]:
    """How values are written: (customProperty, what is wrong)."""
    if column.kind in ("date", "timestamp"):
        century = column.two_digit_years_from or contract.reader.two_digit_years_from
        yield from (("formats", problem) for f in column.formats if (problem := formats.fault(f, century is not None)))
        if problem := formats.clash(column.formats):
            yield "formats", problem
    if column.identifier and column.kind != "string":
        yield "identifier", f"an identifier is kept as a string, and {column.name!r} is a {column.kind}"
    if column.numbers and column.kind not in NUMBERS:
        yield "numbers", f"numbers is for integers, decimals and doubles, and {column.name!r} is a {column.kind}"
    style = column.numbers or contract.reader.numbers
    if column.kind in NUMBERS and style.thousands == style.decimal_mark:
        yield "numbers", f"{style.thousands!r} cannot be thousands separator and decimal mark at once"
    if column.kind in NUMBERS and any(set(sign) & set("0123456789+-()%") or not sign.strip() for sign in style.currency):
        yield "numbers", "a currency is a sign or a code such as ¥, 元 or CNY, without digits, signs, parentheses or percent"
    if column.min_length is not None and column.max_length is not None and column.min_length > column.max_length:
        yield "identifier", f"minLength {column.min_length} is above maxLength {column.max_length}: no value can be right"


def _reversed(low: Any, high: Any) -> bool:
    return isinstance(low, str) != isinstance(high, str) or bool(low > high)


def _custom_at(holder: Any, name: str) -> tuple[str | int, ...]:
    """The path of a customProperty's value, or of the list that lacks it."""
    for index, item in enumerate(holder.get("customProperties") or ()):
        if item["property"] == name:
            return ("customProperties", index, "value")
    return ("customProperties",)
