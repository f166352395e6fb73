"""The payments of the landing benchmark as a file of any format, on the local disk."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl

from jobs.bench import payments
from jobs.bench.dumps_binary import MOMENT, WHOLE
from jobs.contracts.model import Contract, Reader

MEGABYTE = 1_000_000
WIDTHS = {"payment_id": 12, "vendor_code": 6, "category": 10, "amount": 12, "tax_rate": 6, "booked_on": 10, "paid_at": 19, "note": 30}  # fixed width
CHINESE = {"no. ": "编号", "roads": "道路", "schools": "学校", "parks": "公园", "water": "供水", "waste": "垃圾", "transit": "公交", "health": "卫生", "police": "公安", "fire": "消防", "test": "测试"}


@dataclass(frozen=True)
class Dump:
    """`form`: of MEASURED; `size` in bytes."""

    form: str
    path: Path
    rows: int
    size: int
    contract: Contract


@dataclass(frozen=True)
class Form:
    """How a format is written (`begin`, the rows of a frame, `between` pieces, `end`) and what the contract's reader says of it."""

    reader: dict[str, Any]
    rows: Callable[[pl.DataFrame, bool], bytes]  # (rows, whether they are the first)
    begin: bytes = b""
    between: bytes = b""
    end: bytes = b""


def written(form: str, folder: Path, megabytes: float, most_rows: int | None = None) -> Dump:
    """A file of at least so many megabytes (10^6 bytes), or of so many rows if these are fewer."""
    path, least, rows = folder / f"payments.{form}", megabytes * MEGABYTE, 0
    if form in WHOLE:
        return _whole(form, path, least, most_rows)
    made = FORMS[form]
    with path.open("wb") as file:
        file.write(made.begin)
        for number, frame in enumerate(_frames(least)):
            file.write((made.between if number else b"") + made.rows(frame, number == 0))
            rows += frame.height
            if file.tell() >= least or (most_rows and rows >= most_rows):
                break
        file.write(made.end)
    return Dump(form, path, rows, path.stat().st_size, contract(form))


def contract(form: str) -> Contract:
    """Of `lake bench land`, read out of this format."""
    made = payments.contract("formats")[0]
    columns = made.columns
    if form == "fixed_width":
        starts = dict(zip(WIDTHS, _starts(list(WIDTHS.values())), strict=True))
        columns = tuple(replace(c, start=starts[c.name], length=WIDTHS[c.name]) for c in columns)
    return replace(made, columns=columns, reader=Reader(**(WHOLE[form][0] if form in WHOLE else FORMS[form].reader)))


def _starts(widths: list[int]) -> Iterator[int]:
    at = 1
    for width in widths:
        yield at
        at += width


def _frames(least: float) -> Iterator[pl.DataFrame]:
    """Pieces of payments without end; small files are made of smaller ones."""
    size = min(payments.CHUNK_ROWS, max(1000, int(least / 200)))
    yield from (payments.frame(number * size, (number + 1) * size) for number in count())


def _whole(form: str, path: Path, least: float, most_rows: int | None) -> Dump:
    """Parquet is of the size asked for; of the others, which are read by one task, so many rows as are asked for, as their size is known once they are closed."""

    def until() -> Iterator[pl.DataFrame]:
        rows = 0
        for frame in _frames(least):
            yield frame if most_rows is None else frame.head(most_rows - rows)
            rows += frame.height
            if rows >= most_rows if most_rows else path.stat().st_size >= least:
                return

    rows = WHOLE[form][1](path, until())
    return Dump(form, path, rows, path.stat().st_size, contract(form))


def _csv(frame: pl.DataFrame, first: bool) -> bytes:  # noqa: FBT001
    return frame.write_csv(include_header=first, datetime_format=MOMENT).encode()


def _gb18030(frame: pl.DataFrame, first: bool) -> bytes:  # noqa: FBT001
    notes = pl.col("note").str.replace_many(list(CHINESE), list(CHINESE.values()))
    return frame.with_columns(notes).write_csv(include_header=first, datetime_format=MOMENT).encode("gb18030")


def _json_lines(frame: pl.DataFrame, first: bool = True) -> bytes:  # noqa: FBT001, FBT002
    sink = io.BytesIO()
    frame.with_columns(pl.col("amount").cast(pl.Float64), pl.col("paid_at").dt.to_string(MOMENT)).write_ndjson(sink)
    return sink.getvalue()


def _texts(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("paid_at").dt.to_string(MOMENT)).with_columns(pl.all().cast(pl.String).fill_null(""))


def _fixed_width(frame: pl.DataFrame, first: bool) -> bytes:  # noqa: FBT001
    cells = [pl.col(name).str.head(width).str.pad_end(width) for name, width in WIDTHS.items()]
    return ("\n".join(_texts(frame).select(pl.concat_str(cells).alias("line"))["line"]) + "\n").encode()


def _xml(frame: pl.DataFrame, first: bool) -> bytes:  # noqa: FBT001
    cells = [pl.format(f"<{name}>{{}}</{name}>", name) for name in WIDTHS]
    return ("\n".join(_texts(frame).select(pl.format("<row>{}</row>", pl.concat_str(cells)).alias("line"))["line"]) + "\n").encode()


FORMS: dict[str, Form] = {
    "csv": Form({"format": "csv"}, _csv),
    "csv_gb18030": Form({"format": "csv", "encoding": "gb18030"}, _gb18030),
    "csv_utf16": Form({"format": "csv"}, lambda frame, first: _csv(frame, first).decode().encode("utf-16-le"), begin=b"\xff\xfe"),
    "jsonl": Form({"format": "jsonl"}, _json_lines),
    "fixed_width": Form({"format": "fixedWidth"}, _fixed_width),
    "json": Form({"format": "json", "rows_at": ("rows",)}, lambda frame, first: b",".join(_json_lines(frame).splitlines()), b'{"rows": [', b",", b"]}"),
    "xml": Form({"format": "xml", "row_element": "row"}, _xml, b"<rows>\n", b"", b"</rows>\n"),
}
MEASURED = (*FORMS, *WHOLE)
