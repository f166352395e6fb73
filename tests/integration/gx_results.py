"""What of a Great Expectations result must not depend on who counted."""

from __future__ import annotations

from typing import Any


def counted(item: Any) -> dict[str, Any]:
    """Rule, success, severity, and every count, percentage and observed value of one expectation's result."""
    facts = {"rule": item.expectation_config.meta["rule"], "success": item.success, "severity": item.expectation_config.severity}
    return facts | {k: v for k, v in item.result.items() if k == "observed_value" or k.endswith(("_count", "_percent", "_percent_total", "_percent_nonmissing"))}
