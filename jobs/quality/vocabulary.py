"""Which expectations there are, and who decides each: one row, many rows that still decide single rows, or the delivery as a whole.

Great Expectations itself is not imported here: that takes seconds, and landing needs none of it.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from jobs.quality.row_tests import ROW_TYPES
from jobs.quality.rules import Scope

Kind = Literal["row", "many-row", "aggregate", "refused"]
SQL = "unexpected_rows_expectation"
KEYS = frozenset({"expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique"})
ORDERED = frozenset({"expect_column_values_to_be_increasing", "expect_column_values_to_be_decreasing"})
AGAINST_THE_OTHERS = frozenset({"expect_column_value_z_scores_to_be_less_than", "expect_column_values_to_not_be_outliers"})
MANY_ROW_TYPES = KEYS | ORDERED | AGAINST_THE_OTHERS
LIKE = "use a regex instead: expect_column_values_to_match_regex or …_not_match_regex"
UNFINISHED = "this version of Great Expectations names it and does not implement it; bound quantiles or the divergence (expect_column_kl_divergence_to_be_less_than) instead"
REFUSED: Mapping[str, str] = {
    "expect_column_values_to_match_like_pattern": LIKE,
    "expect_column_values_to_match_like_pattern_list": LIKE,
    "expect_column_values_to_not_match_like_pattern": LIKE,
    "expect_column_values_to_not_match_like_pattern_list": LIKE,
    "expect_column_values_to_be_dateutil_parseable": "say the format: formats in the contract, or expect_column_values_to_match_strftime_format",
    "expect_query_results_to_match_comparison": f"write both sides into one query that finds what differs: {SQL}",
    "expect_table_row_count_to_equal_other_table": f"compare the counts in a query that gives a row where they differ: {SQL}",
    "expect_multicolumn_values_to_be_unique": "use expect_select_column_values_to_be_unique_within_record or expect_compound_columns_to_be_unique",
    "expect_column_chisquare_test_p_value_to_be_greater_than": UNFINISHED,
    "expect_column_bootstrapped_ks_test_p_value_to_be_greater_than": UNFINISHED,
    "expect_column_parameterized_distribution_ks_test_p_value_to_be_greater_than": UNFINISHED,
    "expect_column_pair_cramers_phi_value_to_be_less_than": UNFINISHED,
}
WHOLE_ROWS = re.compile(r"\s*select\s+(\w+\.)?\*\s", re.IGNORECASE)


@lru_cache(maxsize=1)
def core_types() -> frozenset[str]:
    """Great Expectations' core expectations, from the names of its modules."""
    spec = importlib.util.find_spec("great_expectations")
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        raise ModuleNotFoundError("great_expectations is not installed")
    return frozenset({path.stem for path in (Path(folders[0]) / "expectations" / "core").glob("expect_*.py")} | {SQL})


def kind_of(type_: str, kwargs: Mapping[str, Any], plugins: Mapping[str, Kind]) -> Kind:
    """Who decides. `plugins`: the custom expectations of the project, by type."""
    if type_ in REFUSED:
        return "refused"
    if type_ == SQL:  # a query that gives whole rows says which rows; any other says something of the whole
        return "many-row" if WHOLE_ROWS.match(str(kwargs.get("unexpected_rows_query", ""))) else "aggregate"
    if type_ in plugins:
        return plugins[type_]
    return "row" if type_ in ROW_TYPES else "many-row" if type_ in MANY_ROW_TYPES else "aggregate"


def scope_of(type_: str, kwargs: Mapping[str, Any], plugins: Mapping[str, Kind]) -> Scope:
    kinds: Mapping[Kind, Scope] = {"row": "row", "many-row": "rows"}
    return kinds.get(kind_of(type_, kwargs, plugins), "aggregate")
