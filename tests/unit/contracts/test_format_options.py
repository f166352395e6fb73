"""Options that do not fit the format of a contract are found."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.contracts import format_options
from jobs.contracts.model import Capture, Column, Namespace
from tests.unit.readers.made import contract


@pytest.mark.parametrize(
    ("columns", "reader", "said"),
    [
        (["a"], {"format": "csv"}, []),
        (["a"], {"format": "csv", "delimiter": "||", "quote": None}, []),
        (["a"], {"format": "csv", "delimiter": "||"}, ["longer than one byte"]),
        (["a"], {"format": "csv", "delimiter": "，"}, ["longer than one byte"]),
        (["a"], {"format": "csv", "delimiter": ""}, ["parts lines or opens quotes"]),
        (["a"], {"format": "csv", "delimiter": '"'}, ["parts lines or opens quotes"]),
        (["a"], {"format": "csv", "quote": "“"}, ["one ASCII character"]),
        (["a"], {"format": "csv", "escape": '"'}, ["needs no escape"]),
        (["a"], {"format": "csv", "header_lines": 0}, ["at least one line"]),
        (["a"], {"format": "csv", "sheet": "x", "row_element": "r"}, ["sheet has no effect on csv", "rowElement has no effect on csv"]),
        (["a"], {"format": "parquet", "totals": "x", "preamble_lines": 1}, ["preambleLines has no effect", "totals has no effect"]),
        (["a"], {"format": "excel", "sheet": "x", "sheets": ("y",)}, ["not both"]),
        (["a"], {"format": "json", "captures": (Capture("x", 2),)}, ["no preamble lines"]),
        (["a"], {"format": "xml"}, ["needs `rowElement`"]),
        (["g:a"], {"format": "xml", "row_element": "r"}, ["prefix 'g'"]),
        (["g:a"], {"format": "xml", "row_element": "r", "namespaces": (Namespace("g", "u"),)}, []),
        (["a"], {"format": "fixedWidth"}, ["needs `start`"]),
        ([Column("a", "a", "string", start=1, length=9)], {"format": "fixedWidth", "record_length": 8}, ["ends at 9"]),
        ([Column("a", "a", "string", start=1, length=9)], {"format": "csv"}, ["for fixedWidth"]),
        ([Column("g", "$geometry", "string")], {"format": "shapefile"}, ["without its projection"]),
        (["a"], {"format": "sqlite", "table": "t", "query": "select 1"}, ["not both"]),
        (["a"], {"format": "sqlite", "query": "drop table t"}, ["is a SELECT"]),
    ],
)
def test_what_does_not_fit_a_format(columns: list[Any], reader: dict[str, Any], said: list[str]) -> None:
    found = [message for _, message in format_options.faults(contract(columns, **reader))]
    assert len(found) == len(said), found
    assert all(part in message for part, message in zip(said, found, strict=True)), found
