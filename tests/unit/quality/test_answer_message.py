"""What a department is told: in its language, in its words, and nothing that only operators can use."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from jobs.contracts.model import Column, Kind, Language
from jobs.platform.settings import load_settings
from jobs.quality.answer import answer, csv_of, html_of
from jobs.quality.answer_message import COMMAND, PLACE, plain, whole
from jobs.quality.answer_words import REASONS, RULES_ZH, WORDS, mend_of, reason_of, rule_of
from jobs.quality.measures import Measures, RuleMeasure
from jobs.quality.rules import Rule
from jobs.quality.vocabulary import REFUSED, SQL, core_types
from jobs.quality.whole_words import WHOLE
from jobs.readers.values import why
from tests.unit.readers.made import contract

JOBS = load_settings().root / "jobs"
CHINESE = re.compile(r"[一-鿿]")
MADE = contract(["id", "born", "at", "share", "count"], format="csv")
TYPED = replace(MADE, columns=(Column("id", "编号", "string"), Column("born", "出生日期", "date"), Column("at", "时间", "timestamp"), Column("share", "比例", "double"), Column("count", "数量", "integer")))
ROW = {"delivery": "d", "period": "2025", "name": "a.csv", "sha256": "00", "outcome": "rejected", "reason": None, "message": None, "rows": 4, "quarantined": 0, "measures": None}


def internal(text: str) -> bool:
    return bool(COMMAND.search(text) or PLACE.search(text) or re.search(r"%[A-Za-z]|\bconf/|\bexpectations/|--[a-z]|expect_column", text))


def test_every_expectation_has_words_in_both_languages() -> None:
    assert core_types() - set(REFUSED) - {SQL} - set(RULES_ZH) == set(WHOLE) - {SQL}
    for type_, say in WHOLE.items():
        english, chinese = say({"column": "a", "min_value": 1, "value": 2, "value_set": ["x"]})
        assert english.isascii()
        assert english
        assert CHINESE.search(chinese), type_


@pytest.mark.parametrize("language", get_args(Language))
def test_how_to_mend_is_for_a_clerk(language: Any) -> None:
    columns = [Column("a", "甲", kind, formats=formats) for kind in get_args(Kind) for formats in ((), ("%d/%m/%Y", "roc:%Y年%m月%d日", "excel1900"))]
    rules = [Rule("r", type_, {"column": "a"}, "critical", "row", "suite") for type_ in ("castable", "retyped", "unknown_column", "lacking_column", "expect_column_values_to_not_be_null", "other")]
    said = [mend_of(rule, column, language) for rule in rules for column in columns] + [reason_of(reason, language) for reason in REASONS] + list(WORDS[language].values())
    assert [text for text in said if internal(text)] == []
    assert all(CHINESE.search(text) for text in said if language == "zh" and text != "SHA-256")


def messages(path: Path) -> list[str]:
    """The constant parts of messages that the ledger keeps of a file: of Refused, Wait and Hold."""
    calls = [n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id in ("Refused", "Wait", "Hold")]
    return [c.value for call in calls for argument in call.args[1:] for c in ast.walk(argument) if isinstance(c, ast.Constant) and isinstance(c.value, str)]


def test_no_message_of_a_file_tells_a_command_or_a_place() -> None:
    found = {text for path in JOBS.rglob("*.py") for text in messages(path)}
    assert len(found) > 100
    assert [text for text in found if internal(text)] == []


def test_a_place_that_a_library_names_is_left_out() -> None:
    said = "The file is not a shapefile that can be read: /vsimem/3f/a.shp: no such file, see s3://raw/x/y. Send it again."
    assert plain(said) == "The file is not a shapefile that can be read: …: no such file, see … Send it again."
    assert plain("Rows are fewer. If it is right: ./lake approve a.b c --by NAME") == "Rows are fewer."
    assert plain("The value 1/2 and the date 2024/08/25 stay.") == "The value 1/2 and the date 2024/08/25 stay."


@pytest.mark.parametrize(
    ("reason", "message", "said"),
    [
        ("wrong_encoding", "The file is not utf-8: near line 3, at byte 27, stand the bytes ff fe 00. Save it again.", "文件编码与约定不符。位置:第 3 行,第 27 字节,字节 ff fe 00。"),
        ("missing_sheet", "There is no sheet '名册'; the workbook has 'Sheet1', 'Sheet2'. Send it.", "缺少约定的工作表。涉及:“名册”、“Sheet1”、“Sheet2”。"),
        ("lost_precision", "Row 7 of '身份证号' is the number 1.1e+17: a cell holds 15 digits.", "长数字的末位已丢失。位置:第 7 条。涉及:“身份证号”。"),
        ("unsafe_xml", "The file declares entities (<!ENTITY …>).", "XML 中含有 DTD 或实体声明。"),
        ("unchecked", "expect_x: cannot be judged: see /work/x/y.py", "数据已读取,尚未完成校验。"),
    ],
)
def test_a_file_is_refused_in_chinese(reason: str, message: str, said: str) -> None:
    assert whole(replace(TYPED, language="zh"), (), ROW | {"reason": reason, "message": message}) == said


def test_every_reason_is_said_in_chinese() -> None:
    for reason in REASONS:
        said = whole(replace(TYPED, language="zh"), (), ROW | {"reason": reason, "message": "x"})
        assert CHINESE.search(said)
        assert not re.search("[a-z]{3}", said), said


HELD = {
    "a bound of the whole": (
        Rule("table_row_count_to_be_between", "expect_table_row_count_to_be_between", {"min_value": 9}, "critical", "aggregate", "suite"), {"observed": "4"},
        "A check of the whole failed: the number of rows must be at least 9 (found: 4).", "整体校验未通过:行数应不小于 9(实际为 4)。",
    ),
    "too few rows that hold": (
        Rule("not_be_null:id", "expect_column_values_to_not_be_null", {"column": "id", "mostly": 0.9}, "critical", "row", "suite"), {"evaluated": 4, "unexpected": 2},
        "A check of the whole failed: must not be empty (2 of 4 rows do not meet it).", "整体校验未通过:不能为空(4 行中有 2 行不符)。",
    ),
    "the suite's own words": (
        Rule("x", "expect_column_sum_to_be_between", {"column": "id"}, "critical", "aggregate", "suite", {"message": {"en": "the sum is off", "zh": "合计有误"}}), {"observed": None},
        "A check of the whole failed: the sum is off.", "整体校验未通过:合计有误。",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HELD)
def test_a_held_file_is_told_the_check_and_not_its_name(name: str) -> None:
    rule, facts, english, chinese = HELD[name]
    checks = [{"rule": rule.id, "severity": "critical", "success": False} | facts]
    row = ROW | {"outcome": "held", "reason": "held", "message": f"{rule.id} failed: observed 4"}
    assert [whole(replace(TYPED, language=language), [rule], row, checks) for language in ("en", "zh")] == [english, chinese]


def test_a_held_file_is_told_the_share_of_its_rows() -> None:
    row = ROW | {"outcome": "held", "reason": "held", "message": "50.0% of the rows are rejected, the contract tolerates 40.0%"}
    assert whole(TYPED, (), row) == "50.0% of the rows are rejected; at most 40.0% are agreed."
    assert whole(replace(TYPED, language="zh"), (), row) == "被退回的行占 50.0%,超过约定的 40.0%。"


SENT = {
    "born": ("yesterday", "#####", "2024-02-31", "2024年8月", "45529", "01/02/03", "a\x00b"),
    "at": ("later", "2024-08-25 25:00:00"),
    "share": ("12%", "(5)", "5-", "1,234", "1,5", "¥5", "3万", "inf", "x", "#DIV/0!"),
    "count": ("1.5", "99999999999999999999", "x"),
}


@pytest.mark.parametrize("column", SENT)
def test_what_is_wrong_with_a_value_is_said_in_both_languages(column: str) -> None:
    english, chinese = (list(why(SENT[column], TYPED.column(column), replace(TYPED, language=language))) for language in ("en", "zh"))
    assert all(english)
    assert all(said and CHINESE.search(said) for said in chinese)
    assert not any(internal(said or "") for said in english + chinese)
    assert len(set(chinese)) == len(set(english))


def test_an_answer_tells_of_each_value_what_is_wrong_with_it() -> None:
    measures = Measures(3, {"castable:share": RuleMeasure(3, 0, 3, ((2, "12%"), (3, "1,234"), (4, "x")))})
    said = answer(replace(TYPED, language="zh"), (), ROW | {"outcome": "landed", "measures": measures.to_json()})
    assert [e.why for e in said.faults[0].examples] == ["该字段约定不写百分号", "该字段约定不用这种千位分隔符,请去掉", "不是该字段约定写法的数字"]
    assert "该字段约定不写百分号" in csv_of(said).decode("utf-8-sig")
    assert "该字段约定不写百分号" in html_of(said)


def test_an_aggregate_of_no_words_of_its_own_is_said_in_both_languages() -> None:
    rule = Rule("x", "expect_column_unique_value_count_to_be_between", {"column": "id", "min_value": 3}, "critical", "aggregate", "suite")
    assert (rule_of(rule, "en"), rule_of(rule, "zh")) == ("the number of different values of id must be at least 3", "id 的不同值个数应不小于 3")
