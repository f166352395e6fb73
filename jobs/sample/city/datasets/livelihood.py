"""What households live on beside insured wages, as other offices know it: pensions, income that is declared to the tax office, and signals of hardship."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from jobs.sample.city.dataset import Dataset, RowFault, Truth, of_blocks, resent
from jobs.sample.city.draws import chosen, happens, integers
from jobs.sample.city.livelihoods import means, work
from jobs.sample.city.people import people
from jobs.sample.city.plan import Period, Plan
from jobs.sample.city.recording import links, recorded, serials, usual
from jobs.sample.city.writers import csv, excel

PENSION, INCOME, HARDSHIP = "human_resources.pension", "tax.declared_income", "civil_affairs.hardship_signal"
SUPPORT_KINDS = ("经营所得", "财产租赁所得", "赡养费和其他转移收入")
SIGNALS = ("残疾证", "大病医疗费用", "登记失业")
UNLUCKY = 0.03  # households that an office signals although they get by


def pensioners(plan: Plan, block: int) -> pl.DataFrame:
    rows = work(plan, block).filter(pl.col("pension") > 0).select("person", "pension").join(people(plan, block), on="person", how="inner", maintain_order="left")
    return recorded(plan, usual(PENSION), rows).with_columns(serials(plan, PENSION, rows["person"].to_numpy(), 10))


def pensions(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    rows = pensioners(plan, part).filter(pl.col("died").is_null() | (pl.col("died") > period.first))
    return rows.select(
        ("YJ" + pl.col("serial")).alias("待遇编号"), pl.col("name").alias("姓名"), pl.col("id").alias("公民身份号码"), pl.when(pl.col("pension") > 200).then(pl.lit("职工养老")).otherwise(pl.lit("居民养老")).alias("险种"),
        pl.col("pension").alias("月养老金"),
    )  # fmt: skip


def pensions_truth(plan: Plan, part: int) -> Truth:
    yield links(PENSION, pensioners(plan, part).with_columns(("YJ" + pl.col("serial")).alias("key")), "key")


def declared(plan: Plan, block: int) -> pl.DataFrame:
    """Wages without insurance of who earns them; what else a household lives on, in the name of its head."""
    jobs = work(plan, block)
    odd = jobs.filter(pl.col("status") == "informal").select("person", pl.col("wage").alias("amount"), pl.lit(0).alias("kind"))
    heads = people(plan, block).filter(pl.col("member") == 0).select("household", "person")
    earned = jobs.group_by("household", maintain_order=True).agg((pl.col("wage") + pl.col("pension")).sum().alias("earned"))
    rest = means(plan, block).join(earned, on="household", how="inner", maintain_order="left").join(heads, on="household", how="inner", maintain_order="left")
    rest = rest.with_columns((pl.col("income") - pl.col("earned")).alias("amount")).filter(pl.col("amount") > 0)
    kind = integers(plan.seed, "income/kind", 1, 4, rest["person"].to_numpy())
    rows = pl.concat([odd, rest.select("person", pl.col("amount").cast(pl.Int64), pl.Series("kind", kind.astype(np.int32)))]).join(people(plan, block), on="person", how="inner", maintain_order="left")
    return recorded(plan, usual(INCOME), rows).with_columns(serials(plan, INCOME, rows["person"].to_numpy(), 10), pl.Series("item", np.array(["劳务报酬所得", *SUPPORT_KINDS])[rows["kind"].to_numpy()]))


def _declared_key() -> pl.Expr:
    return pl.lit("SB") + pl.col("serial") + pl.col("kind").cast(pl.String)


def incomes(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    rows = declared(plan, part).filter(pl.col("died").is_null() | (pl.col("died") > period.first))
    return rows.select(_declared_key().alias("申报编号"), pl.col("name").alias("纳税人姓名"), pl.col("id").alias("证件号码"), pl.col("item").alias("所得项目"), pl.col("amount").alias("月收入额"))


def incomes_truth(plan: Plan, part: int) -> Truth:
    yield links(INCOME, declared(plan, part).with_columns(_declared_key().alias("key")), "key")


def signalled(plan: Plan, block: int) -> pl.DataFrame:
    """The head of each household that misfortune has struck, and of a few that get by."""
    jobs = work(plan, block).group_by("household", maintain_order=True).agg(pl.col("poor").first())
    struck = jobs.filter(pl.col("poor") | pl.Series(happens(plan.seed, "hardship/unlucky", UNLUCKY, jobs["household"].to_numpy())))
    rows = people(plan, block).filter(pl.col("member") == 0).join(struck.select("household"), on="household", how="inner", maintain_order="left")
    made = recorded(plan, usual(HARDSHIP), rows).with_columns(serials(plan, HARDSHIP, rows["person"].to_numpy(), 9))
    person = rows["person"].to_numpy()
    since = pl.lit(dt.date(2019, 1, 1)) + pl.duration(days=pl.lit(pl.Series(integers(plan.seed, "hardship/since", 0, 2000, person))))
    return made.with_columns(pl.Series("signal", np.array(SIGNALS)[chosen(plan.seed, "hardship/kind", (4, 3, 3), person)]), since.alias("since"))


def signals(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    rows = signalled(plan, part)
    return rows.select(("XH" + pl.col("serial")).alias("预警编号"), pl.col("name").alias("姓名"), pl.col("id").alias("身份证号"), pl.col("signal").alias("预警类型"), pl.col("since").dt.strftime("%Y-%m-%d").alias("起始日期"))


def signals_truth(plan: Plan, part: int) -> Truth:
    yield links(HARDSHIP, signalled(plan, part).with_columns(("XH" + pl.col("serial")).alias("key")), "key")


DATASETS = (
    Dataset(PENSION, pensions, csv("gb18030"), "month", "snapshot", ("待遇编号",), "养老金_{period}_{part}.csv", of_blocks, 4, (RowFault("月养老金", "待定", "castable:amount", 2),), truth=pensions_truth),
    Dataset(INCOME, incomes, csv("utf-8", bom=True), "month", "snapshot", ("申报编号",), "申报_{period}_{part}.csv", of_blocks, 12, (RowFault("月收入额", "约两千", "castable:amount", 3),), file_faults=(resent(1),), truth=incomes_truth),
    Dataset(HARDSHIP, signals, excel("预警", "低收入人口动态监测预警信息"), "month", "snapshot", ("预警编号",), "监测预警{part}.xlsx", of_blocks, 6, (RowFault("预警类型", "其他", "in_set:signal", 1, "orphan_code"),), truth=signals_truth),
)  # fmt: skip
