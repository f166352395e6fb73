"""What landing tells of whole columns, against plain Great Expectations that reads every row; and a summary that is told wrongly is found out."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import hypothesis
import polars as pl
import pytest
from gx_results import counted
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from jobs.contracts.model import Column
from jobs.quality import engine
from jobs.quality.compile import judge
from jobs.quality.measures import Measures
from jobs.quality.rules import Rule
from jobs.quality.summaries import UNKNOWN
from jobs.quality.validate import validate
from jobs.readers.values import polars_type

pytestmark = pytest.mark.timeout(300)
KINDS = [Column("n", "n", "integer"), Column("s", "s", "string"), Column("r", "r", "double"), Column("d", "d", "decimal", precision=18, scale=2), Column("day", "day", "date")]
FIXED = [(i, "abc"[i % 3], float(i % 7), Decimal(i) / 4, dt.date(2024, 1, 1) + dt.timedelta(i)) for i in range(40)] + [(None,) * 5]
# rules about the whole that landing's summaries answer, in part or wholly
SUMMED: list[tuple[str, dict[str, Any]]] = [
    *[(f"expect_column_{what}_to_be_between", {"column": column, "min_value": 0}) for what, columns in (("max", "nr"), ("min", "nr"), ("sum", "nrd"), ("mean", "nr"), ("median", "nr")) for column in columns],
    *[("expect_column_quantile_values_to_be_between", {"column": column, "quantile_ranges": {"quantiles": [0.1, 0.5, 0.75, 1.0], "value_ranges": [[0, 9]] * 4}}) for column in "nr"],
    *[(f"expect_column_{what}_to_be_between", {"column": column, "min_value": 0.5}) for what in ("unique_value_count", "proportion_of_unique_values", "proportion_of_non_null_values") for column in "ns"],
    *[(f"expect_column_{what}_to_be_between", {"column": "day", "min_value": "2024-01-01"}) for what in ("max", "min")],
    *[(f"expect_column_distinct_values_to_{what}_set", {"column": "s", "value_set": ["a", "漢字"]}) for what in ("be_in", "contain", "equal")],
]  # fmt: skip
CELLS = st.tuples(
    st.one_of(st.none(), st.integers(-4, 4)), st.sampled_from([None, "", "a", " a ", "é", "漢字"]), st.one_of(st.none(), st.integers(-8, 8).map(lambda n: n / 4), st.just(float("nan"))),
    st.one_of(st.none(), st.decimals(-9, 9, places=2)), st.one_of(st.none(), st.dates(dt.date(2023, 1, 1), dt.date(2025, 1, 1))),
)  # fmt: skip
PLAIN_ROW = (1, "a", 0.5, Decimal("1.00"), dt.date(2024, 2, 29))  # plain Great Expectations has no median of nothing


def rules() -> list[Rule]:
    return [Rule(f"{i}:{type_}", type_, kwargs, "critical", "aggregate", "suite", {}) for i, (type_, kwargs) in enumerate(SUMMED)]


def said(item: Any) -> str:
    """As text: what is not a number equals nothing, itself included."""
    return json.dumps(counted(item), default=str, sort_keys=True, ensure_ascii=False)


def both_ways(spark: SparkSession, rows: Sequence[tuple[Any, ...]], cut: int) -> tuple[list[Any], list[Any]]:
    """What plain GX says of the rows, and what it says of them by what landing measured in two pieces."""
    frame = pl.DataFrame({c.name: pl.Series(c.name, [row[i] for row in rows], dtype=polars_type(c)) for i, c in enumerate(KINDS)})
    there, asked = spark.createDataFrame(frame.to_arrow(compat_level=pl.CompatLevel.oldest())), rules()
    numbered = frame.with_row_index("_record")
    found = judge(numbered[:cut], asked, {}, ()).measures + judge(numbered[cut:], asked, {}, ()).measures
    plain, measured = (validate(there, asked, known, "both").result.results for known in (None, Measures.from_json(found.to_json())))
    return [said(item) for item in plain], [said(item) for item in measured]


# each try takes seconds: what fails is not made smaller
@hypothesis.settings(max_examples=6, deadline=None, database=None, phases=(hypothesis.Phase.generate,), suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(rows=st.lists(CELLS, max_size=30), cut=st.integers(0, 30))
def test_what_landing_tells_of_whole_columns_is_what_gx_finds(spark: SparkSession, rows: list[tuple[Any, ...]], cut: int) -> None:
    plain, measured = both_ways(spark, [PLAIN_ROW, *rows], cut)
    assert measured == plain


@pytest.mark.parametrize("metric", ["column.max", "column.min", "column.sum", "column.mean", "column.median", "column.quantile_values", "column.distinct_values.count", "column.non_null_count"])
def test_a_summary_that_is_told_wrongly_is_found_out(spark: SparkSession, monkeypatch: pytest.MonkeyPatch, metric: str) -> None:
    rightly = engine.told

    def wrongly(summary: Any, name: str, values: Any, rows: int) -> Any:
        value = rightly(summary, name, values, rows)
        if name != metric or value is UNKNOWN or isinstance(value, str):
            return value
        return [each + 1 for each in value] if isinstance(value, list) else value + 1

    plain, measured = both_ways(spark, FIXED, 17)
    assert measured == plain
    monkeypatch.setattr(engine, "told", wrongly)
    plain, measured = both_ways(spark, FIXED, 17)
    assert measured != plain
