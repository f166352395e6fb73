"""Workbooks: sheets, merged headers, group rows, dates and formulas in .xlsx, .ods and .xlsb; real .xls are in tests/unit/readers/test_old_workbook.py. The reader is the same for all four."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import xlsxwriter

from jobs.contracts.model import Column
from tests.corpus.case import Case, Lands, Refuses, of, texts
from tests.unit.readers.made import contract
from tests.unit.readers.packing import both
from tests.unit.readers.test_workbook import far, ods, xlsx
from tests.unit.readers.xlsb import Error, Formula, xlsb

PAIR = [Column("id", "id", "integer"), Column("name", "name", "string")]
AB = [(1, "a"), (2, "b")]
TABLE = [["id", "name"], [1, "a"], [2, "b"]]
DAY, MOMENT = dt.date(2020, 2, 29), dt.datetime(2020, 2, 29, 13, 4, 5)


def case(name: str, made: Callable[[], bytes], expected: Lands | Refuses, columns: list[Column] | None = None, file: str = "dump.xlsx", **reader: Any) -> Case:
    return Case(name, contract(columns or PAIR, format="excel", **reader), file, made, expected)


def book(*rows: list[Any], merged: list[str] | None = None) -> Callable[[], bytes]:
    """One sheet named `s`."""
    return lambda: xlsx({"s": list(rows)}, merged)


def books(sheets: dict[str, list[list[Any]]], hidden: tuple[str, ...] = ()) -> Callable[[], bytes]:
    return lambda: xlsx(sheets, hidden=hidden)


def written(write: Callable[[Any, Any], None]) -> Callable[[], bytes]:
    """One sheet with the header `id`, `name`, and what `write` (book, sheet) adds."""

    def made() -> bytes:
        out = io.BytesIO()
        with xlsxwriter.Workbook(out, {"in_memory": True}) as workbook:
            sheet = workbook.add_worksheet("s")
            sheet.write_row(0, 0, ["id", "name"])
            write(workbook, sheet)
        return out.getvalue()

    return made


def formulas(_: Any, sheet: Any) -> None:
    sheet.write_formula(1, 0, "=1+1", None, 2)
    sheet.write_formula(1, 1, '="a"&"b"', None, "ab")
    sheet.write_row(2, 0, [3, "c"])


def failed(_: Any, sheet: Any) -> None:
    sheet.write_formula(1, 0, "=1/0", None, "#DIV/0!")
    sheet.write(1, 1, "a")


def hidden_row(_: Any, sheet: Any) -> None:
    sheet.write_row(1, 0, [1, "a"])
    sheet.write_row(2, 0, [2, "b"])
    sheet.set_row(1, None, None, {"hidden": True})


def styled(workbook: Any, sheet: Any) -> None:
    """Numbers that are shown otherwise than they are kept."""
    sheet.write_number(1, 0, 1, workbook.add_format({"num_format": "000"}))
    sheet.write_rich_string(1, 1, "a", workbook.add_format({"bold": True}), "b")
    sheet.write_blank(9, 5, None, workbook.add_format({"bg_color": "red"}))


YEARS = [["区", "2020年", "", "2021年", "", "注"], ["", "男", "女", "男", "女", ""], ["东", 1, 2, 3, 4, "-"]]
GROUPS = [["id", "name"], ["东区", None], [1, "a"], ["id", "name"], ["西区", None], [2, "b"], [None, "合计 2"]]
NOT_KNOWN = ("hidden rows: not known",)

CASES = [
    case("a sheet", book(*TABLE), Lands(AB)),
    case("blank rows between rows", book(["id", "name"], [], [1, "a"], [], [], [2, "b"]), Lands(AB)),
    case("a title before the header", book(["人口统计表"], [], *TABLE), Lands(AB, skipped=(2, 0, 0)), preamble_lines=1),
    case("a header merged over columns and lines", book(*YEARS, merged=["A1:A2", "B1:C1", "D1:E1", "F1:F2"]), Lands([("东", "1", "2", "3", "4", "-")], skipped=(2, 0, 0)),
         texts("区", "2020年 男", "2020年 女", "2021年 男", "2021年 女", "注"), header_lines=2),
    case("headings of groups, the header again, a total", book(*GROUPS), Lands(AB, skipped=(4, 1, 0)), group_rows="区$", repeated_header=True, totals="^合计"),
    case("the named one of several sheets", books({"说明": [["x"]], "数据": TABLE}), Lands(AB), sheet="数据"),
    case("several sheets that make one dataset", books({"2020": [["id", "name"], [1, "a"]], "说明": [["x"]], "2021": [["id", "name"], [2, "b"]]}), Lands([(1, "a", "2020"), (2, "b", "2021")], skipped=(2, 0, 0)),
         [*PAIR, Column("sheet", "$sheet", "string")], sheets=(r"20\d\d",)),
    case("a sheet that is not there", books({"说明": [["x"]]}), Refuses("missing_sheet", ("'数据'", "'说明'")), sheet="数据"),
    case("a hidden sheet is said to be one", books({"front": [["x"]], "s": TABLE}, hidden=("s",)), Lands(AB, drift=("hidden sheet s",)), sheet="s"),
    case("a hidden row is a row, and said to be one", written(hidden_row), Lands(AB, drift=("hidden rows: 1",))),
    case("formulas are their values", written(formulas), Lands([(2, "ab"), (3, "c")])),
    case("a formula that failed is an empty cell, and said to be one", written(failed), Lands([(None, "a")], drift=("formulas that failed, read as empty cells: 1",))),
    case("what a cell holds counts, not how it is shown", written(styled), Lands([(1, "ab")])),
    case("days and times that are days and times", book(["d", "t"], [DAY, MOMENT], [dt.date(1900, 3, 1), DAY]), Lands([(DAY, MOMENT.replace(tzinfo=dt.UTC)), (dt.date(1900, 3, 1), dt.datetime(2020, 2, 29, tzinfo=dt.UTC))]),
         [Column("d", "d", "date"), Column("t", "t", "timestamp")]),
    case("days stored as plain numbers", book(["d"], [43890], [43890.5]), Lands([(DAY,)], {"castable:d": 1}, says=("time of day",)), [Column("d", "d", "date", formats=("excel1900",))]),
    case("days as texts among days", book(["d"], [DAY], ["2020年2月29日"], ["去年"]), Lands([(DAY,), (DAY,)], {"castable:d": 1}), [Column("d", "d", "date", formats=("%Y年%m月%d日",))]),
    case("numbers stored as text", book(["id", "name"], ["1", "a"], ["'2", "b"], ["三", "c"]), Lands(AB, {"castable:id": 1})),
    case("numbers without a trailing .0", book(["id", "name"], [1.0, 12.0], [2.0, 0.5]), Lands([(1, "12"), (2, "0.5")])),
    case("decimals of binary floats", book(["x"], [0.1 + 0.2], [12.5], [1 / 3]), Lands([(D("0.30"),), (D("12.50"),)], {"castable:x": 1}, says=("more than 2 digits",)), [Column("x", "x", "decimal", precision=9, scale=2)]),
    case("an identifier of 18 digits stored as a number", book(["id", "name"], ["110101199003070012", "a"], [110101199003070012, "b"]), Refuses("lost_precision", ("Row 3 of 'id'", "15 digits")), [Column("id", "id", "string", identifier=True), PAIR[1]]),
    case("identifiers whose zeros were lost", book(["id"], ["000123"], [123]), Lands([("000123",)], {"castable:id": 1}, says=("zeros in front",)), [Column("id", "id", "string", identifier=True, min_length=6, max_length=6)]),
    case("yes and no of a spreadsheet", book(["x"], [True], [False]), Lands([(True,), (False,)]), [Column("x", "x", "boolean")]),
    case("a header that is a number or a day", book([2020, DAY], ["a", "b"]), Lands([("a", "b")]), texts("2020", "2020-02-29")),
    case("a column without a header", book(["id", "name", None], [1, "a", "?"]), Refuses("new_column")),
    case("a column that is missing", book(["id"], [1]), Refuses("missing_column", ("'name'",))),
    case("a sheet with nothing in it", books({"s": []}), Refuses("empty")),
    case("a sheet with a header only", book(["id", "name"]), Refuses("no_rows")),
    case("OpenDocument", lambda: ods({"id": ["1", "2"], "name": ["a", "中 文"]}), Lands([(1, "a"), (2, "中 文")], drift=NOT_KNOWN), file="dump.ods"),
    case("OpenDocument named .xlsx", lambda: ods({"id": ["1"], "name": ["a"]}), Lands([(1, "a")], drift=NOT_KNOWN, noted={"kind": ["ods"]})),
    case("a workbook that is cut off", lambda: xlsx({"s": TABLE})[:-40], Refuses("damaged_archive")),
    case("an old workbook that is none", of(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)), Refuses("unreadable", ("Save it again as .xlsx",)), file="dump.xls"),
    case("a binary workbook", lambda: xlsb({"说明": [["x"]], "s": TABLE}, hidden=("说明",)), Lands(AB, drift=NOT_KNOWN, noted={"kind": ["xlsb"]}), file="dump.xlsb", sheet="s"),
    case("a binary workbook named .xls", lambda: xlsb({"s": TABLE}), Lands(AB, drift=NOT_KNOWN, noted={"kind": ["xlsb"]}), file="dump.xls"),
    case("a binary workbook's days, formulas and formula that failed", lambda: xlsb({"s": [["d", "n", "t"], [DAY, Formula(2), Formula("合计")], [DAY, 3, Error("#N/A")]]}), Lands([(DAY, 2, "合计"), (DAY, 3, None)], drift=NOT_KNOWN),
         [Column("d", "d", "date"), Column("n", "n", "integer"), Column("t", "t", "string")], file="dump.xlsb"),
    case("a cell in the last corner of a binary workbook", lambda: xlsb({"s": TABLE}, corner=(1_048_575, 16_383)), Refuses("too_large", ("17179869184 cells",)), file="dump.xlsb"),
    case("a workbook that is a binary one too", lambda: both(far(1_048_575, 16_383), xlsb({"s": TABLE})), Refuses("too_large", ("17179869184 cells",))),
    case("a binary workbook that is cut off", lambda: xlsb({"s": TABLE})[:-40], Refuses("damaged_archive"), file="dump.xlsb"),
    case("an .xlsb without its sheets", lambda: xlsx({"s": TABLE}).replace(b"xl/workbook.xml", b"xl/workbook.bin"), Refuses("missing_sheet", ("has no sheet",)), file="dump.xlsb"),
]  # fmt: skip
