"""What the reader says of a value is what the row's rejections say."""

from __future__ import annotations

import polars as pl

from jobs.check import _results
from jobs.quality.compile import judge
from tests.unit.readers.one_column import contract_of, read


def verdict(texts: list[str], personal: set[str], **options: object) -> tuple[list[object], list[bool], dict[str, int]]:
    found = read(texts, **options)  # type: ignore[arg-type]
    frame = found.frame.with_columns(pl.int_range(1, len(texts) + 1, dtype=pl.Int64).alias("_record"))
    judged = judge(frame, (), found.failed, personal, found.messages, found.doubtful)
    return judged.rejections.to_list(), judged.critical.to_list(), {rule: m.unexpected for rule, m in judged.measures.rules.items()}


def test_each_row_is_told_its_own_fault() -> None:
    rejections, critical, counts = verdict(["１２", "1.5", "(3)", "x"], set(), kind="integer")
    assert critical == [False, True, True, True]
    assert counts == {"castable:v": 3}
    assert [row and [(r["rule"], r["severity"], r["value"], r["message"]) for r in row] for row in rejections] == [
        None,
        [("castable:v", "critical", "1.5", "this is not written as a whole number")],
        [("castable:v", "critical", "(3)", "parentheses for a negative number are not agreed for this column; write it with a minus in front")],
        [("castable:v", "critical", "x", "this is not a number as agreed for this column")],
    ]


def test_an_ambiguous_hour_warns_and_a_missing_one_is_critical() -> None:
    rejections, critical, counts = verdict(["2013-04-07 02:30:00", "2013-10-06 02:30:00", "2013-08-05 02:30:00"], set(), kind="timestamp", zone="Australia/Sydney")
    assert critical == [False, True, False]
    assert counts == {"castable:v": 1, "unambiguous:v": 1}
    assert [row and [(r["rule"], r["severity"], r["value"], r["message"]) for r in row] for row in rejections] == [
        [("unambiguous:v", "warning", "2013-04-07 02:30:00", "clocks in Australia/Sydney showed this time twice that day; the earlier was taken")],
        [("castable:v", "critical", "2013-10-06 02:30:00", "clocks in Australia/Sydney skipped this time that day: there was no such hour")],
        None,
    ]


def test_no_message_shows_a_personal_value() -> None:
    rejections, _, _ = verdict(["1.10101E+17", "17-secret.0", "123456.0"], {"v"}, kind="string", identifier=True)
    assert "123456" not in str(rejections) and "1.10101" not in str(rejections)
    assert [row and row[0]["value"] for row in rejections] == ["•••", None, "•••"]


def test_the_check_of_a_delivery_counts_both() -> None:
    found = read(["2013-04-07 02:30:00", "2013-10-06 02:30:00"], "timestamp", zone="Australia/Sydney")
    judged = judge(found.frame.with_columns(pl.Series("_record", [1, 2])), (), found.failed, set(), found.messages, found.doubtful)
    row = {"delivery": "x", "measures": judged.measures.to_json()}
    results = _results(contract_of("timestamp"), (), {}, row, alone=True)
    assert [(r["rule"], r["severity"], r["column"], r["unexpected"], r["success"]) for r in results] == [
        ("castable:v", "critical", "v", 1, False),
        ("unambiguous:v", "warning", "v", 1, False),
    ]
