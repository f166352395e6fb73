"""row_condition: what of GX's two notations Polars is given, and what is left to Spark."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from jobs.contracts.model import Column
from jobs.quality.compile import judge
from jobs.quality.measures import Measures
from jobs.quality.row_conditions import condition_of, left_to_spark, meets
from jobs.quality.rules import Rule

COLUMNS = {kind: Column(kind, kind, kind, precision=8, scale=2) for kind in ("string", "integer", "decimal", "double", "boolean", "date", "timestamp")}  # type: ignore[arg-type]
FRAME = pl.DataFrame({"integer": [1, 2, None, 4], "string": ["a", "b", None, "d"], "boolean": [True, None, False, True], "_record": [1, 2, 3, 4]})


def met(text: str, parser: str | None = "spark") -> list[Any]:
    condition = condition_of({"row_condition": text, "condition_parser": parser})
    assert condition is not None
    return FRAME.select(m=meets(condition, FRAME.schema))["m"].to_list()


@pytest.mark.parametrize(
    ("text", "parser", "rows"),
    [
        ("integer > 1", "spark", [False, True, None, True]), ("integer > 1", None, [False, True, None, True]), ("NOT integer > 1", "spark", [True, False, None, False]),
        ("integer IS NULL", "spark", [False, False, True, False]), ("integer is not null and string <> 'a'", "spark", [False, True, False, True]),
        ("integer = 1 OR string = \"b\"", "spark", [True, True, None, False]), ("string NOT IN ('a', 'b')", "spark", [False, False, None, True]),
        ("(integer BETWEEN 2 AND 4) AND (boolean = true OR string = 'b')", "spark", [False, True, None, True]), ("`integer` >= 2", "spark", [False, True, None, True]),
        ('col("integer") >= 2', "great_expectations", [False, True, None, True]), ("col(\"string\") == 'a'", "great_expectations", [True, False, None, False]),
        ('col("string").notnull()', "great_expectations", [True, True, False, True]),
    ],
)  # fmt: skip
def test_a_condition_says_which_rows(text: str, parser: str | None, rows: list[Any]) -> None:
    assert met(text, parser) == rows


@pytest.mark.parametrize(
    ("text", "parser"),
    [
        ("lower(string) = 'a'", "spark"), ("integer + 1 > 2", "spark"), ("string LIKE 'a%'", "spark"), ("string = 'a''b'", "spark"), ("string = 'a\\\\n'", "spark"), ("integer >", "spark"),
        ("string = 5", "spark"), ("integer = '5'", "spark"), ("integer > 1.5", "spark"), ("decimal = 1.234", "spark"), ("double = 'x'", "spark"), ("boolean > false", "spark"), ("date = '2024-02-30'", "spark"),
        ("date > '2024'", "spark"), ("timestamp > '2024-01-01'", "spark"), ("nothing = 1", "spark"), ("integer <=> 1", "spark"), ("integer > 1e3", "spark"), ("integer = 99999999999999999999", "spark"),
        ('col("string") == " a"', "great_expectations"), ('col("date") > date("2024-01-01")', "great_expectations"), ("integer > 1", "great_expectations"), ('col("a b") > 1', "great_expectations"),
    ],
)  # fmt: skip
def test_what_spark_reads_in_its_own_way_is_left_to_it(text: str, parser: str) -> None:
    assert left_to_spark({"row_condition": text, "condition_parser": parser}, COLUMNS)


def test_rows_outside_are_neither_evaluated_nor_ignored_and_add_up() -> None:
    rule = Rule("r", "expect_column_values_to_be_in_set", {"column": "string", "value_set": ["a"], "row_condition": "integer IS NULL OR integer < 4"}, "critical", "row", "suite")
    judged = judge(FRAME, [rule], {}, ())
    found = judged.measures.rules["r"]
    assert (found.evaluated, found.ignored, found.unexpected, found.outside) == (2, 1, 1, 1)
    assert judged.critical.to_list() == [False, True, False, False]
    twice = Measures.from_json((judged.measures + judged.measures).to_json())
    assert (twice.rules["r"].evaluated, twice.rules["r"].outside) == (4, 2)


def test_the_values_of_all_columns_of_a_rule_are_told_and_personal_ones_masked() -> None:
    rule = Rule("r", "expect_multicolumn_values_to_be_equal", {"column_list": ["string", "boolean"]}, "critical", "row", "suite")
    frame = FRAME.with_columns(pl.lit("x").alias("boolean"))
    assert judge(frame, [rule], {}, {"string"}).measures.rules["r"].samples[0] == (1, ["•••", "x"])
