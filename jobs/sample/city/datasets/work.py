"""Human resources: who is insured at which employer, and migrant workers; housing: who owns which dwelling."""

from __future__ import annotations

import numpy as np
import polars as pl

from jobs.sample.city.dataset import Dataset, Repeats, RowFault, Truth, late, of_blocks, resent, unknown_column
from jobs.sample.city.divisions import communities, region_name, written
from jobs.sample.city.draws import integers
from jobs.sample.city.livelihoods import SECTORS, means, work
from jobs.sample.city.people import households, people
from jobs.sample.city.plan import Period, Plan
from jobs.sample.city.recording import hasty, links, recorded, serials, usual
from jobs.sample.city.writers import csv, excel, zipped

INSURANCE, MIGRANT, PROPERTY = "human_resources.social_insurance", "human_resources.migrant_worker", "housing.property"
FIRMS, TRADES = ("恒昌", "江铃", "赣江", "鼎盛", "华安", "瑞丰", "洪城", "金盛", "新能", "天虹", "万达", "中宏", "百川", "科创", "益民"), ("制造", "商贸", "建设", "物流", "餐饮", "科技", "置业", "服务")


def firm(employer: pl.Series) -> pl.Series:
    """Names of employers by number; a few share one, as firms do."""
    number = employer.to_numpy()
    return pl.Series(np.char.add(np.char.add(np.array(FIRMS)[number % len(FIRMS)], np.array(TRADES)[number // len(FIRMS) % len(TRADES)]), "有限公司"))


def insured(plan: Plan, block: int) -> pl.DataFrame:
    jobs = work(plan, block).filter(pl.col("employer").is_not_null()).select("person", "employer", "sector", "wage")
    rows = jobs.join(people(plan, block), on="person", how="inner", maintain_order="left")
    return recorded(plan, usual(INSURANCE), rows).with_columns(serials(plan, INSURANCE, rows["person"].to_numpy(), 10))


def insurance(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """Wages rise for a few from month to month."""
    rows = insured(plan, part).filter(pl.col("died").is_null() | (pl.col("died") > period.first))
    raised = integers(plan.seed, "insurance/raise", 0, 60, rows["person"].to_numpy())
    base = pl.col("wage") + pl.when(pl.lit(pl.Series(raised)) < period.index).then(300).otherwise(0)
    return rows.select(
        pl.col("serial").alias("个人编号"), pl.col("name").alias("姓名"), pl.col("id").alias("证件号码"), (pl.lit("DW") + pl.col("employer").cast(pl.String).str.zfill(7)).alias("单位编号"),
        firm(rows["employer"]).alias("单位名称"), pl.col("sector").alias("行业门类"), base.alias("缴费基数"), pl.lit("参保缴费").alias("状态"),
    )  # fmt: skip


def insurance_truth(plan: Plan, part: int) -> Truth:
    yield links(INSURANCE, insured(plan, part).with_columns(pl.col("serial").alias("key")), "key")


def migrants(plan: Plan, block: int) -> pl.DataFrame:
    jobs = work(plan, block).filter(pl.col("sector").is_not_null()).select("person", "sector", "wage")
    rows = people(plan, block).filter("migrant").join(jobs, on="person", how="inner", maintain_order="left")
    homes = households(plan, block)
    place = homes.select("household", communities()["code"].gather(homes["community"]).alias("code"))
    return recorded(plan, hasty(MIGRANT), rows).with_columns(serials(plan, MIGRANT, rows["person"].to_numpy(), 10)).join(place, on="household", how="left", maintain_order="left")


def migrant_workers(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    rows = migrants(plan, part)
    origins = {code: region_name(code) for code in rows["origin"].unique().to_list()}
    since = integers(plan.seed, "migrant/since", 2008, 2025, rows["person"].to_numpy())
    return rows.select(
        ("LD" + pl.col("serial")).alias("登记编号"), pl.col("name").alias("姓名"), pl.col("id").alias("身份证号"), pl.col("sex").replace_strict({1: "男", 2: "女"}).alias("性别"),
        pl.col("born").str.replace_all("-", ".").alias("出生年月日"), pl.col("origin").alias("户籍地代码"), pl.col("origin").replace_strict(origins, default="", return_dtype=pl.String).alias("户籍地"),
        pl.col("code").alias("居住社区代码"), pl.col("sector").alias("行业门类"), pl.Series("来昌年份", since), (pl.col("wage").cast(pl.String) + "元").alias("月收入"),
    )  # fmt: skip


def migrants_truth(plan: Plan, part: int) -> Truth:
    yield links(MIGRANT, migrants(plan, part).with_columns(("LD" + pl.col("serial")).alias("key")), "key")


def owned(plan: Plan, block: int) -> pl.DataFrame:
    """One row a dwelling that somebody of the city owns; `share` less than 100 where it was inherited by several (a decoy of the allowance)."""
    homes = households(plan, block)
    held = means(plan, block).filter((pl.col("dwellings") > 0) | (pl.col("decoy") == "inherited share")).select("household", "dwellings", "decoy", pl.col("difficulty").alias("hidden"))
    each = held.with_columns(pl.int_ranges(0, pl.col("dwellings") + (pl.col("decoy") == "inherited share").fill_null(False).cast(pl.Int64)).alias("number")).explode("number")
    adults = people(plan, block).filter(pl.col("age") >= 18).group_by("household", maintain_order=True).agg(
        pl.col("person").sort_by("member").first().alias("first"), pl.col("person").sort_by("member").last().alias("last"))  # fmt: skip
    who = each.join(adults, on="household", how="inner", maintain_order="left").with_columns(
        pl.when((pl.col("number") > 0) & (pl.col("hidden") == 2)).then("last").otherwise("first").alias("person")).drop("household")  # fmt: skip
    rows = recorded(plan, usual(PROPERTY), who.join(people(plan, block), on="person", how="inner", maintain_order="left"))
    style = pl.Series("style", integers(plan.seed, "property/address", 0, 4, rows["person"].to_numpy(), rows["number"].to_numpy()))
    placed = rows.join(homes.drop("community", "origin", "migrant", "moved_on", "size", "kind", "old_community"), on="household", how="left", maintain_order="left", suffix="_home")
    # a second dwelling stands elsewhere in the same estate
    placed = placed.with_columns((pl.col("building") + pl.col("number") * 7).alias("building"), style)
    placed = placed.rename({"number": "dwelling", "number_home": "number"})
    size = integers(plan.seed, "property/area", 420, 1450, placed["person"].to_numpy(), placed["dwelling"].to_numpy())
    return placed.with_columns(written(placed["style"].to_numpy()).alias("address"), pl.Series("area", size), pl.when((pl.col("dwelling") > 0) & (pl.col("decoy") == "inherited share")).then(25).otherwise(100).alias("share"))


def properties(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    return owned(plan, part).select(
        (pl.lit("赣2025不动产权第") + pl.col("household").cast(pl.String).str.zfill(9) + pl.col("dwelling").cast(pl.String) + "号").alias("不动产权证号"), pl.col("name").alias("权利人"),
        pl.col("id").alias("权利人证件号"), pl.col("address").alias("坐落"), (pl.col("area") / 10).alias("建筑面积"), pl.lit("住宅").alias("用途"), pl.col("share").alias("份额"),
    )  # fmt: skip


def properties_truth(plan: Plan, part: int) -> Truth:
    key = pl.lit("赣2025不动产权第") + pl.col("household").cast(pl.String).str.zfill(9) + pl.col("dwelling").cast(pl.String) + "号"
    yield links(PROPERTY, owned(plan, part).with_columns(key.alias("key")), "key")


SECTOR_CODES = tuple(sector[0] for sector in SECTORS)
DATASETS = (
    Dataset(
        INSURANCE, insurance, csv("gb18030", delimiter="|", line_end="\n"), "month", "snapshot", ("个人编号",), "cbry_{period}_{part}.txt", of_blocks, 9,
        (RowFault("缴费基数", "面议", "castable:base", 4), RowFault("行业门类", "Z", "in_set:sector", 3, "orphan_code"), RowFault("个人编号", "", "not_be_null:insured_number", 2)),
        Repeats(3), (resent(0), late(1, 25)), truth=insurance_truth,
    ),
    Dataset(
        MIGRANT, migrant_workers, excel("外来务工", "外来务工人员登记表"), "month", "increment", ("登记编号",), "外来务工{period}_{part}.xlsx", of_blocks, 10,
        (RowFault("性别", "未", "in_set:sex", 2), RowFault("出生年月日", "1985.13.40", "castable:born_on", 2)), file_faults=(unknown_column(0, "备注2", "已核"),), truth=migrants_truth,
    ),
    Dataset(
        PROPERTY, properties, zipped(csv("gb18030"), "bdc.csv"), "once", "snapshot", ("不动产权证号",), "不动产登记_{part}.zip", of_blocks, 1,
        (RowFault("建筑面积", "一百二", "castable:area", 3), RowFault("用途", "宅基", "in_set:use", 2, "orphan_code")), truth=properties_truth,
    ),
)  # fmt: skip
