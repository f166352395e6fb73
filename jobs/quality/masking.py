"""Great Expectations' results without the values of personal columns."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from jobs.quality.compile import MASK
from jobs.quality.vocabulary import SQL

COUNTS = frozenset({
    "element_count", "unexpected_count", "unexpected_percent", "unexpected_percent_total", "unexpected_percent_nonmissing", "missing_count", "missing_percent",
})  # fmt: skip
# what these observe is how many, not which
COUNTING = frozenset({
    "expect_column_unique_value_count_to_be_between", "expect_column_proportion_of_unique_values_to_be_between", "expect_column_proportion_of_non_null_values_to_be_between",
    "expect_column_to_exist", SQL, "expect_column_periods_to_be_complete", "expect_column_share_of_value_to_be_between", "expect_column_distribution_to_stay_near",
})  # fmt: skip


def masked(item: Any, personal: Collection[str]) -> None:
    """Take the values out of one expectation's result where it is about a personal column; counts and shares stay."""
    config = item.expectation_config
    if not set(_columns(config.kwargs)) & set(personal) and not (config.type == SQL and personal):  # a query may speak of any column
        return
    found = dict(item.result)
    item.result = {name: value for name, value in found.items() if name in COUNTS}
    if found.get("observed_value") is not None:
        item.result["observed_value"] = found["observed_value"] if config.type in COUNTING else MASK
    item.exception_info = _without_words(item.exception_info)


def _columns(kwargs: Any) -> list[str]:
    """Every column an expectation names. An expectation of a whole table has none."""
    return [*(str(kwargs[name]) for name in ("column", "column_A", "column_B", "by") if kwargs.get(name)), *map(str, kwargs.get("column_list") or ())]


def _without_words(info: Any) -> Any:
    """An exception of Spark quotes the value it stumbled over."""
    if not isinstance(info, dict):
        return info
    hidden = {"exception_message": f"{MASK} (the column is personal)", "exception_traceback": None}
    return {key: _without_words(value) if isinstance(value, dict) else hidden[key] if key in hidden and value else value for key, value in info.items()}
