"""How old the newest value may be."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from great_expectations.expectations.expectation import ColumnAggregateExpectation


class ExpectColumnNewestValueToBeRecent(ColumnAggregateExpectation):
    """The newest value lies at most `within_days` before `as_of` (a date, a moment, or {$PARAMETER: delivered_at}) and not after it by more than a day."""

    within_days: float | dict
    as_of: str | dict

    metric_dependencies: ClassVar[tuple[str, ...]] = ("column.max",)
    success_keys: ClassVar[tuple[str, ...]] = ("within_days", "as_of")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "within_days", "as_of")

    def _validate(self, metrics: dict, runtime_configuration: dict | None = None, execution_engine: Any = None) -> dict:
        said = self._get_success_kwargs()
        newest = metrics["column.max"]
        if newest is None:
            return {"success": False, "result": {"observed_value": None}}
        age = _moment(said["as_of"]) - _moment(newest)
        return {"success": dt.timedelta(days=-1) <= age <= dt.timedelta(days=float(said["within_days"])), "result": {"observed_value": str(newest)}}


def _moment(value: Any) -> dt.datetime:
    """In UTC; a day begins at midnight."""
    found = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(found, dt.datetime):
        found = dt.datetime(found.year, found.month, found.day)
    return found.astimezone(dt.UTC) if found.tzinfo else found.replace(tzinfo=dt.UTC)
