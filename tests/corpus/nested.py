"""JSON, JSON lines and XML: where the rows are, what is flattened and what is kept nested, and documents that are none."""

from __future__ import annotations

import json
from typing import Any

from jobs.contracts.model import Column, Namespace
from tests.corpus.case import Case, Lands, Refuses, column, of
from tests.unit.readers.made import contract

PAIR = [Column("id", "id", "integer"), Column("name", "name", "string")]
NONE = (0, 0, 0)
AB = [(1, "a"), (2, "b")]
TWO = [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]


def whole(name: str, document: Any, expected: Lands | Refuses, columns: list[Column] | None = None, written: str = "utf-8", **reader: Any) -> Case:
    """`document`: what is written as JSON, or its text."""
    text = document if isinstance(document, (str, bytes)) else json.dumps(document, ensure_ascii=False)
    return Case(f"JSON, {name}", contract(columns or PAIR, **{"format": "json", "rows_at": ("rows",), **reader}), "dump.json", of(text, written), expected)


def lines(name: str, text: str | bytes, expected: Lands | Refuses, columns: list[Column] | None = None, written: str = "utf-8", **reader: Any) -> Case:
    return Case(f"JSON lines, {name}", contract(columns or PAIR, format="jsonl", **reader), "dump.jsonl", of(text, written), expected)


def xml(name: str, text: str | bytes, expected: Lands | Refuses, columns: list[Column] | None = None, written: str = "utf-8", **reader: Any) -> Case:
    return Case(f"XML, {name}", contract(columns or PAIR, **{"format": "xml", "row_element": "r", **reader}), "dump.xml", of(text, written), expected)


def rows(*found: tuple[Any, ...], **more: Any) -> Lands:
    return Lands(list(found), **({"skipped": NONE} | more))


IDS = [Column("id", "id", "string", identifier=True), Column("n", "n", "double")]
SPELT = '{"id": 1.1E+17, "n": 1.5}\n{"id": 123.0, "n": 2}\n{"id": 110101199003070012, "n": 3}\n{"id": "00123", "n": 1E1}\n'
INNER = [column("a.b", "integer", name="b"), column("list", "json", name="list")]
ROW = [column("id", "integer", name="id"), column("$row", "json", name="whole")]

JSON = [
    whole("an array at a path", {"meta": {}, "rows": TWO}, rows(*AB)),
    whole("an array at a deep path", {"data": {"page": {"rows": TWO}}}, rows(*AB), rows_at=("data.page.rows",)),
    whole("the first path that exists", {"records": TWO}, rows(*AB), rows_at=("rows", "records")),
    whole("an array and nothing around it", TWO, rows(*AB), rows_at=("$",)),
    whole("one document that is one row", {"id": 1, "name": "a"}, rows((1, "a")), rows_at=("$",)),
    whole("one document that lacks what makes it a row", {"id": 1}, Refuses("no_rows"), rows_at=("$",), row_requires=("name",)),
    whole("members inside members", {"rows": [{"a": {"b": 1}, "list": [1, {"c": "中"}]}]}, rows((1, '[1, {"c": "中"}]')), INNER),
    whole("members that are not there", {"rows": [{"id": 1}, {}]}, rows((1, None), (None, None))),
    whole("another member where the first says nothing", {"rows": [{"id": 1, "name": "", "title": "t"}]}, rows((1, "t")), [PAIR[0], Column("name", "name", "string", fallback=("title",))]),
    whole("a value of the document in every row", {"year": 2024, "rows": TWO}, rows((1, 2024), (2, 2024)), [PAIR[0], column("$doc.year", "integer", name="year")]),
    whole("the whole row", {"rows": [{"id": 1, "x": [2]}]}, rows((1, '{"id": 1, "x": [2]}')), ROW),
    whole("numbers as texts and texts as numbers", {"rows": [{"id": "１", "name": 5}, {"id": "x", "name": True}]}, rows((1, "5"), rejected={"castable:id": 1})),
    whole("a number of more digits than a float has", '{"rows": [{"id": 9007199254740993, "name": 110101199003070012}]}', rows((9007199254740993, "110101199003070012"))),
    whole("numbers with their digits as sent", '{"rows": [{"id": 1, "name": 12345678901234567.89}, {"id": 2, "name": 1.10}]}', rows((1, "12345678901234567.89"), (2, "1.10"))),
    whole("half a character", '{"rows": [{"id": 1, "name": "a"}, {"id": 2, "name": "\\ud800"}]}', Refuses("unreadable", ("At byte 53", "half a character"))),
    whole("a character in two halves", '{"rows": [{"id": 1, "name": "\\ud842\\udfb7"}]}', rows((1, "𠮷"))),
    whole("nothing in the array", {"rows": []}, Refuses("no_rows")),
    whole("no array at the path", {"data": TWO}, Refuses("no_rows")),
    whole("cut off", '{"rows": [{"id": 1, "name": "a"}, {"id"', Refuses("unreadable", ("cut off",))),
    whole("a comma too many", '{"rows": [{"id": 1, "name": "a"},]}', Refuses("unreadable")),
    whole("a mark before it", "\ufeff" + json.dumps({"rows": TWO}), rows(*AB)),
    whole("in UTF-16", "\ufeff" + json.dumps({"rows": TWO}), rows(*AB, encoding=("utf-16-le", "mark")), written="utf-16-le"),
    whole("in GB18030, as the contract says", json.dumps({"rows": [{"id": 1, "name": "中"}]}, ensure_ascii=False).encode("gb18030"), rows((1, "中")), encoding="gb18030"),
    whole("in GB18030, which nobody said", {"rows": [{"id": 1, "name": "上海市浦东新区人民政府"}]}, rows((1, "上海市浦东新区人民政府"), encoding=("gb18030", "detected")), written="gb18030"),
    whole("too little of GB18030 to tell", {"rows": [{"id": 1, "name": "中"}]}, Refuses("unknown_encoding", ("gb18030 (reads '中')",)), written="gb18030"),
    whole("UTF-8 with a byte that is none", b'{"rows": [{"id": 1, "name": "' + "水".encode() * 20 + b'\xff"}]}', Refuses("wrong_encoding", ("near line 1, at byte 89",))),
]

LINES = [
    lines("an object a line", '{"id": 1, "name": "a"}\n{"name": "b", "id": 2}\n', rows(*AB)),
    lines("ids that became numbers on the way", SPELT, rows(("110101199003070012", 3.0), ("00123", 10.0), rejected={"castable:id": 2}, says=("scientific notation", "decimal point")), IDS),
    lines("blank lines and Windows line ends", '{"id": 1, "name": "a"}\r\n\r\n{"id": 2, "name": "b"}', rows(*AB, skipped=(0, 0, 1))),
    lines("a mark before the first", '\ufeff{"id": 1, "name": "a"}\n', rows((1, "a"))),
    lines("members inside members", '{"a": {"b": 1}, "list": [1, 2]}\n{"a": {}, "list": null}\n', rows((1, "[1, 2]"), (None, None)), INNER),
    lines("a value here and an object there", '{"id": 1, "name": "a"}\n{"id": 2, "name": {"x": 1}}\n', rows((1, "a"), (2, '{"x": 1}'))),
    lines("the whole row", '{"id": 1, "x": [2]}\n', rows((1, '{"id": 1, "x": [2]}')), ROW),
    lines("another member where the first says nothing", '{"id": 1, "title": "t"}\n{"id": 2, "name": "n", "title": "t"}\n', rows((1, "t"), (2, "n")), [PAIR[0], Column("name", "name", "string", fallback=("title",))]),
    lines("a line that is no object", '{"id": 1, "name": "a"}\n[1]\n', rows((1, "a"), rejected={"ragged": 1})),
    lines("a line that is cut off", '{"id": 1, "name": "a"}\n{"id": 2, "na', Refuses("unreadable", ("Line 2",))),
    lines("two objects in a line", '{"id": 1, "name": "a"} {"id": 2, "name": "b"}\n', Refuses("unreadable", ("Line 1",))),
    lines("in GB18030, as the contract says", '{"id": 1, "name": "中"}\n', rows((1, "中")), written="gb18030", encoding="gb18030"),
    lines("in GB18030, which nobody said", '{"id": 1, "name": "a"}\n{"id": 2, "name": "上海市浦东新区"}\n', rows((1, "a"), (2, "上海市浦东新区"), encoding=("gb18030", "detected")), written="gb18030"),
    lines("too little of GB18030 to tell", '{"id": 1, "name": "a"}\n{"id": 2, "name": "中"}\n', Refuses("unknown_encoding", ("gb18030 (reads '中')",)), written="gb18030"),
    lines("another encoding than UTF-8, which was agreed", '{"id": 1, "name": "a"}\n{"id": 2, "name": "中"}\n', Refuses("wrong_encoding", ("near line 2",)), written="gb18030", encoding="utf-8"),
    lines("a value that is none of its type", '{"id": "x", "name": "a"}\n{"id": 2, "name": "b"}\n', rows((2, "b"), rejected={"castable:id": 1})),
]

URI = "urn:x"
G = (Namespace("g", URI),)
XML = [
    xml("elements and attributes", '<d><r id="1"><name>a</name></r><r id="2"><name>b</name></r></d>', rows(*AB, encoding=("utf-8", "utf-8")), [column("@id", "integer", name="id"), PAIR[1]]),
    xml("elements inside elements", '<d><r><a k="5"><b>1</b></a></r></d>', rows((1, 5)), [column("a.b", "integer", name="b"), column("a.@k", "integer", name="k")]),
    xml("a namespace that the contract names otherwise", f'<d xmlns:q="{URI}"><q:r><q:id>1</q:id><q:name>a</q:name></q:r><r/></d>', rows((1, "a")), [column("g:id", "integer", name="id"), column("g:name", name="name")], row_element="g:r", namespaces=G),
    xml("a namespace that nobody asked for", f'<d xmlns="{URI}"><r><id>1</id><name>a</name></r></d>', rows((1, "a"))),
    xml("elements that repeat are a list", "<d><r><id>1</id><name>a</name><name>b</name></r></d>", rows((1, '["a", "b"]'))),
    xml("what is nested is kept nested", '<d><r><id>1</id><name k="v"><x>1</x></name></r></d>', rows((1, '{"@k": "v", "x": "1"}'))),
    xml("nothing, said outright", '<d xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><r><id>1</id><name xsi:nil="true"/></r></d>', rows((1, None))),
    xml("comments, entities of XML itself, and sections as they are", "<d><r><id>1</id><name>a<!-- c -->&amp;<![CDATA[<b>]]>&#20013;</name></r></d>", rows((1, "a&<b>中"))),
    xml("the row's own text", "<d><r>x</r><r>y</r></d>", rows(("x",), ("y",)), [column(".")]),
    xml("the whole row", "<d><r><id>1</id></r></d>", rows(("<r><id>1</id></r>",)), [column("$row")]),
    xml("a row inside a row belongs to it", "<d><r><id>1</id><name>a</name><r><id>2</id></r></r></d>", rows((1, "a"))),
    xml("the encoding it declares", '<?xml version="1.0" encoding="GB18030"?><d><r><id>1</id><name>中</name></r></d>', rows((1, "中"), encoding=("gb18030", "declared")), written="gb18030"),
    xml("the encoding the contract says, whatever it declares", '<?xml version="1.0" encoding="utf-8"?><d><r><id>1</id><name>中</name></r></d>', rows((1, "中"), encoding=("gbk", "contract")), written="gbk", encoding="gbk"),
    xml("in UTF-16", '<?xml version="1.0" encoding="utf-16"?><d><r><id>1</id><name>中</name></r></d>', rows((1, "中"), encoding=("utf-16-le", "mark")), written="utf-16"),
    xml("a mark before it", "\ufeff<d><r><id>1</id><name>a</name></r></d>", rows((1, "a"), encoding=("utf-8", "mark"))),
    xml("another encoding than it declares", '<?xml version="1.0" encoding="utf-8"?><d><r><id>1</id><name>中</name></r></d>', Refuses("unreadable"), written="gbk"),
    xml("an encoding that does not exist", '<?xml version="1.0" encoding="klingon"?><d><r><id>1</id></r></d>', Refuses("unreadable")),
    xml("cut off", "<d><r><id>1</id><name>a</name></r><r>", Refuses("unreadable", ("cut off",))),
    xml("no row in it", "<d><x/></d>", Refuses("no_rows")),
]  # fmt: skip

CASES = [*JSON, *LINES, *XML]
