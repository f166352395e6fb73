"""The health commission: report cards of notifiable diseases, in GB18030, a file a day."""

from __future__ import annotations

import polars as pl

from jobs.sample.city.dataset import Dataset, Truth, late, resent
from jobs.sample.city.events import outbreaks
from jobs.sample.city.events.outbreaks import DISEASES
from jobs.sample.city.events.scene import delivered, scene
from jobs.sample.city.plan import Period, Plan
from jobs.sample.city.writers import csv


def _cards(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    city = scene(plan)
    found = delivered(outbreaks.cards(city), "reported_on", period)
    disease = [DISEASES[k] for k in found["disease"]]
    return found.select(
        pl.col("card_no").alias("卡片编号"), pl.col("name").alias("患者姓名"), pl.when("male").then(pl.lit("男")).otherwise(pl.lit("女")).alias("性别"), pl.col("age").cast(pl.String).alias("年龄"),
        pl.col("phone").alias("联系电话"), pl.Series("现住社区代码", [city.communities[c].code for c in found["place"]], dtype=pl.String), pl.col("venue").alias("工作单位或学校"),
        pl.Series("疾病代码", [d.code for d in disease], dtype=pl.String), pl.Series("疾病名称", [d.name for d in disease], dtype=pl.String), pl.Series("类别", [d.category for d in disease], dtype=pl.String),
        *(pl.col(name).dt.strftime("%Y%m%d").alias(header) for name, header in (("onset_on", "发病日期"), ("diagnosed_on", "诊断日期"), ("reported_on", "报告日期"))),
        pl.col("hospital").map_elements(lambda k: f"市第{'一二三四五六七八'[k - 1]}人民医院", pl.String).alias("报告单位"),
    )  # fmt: skip


def _truth(plan: Plan, part: int) -> Truth:
    yield "outbreak", outbreaks.truth(scene(plan))
    yield "outbreak_case", outbreaks.members(scene(plan))


DATASETS = (Dataset("health.notifiable_case", _cards, csv("gb18030"), "day", "increment", ("卡片编号",), file="传染病报告卡.csv", file_faults=(late(2, 4), resent(5)), truth=_truth),)
