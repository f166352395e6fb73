"""Custom expectations: found without being run, and what they work out by themselves."""

from __future__ import annotations

import datetime as dt
import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from jobs.platform.errors import LakeError
from jobs.quality.parameters import last_good
from jobs.quality.plugins import load, plugin_kinds, type_of
from jobs.quality.vocabulary import kind_of

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def plugins() -> Any:
    load(ROOT)
    return lambda name: importlib.import_module(f"lake_plugins_{name}")


def test_kinds_are_read_from_the_source_and_names_are_those_great_expectations_gives(plugins: Any) -> None:
    from jobs.quality.engine import expectation_class

    kinds = plugin_kinds(ROOT)
    assert kinds["expect_column_values_to_be_in_table"] == "many-row"
    assert kinds["expect_column_periods_to_be_complete"] == "aggregate"
    assert [type_ for type_ in kinds if expectation_class(type_).expectation_type != type_] == []
    assert type_of("ExpectColumnKLDivergenceToBeLessThan") == "expect_column_kl_divergence_to_be_less_than"


def written(root: Path, text: str) -> Path:
    (root / "expectations/plugins").mkdir(parents=True)
    (root / "expectations/plugins/mine.py").write_text(text, encoding="utf-8")
    return root


def test_a_core_expectation_with_fixed_arguments_is_of_its_kind(tmp_path: Path) -> None:
    root = written(tmp_path, "class ExpectMail(gxe.ExpectColumnValuesToMatchRegex): ...\nclass ExpectMany(ExpectTableRowCountToBeBetween): ...\nclass Other(Thing): ...\n")
    assert plugin_kinds(root) == {"expect_mail": "many-row", "expect_many": "aggregate"}
    assert kind_of("expect_mail", {}, plugin_kinds(root)) == "many-row"


@pytest.mark.parametrize(("text", "said"), [("class Expect(:\n", "mine.py:1"), ("import nothing_there\n", "nothing_there")])
def test_a_broken_plugin_is_named(tmp_path: Path, text: str, said: str) -> None:
    root = written(tmp_path, text)
    with pytest.raises(LakeError, match=said):
        _ = plugin_kinds(root), load(root)
    assert "lake_plugins_mine" not in sys.modules


@pytest.mark.parametrize(
    ("first", "last", "every", "count"),
    [
        ("2024-02-28T00:00:00", "2024-03-01T00:00:00", "day", 3), ("2024-02-28T22:00:00", "2024-02-29T01:00:00", "hour", 4), ("2023-11-01T00:00:00", "2024-02-01T00:00:00", "month", 4),
        ("2023-10-01T00:00:00", "2024-01-01T00:00:00", "quarter", 2), ("2019-01-01T00:00:00", "2024-01-01T00:00:00", "year", 6), ("2024-01-01T00:00:00", "2024-01-15T00:00:00", "week", 3),
    ],
)  # fmt: skip
def test_periods_are_counted(plugins: Any, first: str, last: str, every: str, count: int) -> None:
    assert plugins("completeness")._periods(dt.datetime.fromisoformat(first), dt.datetime.fromisoformat(last), every) == count


def test_a_distribution_that_stays_has_no_drift_and_one_that_moves_has_much(plugins: Any) -> None:
    stability = plugins("distribution")._stability
    assert stability([[50, 5], [50, 5]]) == 0
    assert stability([[90, 10], [10, 90]]) > 1
    assert stability([[100, 0], [0, 100]]) > 1


@pytest.mark.parametrize(("newest", "as_of", "success"), [("2024-03-01", "2024-03-02T12:00:00+00:00", True), ("2024-02-25", "2024-03-02", False), ("2024-03-09", "2024-03-02", False)])
def test_the_newest_value_is_recent(plugins: Any, newest: str, as_of: str, success: bool) -> None:
    made = plugins("freshness").ExpectColumnNewestValueToBeRecent(column="day", within_days=2, as_of=as_of)
    for value in (newest, dt.date.fromisoformat(newest)):  # landing's summary tells it as text
        assert made._validate({"column.max": value})["success"] is success


def test_the_last_good_period_is_what_came_through() -> None:
    def row(delivery: str, period: str, outcome: str = "landed", checked: bool = True) -> dict[str, Any]:
        return {"delivery": delivery, "period": period, "outcome": outcome, "checked": checked}

    rows = [row("a", "2024-01"), row("b", "2024-02"), row("c", "2024-02"), row("d", "2024-03", "held"), row("e", "2024-03", checked=False), row("g", "2024-05")]
    assert last_good(rows, row("f", "2024-04")) == ["b", "c"]
    assert last_good(rows, row("a", "2024-01")) == []
