"""The commerce bureau: staples sold by prefecture, a workbook a month; the first brings three years."""

from __future__ import annotations

import numpy as np
import polars as pl

from jobs.sample.city.dataset import Dataset, RowFault, Truth
from jobs.sample.city.events import staples
from jobs.sample.city.events.scene import scene
from jobs.sample.city.events.staples import ITEMS, REGIONS
from jobs.sample.city.plan import Period, Plan
from jobs.sample.city.writers import excel


def _sales(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    city = scene(plan)
    there = [k for k, month in enumerate(staples.months(city)) if month <= period.last and (period.index == 0 or month >= period.first.replace(day=1))]
    m, r, i = (axis.ravel() for axis in np.meshgrid(there, np.arange(len(REGIONS)), np.arange(len(ITEMS)), indexing="ij"))
    names, units = list(ITEMS), [unit for unit, *_ in ITEMS.values()]
    return pl.DataFrame({
        "月份": [f"{staples.months(city)[k]:%Y年%m月}" for k in m], "地区代码": [REGIONS[k][0] for k in r], "地区": [REGIONS[k][1] for k in r], "商品": [names[k] for k in i],
        "零售量": staples.sold(city)[m, r, i], "计量单位": [units[k] for k in i],
    })  # fmt: skip


def _truth(plan: Plan, part: int) -> Truth:
    yield "migrant_stock", staples.truth(scene(plan))


DATASETS = (Dataset("commerce.staple_sale", _sales, excel("零售", "生活必需品零售量监测表"), "month", "increment", ("月份", "地区代码", "商品"), file="必需品零售.xlsx", row_faults=(RowFault("计量单位", "斤", "in_set:unit", 3, "unit_change"),), truth=_truth),)
