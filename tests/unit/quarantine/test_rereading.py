"""Texts of a rejected row read and judged again."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from jobs.contracts.model import Column, Contract, Drift, Numbers, Reader
from jobs.quality.compile import REJECTIONS
from jobs.quality.implied import rules_of
from jobs.quarantine.rereading import Reread, reread

COLUMNS = (
    Column("id", "id", "integer", required=True, primary_key=1), Column("price", "price", "decimal", precision=12, scale=2, minimum=0), Column("day", "day", "date", formats=("%d.%m.%Y",)),
    Column("at", "at", "timestamp", formats=("%d.%m.%Y %H:%M",)), Column("share", "share", "double"), Column("name", "name", "string", classification="personal", max_length=3),
)  # fmt: skip
GERMAN = Contract(
    "test", "t", "t", "1.0.0", "t", "", "test", "increment", "test/t", ".*", Reader("csv", numbers=Numbers(thousands=".", decimal_mark=",")), COLUMNS, source_time_zone="Europe/Berlin",
)  # fmt: skip
SENT = {"id": "1", "price": "1.234,50", "day": "5.8.2013", "at": "5.8.2013 14:00", "share": "0,5", "name": "Ann"}
READ = {"id": 1, "price": Decimal("1234.50"), "day": dt.date(2013, 8, 5), "at": dt.datetime(2013, 8, 5, 12, tzinfo=dt.UTC), "share": 0.5, "name": "Ann"}
PLAIN = {"id": "1", "price": "1234.50", "day": "2013-08-05", "at": "2013-08-05 12:00:00.000000", "share": "0.5", "name": "Ann"}


def judged(tmp_path: Path, contract: Contract, *rows: tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]] | None]) -> Reread:
    frame = pl.DataFrame({
        "_texts": [json.dumps(texts) for texts, _, _ in rows], "_set": [json.dumps(values) for _, values, _ in rows], "_record": list(range(1, len(rows) + 1)),
        "_was": pl.Series([was for _, _, was in rows], dtype=REJECTIONS),
    })  # fmt: skip
    return reread(contract, rules_of(contract, tmp_path), frame)


def said(found: Reread) -> list[list[str]]:
    return [[each["rule"] for each in row or ()] for row in found.rejections.to_list()]


def test_a_text_is_read_in_the_departments_style_and_a_value_that_was_set_is_not(tmp_path: Path) -> None:
    found = judged(tmp_path, GERMAN, (SENT, {}, None), ({}, PLAIN, None), (SENT | {"price": "oops"}, {"price": "1234.50"}, None))
    assert found.values.to_dicts() == [READ, READ, READ]
    assert said(found) == [[], [], []]


def test_every_rule_is_asked_again_of_both(tmp_path: Path) -> None:
    found = judged(tmp_path, GERMAN, (SENT | {"price": "12,345"}, {}, None), (SENT, {"price": "-1"}, None), (SENT, {"day": "5.8.2013"}, None), (SENT | {"id": None}, {"name": "Anna"}, None))
    assert said(found) == [["castable:price"], ["between:price"], ["castable:day"], ["not_be_null:id", "value_lengths_to_be_between:name"]]
    assert [each["value"] for each in found.rejections[3] if each["column"] == "name"] == ["•••"]
    assert found.values["day"].to_list()[2] is None


def test_a_changed_contract_reads_the_same_text_anew(tmp_path: Path) -> None:
    texts = SENT | {"day": "2013/8/5"}
    assert said(judged(tmp_path, GERMAN, (texts, {}, None))) == [["castable:day"]]
    follows = replace(GERMAN, columns=tuple(replace(c, formats=(*c.formats, "%Y/%m/%d")) if c.name == "day" else c for c in COLUMNS))
    found = judged(tmp_path, follows, (texts, {}, None))
    assert (said(found), found.values.to_dicts()) == ([[]], [READ])


def test_rows_discarded_for_their_file_stay_so_while_the_contract_says_so(tmp_path: Path) -> None:
    was = [{"rule": "unknown_column", "severity": "critical", "column": None, "value": None, "message": ""}]
    strict = replace(GERMAN, drift=Drift(new_column="discard_row"))
    assert said(judged(tmp_path, strict, (SENT, {}, was), (SENT, {}, None))) == [["unknown_column"], []]
    assert said(judged(tmp_path, GERMAN, (SENT, {}, was))) == [[]]
