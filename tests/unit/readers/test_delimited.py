"""Delimited text: headers of several lines, headers again, totals, escapes, any delimiter."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.contracts.model import Column, Drift
from jobs.readers.count import LineCounter, count_lines, leads
from jobs.readers.formats import WAYS
from jobs.readers.inspection import text_content
from jobs.readers.outcome import Refused
from jobs.readers.quotes import WRONG
from tests.unit.readers.made import contract, landed, outcome, refusal, rows_of

AB = ["a", "b"]


@pytest.mark.parametrize(
    ("data", "reader", "rows", "numbers", "skipped"),
    [
        ("a,b\n1,2\n", {}, [("1", "2")], [2], (1, 0)),
        ("a,b\n", {}, [], [], (1, 0)),
        ("title\n\nby\na,b\n1,2\n\n3,4\n", {"preamble_lines": 3}, [("1", "2"), ("3", "4")], [5, 7], (3, 0)),
        ("a,b\n1,2\na,b\n\n3,4\na,b", {"repeated_header": True}, [("1", "2"), ("3", "4")], [2, 5], (3, 0)),
        ("a,b\n1,2\na,b\n", {}, [("1", "2"), ("a", "b")], [2, 3], (1, 0)),
        ("a,b\n1,2\n合计,2\n,合计 2\n", {"totals": "^合计"}, [("1", "2")], [2], (1, 2)),
        ("a,b\n1,2\n合计\n\"合计 全部\",1,2,3\n3,合计\n", {"totals": "^合计"}, [("1", "2"), ("3", "合计")], [2, 5], (1, 2)),
        ("a,b\n东区,\n1,2\n西区\n3,4\n注：x\n", {"group_rows": "区$", "footnote": "^注"}, [("1", "2"), ("3", "4")], [3, 5], (3, 1)),
        ("a,b\n1,2\nsum,9\n", {"totals": "^(?=sum)"}, [("1", "2")], [2], (1, 1)),
        ('a,b\n"x \\"q\\", y",2\nz\\,z,"\\\\"\n', {"escape": "\\"}, [('x "q", y', "2"), ("z,z", "\\")], [2, 3], (1, 0)),
        ('a,b\n"x\\\n\ny",2\n\n3,4\n', {"escape": "\\"}, [("x\n\ny", "2"), ("3", "4")], [2, 4], (1, 0)),
        ("a||b\n1||2\n|||x\n", {"delimiter": "||", "quote": None}, [("1", "2"), ("", "|x")], [2, 3], (1, 0)),
        ("a，b\n1,1，2\n", {"delimiter": "，", "quote": None}, [("1,1", "2")], [2], (1, 0)),
        ("a;b\n1;2\n", {"delimiter": ";"}, [("1", "2")], [2], (1, 0)),
        ("a|b\r\n1|'2|\n3'\r\n", {"delimiter": "|", "quote": "'"}, [("1", "2|\n3")], [2], (1, 0)),
    ],
)  # fmt: skip
def test_rows_and_what_is_none(data: str, reader: dict[str, Any], rows: list[tuple[str, str]], numbers: list[int], skipped: tuple[int, int]) -> None:
    found = outcome(contract(AB, format="csv", **reader), data.encode())
    assert (found.rows, found.records, (found.part.preamble, found.part.footnotes)) == (rows, numbers, skipped)
    assert found.part.ragged == ()


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("区,2020年,,2021年,\n,男,女,男,女\n", ["区", "2020年 男", "2020年 女", "2021年 男", "2021年 女"]),
        ("id,x,,\n,y,,z\n,1,2,3\n", ["id", "x y 1", "x y 2", "x z 3"]),
        ("a,b\na,c\n", ["a", "b c"]),
    ],
)
def test_headers_of_several_lines(header: str, names: list[str]) -> None:
    columns = [Column(f"c{i}", name, "string") for i, name in enumerate(names)]
    lines = header.count("\n")
    row = ",".join(str(i) for i in range(len(names)))
    found = outcome(contract(columns, format="csv", header_lines=lines, repeated_header=True), f"{header}{row}\n{header}{row}\n".encode())
    assert found.rows == [tuple(str(i) for i in range(len(names)))] * 2
    assert found.part.preamble == 2 * lines


@pytest.mark.parametrize(
    ("data", "reader", "reason"),
    [
        (b"", {}, "no_header"),
        (b"a,b\n", {"header_lines": 2}, "no_header"),
        (b"a\n1\n", {}, "missing_column"),
        (b"a,b,c\n1,2,3\n", {}, "new_column"),
        (b"a||b\n1||2\x1f\n", {"delimiter": "||", "quote": None}, "unreadable"),
        (b"a,b\n\x00,2\n", {}, "nul_bytes"),
        (b"a,b\n\xff,2\n", {}, "wrong_encoding"),
    ],
)
def test_what_is_refused(data: bytes, reader: dict[str, Any], reason: str) -> None:
    assert refusal(contract(AB, format="csv", **reader), data) == reason


def test_a_broken_total_is_no_total() -> None:
    found = outcome(contract(AB, Drift(), format="csv", totals="^sum"), b"a,b\nsum,1\n1,2,3\n1,2\n")
    assert [(r.record, r.actual) for r in found.part.ragged] == [(3, 3)]
    assert (found.rows, found.records) == ([("1", "2")], [4])


@pytest.mark.parametrize(
    ("line", "reader"),
    [
        ('"say "hi" now",2', {}), ('""b"",2', {}), ('"a"b,2', {}), ('1,"a" ', {}), ('1,"a"""b"c"', {}), ('a"x,"2', {}), ('"中"国"",2', {}), ("'a'b'c',2", {"quote": "'"}),
        ('"a\\"b"c"d",2', {"escape": "\\"}), ('"a"\\,"b",2', {"escape": "\\"}),
    ],
)  # fmt: skip
def test_a_quote_that_is_not_doubled_rejects_its_row_and_no_other(line: str, reader: dict[str, Any]) -> None:
    q = reader.get("quote", '"')
    lines = ["1,2", "", f'{q}x{q}{q}y{q},{q}a\nb{q}', line, f"{q}{q},9", "1,2,3", "6,7"]
    if line == 'a"x,"2':  # the second quote opens what the file never closes
        lines = lines[:4]
    found = outcome(contract(AB, format="csv", **reader), ("a,b\n" + "\n".join(lines) + "\n").encode())
    assert found.rows == [("1", "2"), (f"x{q}y", "a\nb"), ("", "9"), ("6", "7")][: 2 if len(lines) == 4 else 4]
    assert [(row.record, row.text, row.wrong) for row in found.part.ragged if row.wrong] == [(5, line + "\n" * (len(lines) == 4), WRONG)]
    assert [row.record for row in found.part.ragged if not row.wrong] == [7][: len(lines) // 5]


@pytest.mark.parametrize("line", ["", '"a"b",c",d\n'])
def test_no_row_is_left_beside_a_column_that_nobody_agreed(line: str) -> None:
    found = outcome(contract(AB, Drift(new_column="evolve"), format="csv"), f"a,b,new\n{line}".encode())
    assert (found.rows, len(found.part.ragged)) == ([], line.count("\n"))


def test_quotes_inside_what_is_not_quoted_stand_for_themselves() -> None:
    found = outcome(contract(AB, format="csv"), b'a,b\n6" by 4",2\nx""y,"z"\n"",\n')
    assert (found.rows, found.part.ragged) == ([('6" by 4"', "2"), ('x""y', "z"), ("", "")], ())


def ways_to_write(cell: str) -> list[str]:
    quoted = '"' + cell.replace('"', '""') + '"'
    return [quoted] if re.match('"|.*[,\n]', cell, re.DOTALL) else [cell, quoted]


@settings(max_examples=500)
@given(st.lists(st.text('a",\n', max_size=7).map('"{}"'.format) | st.text('a",\n', max_size=7), min_size=1, max_size=6), st.sampled_from([5, 1 << 18]))
def test_no_value_lands_that_is_not_what_was_sent(lines: list[str], block: int) -> None:
    """Whatever the quotes: a row is to the letter what the file says, or rejected, or the file is refused."""
    body = "\n".join(lines) + "\n"
    asked = contract(AB, format="csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jobs.readers.quotes.BLOCK", block)
        try:
            part = WAYS["csv"].read(asked, f"a,b\n{body}".encode(), {})
            counted = count_lines(asked.reader, f"a,b\n{body}".encode())
        except (Refused, ValueError):
            return
    if counted != part.records + part.preamble:  # refused when it is landed
        return
    for a, b in part.frame.select(AB).rows():
        assert any(f"\n{one},{other}\n" in f"\n{body}" for one in ways_to_write(a) for other in ways_to_write(b)), (a, b)


CELL = st.text(alphabet='ab,"\\\n\r é中', max_size=6)


def escaped(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, doublequote=False, escapechar="\\", lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


@given(st.lists(st.lists(CELL, min_size=2, max_size=2), max_size=12), st.integers(1, 9))
def test_escaped_text_written_by_python(rows: list[list[str]], step: int) -> None:
    data = escaped([AB, *rows])
    found = outcome(contract(AB, format="csv", escape="\\"), data)
    assert [list(row) for row in found.rows] == rows
    counter = LineCounter('"', "\\")
    for start in range(0, len(data), step):
        counter.feed(data[start : start + step])
    counter.finish()
    assert counter.lines - counter.blank == found.counted == len(rows) + 1


# characters whose last byte is a backslash, a bar or another ASCII character, and such whose bytes all begin characters
ENDS_IN_ASCII = {"big5": "功許蓋育泣｜中一", "big5hkscs": "功許鰂中一", "gbk": "乗僜淺誠亅中一", "gb18030": "乗僜誠亅中一é㐀𠮷", "cp932": "表ソ能予ポ一ｱ", "shift_jis": "表ソ能予ポ一ｱ", "cp949": "한똠갂", "utf-8": "功é中𠮷"}
MARKS = st.sampled_from(["\\", "\\\\", "|", '"', "\n", "\r\n", ",", "a", "~"])


@st.composite
def texts_of_an_encoding(draw: st.DrawFn) -> tuple[str, list[list[str]]]:
    encoding = draw(st.sampled_from(sorted(ENDS_IN_ASCII)))
    cell = st.lists(st.sampled_from(ENDS_IN_ASCII[encoding]) | MARKS, max_size=6).map("".join)
    return encoding, draw(st.lists(st.lists(cell, min_size=2, max_size=2), max_size=10))


@given(texts_of_an_encoding(), st.lists(st.integers(1, 30), min_size=1, max_size=5), st.sampled_from([",", "|"]), st.sampled_from(['"', "~", "|"]), st.sampled_from(["\\", "^"]))
def test_a_second_byte_is_no_escape_and_no_quote(made: tuple[str, list[list[str]]], steps: list[int], delimiter: str, quote: str, escape: str) -> None:
    """功 is A5 5C in Big5, 表 95 5C in Shift-JIS: counted in any chunks, and read, as they were written."""
    if delimiter == quote:
        return
    encoding, rows = made
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, doublequote=False, delimiter=delimiter, quotechar=quote, escapechar=escape, lineterminator="\n").writerows([AB, *rows])
    data = out.getvalue().encode(encoding)
    asked = contract(AB, format="csv", encoding=encoding, delimiter=delimiter, quote=quote, escape=escape)
    counter, at = LineCounter(quote, escape, leads(asked.reader, encoding)), 0
    while at < len(data):
        step = steps[at % len(steps)]
        counter.feed(data[at : at + step])
        at += step
    counter.finish()
    assert (counter.lines, counter.blank, counter.unclosed) == (len(rows) + 1, 0, False)
    assert [list(row) for row in outcome(asked, data).rows] == rows
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jobs.readers.count.SPLIT_BYTES", 16)
        assert [list(row[1:]) for row in rows_of(landed(asked, data, "d.csv"))] == rows


@pytest.mark.parametrize(("encoding", "text"), [("big5", "臺北市信義區功"), ("cp932", "東京都千代田区かすみがせき表"), ("gb18030", "上海市浦东新区世纪大道乗"), ("utf-8", "功"), ("utf-16", "功")])
def test_an_escape_is_told_where_the_encoding_is_detected(encoding: str, text: str) -> None:
    data = ("a,b\n" + f'"{text}",1\n' * 20 + 'x\\,y,"2\\""\n').encode(encoding)
    asked = contract(AB, format="csv", escape="\\")
    content = text_content([data[:100], data[100:]], "d.csv", asked.reader)
    assert (content.refused, content.files[0].problem, content.files[0].lines) == (None, None, 22)
    assert rows_of(landed(asked, data, "d.csv"))[-1] == (22, "x,y", '2"')


@given(st.lists(st.lists(st.text("ab|é中 ", max_size=5), min_size=2, max_size=2), max_size=12), st.sampled_from(["::", "，", "~|~", "\x01"]))
def test_any_delimiter(rows: list[list[str]], delimiter: str) -> None:
    kept = [row for row in rows if any(row)]
    data = "".join(delimiter.join(row) + "\n" for row in [AB, *kept])
    found = outcome(contract(AB, format="csv", delimiter=delimiter, quote=None), data.encode())
    assert [list(row) for row in found.rows] == kept
    assert count_lines(contract(AB, format="csv", quote=None).reader, data.encode()) == len(kept) + 1
