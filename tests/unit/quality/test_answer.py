"""The answer to a department: in its language, with the places to look at, and nothing that must not be seen."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from jobs import land
from jobs.contracts.load import contract_path, load_contract
from jobs.contracts.model import Column, Contract
from jobs.platform.settings import load_settings
from jobs.quality.answer import EXAMPLES, Answer, answer, csv_of, html_of
from jobs.quality.compile import MASK, judge
from jobs.quality.implied import rules_of
from jobs.quality.measures import Measures, RuleMeasure
from jobs.quality.rules import Rule
from jobs.readers.delivery import Piece
from jobs.readers.formats import WAYS
from jobs.readers.raw import RawObject
from jobs.readers.values import typed
from tests.unit.readers.made import contract as made

ROOT = load_settings().root
ROW = {"delivery": "2024/ab", "period": "2024", "name": "roster.csv", "sha256": "ab" * 32, "outcome": "landed", "reason": None, "message": None, "rows": 3, "quarantined": 2, "measures": None}


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(contract_path(ROOT, "water.station_reading"))


def row_of(contract: Contract, rules: tuple[Rule, ...], sent: dict[str, list[str | None]], **changes: Any) -> dict[str, Any]:
    """The ledger's row of a delivery of these texts, measured as landing measures."""
    height = len(next(iter(sent.values())))
    raw = pl.DataFrame({c.name: pl.Series(sent.get(c.name, [None] * height), dtype=pl.String) for c in contract.columns})
    values = typed(raw, contract)
    judged = judge(values.frame.with_columns(pl.int_range(2, height + 2, dtype=pl.Int64).alias("_record")), rules, values.failed, contract.personal_columns)
    return ROW | {"rows": height, "quarantined": int(judged.critical.sum()), "measures": judged.measures.to_json()} | changes


def table_of(said: Answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_of(said).decode("utf-8-sig"))))


def text_of(said: Answer) -> str:
    return " ".join(html.fromstring(html_of(said)).text_content().split())


def test_a_value_that_is_none_is_named_with_its_line_and_how_to_write_it(contract: Contract) -> None:
    rules = rules_of(contract, ROOT)
    date = next(c for c in contract.columns if c.kind == "timestamp")
    said = answer(contract, rules, row_of(contract, rules, {date.name: ["yesterday", "2024-08-05 13:30"]}))
    fault = next(f for f in said.faults if f.rule == f"castable:{date.name}")
    assert (fault.column, fault.rows, [(e.line, e.value) for e in fault.examples]) == (date.source, 1, [(2, "yesterday")])
    assert fault.mend.startswith("Write it like 2024")
    line = next(line for line in table_of(said) if line["value as sent"] == "yesterday")
    assert (line["file"], line["line"], line["column"], line["rows"]) == ("roster.csv", "2", date.source, "1")
    assert "yesterday" in text_of(said) and fault.wrong in text_of(said)


def test_chinese_where_the_contract_says_so(contract: Contract) -> None:
    chinese = replace(contract, language="zh")
    rules = rules_of(contract, ROOT)
    required = next(c for c in contract.columns if c.required)
    said = answer(chinese, rules, row_of(chinese, rules, {required.name: [None]}))
    assert next(f for f in said.faults if f.rule == f"not_be_null:{required.name}").wrong == "不能为空"
    assert "数据报送回执" in text_of(said) and "行号" in table_of(said)[0]
    refused = answer(chinese, rules, ROW | {"outcome": "rejected", "reason": "empty", "message": "The file is empty (0 bytes). Send it again."})
    assert "未接收" in text_of(refused) and "文件为空,请重新报送。" in text_of(refused)


def test_a_refused_file_is_one_line_with_the_way_out(contract: Contract) -> None:
    said = answer(contract, (), ROW | {"outcome": "rejected", "reason": "wrong_encoding", "message": "near line 3", "rows": 0})
    assert said.faults == ()
    assert [(line["what is wrong"], line["how to mend it"]) for line in table_of(said)] == [("near line 3", "Save the file in the agreed encoding and send it again.")]
    assert "not accepted" in text_of(said)


def test_values_of_personal_columns_are_not_shown() -> None:
    contract = load_contract(contract_path(ROOT, "civil_affairs.low_income_roster"))
    rules = rules_of(contract, ROOT)
    personal = sorted(contract.personal_columns)
    said = answer(contract, rules, row_of(contract, rules, {name: ["secret-value"] for name in personal}))
    found = [e.value for f in said.faults for e in f.examples if f.column in {contract.column(name).source for name in personal}]
    assert found and set(found) <= {MASK, None}
    assert "secret-value" not in html_of(said) and "secret-value" not in csv_of(said).decode()


@pytest.mark.parametrize(("language", "wrong"), [("en", "this value can be read in more than one way"), ("zh", "该值有不止一种读法")])
def test_a_value_that_has_two_readings_is_a_warning(contract: Contract, language: Any, wrong: str) -> None:
    measures = Measures(1, {"unambiguous:measured_at": RuleMeasure(1, 0, 1, ((2, "2024-11-03 01:30"),))})
    (fault,) = answer(replace(contract, language=language), (), ROW | {"rows": 1, "measures": measures.to_json()}).faults
    assert (fault.severity, fault.column, fault.wrong, fault.rows) == ("warning", "time", wrong, 1)


def test_rows_that_spark_judged_are_counted_from_the_checks_and_named_by_line(contract: Contract) -> None:
    rules = rules_of(contract, ROOT)
    unique = next(rule for rule in rules if rule.scope == "rows")
    check = {"rule": unique.id, "engine": "spark", "unexpected": 70}
    some = [{"rule": unique.id, "record": line, "part": 0, "severity": "critical"} for line in range(90, 30, -1)]
    fault = next(f for f in answer(contract, rules, ROW, [check], some).faults if f.rule == unique.id)
    assert (fault.rows, [e.line for e in fault.examples]) == (70, list(range(31, 31 + EXAMPLES)))


RAGGED = {  # format → columns with their reader, a dump, and (line, value, why) of each example
    "csv": (["a", "b"], {}, "a,b\n1,2\n=3\n\n4,5,6\n" + "7,8,\"" + "x" * 500 + "\n9\",0\n", [(3, "=3", "1 fields, the header has 2"), (5, "4,5,6", "3 fields, the header has 2"), (6, '7,8,"' + "x" * 195 + " …", "4 fields, the header has 2")]),
    "fixedWidth": ([Column("a", "a", "string", start=1, length=2)], {}, "ab\nc\n", [(2, "c", "its length is 1, agreed is 2")]),
    "jsonl": (["a"], {}, '{"a": 1}\n[2]\n', [(2, "[2]", "")]),
}  # fmt: skip


def landed_row(contract: Contract, *dumps: str) -> dict[str, Any]:
    """The ledger's row of a delivery in these pieces."""
    parts = [WAYS[contract.reader.format].read(contract, dump.encode(), {}) for dump in dumps]
    piece = Piece(RawObject("d.t", "2024/ab", "", 0, encrypted=False), "2024", "a", 0, 0, 0, last=True, whole=len(parts) == 1)
    judged = [land._judged(contract, (), contract.personal_columns, piece, part, len(parts) == 1) for part in parts]
    measures = sum((Measures.from_json(found.to_json()) for _, found, _, _ in judged), Measures())
    return ROW | {"rows": sum(frame.height for frame, _, _, _ in judged), "quarantined": sum(count for _, _, count, _ in judged), "measures": measures.to_json()}


@pytest.mark.parametrize("form", RAGGED)
def test_a_line_without_its_fields_is_shown_as_sent_with_its_number(form: str) -> None:
    columns, reader, dump, shown = RAGGED[form]
    said = answer(made(columns, format=form, **reader), (), landed_row(made(columns, format=form, **reader), dump))
    (fault,) = said.faults
    assert (fault.rule, fault.severity, fault.rows, [(e.line, e.value, e.why) for e in fault.examples]) == ("ragged", "critical", len(shown), shown)
    lines = table_of(said)
    assert [(int(line["line"]), line["value as sent"].removeprefix("'")) for line in lines] == [(at, text) for at, text, _ in shown]
    assert all(line["what is wrong"] == (why or fault.wrong) and line["how to mend it"] == fault.mend for line, (_, _, why) in zip(lines, shown, strict=True))
    assert all(text in text_of(said) for _, text, why in shown for text in (text, why) if "x" not in text)


def test_ragged_lines_of_a_personal_dataset_are_hidden_and_of_many_the_first_are_named() -> None:
    columns = [Column("a", "a", "string", classification="personal"), Column("b", "b", "string")]
    contract = replace(made(columns, format="csv"), language="zh")
    said = answer(contract, (), landed_row(contract, "a,b\n1,2\n" + "secret\n" * 30, "a,b\nsecret\n"))
    (fault,) = said.faults
    assert (fault.rows, len(fault.examples), {e.value for e in fault.examples}) == (31, EXAMPLES, {MASK})
    assert {e.why for e in fault.examples} == {"该行有 1 个字段,表头有 2 个"}
    assert "secret" not in html_of(said) and "secret" not in csv_of(said).decode()


def test_a_delivery_that_landed_before_lines_were_kept_still_says_how_many() -> None:
    measures = Measures(1, {"in_set:a": RuleMeasure(1)})
    (fault,) = answer(made(["a"], format="csv"), (), ROW | {"rows": 3, "measures": measures.to_json()}).faults
    assert (fault.rule, fault.rows, fault.examples) == ("ragged", 2, ())


@given(value=st.text(max_size=40).filter(lambda text: "\x00" not in text and "\r" not in text))
def test_what_was_sent_is_shown_and_never_run(value: str) -> None:
    """Neither as markup nor, in a spreadsheet, as a formula."""
    contract = load_contract(contract_path(ROOT, "water.station_reading"))
    measures = Measures(1, {"castable:station_code": RuleMeasure(1, 0, 1, ((2, value),))})
    said = answer(contract, (), ROW | {"rows": 1, "measures": measures.to_json()})
    cell = table_of(said)[0]["value as sent"]
    assert cell.removeprefix("'") == value.removeprefix("'") and not cell.startswith(("=", "+", "-", "@", "\t"))
    page = html.fromstring(html_of(said))
    assert not page.xpath("//script") and len(page.xpath("//td[@class='number']/following-sibling::td/*")) == 0
