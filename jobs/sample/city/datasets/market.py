"""The market regulation bureau: the register of companies, as XML."""

from __future__ import annotations

import polars as pl

from jobs.sample.city.dataset import Dataset, resent
from jobs.sample.city.events.formats import marked_xml
from jobs.sample.city.events.scene import scene
from jobs.sample.city.events.schemes import register
from jobs.sample.city.plan import Period, Plan

COLUMNS = {
    "credit_code": "@统一社会信用代码", "name": "企业名称", "legal_representative": "法定代表人", "phone": "联系电话", "address": "住所", "district": "登记机关辖区", "trade_code": "行业代码",
    "capital_wan_yuan": "注册资本万元", "registered_on": "成立日期",
}  # fmt: skip


def _companies(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """The register as it stood on the last day."""
    ended = pl.col("ended_on") <= period.last
    there = register(scene(plan)).filter(pl.col("registered_on") <= period.last).sort("number")
    return there.select(
        *(pl.col(name).alias(header) for name, header in COLUMNS.items()),
        pl.when(ended).then(pl.lit("注销")).otherwise(pl.lit("存续")).alias("经营状态"),
        pl.when(ended).then(pl.col("ended_on")).alias("注销吊销日期"),
    )


DATASETS = (Dataset("market.company", _companies, marked_xml("企业名录", "企业"), "month", "snapshot", ("@统一社会信用代码",), file="qyml_{period}.xml", file_faults=(resent(0),)),)
