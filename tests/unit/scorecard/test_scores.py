"""Scores of a dataset's months, from rows of the ledger, and the letter that is made of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from jobs.contracts.model import Column, Contract, Reader
from jobs.platform.errors import LakeError
from jobs.quality.rules import Rule
from jobs.scorecard.chart import chart
from jobs.scorecard.letter import Department, asks, department_page, letter
from jobs.scorecard.score import File, Score, scores
from jobs.scorecard.words import WORDS

ZONE = "Asia/Shanghai"
NOW = dt.datetime(2025, 5, 20, tzinfo=dt.UTC)
COLUMNS = (Column("amount", "金额", "integer"),)
RULE = Rule("between:amount", "expect_column_values_to_be_between", {"column": "amount", "min_value": 0}, "critical", "row", "contract")


def contract_of(**changes: Any) -> Contract:
    made = Contract(
        "water", "reading", "t", "1", "水质", "", "水务局", "increment", "w/r", r".*", Reader("csv"), COLUMNS, sla=(("frequency", "1 mo"), ("latency", "10 d")), language="zh"
    )
    return Contract(**{**vars(made), **changes})


def at(month: int, day: int, hour: int = 4) -> dt.datetime:
    return dt.datetime(2025, month, day, hour, tzinfo=dt.UTC)


def file(period: str, came: dt.datetime, outcome: str = "landed", delivery: str = "", **changes: Any) -> File:
    return File(**{**vars(File(delivery or f"{period}/1", period, "a.csv", outcome, came, 100, 0)), **changes})


def months(files: list[File], contract: Contract | None = None, **given: Any) -> dict[str, Score]:
    reasons, drift, corrections = (given.get(name, default) for name, default in (("reasons", {}), ("drift", {}), ("corrections", [])))
    return {score.month: score for score in scores(contract or contract_of(), files, reasons, drift, corrections, NOW, ZONE)}


def test_a_period_that_came_by_its_day_is_in_time_and_a_later_one_is_late_by_days() -> None:
    found = months([file("2025-01", at(2, 10)), file("2025-02", at(3, 14)), file("2025-04", at(5, 1))])
    assert [(m, s.expected, s.present, s.on_time, s.late_days) for m, s in found.items()] == [
        ("2025-02", 1, 1, 1, None), ("2025-03", 1, 1, 0, 4.0), ("2025-04", 1, 0, 0, None), ("2025-05", 1, 1, 1, None),
    ]  # fmt: skip
    assert (found["2025-03"].timeliness, found["2025-03"].completeness, found["2025-04"].completeness) == (0, 1, 0)


def test_the_day_is_that_of_the_city() -> None:
    late, early = months([file("2025-01", at(2, 10, 17))]), months([file("2025-01", at(2, 10, 15))])
    assert (late["2025-02"].on_time, early["2025-02"].on_time) == (0, 1)


def test_a_refused_file_does_not_count_as_having_come() -> None:
    found = months([file("2025-01", at(2, 1)), file("2025-02", at(3, 1), "rejected", rows=0), file("2025-03", at(4, 1), "held", rejected=0)])
    assert [(found[m].present, found[m].refused) for m in ("2025-02", "2025-03", "2025-04")] == [(1, 0), (0, 1), (0, 1)]


def test_without_a_latency_nobody_is_late() -> None:
    found = months([file("2025-01", at(4, 1)), file("2025-03", at(4, 2))], contract_of(sla=(("frequency", "1 mo"),)))
    assert [(m, s.expected, s.present, s.on_time) for m, s in found.items()] == [("2025-01", 1, 1, None), ("2025-02", 1, 0, None), ("2025-03", 1, 1, None), ("2025-04", 0, 0, None)]


def test_where_names_do_not_tell_what_should_come_completeness_is_not_judged() -> None:
    [score] = months([file("spring", at(4, 1))]).values()
    assert (score.expected, score.completeness, score.timeliness, score.files) == (None, None, None, 1)


def test_rejected_rows_and_their_reasons_are_of_the_month_in_which_they_came() -> None:
    files = [file("2025-01", at(2, 1), delivery="a", rejected=5), file("2025-02", at(2, 20), delivery="b", rejected=3), file("2025-03", at(4, 1), delivery="c", rejected=1)]
    found = months(files, reasons={"a": {"r": 4, "s": 1}, "b": {"s": 3, "r": 2}, "c": {"r": 1}}, drift={"b": 2})
    assert (found["2025-02"].rows, found["2025-02"].rejected, found["2025-02"].rejected_share) == (200, 8, 0.04)
    assert list(found["2025-02"].reasons.items()) == [("r", 6), ("s", 4)]
    assert (found["2025-02"].drift, found["2025-04"].drift) == (2, 0)


def test_the_time_to_a_correction_runs_from_the_file_that_was_wrong() -> None:
    files = [file("2025-01", at(2, 1), "rejected", "bad"), file("2025-01", at(2, 4), "landed", "good"), file("2025-01", at(2, 14), "landed", "better")]
    corrections = [{"period": "2025-01", "name": "a.csv", "corrects": "good", "delivery": "better", "delivered_at": at(2, 14)}]
    found = months(files, corrections=corrections)["2025-02"]
    assert (found.corrections, found.to_correction) == (2, (3 + 10) / 2)


def department(*made: Score, language: Any = "zh", title: str = "水质") -> Department:
    contract = contract_of(language=language, title=title)
    return Department("water", [contract], {contract.dataset: made}, {contract.dataset: [RULE]})


GOOD = Score("water.reading", "2025-03", 1, 1, 1, None, 1, 0, 100, 0)
BAD = Score("water.reading", "2025-04", 2, 1, 0, 3.5, 3, 1, 200, 20, {"between:amount": 20}, 2, 1, 2.0)


def test_a_letter_is_in_the_language_of_the_contract_and_asks_for_what_was_wrong() -> None:
    page = letter(department(GOOD, BAD))
    assert '<html lang="zh">' in page and "致" in page and "水务局" in page
    assert asks(department(GOOD, BAD), "2025-04") == [
        "水质 应报 2 期,缺 1 期,请补报。", "水质 有 1 期迟报(共 2 期),平均迟 3.5 天,请按时报送。", "水质 有 1 个文件未接收或暂缓入库,请按各文件的回执更正。",
        "水质 有 10.00% 的行被退回,最常见的原因:金额: 应不小于 0。", "水质 的格式变动 2 次,变更字段前请先告知数据管理员。",
    ]  # fmt: skip
    assert "All of it came as agreed" in letter(department(GOOD, BAD, language="en"), "2025-03")


def test_both_languages_say_the_same_things() -> None:
    assert WORDS["en"].keys() == WORDS["zh"].keys()


@pytest.mark.parametrize("page", [letter, department_page])
def test_pages_hold_a_chart_and_no_script_and_names_stay_text(page: Any) -> None:
    made = page(department(GOOD, BAD, title="<script>alert(1)</script>"))
    assert "<svg" in made and "<path" in made
    assert "<script" not in made and "&lt;script&gt;" in made
    assert "http://" not in made.replace('xmlns="http://www.w3.org/2000/svg"', "").replace('xmlns:xlink="http://www.w3.org/1999/xlink"', "")


def test_a_letter_of_a_month_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(LakeError, match="2024-01") as caught:
        letter(department(GOOD, BAD), "2024-01")
    assert "2025-03, 2025-04" in caught.value.way_out
    with pytest.raises(LakeError, match="nothing of water has come"):
        letter(department())


def test_a_chart_of_nothing_is_empty_and_a_hostile_name_is_text_in_it() -> None:
    assert chart({}, WORDS["en"]) == ""
    name = '"><script>x</script>'
    drawn = chart({name: [replace(BAD, dataset=name)]}, WORDS["en"])
    assert "<script" not in drawn and "&lt;script" in drawn
