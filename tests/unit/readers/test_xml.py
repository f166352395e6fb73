"""XML: rows, namespaces, attributes, nested paths; hostile documents are refused in bounded time."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from jobs.contracts.model import Column, Namespace
from jobs.readers.xml_flat import FlatRows
from tests.unit.readers.made import contract, outcome, refusal

URI = "urn:x"
G = (Namespace("g", URI),)


@pytest.mark.parametrize(
    ("sources", "reader", "data", "rows"),
    [
        (["a", "@n"], {}, '<d><r n="1"><a>x</a></r><r><a/></r></d>', [("x", "1"), (None, None)]),
        (["a.b", "a.@c"], {}, '<d><r><a c="k"><b> 中 </b></a></r></d>', [(" 中 ", "k")]),
        (["a"], {}, f'<d xmlns="{URI}"><r><a>x</a></r></d>', [("x",)]),
        (["g:a", "@g:n"], {"row_element": "g:r", "namespaces": G}, f'<d xmlns:q="{URI}"><q:r q:n="1"><a>no</a><q:a>x</q:a></q:r><r/></d>', [("x", "1")]),
        (["a"], {}, "<d><r><a>1</a><a>2</a></r></d>", [('["1", "2"]',)]),
        (["a"], {}, '<d><r><a k="v"><b>1</b><b>2</b></a></r></d>', [('{"@k": "v", "b": ["1", "2"]}',)]),
        (["a"], {}, '<d xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><r><a i:nil="true">x</a></r></d>', [(None,)]),
        (["a"], {}, "<d><r><a>x<!-- c --><?p i?>y<![CDATA[<z>]]>&amp;&#20013;</a></r></d>", [("xy<z>&中",)]),
        (["."], {}, "<d><r>x</r><r>y<b>z</b>w</r></d>", [("x",), ("yw",)]),
        (["a"], {}, "<r><a>o</a><r><a>i</a></r></r>", [("o",)]),
        (["a"], {}, '<!DOCTYPE d SYSTEM "d.dtd"><d><r><a>x</a></r></d>', [("x",)]),
        (["$row"], {}, "<d> <r><a>x</a></r> </d>", [("<r><a>x</a></r>",)]),
        (["a"], {}, "<d/>", []),
    ],
)  # fmt: skip
def test_rows(sources: list[str], reader: dict[str, Any], data: str, rows: list[tuple[str | None, ...]]) -> None:
    columns = [Column(f"c{i}", source, "string") for i, source in enumerate(sources)]
    found = outcome(contract(columns, **{"format": "xml", "row_element": "r", **reader}), data.encode())
    assert found.rows == rows
    assert found.records == list(range(1, len(rows) + 1))


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "big5", "iso-8859-1"])
def test_the_encoding_it_declares(encoding: str) -> None:
    text = "é" if encoding == "iso-8859-1" else "中"
    data = f'<?xml version="1.0" encoding="{encoding}"?><d><r><a>{text}</a></r></d>'.encode(encoding)
    assert outcome(contract(["a"], format="xml", row_element="r"), data).rows == [(text,)]


LAUGHS = '<!DOCTYPE d [<!ENTITY a "ha">' + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)) + "]>"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (LAUGHS + "<d><r><a>&j;</a></r></d>", "unsafe_xml"),
        (LAUGHS + "<d>&j;</d>", "unsafe_xml"),
        (LAUGHS + '<d><r a="&j;"/></d>', "unsafe_xml"),
        ('<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d><r><a>&x;</a></r></d>', "unsafe_xml"),
        ('<!DOCTYPE d [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x">%x;]><d><r><a>1</a></r></d>', "unsafe_xml"),
        ("<d><r><a>&x;</a></r></d>", "unreadable"),
        ("<d><r><a>1</a></r>", "unreadable"),
        ("<d><r><a>1</b></r></d>", "unreadable"),
        ("<d>" * 300 + "<r/>" + "</d>" * 300, "unreadable"),
        ("<d><r><a>" + "x" * 11_000_000 + "</a></r></d>", "unreadable"),
        ("", "unreadable"),
        ("a,b\n1,2\n", "unreadable"),
        ('<?xml version="1.0" encoding="klingon"?><d/>', "unreadable"),
        ("<d><r>\x00</r></d>", "unreadable"),
    ],
)
def test_what_is_damaged_or_hostile_is_refused(data: str, reason: str) -> None:
    assert refusal(contract(["a"], format="xml", row_element="r"), data.encode()) == reason


# No private use: libxml2 writes U+E816 as FE 51, as GB 18030 had it in 2000, and reads that as 𠂇, as it has had it since 2005.
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co"), exclude_characters="\ufffe\uffff"), max_size=8)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=12), st.booleans(), st.sampled_from(["utf-8", "gb18030", "utf-16"]))
def test_rows_written_are_rows_read(rows: list[tuple[str, str]], pretty: bool, encoding: str) -> None:  # noqa: FBT001
    root = etree.Element("d")
    for a, b in rows:
        row = etree.SubElement(root, f"{{{URI}}}r", b=b)
        etree.SubElement(row, "a").text = a
    data = etree.tostring(root, encoding=encoding, pretty_print=pretty, xml_declaration=True)
    columns = [Column("a", "a", "string"), Column("b", "@b", "string")]
    found = outcome(contract(columns, format="xml", row_element="g:r", namespaces=G), data)
    assert found.rows == [(a or None, b or None) for a, b in rows]
    assert found.counted == len(rows)


NIL = ' xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"'
CELLS = st.builds(
    "<{0}{1}>{2}</{0}>".format, st.sampled_from("abcd"), st.sampled_from(["", "", NIL, ' k="v"', f' xmlns="{URI}"']),
    st.sampled_from(["x", "", " 中 ", "<b>y</b>", "x<!-- c -->z", "<![CDATA[<]]>", "&amp;", "<?p i?>"]),
)  # fmt: skip


@given(st.lists(st.lists(CELLS | st.sampled_from(["<!-- c -->", "t", "<r><a>inner</a></r>"]), max_size=5).map("".join), max_size=5))
def test_a_row_taken_by_places_is_the_row_looked_up_by_names(rows: list[str]) -> None:
    data = f"<d>{''.join(f'<r>{row}</r>' for row in rows)}</d>".encode()
    columns = [Column("a", "a", "string"), Column("b", "b", "string", fallback=("d",)), Column("q", "g:c", "string")]
    asked = contract(columns, format="xml", row_element="r", namespaces=G)
    by_places = outcome(asked, data).rows
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FlatRows, "row", lambda self, element: None)
        assert outcome(asked, data).rows == by_places
