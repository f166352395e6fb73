"""Drift: the contract's policy decides, every difference is an event, and no value is lost where the contract evolves."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.contracts.model import Column, Drift, Namespace, Unpivot
from jobs.ops.drift import drift_rows, events_of
from jobs.quality.answer import answer
from jobs.quality.compile import MASK
from jobs.readers.drift import MOST_CODES, Drifted
from jobs.readers.outcome import Refused
from tests.unit.quality.landing import land
from tests.unit.readers.made import contract
from tests.unit.readers.test_workbook import xlsx

ID = Column("id", "编号", "integer", primary_key=1)
AMOUNT = Column("amount", "金额", "integer")
STATE = Column("state", "状态", "string", enum=("在业", "注销", "迁出"))


def asked(drift: Drift, *columns: Column, **reader: Any) -> Any:
    return contract(list(columns or (ID, AMOUNT)), drift, **{"format": "csv", **reader})


NEW = "编号,金额,备注\n1,10,a\n2,20,\n".encode()
MISSING = "编号\n1\n2\n".encode()
RETYPED = "编号,金额\n1,10\n2,ten\n".encode()
LEFT: list[tuple[Any, ...]] = [(1, 10), (2, 20)]
GONE: list[tuple[Any, ...]] = [(1, None), (2, None)]
QUARANTINED = "rows were quarantined"
CASES: dict[str, tuple[Drift, bytes, list[tuple[Any, ...]], list[Any], list[list[tuple[Any, ...]]], tuple[str, str]]] = {
    # policy, dump → rows, _extra, faults, (key of the event, what was done)
    "new, evolve": (Drift(new_column="evolve"), NEW, LEFT, [{"备注": "a"}, None], [[], []], ("new_column:备注", "values are kept in _extra")),
    "new, discard_value": (Drift(new_column="discard_value"), NEW, LEFT, [None, None], [[], []], ("new_column:备注", "values were left out")),
    "new, discard_row": (
        Drift(new_column="discard_row"), NEW, LEFT, [{"备注": "a"}, None], [[("unknown_column", "critical", None)], []], ("new_column:备注", "rows with a value were quarantined"),
    ),
    "missing, evolve": (Drift(missing_column="evolve"), MISSING, GONE, [None, None], [[], []], ("missing_column:amount", "the column is null")),
    "missing, discard_value": (Drift(missing_column="discard_value"), MISSING, GONE, [None, None], [[], []], ("missing_column:amount", "the column is null")),
    "missing, discard_row": (
        Drift(missing_column="discard_row"), MISSING, GONE, [None, None], [[("lacking_column", "critical", "金额")]] * 2, ("missing_column:amount", "all rows were quarantined"),
    ),
    "retyped, discard_row": (Drift(), RETYPED, [(1, 10), (2, None)], [None, None], [[], [("castable:amount", "critical", "ten")]], ("retyped_column:金额", QUARANTINED)),
    "retyped, discard_value": (
        Drift(retyped_column="discard_value"), RETYPED, [(1, 10), (2, None)], [None, None], [[], [("retyped:amount", "warning", "ten")]],
        ("retyped_column:金额", "the cells are null, the rows are flagged"),
    ),
    "retyped, evolve": (
        Drift(retyped_column="evolve"), RETYPED, [(1, 10), (2, None)], [None, {"金额": "ten"}], [[], [("retyped:amount", "warning", "ten")]],
        ("retyped_column:金额", "values are kept in _extra, the cells are null"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_policy_decides_what_becomes_of_the_rows(case: str) -> None:
    policy, dump, rows, extra, faults, (key, done) = CASES[case]
    found = land(asked(policy), dump)
    assert (found.rows, found.extra, found.faults) == (rows, extra, faults)
    assert [(event.key, event.done) for event in found.events] == [(key, done)]


FROZEN: dict[str, tuple[Drift, list[bytes], str, list[str]]] = {
    "new": (Drift(), [NEW], "new_column", ["'备注' are not in the contract", "leave them out"]),
    "missing": (Drift(), [MISSING], "missing_column", ["'金额' are missing"]),
    "renamed": (Drift(), ["编号,金 额(元)\n1,2\n".encode()], "missing_column", ["By '金 额(元)' did you mean '金额'?"]),
    "retyped, in the second of two pieces": (Drift(retyped_column="freeze"), ["编号,金额\n1,2\n".encode(), RETYPED], "retyped_column", ["'金额' (1 of 3 values)"]),
}  # fmt: skip


@pytest.mark.parametrize("case", FROZEN)
def test_freeze_refuses_the_file_and_names_what_it_likely_is(case: str) -> None:
    policy, pieces, reason, words = FROZEN[case]
    with pytest.raises(Drifted) as found:
        land(asked(policy), *pieces)
    assert found.value.reason == reason
    assert [word for word in words if word not in found.value.message] == []
    assert reason in {event.kind for event in found.value.events}


def test_a_key_or_a_required_column_cannot_become_null() -> None:
    for policy in ("evolve", "discard_value"):
        made = asked(Drift(retyped_column=policy), replace(ID, primary_key=0, required=True), AMOUNT)
        found = land(made, "编号,金额\nx,1\n".encode())
        assert ("castable:id", "critical", "x") in found.faults[0]
        assert land(asked(Drift(retyped_column=policy)), "编号,金额\nx,1\n".encode()).quarantined == 1


def test_a_frozen_type_takes_what_is_of_it() -> None:
    assert land(asked(Drift(retyped_column="freeze")), "编号,金额\n1,2\n".encode()).events == []


def test_one_bad_value_is_no_new_type_where_rows_are_discarded() -> None:
    assert land(asked(Drift()), "编号,金额\n1,1\n2,2\n3,ten\n".encode()).events == []


def test_pieces_add_up_and_the_types_they_show_are_joined() -> None:
    pieces = [f"编号,金额,价\n1,1,{value}\n".encode() for value in ("12", "3.25", "")]
    event = land(asked(Drift(new_column="evolve")), *pieces).event("new_column")
    assert (event.found, event.looked_at) == (2, 3)
    assert (event.detail["type"]["logicalType"], event.detail["type"]["physicalType"]) == ("number", "decimal(5,2)")
    other = land(asked(Drift(new_column="evolve")), *pieces, "编号,金额,价\n1,1,many\n".encode()).event("new_column")
    assert other.detail["type"]["logicalType"] == "string"


def test_other_headers_and_another_order_are_matched_and_noted() -> None:
    made = asked(Drift(), ID, replace(AMOUNT, synonyms=("拨付金额",)))
    found = land(made, "拨付金额,编号\n10,1\n".encode())
    assert found.rows == [(1, 10)]
    assert [event.key for event in found.events] == ["reordered_columns:", "synonym:拨付金额"]


def test_what_stands_beside_rows_follows_them_when_columns_become_rows() -> None:
    columns = [ID, Column("year", "$unpivot.year", "string"), Column("n", "$unpivot.value", "integer")]
    made = asked(Drift(new_column="evolve"), *columns, unpivot=Unpivot(r"(?P<year>\d{4})年"))
    found = land(made, "编号,2023年,2024年,注\n1,5,6,a\n2,7,8,\n".encode())
    beside = dict(zip(found.rows, [e and e["注"] for e in found.extra], strict=True))
    assert beside == {(1, "2023", 5): "a", (1, "2024", 6): "a", (2, "2023", 7): None, (2, "2024", 8): None}


def test_a_workbook_of_several_sheets_keeps_each_its_own_columns() -> None:
    made = asked(Drift(new_column="evolve", missing_column="discard_row"), format="excel", sheets=(".*",))
    data = xlsx({"a": [["编号", "金额", "注"], [1, 10, "x"]], "b": [["编号"], [2]]})
    found = land(made, data)
    assert (found.rows, found.extra) == ([(1, 10), (2, None)], [{"注": "x"}, None])
    assert [[rule for rule, _, _ in faults] for faults in found.faults] == [[], ["lacking_column"]]


CODES: dict[str, tuple[Column, str, list[tuple[int, int, dict[str, int], dict[str, str]]]]] = {
    "renamed": (STATE, "在业中 在业中 已注销 迁出", []),
    "all renamed": (
        STATE, "在业中 在业中 已注销 注销了 Q",
        [(5, 5, {"在业中": 2, "已注销": 1, "注销了": 1, "Q": 1}, {"在业中": "在业", "已注销": "注销", "注销了": "注销"})],
    ),
    "some wrong": (STATE, "在业 在业 在业 x", []),
    "no codes any more": (STATE, " ".join(map(str, range(MOST_CODES + 1))), []),
    "other case and width": (
        replace(STATE, enum=("Open", "Closed")), "OPEN CLOSED open",
        [(3, 3, {"OPEN": 1, "CLOSED": 1, "open": 1}, {"OPEN": "Open", "CLOSED": "Closed", "open": "Open"})],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CODES)
def test_a_renamed_code_list_is_reported_with_what_each_code_may_be(case: str) -> None:
    column, sent, expected = CODES[case]
    codes = sent.split()
    dump = ["编号,状态\n" + "".join(f"{at},{code}\n" for at, code in enumerate(half)) for half in (codes[:2], codes[2:])]
    events = land(asked(Drift(), ID, column), *(text.encode() for text in dump)).events
    assert [(e.found, e.looked_at, e.detail["codes"], e.detail["map"]) for e in events if e.kind == "code_list"] == expected


def test_codes_of_a_personal_column_are_counted_and_not_shown() -> None:
    found = land(asked(Drift(), ID, replace(STATE, classification="personal")), "编号,状态\n1,secret\n2,hidden\n".encode())
    rows = drift_rows({"d": {"dataset": "d.t", "delivery": "d", "period": "1", "copies": [{"name": "a"}]}}, {"d": [vars(e) for e in found.events]})
    assert "secret" not in json.dumps(rows, default=str)
    assert found.event("code_list").detail["distinct"] == 2
    assert found.faults[0][0][2] == MASK


def test_rows_of_the_ledger_tell_the_same_events() -> None:
    events = land(asked(Drift(new_column="evolve", missing_column="evolve")), "编号,金額元,x\n1,2,3\n".encode()).events
    receipt = {"dataset": "d.t", "delivery": "1/ab", "period": "1", "copies": [{"name": "b"}, {"name": "a"}]}
    rows = drift_rows({"1/ab": receipt}, {"1/ab": [vars(event) for event in events]})
    assert events_of(rows) == events
    assert len({row["event"] for row in rows}) == len(rows) == 3
    assert {row["name"] for row in rows} == {"a"}


texts = st.text(st.characters(blacklist_characters="\x00", blacklist_categories=("Cs",)), max_size=8)
letters = st.characters(blacklist_characters="\x00\r\n", blacklist_categories=("Cs",))
headers = st.text(letters, min_size=1, max_size=8).filter(lambda h: h.strip() and h not in ("编号", "金额"))


@given(st.lists(headers, min_size=1, max_size=4, unique=True), st.data())
def test_no_value_of_an_unknown_column_is_lost_where_the_contract_evolves(names: list[str], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.lists(texts, min_size=len(names), max_size=len(names)), min_size=1, max_size=5))
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(["编号", "金额", *names])
    writer.writerows([[str(at), "1", *row] for at, row in enumerate(rows)])
    found = land(asked(Drift(new_column="evolve")), sink.getvalue().encode())
    sent = [{name: value for name, value in zip(names, row, strict=True) if value} or None for row in rows]
    assert found.extra == sent


def test_headers_that_are_patterns_elsewhere_are_names_here() -> None:
    names = ["*", "^.*$", "^a$", "{x}", '"', "a.b"]
    sink = io.StringIO()
    csv.writer(sink, lineterminator="\n").writerows([["编号", "金额", *names], ["1", "2", *"abcdef"]])
    found = land(asked(Drift(new_column="evolve")), sink.getvalue().encode())
    assert found.extra == [dict(zip(names, "abcdef", strict=True))]
    assert {event.header for event in found.events} == set(names)


HOSTILE: dict[str, tuple[bytes, str]] = {
    "a name as long as a text": (b"\xe7\xbc\x96\xe5\x8f\xb7,\xe9\x87\x91\xe9\xa2\x9d," + b"x" * 400 + b"\n1,2,3\n", "new_column"),
    "ten thousand new columns": (("编号,金额," + ",".join(f"c{i}" for i in range(9_000)) + "\n1,2" + ",3" * 9_000 + "\n").encode(), ""),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_headers_that_are_no_names_have_an_outcome(case: str) -> None:
    dump, reason = HOSTILE[case]
    made = asked(Drift(new_column="evolve"))
    if reason:
        with pytest.raises(Refused) as found:
            land(made, dump)
        assert found.value.reason == reason
    else:
        assert len(land(made, dump).extra[0] or {}) == 9_000


def test_the_message_for_a_thousand_wrong_headers_stays_short() -> None:
    dump = ",".join(f"header {i}" for i in range(9_000)) + "\n" + ",".join("1" * 9_000) + "\n"
    columns = [Column(f"c{i}", f"column {i}", "string") for i in range(500)]
    with pytest.raises(Drifted) as found:
        land(asked(Drift(), *columns), dump.encode())
    assert len(found.value.message) < 3_000


ROWS = [{"编号": 1, "a": {"b": 2, "c": [3]}, "note": "x"}, {"编号": 2, "a": {"b": None}, "note": ""}]
JSON = {"json": json.dumps({"rows": ROWS}).encode(), "jsonl": b"".join(json.dumps(row).encode() + b"\n" for row in ROWS)}


@pytest.mark.parametrize("form", JSON)
def test_members_that_no_column_asks_for_are_looked_at_where_the_contract_says_so(form: str) -> None:
    columns = (ID, Column("b", "a.b", "integer", synonyms=("note",)))
    made = asked(Drift(new_column="evolve"), *columns, format=form, rows_at=("rows",))
    found = land(made, JSON[form])
    assert (found.rows, found.extra) == ([(1, 2), (2, None)], [{"a.c": "[3]", "note": "x"}, None])
    assert [(event.key, event.found, event.looked_at) for event in found.events] == [("new_column:a.c", 1, 2), ("new_column:note", 1, 2)]
    assert land(replace(made, drift=Drift()), JSON[form]).events == []
    assert land(replace(made, drift=Drift(new_column="discard_row")), JSON[form]).quarantined == 1


XML = """<d xmlns:p="urn:p"><r n="1" u="x"><a><b>2</b><c k="v"/><c>w</c></a><p:t>5</p:t>own</r><r n="2"><a><b/></a></r></d>"""
XML_CASES: dict[str, tuple[list[str], list[Any]]] = {
    # paths of the contract → _extra of both rows
    "some": (["@n", "a.b"], [{"@u": "x", "a.c": '[{"@k": "v"}, "w"]', "t": "5", ".": "own"}, None]),
    "all": (["@n", "@u", "a", "p:t", "."], [None, None]),
    "into a list": (["@n", "@u", "a.b", "a.c.@k", "p:t", "."], [{"a.c": '[{"@k": "v"}, "w"]'}, None]),
}  # fmt: skip


@pytest.mark.parametrize("case", XML_CASES)
def test_elements_and_attributes_that_no_column_asks_for_are_kept(case: str) -> None:
    paths, expected = XML_CASES[case]
    columns = [Column(f"c{at}", path, "string") for at, path in enumerate(paths)]
    made = asked(Drift(new_column="evolve"), *columns, format="xml", row_element="r", namespaces=(Namespace("p", "urn:p"),))
    assert land(made, XML.encode()).extra == expected
    assert land(replace(made, drift=Drift()), XML.encode()).events == []


ABSENT = {  # paths of columns → which of them no row has, by what the rows hold
    "nothing": (["b", "a.c", "d"], {}, ["b", "a.c", "d"]),
    "a null is there": (["b", "a.c", "d"], {"b": None, "a": None, "d": ""}, []),
    "an object without it": (["b", "a.c", "d"], {"a": {"x": 1}, "d": "b"}, ["b", "a.c"]),
    "its name elsewhere": (["c", "中"], {"a": {"c": 1, "中": 2}, "x": "c"}, ["c", "中"]),
}  # fmt: skip


def written(form: str, rows: list[dict[str, Any]]) -> bytes:
    if form == "xml":
        return f"<d>{''.join(f'<r>{_elements(row)}</r>' for row in rows)}</d>".encode()
    return json.dumps({"rows": rows}).encode() if form == "json" else "".join(json.dumps(row) + "\n" for row in rows).encode()


def _elements(row: dict[str, Any]) -> str:
    return "".join(f"<{name}>{_elements(value) if isinstance(value, dict) else '' if value is None else value}</{name}>" for name, value in row.items())


@pytest.mark.parametrize("form", ["json", "jsonl", "xml"])
@pytest.mark.parametrize("case", ABSENT)
def test_a_member_that_no_row_has_is_an_event_and_refuses_nothing(form: str, case: str) -> None:
    paths, held, lacking = ABSENT[case]
    if (form, case) == ("xml", "a null is there"):
        held = held | {"a": {"c": None}}  # an empty element says that it holds nothing
    columns = [ID, *(Column(f"c{at}", path, "integer" if at else "string") for at, path in enumerate(paths))]
    made = asked(Drift(missing_column="freeze"), *columns, format=form, rows_at=("rows",), row_element="r")
    rows = [{"编号": at, **held} for at in range(20)]
    found = land(made, written(form, rows))
    events = [event for event in found.events if event.kind == "absent_member"]
    assert sorted(made.column(event.column).source for event in events) == sorted(lacking)
    assert {(event.found, event.looked_at, event.done) for event in events} <= {(20, 20, "the column is null; rows were judged one by one")}
    optional = replace(made, columns=(ID, *(replace(column, optional=True) for column in made.columns[1:])))
    assert not [event for event in land(optional, written(form, rows)).events if event.kind == "absent_member"]
    assert not [event for event in land(made, written(form, rows[:19])).events if event.kind == "absent_member"]  # few rows may lack it by chance


@pytest.mark.parametrize("form", ["json", "jsonl", "xml"])
def test_a_member_is_absent_where_no_piece_of_the_delivery_has_it(form: str) -> None:
    made = asked(Drift(), ID, AMOUNT, Column("note", "note", "string", fallback=("remark",)), format=form, rows_at=("rows",), row_element="r")
    pieces = [written(form, [{"编号": at} for at in range(12)]), written(form, [{"编号": at, "remark": None} for at in range(12)])]
    assert [(e.key, e.found, e.looked_at) for e in land(made, *pieces).events] == [("absent_member:amount", 24, 24)]


def test_parts_of_one_large_document_are_one_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.readers.xml_rows.PART_BYTES", 100)
    rows = [{"编号": at, **({"金额": 1} if at == 0 else {})} for at in range(40)]
    made = asked(Drift(), ID, AMOUNT, Column("note", "note", "string"), format="xml", row_element="r")
    assert [event.key for event in land(made, written("xml", rows)).events] == ["absent_member:note"]


def test_a_document_whose_keys_are_data_is_refused() -> None:
    made = asked(Drift(new_column="evolve"), ID, format="json", rows_at=("rows",))
    with pytest.raises(Drifted, match="names seem to be data"):
        land(made, json.dumps({"rows": [{str(at): at} for at in range(1_001)]}).encode())


def test_parquet_keeps_values_of_every_type_as_text() -> None:
    sink = io.BytesIO()
    pl.DataFrame({"编号": [1], "金额": [2], "f": [3.0], "b": [b"\x01"], "l": [[1, 2]], "d": [True]}).write_parquet(sink)
    found = land(asked(Drift(new_column="evolve"), format="parquet"), sink.getvalue())
    assert found.extra == [{"f": "3", "b": "01", "l": "[1,2]", "d": "true"}]


ANSWERS: dict[str, tuple[Drift, bytes, list[str]]] = {
    "new_column": (Drift(missing_column="evolve"), "编号,金 额,x\n1,2,3\n".encode(), ["出现未约定的字段:金 额、x。", "“金 额”是否即“金额”?", "请删除或联系数据管理员增加"]),
    "missing_column": (Drift(), "编号,金 额\n1,2\n".encode(), ["缺少约定的字段:金额。", "“金 额”是否即“金额”?"]),
    "retyped_column": (Drift(retyped_column="freeze"), RETYPED, ["字段 金额(1/2 个值) 的值与约定类型不符。"]),
}  # fmt: skip


@pytest.mark.parametrize("reason", ANSWERS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_department_reads_in_its_language_what_its_header_likely_is(reason: str, language: Any) -> None:
    policy, dump, words = ANSWERS[reason]
    made = replace(asked(policy), language=language)
    with pytest.raises(Drifted) as found:
        land(made, dump)
    row = {"reason": reason, "message": found.value.message, "period": "1", "name": "a", "sha256": "", "outcome": "rejected", "rows": 0, "quarantined": 0, "measures": None}
    said = answer(made, (), row, drift=found.value.events)
    if language == "zh":
        assert [word for word in words if word not in said.message + said.reason] == []
    else:
        assert said.message == found.value.message


def test_an_answer_tells_flagged_and_discarded_rows_apart() -> None:
    made = asked(Drift(new_column="discard_row", retyped_column="discard_value"))
    found = land(made, "编号,金额,注\n1,x,\n2,2,y\n".encode())
    row = {"reason": None, "message": None, "period": "1", "name": "a", "sha256": "", "outcome": "landed", "rows": 2, "quarantined": 1, "measures": found.measures.to_json()}
    faults = {fault.rule: (fault.severity, fault.column, fault.rows, fault.wrong) for fault in answer(made, (), row).faults}
    assert faults == {
        "unknown_column": ("critical", "", 1, "this row has a value in a column that is not agreed"),
        "retyped:amount": ("warning", "金额", 1, "this text is not a value of the column's type; the cell was left empty"),
    }
