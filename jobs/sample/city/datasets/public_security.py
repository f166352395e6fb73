"""Public security: who is registered where, who was born, died and moved, and what drives."""

from __future__ import annotations

import numpy as np
import polars as pl

from jobs.sample.city.dataset import Dataset, Repeats, RowFault, Truth, corrected, empty, late, of_blocks, renamed_header, resent
from jobs.sample.city.divisions import communities, written
from jobs.sample.city.draws import integers
from jobs.sample.city.people import households, people
from jobs.sample.city.plan import Period, Plan
from jobs.sample.city.recording import careful, links, recorded, serials
from jobs.sample.city.writers import csv, excel

REGISTER, BIRTH = "public_security.household_register", "public_security.birth"
ROLES = {"head": "户主", "spouse": "配偶", "child": "子女", "parent": "父母"}
SEXES = {1: "男", 2: "女"}


def registered(plan: Plan, block: int) -> pl.DataFrame:
    """Everybody whose registration is here, as the register has them, with address and community code before (`old_code`) and after a move."""
    here = people(plan, block).filter(~pl.col("migrant"))
    rows = recorded(plan, careful(REGISTER), here)
    homes = households(plan, block)
    codes = communities()["code"].gather(homes["community"])
    old = communities()["code"].gather(homes["old_community"])
    style = integers(plan.seed, "register/address", 0, 3, homes["household"].to_numpy())
    placed = homes.select("household", written(style).alias("address"), codes.alias("code"), old.alias("old_code"))
    return rows.join(placed, on="household", how="left", maintain_order="left")


def register(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    moved = pl.col("moved_on") <= period.last
    rows = registered(plan, part).filter((pl.col("born").str.to_date() <= period.last) & (pl.col("died").is_null() | (pl.col("died") > period.last)))
    return rows.select(
        pl.col("id").alias("公民身份号码"), (pl.lit("H") + pl.col("household").cast(pl.String).str.zfill(9)).alias("户号"), pl.col("name").alias("姓名"),
        pl.col("sex").replace_strict(SEXES).alias("性别"), pl.col("born").str.replace_all("-", "").alias("出生日期"), pl.col("role").replace_strict(ROLES).alias("与户主关系"),
        pl.when(moved.fill_null(False)).then(pl.col("code")).otherwise(pl.col("old_code")).alias("社区代码"), pl.col("address").alias("住址"),
    )  # fmt: skip


def register_truth(plan: Plan, part: int) -> Truth:
    yield links(REGISTER, registered(plan, part).with_columns(pl.col("id").alias("key")), "key")
    yield "household", people(plan, part).select("household", "person", "role", "id", "name", "sex", "born", "died", "migrant")


def births(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """Children born in the period to people registered here, with their mother's and father's ids."""
    everybody = people(plan, part)
    mothers = everybody.filter((pl.col("role").is_in(["head", "spouse"])) & (pl.col("sex") == 2)).select("household", pl.col("id").alias("mother"), pl.col("name").alias("mother_name"))
    fathers = everybody.filter((pl.col("role").is_in(["head", "spouse"])) & (pl.col("sex") == 1)).select("household", pl.col("id").alias("father"))
    born = everybody.filter(pl.col("born").is_between(period.first, period.last) & (pl.col("role") == "child"))
    number = serials(plan, BIRTH, born["person"].to_numpy(), 9)
    hospital = integers(plan.seed, "birth/hospital", 1, 7, born["person"].to_numpy())
    return (
        born.with_columns(number, pl.Series("hospital", np.array(["", *HOSPITALS])[hospital])).join(mothers, on="household", how="left", maintain_order="left").join(fathers, on="household", how="left", maintain_order="left")
        .select(
            ("36" + pl.col("serial")).alias("出生证编号"), pl.col("name").alias("婴儿姓名"), pl.col("sex").replace_strict(SEXES).alias("性别"), pl.col("born").dt.strftime("%Y年%m月%d日").alias("出生日期"),
            pl.col("mother").alias("母亲身份证号"), pl.col("mother_name").alias("母亲姓名"), pl.col("father").alias("父亲身份证号"), pl.col("hospital").alias("出生医院"),
        )
    )  # fmt: skip


HOSPITALS = ("市第一医院", "市第三医院", "省妇幼保健院", "市妇幼保健院", "县人民医院", "大学第二附属医院")


def births_truth(plan: Plan, part: int) -> Truth:
    born = people(plan, part).filter((pl.col("born") >= plan.first) & (pl.col("role") == "child"))
    number = serials(plan, BIRTH, born["person"].to_numpy(), 9)
    yield links(BIRTH, born.with_columns(("36" + number).alias("key"), pl.lit(None, pl.String).alias("error"), pl.lit(0).alias("difficulty")), "key")


DATASETS = (
    Dataset(
        REGISTER, register, csv("gb18030"), "month", "snapshot", ("公民身份号码",), "常住户籍人口_{period}_{part}.csv", of_blocks, 2,
        (
            RowFault("公民身份号码", "36010219", "match_regex:resident_id"), RowFault("性别", "未说明", "in_set:sex", 4), RowFault("出生日期", "19851340", "castable:born_on"),
            RowFault("姓名", "", "not_be_null:name", 2), RowFault("与户主关系", "户主之妻弟", "in_set:relation", 5, "orphan_code"),
        ),
        Repeats(4), (corrected(0, "住址", "地址不详"), resent(1), late(2)), truth=register_truth,
    ),
    Dataset(
        BIRTH, births, excel("出生登记", "出生医学登记月报"), "month", "increment", ("出生证编号",), "出生登记{part}.xlsx", of_blocks, 5,
        file_faults=(empty(0), renamed_header(1, "婴儿姓名", "新生儿姓名")), truth=births_truth,
    ),
)  # fmt: skip
