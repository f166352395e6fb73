"""Why a text did not become a value, in words for the clerk who sent it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from jobs.contracts.date_words import written
from jobs.contracts.model import Column, Contract, Language, Numbers
from jobs.readers.dates import local_times, looks_like
from jobs.readers.identifiers import SCIENTIFIC, fixed_length, lost_zeros
from jobs.readers.numbers import SEPARATORS, expanded, plain, styled

Words = tuple[str, str]  # English, Chinese
Reason = tuple[pl.Expr, Words]  # (which texts, what is wrong with them); the first that fits is said
AMBIGUOUS_HOUR = "clocks in {zone} showed this time twice that day; the earlier was taken"
INVISIBLE = r"[\p{Cc}\p{Cf}]"


def reasons(sent: pl.Series, column: Column, contract: Contract, formats: Sequence[str], language: Language = "en") -> pl.Series:
    """`sent`: what is no value of the column, trimmed and folded where it is text. One message a row."""
    value, zone, said_in = pl.col("sent"), contract.source_time_zone, int(language == "zh")
    skipped = f"clocks in {zone} skipped this time that day: there was no such hour", f"{zone} 当天时钟拨快,没有这一小时"
    if column.kind == "timestamp" and isinstance(sent.dtype, pl.Datetime):
        return pl.Series([skipped[said_in]] * len(sent), dtype=pl.String)
    sent = sent.cast(pl.String)
    found = list(_of(value, sent, column, contract, formats))
    if column.kind == "timestamp":
        century = contract.reader.two_digit_years_from if column.two_digit_years_from is None else column.two_digit_years_from
        found.insert(0, (pl.lit(local_times(sent, formats, century).is_not_null()), skipped))
    said: pl.Expr = pl.lit(_otherwise(column, formats)[said_in])
    for which, words in reversed(found):
        said = pl.when(which.fill_null(False)).then(pl.lit(words[said_in])).otherwise(said)
    return sent.alias("sent").to_frame().select(said.alias("message"))["message"]


def _of(value: pl.Expr, sent: pl.Series, column: Column, contract: Contract, formats: Sequence[str]) -> Iterator[Reason]:
    if column.kind == "string":
        yield from _identifier(value, column)
        return
    yield value.str.contains("^#+$"), ("Excel shows #### where a column is too narrow; widen it and export again", "Excel 列宽不足,显示为 ####,请加宽后重新导出")
    yield value.str.contains(r"^#[A-Z/0]+[!?]?$"), ("this is an error of a spreadsheet formula, not a value", "这是表格公式的错误提示,不是数值")
    yield value.str.contains(INVISIBLE), ("an invisible character is in this value; type it again", "含有不可见字符,请重新输入")
    if column.kind in ("integer", "decimal", "double"):
        yield from _number(value, sent, column, column.numbers or contract.reader.numbers)
    if column.kind in ("date", "timestamp"):
        yield from _date(value, column, formats)


def _identifier(value: pl.Expr, column: Column) -> Iterator[Reason]:
    yield value.str.contains(SCIENTIFIC), ("this identifier was stored as a number in scientific notation and lost its last digits; format the column as text and enter it again", "该编号被存成科学计数法,末位已丢失,请将该列设为文本后重新输入")
    yield value.str.contains(r"^\s*[+-]?[0-9]+\.0*\s*$"), ("this identifier was stored as a number (it ends in a decimal point); format the column as text and export again", "该编号被存成数字(末尾带小数点),请将该列设为文本后重新导出")
    length = fixed_length(column)
    yield lost_zeros(value, column), (f"this identifier has fewer than {length} digits: zeros in front were likely lost; format the column as text and enter it again", f"该编号不足 {length} 位,开头的零可能已丢失,请将该列设为文本后重新输入")


def _number(value: pl.Expr, sent: pl.Series, column: Column, style: Numbers) -> Iterator[Reason]:
    digits = plain(sent, style, column.kind == "double") if styled(style) else expanded(sent) if column.kind == "decimal" else sent
    yield from _too_much(pl.lit(digits), column)
    if not style.percent:
        yield value.str.contains("%", literal=True), ("a percent sign is not agreed for this column", "该字段约定不写百分号")
    if style.percent == "divide":
        yield value.str.contains("%", literal=True).not_() & value.str.contains("^[0-9.,-]+$"), ("the percent sign is missing: this could be a percentage or a share", "缺少百分号,无法判断是百分数还是比例")
    yield value.str.contains("^[(].*[)]$") & pl.lit("parentheses" not in style.negative), ("parentheses for a negative number are not agreed for this column; write it with a minus in front", "该字段约定不用括号表示负数,请在数字前写负号")
    yield value.str.contains("[0-9]-$") & pl.lit("trailing" not in style.negative), ("a minus behind the number is not agreed for this column; write it in front", "该字段约定负号写在数字前面")
    if style.thousands:
        yield value.str.contains(rf"[0-9]{SEPARATORS[style.thousands]}[0-9]"), ("the thousands separators do not stand between groups of three digits", "千位分隔符的位置不对")
    others = "|".join(rf"[0-9]{{1,3}}(?:{pattern}[0-9]{{3}})+" for name, pattern in SEPARATORS.items() if name not in (style.thousands, style.decimal_mark))
    yield value.str.contains(rf"^[+-]?(?:{others})(?:[.,][0-9]*)?$"), ("such thousands separators are not agreed for this column; write the digits without them", "该字段约定不用这种千位分隔符,请去掉")
    if column.kind == "integer":
        yield value.str.contains("^[+-]?[0-9]*[.,][0-9]+$"), ("this is not written as a whole number", "不是整数的写法")
    elif style.decimal_mark == ".":
        yield value.str.contains("^[+-]?[0-9]+,[0-9]+$"), ("the decimal mark agreed for this column is a point, not a comma", "该字段约定的小数点是“.”,不是逗号")
    else:
        yield value.str.contains(r"^[+-]?[0-9]+\.[0-9]+$"), ("the decimal mark agreed for this column is a comma, not a point", "该字段约定的小数点是逗号,不是“.”")
    yield value.str.contains(r"\p{Sc}"), ("this currency sign is not agreed for this column", "该字段约定不写货币符号")
    yield value.str.contains(r"[0-9]\s*[十百千万萬亿億]"), ("this multiplier (such as 万) is not agreed for this column; write all digits", "该字段约定不用“万”“亿”等单位,请写出全部数字")


def _too_much(value: pl.Expr, column: Column) -> Iterator[Reason]:
    digits = r"^[+-]?[0-9]+(?:\.[0-9]*)?$"
    if column.kind == "integer":
        yield value.str.contains(r"^[+-]?[0-9]*\.[0-9]+$"), ("this is not written as a whole number", "不是整数的写法")
        yield value.str.contains("^[+-]?[0-9]{18,}$"), ("this number is too large", "数字过大")
    if column.kind == "decimal":
        yield value.str.contains(rf"^[^.]*\.[0-9]{{{column.scale}}}[0-9]*[1-9]"), (f"more than {column.scale} digits after the decimal point", f"小数超过 {column.scale} 位")
        yield value.str.contains(digits), (f"more than {column.precision - column.scale} digits before the decimal point", f"整数部分超过 {column.precision - column.scale} 位")
    if column.kind == "double":
        yield value.str.contains("(?i)^[+-]?(?:inf|infinity|nan)$") | value.str.contains("^[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?$"), ("this number is not finite", "不是有限的数")


def _date(value: pl.Expr, column: Column, formats: Sequence[str]) -> Iterator[Reason]:
    yield looks_like(value, formats), ("there is no such day or time", "没有这一天或这一时刻")
    yield value.str.contains(r"^(?:民國)?[0-9]{3,4}年?$|^[0-9]{4}[-/.年][0-9]{1,2}月?$|^[0-9]{1,2}[-/.][0-9]{4}$|^[0-9]{1,2}月[0-9]{1,2}日$"), ("this is half a date; write year, month and day", "日期不完整,请写明年、月、日")
    if column.kind == "date" and any(f.startswith("excel") for f in formats):
        yield value.str.contains(r"^[0-9]{1,7}\.[0-9]+$"), ("this date has a time of day", "日期中带有时刻")
    yield value.str.contains(r"^[0-9]{5}(?:\.[0-9]+)?$"), ("this looks like a date in Excel's own count of days; format the column as a date and export again", "像是 Excel 的日期序号,请将该列设为日期格式后重新导出")
    yield value.str.contains(r"^[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2}$"), (f"the order or the century of this date is not clear; write {_forms(formats)}", f"日期的顺序或世纪不明,请写成 {_forms(formats, True)}")


def _forms(formats: Sequence[str], zh: bool = False) -> str:
    return ("或" if zh else " or ").join(written(format_, zh=zh) for format_ in formats)


def _otherwise(column: Column, formats: Sequence[str]) -> Words:
    if column.kind in ("date", "timestamp"):
        what = "date" if column.kind == "date" else "time"
        return f"this is no {what} in an agreed form (such as {_forms(formats)})", f"不是约定写法(例如 {_forms(formats, True)})的{'日期' if what == 'date' else '时间'}"
    if column.kind == "boolean":
        return "this is neither yes nor no", "既不是“是”也不是“否”"
    if column.kind == "string":
        return "this identifier was stored as a number; format the column as text and export again", "该编号被存成数字,请将该列设为文本后重新导出"
    return "this is not a number as agreed for this column", "不是该字段约定写法的数字"
