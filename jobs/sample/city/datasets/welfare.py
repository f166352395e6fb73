"""Civil affairs: who draws the minimum living allowance and what was paid, marriages, care of the old; and who truly qualifies."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from jobs.sample.city.dataset import Control, Dataset, RowFault, Truth, corrected, of_blocks, resent
from jobs.sample.city.divisions import communities
from jobs.sample.city.draws import Ints, chosen, happens, integers
from jobs.sample.city.livelihoods import means
from jobs.sample.city.people import households, people
from jobs.sample.city.plan import Period, Plan
from jobs.sample.city.recording import careful, hasty, links, recorded, serials, usual
from jobs.sample.city.writers import csv, excel, xml

ROSTER, PAYMENT, MARRIAGE, CARE = "civil_affairs.low_income_roster", "civil_affairs.low_income_payment", "civil_affairs.marriage", "civil_affairs.elderly_care"
LEVELS = ("自理", "半失能", "失能")


def drawing(plan: Plan, block: int) -> pl.DataFrame:
    """The household that draws, in the name of its head: with amount, community and district."""
    homes = households(plan, block)
    rows = means(plan, block).filter("draws").join(people(plan, block).filter(pl.col("member") == 0).drop("community"), on="household", how="inner", maintain_order="left")
    rows = recorded(plan, careful(ROSTER), rows.drop("difficulty"))
    place = homes.select("household", "district", communities()["name"].gather(homes["community"]).alias("community"))
    gap = (pl.col("standard") * pl.col("persons") - pl.col("income")).clip(150, 5000)
    return rows.join(place, on="household", how="left", maintain_order="left").with_columns((gap / 10).round(0).cast(pl.Int64).alias("tens"))


def granted_on(plan: Plan, household: Ints) -> pl.Expr:
    """Day on which a household's allowance was granted, if it draws."""
    return pl.lit(dt.date(2018, 1, 1)) + pl.duration(days=pl.lit(pl.Series(integers(plan.seed, "roster/granted", 0, 2400, household))))


def roster(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    rows = drawing(plan, part)
    ids = rows["household"].to_numpy()
    granted, words = granted_on(plan, ids), pl.lit(pl.Series(happens(plan.seed, "roster/words", 0.2, ids)))
    return rows.select(
        pl.col("id").alias("身份证号"), pl.col("name").alias("姓名"), pl.when("urban").then(pl.lit("城市低保")).otherwise(pl.lit("农村低保")).alias("类别"), pl.col("district").alias("区县"),
        pl.col("community").alias("社区"), pl.col("persons").alias("保障人数"), (pl.col("tens").cast(pl.String) + "0.00").alias("月保障金"),
        pl.when(words).then(granted.dt.strftime("%Y年%m月%d日")).otherwise(granted.dt.strftime("%Y-%m-%d")).alias("批准日期"),
    )  # fmt: skip


def roster_truth(plan: Plan, part: int) -> Truth:
    yield links(ROSTER, drawing(plan, part).with_columns(pl.col("id").alias("key")), "key")
    heads = people(plan, part).filter(pl.col("member") == 0).select("household", "person", "id", (pl.col("died") <= plan.last).fill_null(False).alias("head_died"))
    rows = means(plan, part).join(heads, on="household", how="inner", maintain_order="left")
    gone = pl.col("draws") & pl.col("head_died") & pl.col("qualifies")  # dies while drawing, and the register is told: what is drawn in the name of the dead is not due either
    yield "benefit", rows.with_columns(pl.when(gone).then(pl.lit("dead")).otherwise(pl.col("reason")).alias("reason"), (pl.col("qualifies") & ~gone).alias("qualifies")).drop("head_died")


def payments(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """One payment a household and month."""
    rows = drawing(plan, part)
    return rows.select(
        (pl.lit(f"ZF{period.name.replace('-', '')}") + pl.col("household").cast(pl.String).str.zfill(9)).alias("发放流水号"), pl.col("id").alias("身份证号"), pl.col("name").alias("户主"),
        (pl.col("tens").cast(pl.String) + "0.00").alias("金额"), pl.lit(f"{period.first.replace(day=15)}").alias("发放日期"),
    )  # fmt: skip


def couples(plan: Plan, block: int) -> pl.DataFrame:
    """Who married within the life of the city: one row a couple."""
    young = people(plan, block).filter((pl.col("role").is_in(["head", "spouse"])) & (pl.col("age") >= 22) & (pl.col("age") < 45))
    pairs = young.group_by("household", maintain_order=True).agg(pl.len().alias("n")).filter(pl.col("n") == 2)["household"]
    ids = pairs.to_numpy()
    chosen_ones = happens(plan.seed, "marriage/wed", 0.03 * plan.days / 365 * 4, ids)
    day = integers(plan.seed, "marriage/day", 0, plan.days, ids)
    wed = pl.DataFrame({"household": ids, "day": day}).filter(pl.Series(chosen_ones)).with_columns((pl.lit(plan.first) + pl.duration(days="day")).alias("wed_on"))
    both = recorded(plan, usual(MARRIAGE), young.join(wed.select("household", "wed_on"), on="household", how="inner", maintain_order="left"))
    return both.with_columns(serials(plan, MARRIAGE, both["household"].to_numpy(), 8))


def marriages(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    rows = couples(plan, part).filter(pl.col("wed_on").is_between(period.first, period.last))
    man, woman = rows.filter(pl.col("sex") == 1), rows.filter(pl.col("sex") == 2)
    return man.join(woman.select("household", pl.col("id").alias("her_id"), pl.col("name").alias("her_name")), on="household", how="inner", maintain_order="left").select(
        ("J360100-2025-" + pl.col("serial")).alias("zsbh"), pl.col("name").alias("nfxm"), pl.col("id").alias("nfsfz"), pl.col("her_name").alias("nvfxm"), pl.col("her_id").alias("nvfsfz"),
        pl.col("wed_on").dt.strftime("%Y-%m-%d").alias("djrq"),
    )  # fmt: skip


def marriages_truth(plan: Plan, part: int) -> Truth:
    keyed = couples(plan, part).with_columns(("J360100-2025-" + pl.col("serial") + pl.when(pl.col("sex") == 1).then(pl.lit("/nf")).otherwise(pl.lit("/nvf"))).alias("key"))
    yield links(MARRIAGE, keyed, "key")


def cared(plan: Plan, block: int) -> pl.DataFrame:
    rows = people(plan, block).filter(pl.col("age") >= 65)
    rows = rows.filter(pl.Series(happens(plan.seed, "care/served", np.clip((rows["age"].to_numpy() - 60) / 60, 0.05, 0.6), rows["person"].to_numpy())))
    return recorded(plan, hasty(CARE), rows).with_columns(serials(plan, CARE, rows["person"].to_numpy(), 10))


def care(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    rows = cared(plan, part).filter((pl.col("died").is_null()) | (pl.col("died") > period.first))
    person = rows["person"].to_numpy()
    return rows.select(
        ("YL" + pl.col("serial")).alias("服务编号"), pl.col("name").alias("老人姓名"), pl.col("id").alias("身份证号"), pl.col("born").alias("出生日期"),
        communities()["name"].gather(rows["community"]).alias("社区"), pl.Series("能力等级", np.array(LEVELS)[chosen(plan.seed, "care/level", [70, 20, 10], person)]),
        pl.Series("本月服务次数", integers(plan.seed, "care/visits", 0, 25, person, period.index)),
    )  # fmt: skip


def care_truth(plan: Plan, part: int) -> Truth:
    yield links(CARE, cared(plan, part).with_columns(("YL" + pl.col("serial")).alias("key")), "key")


DATASETS = (
    Dataset(
        ROSTER, roster, csv("gb18030"), "month", "snapshot", ("身份证号",), "低保名册_{part}.csv", of_blocks, 5,
        (RowFault("身份证号", "36010219", "match_regex:resident_id", 2), RowFault("类别", "未知", "in_set:category", 2, "orphan_code"), RowFault("月保障金", "八百", "castable:monthly_amount", 2)),
        file_faults=(corrected(0, "月保障金", "100.00"),), truth=roster_truth,
    ),
    Dataset(PAYMENT, payments, csv("utf-8"), "month", "increment", ("发放流水号",), "发放_{period}_{part}.csv", of_blocks, 1, control=Control(column="金额", wrong_at=1)),
    Dataset(MARRIAGE, marriages, xml("hunyin", "dengji"), "month", "increment", ("zsbh",), "hunyin_{period}_{part}.xml", of_blocks, 4, truth=marriages_truth),
    Dataset(
        CARE, care, excel("养老服务", "居家养老服务月报"), "month", "increment", ("服务编号",), "养老服务{part}.xlsx", of_blocks, 6, (RowFault("能力等级", "不详", "in_set:level", 2, "orphan_code"),),
        file_faults=(resent(1),), truth=care_truth,
    ),
)  # fmt: skip
