"""What is usual: the densest part of many values, where most are alike. Where half of the city has too little, the middle of the city has too little, and what most have alike is still told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame

STEPS = 512  # of the line on which the density is looked at


def usual(values: Sequence[float]) -> float | None:
    """The mode of positive values by their logarithms: where a Gaussian kernel density (Parzen 1962, bandwidth by Scott's rule) is highest; None where there is none."""
    from scipy.stats import gaussian_kde  # a second of imports

    logs = np.log(sorted(value for value in values if value > 0))  # sorted: sums of floats hang on their order
    if not logs.size:
        return None
    least, most = float(logs.min()), float(logs.max())
    if most - least < 1e-9:  # all alike: they have no density
        return float(np.exp(least))
    line = np.linspace(least, most, STEPS)
    return float(np.exp(line[np.argmax(gaussian_kde(logs)(line))]))


def usual_of(rows: DataFrame, by: Sequence[str], value: str, name: str) -> DataFrame:
    """`by` → `name`: what is usual of `value` in each group, to six decimals, 0 where none has any. A group is held in one task: the communities of a city, some ten thousand."""

    def work(group: pa.Table) -> pa.Table:
        found = usual(group[value].cast(pa.float64()).drop_null().to_pylist())
        return pa.table({column: group[column].slice(0, 1) for column in by} | {name: pa.array([round(found or 0.0, 6)], pa.float64())})

    of = rows.select(*by, value)
    kinds = {field.name: field.dataType.simpleString() for field in of.schema.fields}
    return of.groupBy(*by).applyInArrow(work, ", ".join([*(f"{column} {kinds[column]}" for column in by), f"{name} double"]))
