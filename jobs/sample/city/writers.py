"""Rows → the bytes a department sends. The same rows always make the same bytes: no clock, no random name inside an archive."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import polars as pl
import pyarrow.parquet as pq
import xlsxwriter

Writer: TypeAlias = Callable[[pl.DataFrame], bytes]
WRITTEN_ON = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
PACKED_ON = (1980, 1, 1, 0, 0, 0)


def csv(encoding: str = "utf-8", delimiter: str = ",", line_end: str = "\r\n", preamble: str = "", footnote: str = "", bom: bool = False) -> Writer:
    """Delimited text; `preamble` and `footnote`: whole lines before the header and after the last row."""
    return partial(_csv, encoding, delimiter, line_end, preamble, footnote, bom)


def _csv(encoding: str, delimiter: str, line_end: str, preamble: str, footnote: str, bom: bool, rows: pl.DataFrame) -> bytes:
    text = rows.write_csv(separator=delimiter, line_terminator=line_end)
    whole = (preamble + line_end if preamble else "") + text + (footnote + line_end if footnote else "")
    return (b"\xef\xbb\xbf" if bom else b"") + whole.encode(encoding)


def excel(sheet: str, title: str = "", header_groups: dict[str, tuple[int, int]] | None = None) -> Writer:
    """A workbook; `title`: a merged line above the header; `header_groups`: a merged line of groups over columns (first, last)."""
    return partial(_excel, sheet, title, header_groups or {})


def _excel(sheet: str, title: str, groups: dict[str, tuple[int, int]], rows: pl.DataFrame) -> bytes:
    out, line = io.BytesIO(), 0
    with xlsxwriter.Workbook(out, {"in_memory": True, "constant_memory": False}) as book:
        book.set_properties({"created": WRITTEN_ON})
        page = book.add_worksheet(sheet)
        if title:
            page.merge_range(0, 0, 0, max(rows.width - 1, 1), title)
            line += 1
        for name, (first, last) in groups.items():
            page.merge_range(line, first, line, last, name)
        line += bool(groups)
        page.write_row(line, 0, rows.columns)
        for at, name in enumerate(rows.columns):
            page.write_column(line + 1, at, rows[name].to_list())
    return out.getvalue()


def json_document(rows_at: str, head: dict[str, Any] | None = None) -> Writer:
    """One JSON document with the rows at a dotted path; a column named `a.b` becomes member b of the object a."""
    return partial(_json_document, rows_at, head or {})


def _json_document(rows_at: str, head: dict[str, Any], rows: pl.DataFrame) -> bytes:
    inner: Any = _nested(rows)
    for step in reversed(rows_at.split(".")):
        inner = {step: inner}
    return json.dumps(head | inner, ensure_ascii=False).encode()


def json_lines() -> Writer:
    return _json_lines


def _json_lines(rows: pl.DataFrame) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in _nested(rows))


def _nested(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Columns `a.b` folded into structs by polars, not row by row."""
    heads: dict[str, list[str]] = {}
    for name in rows.columns:
        heads.setdefault(name.split(".")[0], []).append(name)
    made = [
        pl.col(names[0]) if names == [head] else pl.struct(pl.col(name).alias(name.split(".", 1)[1]) for name in names).alias(head) for head, names in heads.items()
    ]  # fmt: skip
    return rows.select(made).to_dicts()


def xml(root: str, row: str, namespace: str = "") -> Writer:
    """An element a row, a child element a column; no element where there is no value."""
    return partial(_xml, root, row, namespace)


def _xml(root: str, row: str, namespace: str, rows: pl.DataFrame) -> bytes:
    def element(name: str) -> pl.Expr:
        text = pl.col(name).cast(pl.String).str.replace_all("&", "&amp;", literal=True).str.replace_all("<", "&lt;", literal=True).str.replace_all(">", "&gt;", literal=True)
        return pl.when(text.is_null()).then(pl.lit("")).otherwise(pl.concat_str(pl.lit(f"<{name}>"), text, pl.lit(f"</{name}>")))

    lines = rows.select(pl.concat_str(pl.lit(f"  <{row}>"), *[element(name) for name in rows.columns], pl.lit(f"</{row}>\n")).alias("line"))["line"]
    opening = f'<{root} xmlns="{namespace}">' if namespace else f"<{root}>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{opening}\n{"".join(lines.to_list())}</{root}>\n'.encode()


def fixed_width(widths: dict[str, int], encoding: str = "gb18030") -> Writer:
    """Lines of columns padded on the right to so many bytes of `encoding`."""
    return partial(_fixed_width, widths, encoding)


def _fixed_width(widths: dict[str, int], encoding: str, rows: pl.DataFrame) -> bytes:
    texts = [rows[name].cast(pl.String).fill_null("").to_list() for name in widths]
    padded = [[text.encode(encoding).ljust(width) for text in column] for column, width in zip(texts, widths.values(), strict=True)]
    return b"".join(b"".join(cells) + b"\r\n" for cells in zip(*padded, strict=True))


def parquet() -> Writer:
    return _parquet


def _parquet(rows: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    pq.write_table(rows.to_arrow(compat_level=pl.CompatLevel.oldest()), out, compression="zstd", row_group_size=1 << 17, use_dictionary=True, write_statistics=True)
    return out.getvalue()


def zipped(inside: Writer, member: str) -> Writer:
    """A ZIP with one file."""
    return partial(_zipped, inside, member)


def _zipped(inside: Writer, member: str, rows: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo(member, PACKED_ON), inside(rows), zipfile.ZIP_DEFLATED)
    return out.getvalue()
