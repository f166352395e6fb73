"""Texts as a department wrote them → values of the contract's types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from jobs.contracts.model import Column, Contract, Language
from jobs.readers import dates, numbers
from jobs.readers.cells import Cells
from jobs.readers.characters import marked, unadorned, unmarked
from jobs.readers.identifiers import start_with_letters, stored_as_number, watched
from jobs.readers.nulls import without_nulls
from jobs.readers.plain_values import read_plainly
from jobs.readers.reasons import AMBIGUOUS_HOUR, reasons

TYPES: dict[str, pl.DataType] = {
    "string": pl.String(), "json": pl.String(), "integer": pl.Int64(), "double": pl.Float64(), "boolean": pl.Boolean(), "date": pl.Date(),
    "timestamp": pl.Datetime("us", "UTC"),
}  # fmt: skip
TRUE, FALSE = ("true", "t", "yes", "y", "1", "是"), ("false", "f", "no", "n", "0", "否")
TEXTS, NUMBERS = ("string", "json"), ("integer", "decimal", "double")
FORMATS = {"date": ("%Y-%m-%d",), "timestamp": ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")}


@dataclass(frozen=True)
class Typed:
    """`frame`: one typed column a contract column; `failed`: column → (mask of texts that are no value, the texts).

    `messages`: column of `failed` → what is wrong, a row (null where nothing is). `doubtful`: column → (mask of values that were read and may be
    another, the texts, what is doubtful).
    """

    frame: pl.DataFrame
    failed: dict[str, tuple[pl.Series, pl.Series]]
    messages: dict[str, pl.Series] = field(default_factory=dict)
    doubtful: dict[str, tuple[pl.Series, pl.Series, str]] = field(default_factory=dict)


def why(texts: Sequence[str], column: Column, contract: Contract) -> list[str | None]:
    """What is wrong with each text that was sent for this column, in the contract's language; None for a text that is a value."""
    said = typed_by_text(pl.DataFrame({column.name: pl.Series(texts, dtype=pl.String)}), replace(contract, columns=(column,)), contract.language).messages
    return said[column.name].to_list() if column.name in said else [None] * len(texts)


def polars_type(column: Column) -> pl.DataType:
    return pl.Decimal(column.precision, column.scale) if column.kind == "decimal" else TYPES[column.kind]


def typed(raw: pl.DataFrame | Cells, contract: Contract) -> Typed:
    """`raw`: one column a contract column, as sent (text, or already of a type where the format has types)."""
    cells = raw if isinstance(raw, Cells) else Cells.of(raw)
    read = {c.name: read_plainly(cells, c, contract.reader, _formats(c), contract.source_time_zone) for c in contract.columns}
    left = replace(contract, columns=tuple(c for c in contract.columns if read[c.name] is None))
    found = typed_by_text(cells.select([c.name for c in left.columns]), left)
    return replace(found, frame=pl.DataFrame([found.frame[name] if values is None else values for name, values in read.items()]))


def typed_by_text(raw: pl.DataFrame, contract: Contract, language: Language = "en") -> Typed:
    """The same, every text trimmed, folded and judged by itself. `language`: of the messages."""
    odd = marked(raw, [c.name for c in contract.columns if c.kind not in TEXTS and raw.schema[c.name] == pl.String])
    texts = raw.select([_sent(column, contract, raw.schema[column.name], column.name in odd).alias(column.name) for column in contract.columns])
    plain = _plain(texts, contract)
    casts = {c.name: _cast(c, contract, plain.schema[c.name], doubted=_doubted(plain[c.name], c)) for c in contract.columns if not _is_dated(c, texts)}
    frame = plain.select([casts[c.name].alias(c.name) if c.name in casts else _dated(texts[c.name], c, contract) for c in contract.columns])
    failed, messages, doubtful = {}, {}, {}
    for column in contract.columns:
        name = column.name
        if frame[name].null_count() != texts[name].null_count():
            mask = texts[name].is_not_null() & frame[name].is_null()
            failed[name] = (mask, _as_sent(raw[name], texts[name]))
            said = reasons(texts[name].filter(mask), column, contract, _formats(column), language)
            messages[name] = pl.Series(name, [], dtype=pl.String).extend_constant(None, raw.height).scatter(mask.arg_true(), said)
        if column.kind == "timestamp" and (mask := _ambiguous(texts[name], frame[name], column, contract)).any():
            doubtful[name] = (mask, _as_sent(raw[name], texts[name]), AMBIGUOUS_HOUR.format(zone=contract.source_time_zone))
    return Typed(frame, failed, messages, doubtful)


def _as_sent(raw: pl.Series, text: pl.Series) -> pl.Series:
    """What the department wrote, null where that means no value."""
    sent = raw.cast(pl.String).str.strip_chars()
    return pl.select(pl.when(text.is_not_null()).then(sent)).to_series().alias(raw.name)


def _sent(column: Column, contract: Contract, kind: pl.DataType, odd: bool) -> pl.Expr:
    """The text to be read: trimmed, mapped, without spellings of 'no value', in one width. `odd`: some text is not plain ASCII, or has Excel's mark."""
    value, reader = pl.col(column.name), contract.reader
    if kind != pl.String:
        return _number_as_text(value, column, kind)
    is_text = column.kind in TEXTS
    if reader.trim or not is_text:
        value = value.str.strip_chars()
    value = without_nulls(value, column, reader)
    if column.value_map:
        value = _mapped(value, column)
    if is_text:
        return _text(value, column, contract) if column.kind == "string" else value
    value = unadorned(value) if odd else value
    return numbers.dashed(value, column.numbers or reader.numbers) if column.kind in NUMBERS else value


def _text(value: pl.Expr, column: Column, contract: Contract) -> pl.Expr:
    """Texts stay as they are, but for what the contract asks."""
    value = unmarked(value) if contract.reader.text_mark else value
    form = column.normalize or contract.reader.normalize
    return value if form == "none" else value.str.normalize("NFC" if form == "nfc" else "NFKC")


def _mapped(value: pl.Expr, column: Column) -> pl.Expr:
    mapped: pl.Expr = value
    for rule in reversed(column.value_map):
        mapped = pl.when(value.str.contains(rule.pattern)).then(value if rule.value == "$0" else pl.lit(rule.value, dtype=pl.String)).otherwise(mapped)
    return mapped


def _number_as_text(value: pl.Expr, column: Column, kind: pl.DataType) -> pl.Expr:
    """Numbers of a dump that has types become texts where their type alone would not tell what they mean; 20130805.0 is 20130805."""
    fits = column.kind == "double" or (kind.is_integer() and column.kind in NUMBERS) or (kind.is_float() and column.kind == "integer") or kind == polars_type(column)
    if not kind.is_numeric() or column.kind in TEXTS or fits:
        return value
    return value.cast(pl.String).str.replace(r"\.0+$", "")


def _doubted(texts: pl.Series, column: Column) -> bool:
    """Whether a text of the column may have been a number once."""
    return watched(column) and not (texts.dtype == pl.String and start_with_letters(texts))


def _cast(column: Column, contract: Contract, kind: pl.DataType, *, doubted: bool) -> pl.Expr:
    value, target = pl.col(column.name), polars_type(column)
    if column.kind == "timestamp":
        return _timestamp(value, column, contract, kind)
    if column.kind == "string" and doubted:
        text = value.cast(pl.String)
        return pl.when(stored_as_number(text, column, kind.is_float()).not_()).then(text)
    if kind == target:
        return value
    if kind.is_float() and column.kind == "integer":
        return pl.when(value == value.floor()).then(value.cast(target, strict=False))
    if column.kind == "date" and isinstance(kind, pl.Datetime):
        return pl.when(value == value.dt.truncate("1d")).then(value.dt.date())  # a time of day would be cut off without a word
    if kind != pl.String:
        return value.cast(target, strict=False)
    if column.kind == "boolean":
        low = value.str.to_lowercase()
        return pl.when(low.is_in(TRUE)).then(True).when(low.is_in(FALSE)).then(False).otherwise(None)
    return _number(value, column)


def _is_dated(column: Column, texts: pl.DataFrame) -> bool:
    return column.kind in FORMATS and texts.schema[column.name] == pl.String


def _dated(texts: pl.Series, column: Column, contract: Contract) -> pl.Series:
    read = dates.days if column.kind == "date" else dates.moments
    return read(texts, _formats(column), contract.source_time_zone, _century(column, contract))


def _plain(texts: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """Numbers in the contract's style, and decimals with an exponent, as plain digits."""
    found = []
    for column in contract.columns:
        name, style = column.name, column.numbers or contract.reader.numbers
        if column.kind not in NUMBERS or texts.schema[name] != pl.String:
            continue
        if numbers.styled(style):
            found.append(numbers.plain(texts[name], style, exponents=column.kind == "double"))
        elif column.kind == "decimal" and texts[name].str.contains("[eE]").any():
            found.append(numbers.expanded(texts[name]))
    return texts.with_columns(found) if found else texts


def _number(value: pl.Expr, column: Column) -> pl.Expr:
    if column.kind == "double":
        number = value.cast(pl.Float64, strict=False)
        return pl.when(number.is_finite()).then(number).otherwise(None)
    if column.kind == "decimal":
        longer = value.str.contains(rf"\.[0-9]{{{column.scale}}}[0-9]*[1-9]")
        return pl.when(longer).then(None).otherwise(value).cast(polars_type(column), strict=False)
    return value.cast(pl.Int64, strict=False)


def _timestamp(value: pl.Expr, column: Column, contract: Contract, kind: pl.DataType) -> pl.Expr:
    """Local time of the contract's zone → UTC. The earlier of two ambiguous hours; a missing hour is no value."""
    if isinstance(kind, pl.Datetime) and kind.time_zone:
        return value.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    return dates.in_utc(value.cast(pl.Datetime("us")), contract.source_time_zone)


def _ambiguous(texts: pl.Series, moments: pl.Series, column: Column, contract: Contract) -> pl.Series:
    """Values whose local hour came twice; a text that says its own zone is never one of them."""
    if isinstance(texts.dtype, pl.Datetime) and texts.dtype.time_zone:
        return pl.repeat(False, len(texts), eager=True)
    found = dates.ambiguous(moments, contract.source_time_zone)
    if texts.dtype == pl.String and found.any() and any(map(dates.absolute, _formats(column))):
        found = found & dates.local_times(texts, _formats(column), _century(column, contract)).is_not_null()
    return found


def _formats(column: Column) -> Sequence[str]:
    return column.formats or FORMATS.get(column.kind, ())


def _century(column: Column, contract: Contract) -> int | None:
    return contract.reader.two_digit_years_from if column.two_digit_years_from is None else column.two_digit_years_from
