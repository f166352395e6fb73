"""Of many small deliveries most share one validation: which ones, and that each keeps its own verdict."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.quality.measures import Measures, RuleMeasure
from jobs.quality.rules import Rule
from jobs.quality.shared import ONE_BY_ONE, groups

CRITICAL = Rule("between:amount", "expect_column_values_to_be_between", {"column": "amount", "min_value": 0}, "critical", "row", "contract")
WARNING = Rule("not_null:note", "expect_column_values_to_not_be_null", {"column": "note"}, "warning", "row", "suite")
KEY = Rule("unique:id", "expect_column_values_to_be_unique", {"column": "id"}, "critical", "rows", "contract")
TOTAL = Rule("rows", "expect_table_row_count_to_be_between", {"min_value": 1}, "critical", "aggregate", "suite")
NAMED = Rule("rows", "expect_table_row_count_to_be_between", {"min_value": {"$PARAMETER": "least"}}, "critical", "aggregate", "suite")
ORDERED = Rule("rising", "expect_column_values_to_be_increasing", {"column": "id"}, "critical", "rows", "suite")


def delivery(number: int, *, critical: int = 0, warning: int = 0, repeated: int = 0, judged: tuple[Rule, ...] = (CRITICAL, WARNING)) -> dict[str, Any]:
    counts = {CRITICAL.id: critical, WARNING.id: warning, KEY.id: repeated}
    rules, keys = ({rule.id: RuleMeasure(9, 0, counts[rule.id]) for rule in judged if (rule is KEY) is of_keys} for of_keys in (False, True))
    return {"delivery": f"d{number:03d}", "measures": Measures(9, rules, keys=keys).to_json()}


def sizes(rows: list[dict[str, Any]], rules: tuple[Rule, ...] = (CRITICAL, WARNING)) -> tuple[int, ...]:
    """Of the groups; every delivery is in exactly one."""
    made = groups(rows, rules)
    assert sorted(row["delivery"] for group in made for row in group) == [row["delivery"] for row in rows]
    return tuple(len(group) for group in made)


@pytest.mark.parametrize(
    ("rows", "rules", "expected"),
    [
        ([delivery(n) for n in range(ONE_BY_ONE)], (CRITICAL, WARNING), (1,) * ONE_BY_ONE),
        ([delivery(n) for n in range(40)], (CRITICAL, WARNING), (40,)),
        ([delivery(n, warning=1) for n in range(40)], (CRITICAL, WARNING), (40,)),
        ([delivery(n, critical=n % 20 == 0) for n in range(40)], (CRITICAL, WARNING), (1, 1, 38)),
        ([delivery(n, critical=1) for n in range(40)], (CRITICAL, WARNING), (*(1,) * ONE_BY_ONE, 40 - ONE_BY_ONE)),
        ([delivery(n, judged=(CRITICAL,) if n < 3 else (CRITICAL, WARNING)) for n in range(40)], (CRITICAL, WARNING), (1, 1, 1, 37)),
        ([delivery(n, repeated=2 * (n == 7), judged=(CRITICAL, KEY)) for n in range(40)], (CRITICAL, KEY), (1, 39)),
        ([delivery(n) for n in range(40)], (CRITICAL, WARNING, TOTAL), (40,)),
        ([delivery(n) for n in range(40)], (CRITICAL, WARNING, NAMED), (1,) * 40),
        ([delivery(n) for n in range(40)], (CRITICAL, WARNING, ORDERED), (1,) * 40),
    ],
    ids=["few", "all good", "warnings", "two failed", "all failed", "a newer rule", "a counted key", "a rule over the whole", "a rule that asks for its delivery", "a rule over many rows"],
)
def test_who_shares(rows: list[dict[str, Any]], rules: tuple[Rule, ...], expected: tuple[int, ...]) -> None:
    assert sizes(rows, rules) == expected
