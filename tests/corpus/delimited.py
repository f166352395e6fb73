"""Delimited text: delimiters, quotes, escapes, line ends, ragged rows, headers, and the lines that are no rows."""

from __future__ import annotations

from typing import Any

from jobs.contracts.model import Capture, Column, Drift, Unpivot, ValueMap
from tests.corpus.case import HEAD, Case, Lands, Refuses, Rows, of, texts
from tests.unit.readers.made import contract

PAIR = [Column("id", "id", "integer"), Column("name", "name", "string")]


def case(name: str, text: str | bytes, expected: Lands | Refuses, columns: list[Column] | None = None, file: str = "dump.csv", drift: Drift | None = None, **reader: Any) -> Case:
    return Case(name, contract(columns or PAIR, drift, format="csv", **reader), file, of(text), expected)


def lands(rows: Rows | int, skipped: tuple[int, int, int] = HEAD, **more: Any) -> Lands:
    return Lands(rows, skipped=skipped, **more)


AB = [(1, "a"), (2, "b")]
RAGGED = {"ragged": 1}
EVOLVE = Drift(new_column="evolve", missing_column="evolve")

DIALECTS = [
    case("comma", "id,name\n1,a\n2,b\n", lands(AB)),
    case("tab", "id\tname\n1\ta\n2\tb\n", lands(AB), delimiter="\t"),
    case("semicolon", "id;name\n1;a\n2;b\n", lands(AB), delimiter=";"),
    case("pipe", "id|name\n1|a\n2|b\n", lands(AB), delimiter="|"),
    case("two bytes part the fields", "id||name\n1||a|\n2||b,\n", lands([(1, "a|"), (2, "b,")]), delimiter="||", quote=None),
    case("a character of three bytes parts the fields", "id、name\n1、甲，\n", lands([(1, "甲，")]), delimiter="、", quote=None),
    case("a control character parts the fields, as Hive writes them", "id\x01name\n1\x01a,b\n", lands([(1, "a,b")]), delimiter="\x01", quote=None),
    case("a space parts the fields", "id name\n1 a\n2 b\n", lands(AB), delimiter=" "),
    case("quotes around delimiters", 'id,name\n1,"a,b"\n', lands([(1, "a,b")])),
    case("a quote inside quotes that is not doubled", 'id,name\n1,"say "a" now"\n2,b\n', lands([(2, "b")], rejected=RAGGED, says=("not doubled",))),
    case("quotes around quotes", 'id,name\n1,""a""\n2,b\n', lands([(2, "b")], rejected=RAGGED, says=("not doubled",))),
    case("a quote that closes nothing, and one that is never closed", 'id,name\n2,b\n1",",c\n', lands([(2, "b")], rejected=RAGGED, says=("not closed",))),
    case("inches, which are no quotes", 'id,name\n1,6" by 4"\n2,b\n', lands([(1, '6" by 4"'), (2, "b")])),
    case("quotes doubled inside quotes", 'id,name\n1,"say ""a"""\n', lands([(1, 'say "a"')])),
    case("single quotes", "id,name\n1,'a,b'\n2,\"b\"\n", lands([(1, "a,b"), (2, '"b"')]), quote="'"),
    case("a dump that knows no quotes", 'id,name\n1,"a"\n2,5" pipe\n', lands([(1, '"a"'), (2, '5" pipe')]), quote=None),
    case("a quote escaped by a backslash", 'id,name\n1,"a\\"b"\n', lands([(1, 'a"b')]), escape="\\"),
    case("a delimiter escaped by a backslash", "id,name\n1,a\\,b\n", lands([(1, "a,b")]), escape="\\", quote=None),
    case("a line end escaped by a backslash", "id,name\n1,a\\\nb\n", lands([(1, "a\nb")]), escape="\\", quote=None),
    case("characters whose second byte is the escape, in Big5", 'id,name\n1,"功\\"許"\n2,功\\,蓋\n3,"許功"\n'.encode("big5"), lands([(1, '功"許'), (2, "功,蓋"), (3, "許功")]), escape="\\", encoding="big5"),
    case("characters whose second byte is the escape, in Shift-JIS", "id,name\n1,表\n2,ソ\\\n能\n3,予\n".encode("cp932"), lands([(1, "表"), (2, "ソ\n能"), (3, "予")]), escape="\\", quote=None, encoding="shift_jis"),
    case("characters whose second byte is the delimiter, in GBK", "id|name\n1|亅倈\n2|a\n".encode("gbk"), lands([(1, "亅倈"), (2, "a")]), delimiter="|", quote=None, encoding="gbk"),
    case("an escape that escapes itself", "id,name\n1,a\\\\\n2,b\n", lands([(1, "a\\"), (2, "b")]), escape="\\", quote=None),
    case("a line end inside quotes", 'id,name\n1,"a\nb"\n2,c\n', lands([(1, "a\nb"), (2, "c")])),
    case("an empty line inside quotes", 'id,name\n1,"a\n\nb"\n2,c\n', lands([(1, "a\n\nb"), (2, "c")])),
    case("a Windows line end inside quotes", 'id,name\r\n1,"a\r\nb"\r\n2,c\r\n', lands([(1, "a\r\nb"), (2, "c")])),
    case("Windows line ends", "id,name\r\n1,a\r\n2,b\r\n", lands(AB)),
    case("a last line without its end", "id,name\n1,a\n2,b", lands(AB)),
    case("a byte order mark before the header", "\ufeffid,name\n1,a\n", lands([(1, "a")])),
    case("a header in quotes", '"id","name"\n1,a\n', lands([(1, "a")])),
    case("blank lines between rows", "id,name\n\n1,a\n\r\n\n2,b\n\n", lands(AB, (1, 0, 4))),
    case("every line ends with one more delimiter", "id|name|\n1|a|\n2|b|\n", lands(AB), delimiter="|", trailing_delimiter=True),
    case("white space that belongs to no value", " id , name \n 1 , a \n", lands([(1, "a")]), trim=True),
    case("white space that does belong to the value", "id,name\n1, a \n", lands([(1, " a ")])),
    case("an empty text is no value, in quotes or without", 'id,name\n1,\n2,""\n', lands([(1, None), (2, None)])),
]

BROKEN = [
    case("a quote in the middle of a field is refused", 'id,name\n1,5" pipe\n2,b\n', Refuses("count_mismatch", ("quote",))),
    case("a quote that is never closed is refused", 'id,name\n1,"a\n2,b\n', Refuses("count_mismatch", ("quote",))),
    case("a row with a field too few and one too many", "id,name\n1\n2,b\n3,c,d\n", lands([(2, "b")], rejected={"ragged": 2}, says=("has 1 fields, the header has 2", "has 3 fields, the header has 2"))),
    case("a ragged row between quoted line ends", 'id,name\n1,"a\nb"\n2\n3,c\n', lands([(1, "a\nb"), (3, "c")], rejected=RAGGED)),
    case("a file of zero bytes", "", Refuses("empty", ("0 bytes",))),
    case("a header and no row", "id,name\n", Refuses("no_rows")),
    case("a header, blank lines and no row", "id,name\n\n\n", Refuses("no_rows")),
    case("no row, where that is a sibling's file", "id,name\n", Refuses("not_applicable"), files_without_rows="skip"),
    case("zero bytes, where that is a sibling's file", "", Refuses("not_applicable"), files_without_rows="skip_empty"),
    case("no header, a blank line stands there", "\nid,name\n1,a\n", Refuses("no_header", ("line 1",))),
    case("another delimiter than agreed", "id;name\n1;a\n", Refuses("missing_column", ("'id'", "'id;name'"))),
    case("line ends of an old Macintosh", "id,name\r1,a\r2,b\r", Refuses("unreadable", ("carriage return",))),
    case("a header that ends as on an old Macintosh before rows that do not", "id,name\r1,a\n2,b\n", Refuses("unreadable", ("carriage return",))),
    case("line ends of two kinds", "id,name\n1,a\r2,b\n", Refuses("count_mismatch")),
]

HEADERS = [
    case("columns in another order", "name,id\na,1\n", lands([(1, "a")])),
    case("a column under another agreed name", "编号,name\n1,a\n", lands([(1, "a")]), [Column("id", "id", "integer", synonyms=("编号", "no")), PAIR[1]]),
    case("a column that is missing", "id\n1\n", Refuses("missing_column", ("'name'",))),
    case("a column that may be missing", "id\n1\n", lands([(1, None)]), [PAIR[0], Column("name", "name", "string", optional=True)]),
    case("a column that is missing where the contract evolves", "id\n1\n", lands([(1, None)], drift=("missing column name",)), drift=EVOLVE),
    case("a column that nobody knows", "id,name,x\n1,a,z\n", Refuses("new_column", ("'x'",))),
    case("a column that nobody knows where the contract evolves", "id,name,x\n1,a,z\n", lands([(1, "a")], drift=("new column x",)), drift=EVOLVE),
    case("a header that is there twice", "id,name,name\n1,a,b\n", Refuses("new_column", ("'name__2'",))),
    case("a header that is there twice and agreed so", "id,name,name\n1,a,b\n", lands([(1, "a", "b")]), [*PAIR, Column("second", "name__2", "string")]),
    case("a header that differs in case only", "ID,name\n1,a\n", Refuses("missing_column", ("'id'",))),
    case("a header of two lines, cells merged over columns", "区,2020年,,2021年,\n,男,女,男,女\n东,1,2,3,4\n", lands([("东", "1", "2", "3", "4")], (2, 0, 0)), texts("区", "2020年 男", "2020年 女", "2021年 男", "2021年 女"), header_lines=2),
    case("a header of three lines", "甲,,乙\n一,二,\nx,y,z\n1,2,3\n", lands([("1", "2", "3")], (3, 0, 0)), texts("甲 一 x", "甲 二 y", "乙 z"), header_lines=3),
    case("the header again between rows", "id,name\n1,a\nid,name\n2,b\n", lands(AB, (2, 0, 0)), repeated_header=True),
    case("the header again, unagreed", "id,name\n1,a\nid,name\n", lands([(1, "a")], rejected={"castable:id": 1})),
    case("a header of two lines again between rows", "a,\nid,name\n1,x\na,\nid,name\n2,y\n", lands([("1", "x"), ("2", "y")], (4, 0, 0)), texts("a id", "a name"), header_lines=2, repeated_header=True),
    case("columns that become rows", "区,2020,2021\n东,1,2\n西,3,\n", lands([("东", 1, 2020), ("西", 3, 2020), ("东", 2, 2021), ("西", None, 2021)]),
         [Column("area", "区", "string"), Column("n", "$unpivot.value", "integer"), Column("year", "$unpivot.year", "integer")], unpivot=Unpivot(r"(?P<year>20\d\d)")),
    case("no column that could become rows", "区,x\n东,1\n", Refuses("new_column"), [Column("area", "区", "string"), Column("n", "$unpivot.value", "integer")], unpivot=Unpivot(r"20\d\d")),
]  # fmt: skip

NO_ROWS = [
    case("two lines before the header", "统计表\n2024-01-01\nid,name\n1,a\n", lands([(1, "a")], (3, 0, 0)), preamble_lines=2),
    case("a blank line before the header", "统计表\n\nid,name\n1,a\n", lands([(1, "a")], (2, 0, 1)), preamble_lines=2),
    case("a value out of a line before the header", "单位：万元 2024\nid,name\n1,a\n", lands([(1, "a", 2024)], (2, 0, 0)),
         [*PAIR, Column("year", "$capture.year", "integer")], preamble_lines=1, captures=(Capture(r"单位：万元 (?P<year>\d{4})", 1),)),
    case("a line before the header that is not as agreed", "单位：元\nid,name\n1,a\n", Refuses("unexpected_preamble", ("Line 1", "万元")), preamble_lines=1, captures=(Capture("单位：万元", 1),)),
    case("values out of the path and the period", "id,name\n1,a\n", lands([(1, "a", "p7", "2024")]),
         [*PAIR, Column("precinct", "$capture.p", "string"), Column("period", "$period", "string")], "p7/dump.csv", captures=(Capture("^(?P<p>p[0-9]+)/"),)),
    case("footnotes at the end", "id,name\n1,a\n注：初步数据\n来源：统计局\n", lands([(1, "a")], (1, 2, 0)), footnote="^(注|来源)："),
    case("a footnote behind a blank line", "id,name\n1,a\n\n注：初步数据\n", lands([(1, "a")], (1, 1, 1)), footnote="^注："),
    case("a line like a footnote in the middle is a row", "id,name\n注,x\n1,a\n", lands([(1, "a")], rejected={"castable:id": 1}), footnote="^注"),
    case("a total at the end", "id,name\n1,a\n合计,9\n", lands([(1, "a")], (1, 1, 0)), totals="^合计"),
    case("subtotals between rows and a grand total", "id,name\n1,a\n小计,1\n2,b\n小计,1\n总计,2\n", lands(AB, (1, 3, 0)), totals="^(小计|总计)"),
    case("a total without its delimiters", "id,name\n1,a\n合计\n", lands([(1, "a")], (1, 1, 0)), totals="^合计"),
    case("a total whose first cell is empty", "id,name\n1,a\n,合计\n", lands([(1, "a")], (1, 1, 0)), totals="^合计"),
    case("headings of groups", "id,name\n东区,\n1,a\n西区\n2,b\n", lands(AB, (3, 0, 0)), group_rows="区$"),
    case("everything at once", "统计表\n\nid,name\n东区,\n1,a\nid,name\n2\n3,\"c\nd\"\n合计,6\n\n注：x\n", lands([(1, "a"), (3, "c\nd")], (4, 2, 2), rejected=RAGGED),
         preamble_lines=2, group_rows="区$", repeated_header=True, totals="^合计", footnote="^注"),
]  # fmt: skip

RULES = [
    case("a value that must be there", "id,name\n1,a\n2,\n", lands([(1, "a")], rejected={"not_be_null:name": 1}), [PAIR[0], Column("name", "name", "string", required=True)]),
    case("a value out of a list", "id,name\n1,男\n2,M\n", lands([(1, "男")], rejected={"in_set:name": 1}), [PAIR[0], Column("name", "name", "string", enum=("男", "女"))]),
    case("a number within bounds", "id,name\n0,a\n101,b\n100,c\n", lands([(100, "c")], rejected={"between:id": 2}), [Column("id", "id", "integer", minimum=1, maximum=100), PAIR[1]]),
    case("a text of a pattern", "id,name\n1,A-1\n2,A1\n", lands([(1, "A-1")], rejected={"match_regex:name": 1}), [PAIR[0], Column("name", "name", "string", pattern="^[A-Z]-[0-9]$")]),
    case("a text of a length in characters", "id,name\n1,三个字\n2,四个字了\n", lands([(1, "三个字")], rejected={"value_lengths_to_be_between:name": 1}), [PAIR[0], Column("name", "name", "string", max_length=3)]),
    case("a row that fails two rules is one rejected row", "id,name\nx,\n", lands([], rejected={"castable:id": 1, "not_be_null:name": 1}), [PAIR[0], Column("name", "name", "string", required=True)]),
    case("codes that are mapped", "id,name\n1,M\n2,f\n3,?\n", lands([(1, "男"), (2, "女"), (3, None)]),
         [PAIR[0], Column("name", "name", "string", value_map=(ValueMap("^[Mm]$", "男"), ValueMap("^[Ff]$", "女"), ValueMap(r"^\?$", None)))]),
    Case("a text of several pieces", contract(PAIR, format="csv"), "dump.csv", lambda: b"id,name\n" + b"".join(b'%d,"some words,\n%d"\n' % (i, i) for i in range(900_000)), Lands(900_000), most=700),
]  # fmt: skip

CASES = [*DIALECTS, *BROKEN, *HEADERS, *NO_ROWS, *RULES]
