"""Education: pupils one by one, and enrolment by school and grade. A school takes pupils of one block, so its numbers stand in one part."""

from __future__ import annotations

import numpy as np
import polars as pl

from jobs.sample.city.dataset import Dataset, RowFault, Truth, empty, of_blocks
from jobs.sample.city.divisions import communities, districts
from jobs.sample.city.draws import chosen, happens, integers
from jobs.sample.city.people import people
from jobs.sample.city.plan import Period, Plan
from jobs.sample.city.recording import links, recorded, serials, usual
from jobs.sample.city.writers import csv, excel

PUPIL, ENROLMENT = "education.pupil", "education.enrolment"
STAGES, PUPILS_A_SCHOOL = ("小学", "初中", "高中"), (420, 380, 520)


def pupils(plan: Plan, block: int) -> pl.DataFrame:
    """Who goes to school, with school_code, school, district, stage, grade; children of migrants a little less often."""
    rows = people(plan, block).filter(pl.col("age").is_between(6, 17))
    person, age = rows["person"].to_numpy(), rows["age"].to_numpy()
    rows = rows.filter(pl.Series(happens(plan.seed, "pupil/enrolled", np.where(rows["migrant"].to_numpy(), 0.86, 0.985), person)))
    person, age = rows["person"].to_numpy(), rows["age"].to_numpy()
    stage = np.where(age < 12, 0, np.where(age < 15, 1, 2))
    codes = districts()["code"].to_list()
    at = np.array([codes.index(code) for code in communities()["district_code"].to_list()])[rows["community"].to_numpy()]
    size = plan.people / plan.blocks * np.array(districts()["share"].to_list())[at] * np.array([0.07, 0.035, 0.03])[stage]
    schools = np.maximum(1, (size / np.array(PUPILS_A_SCHOOL)[stage]).astype(np.int64))
    number = integers(plan.seed, "pupil/school", 0, schools, person)
    made = rows.with_columns(
        pl.Series("stage", np.array(STAGES)[stage]), pl.Series("grade", age - 5), pl.Series("at", at), pl.Series("stage_at", stage), pl.Series("number", number),
        districts()["name"].gather(pl.Series(at)).alias("district"),
    )  # fmt: skip
    text = [pl.col(name).cast(pl.String) for name in ("at", "stage_at", "number")]
    code = pl.lit("36") + text[0] + pl.lit(f"{block:04d}") + text[1] + text[2].str.zfill(2)
    school = pl.col("district") + pl.lit("第") + (pl.col("number") + 1 + block * 7).cast(pl.String) + pl.col("stage")
    made = made.with_columns(code.alias("school_code"), school.alias("school"))
    return recorded(plan, usual(PUPIL), made).with_columns(serials(plan, PUPIL, person, 10))


def roll(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    rows = pupils(plan, part)
    return rows.select(
        ("G36" + pl.col("serial")).alias("学籍号"), pl.col("name").alias("学生姓名"), pl.col("id").alias("身份证件号"), pl.col("sex").replace_strict({1: "男", 2: "女"}).alias("性别"),
        pl.col("born").alias("出生日期"), pl.col("school_code").alias("学校代码"), pl.col("grade").alias("年级"), pl.when("migrant").then(pl.lit("是")).otherwise(pl.lit("否")).alias("随迁子女"),
        pl.Series("就读方式", np.array(["走读", "住校"])[chosen(plan.seed, "pupil/boards", [88, 12], rows["person"].to_numpy())]),
    )  # fmt: skip


def roll_truth(plan: Plan, part: int) -> Truth:
    yield links(PUPIL, pupils(plan, part).with_columns(("G36" + pl.col("serial")).alias("key")), "key")


def enrolment(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    by = pupils(plan, part).group_by("school_code", "school", "district", "stage", "grade", maintain_order=True).agg(pl.len().cast(pl.Int64).alias("n"), pl.col("migrant").sum().cast(pl.Int64).alias("moved"))
    return by.sort("school_code", "grade").select(
        pl.col("school_code").alias("学校代码"), pl.col("school").alias("学校名称"), pl.col("district").alias("区县"), pl.col("stage").alias("学段"), pl.col("grade").alias("年级"),
        ((pl.col("n") + 44) // 45).alias("班数"), pl.col("n").alias("学生数"), pl.col("moved").alias("随迁子女数"),
    )  # fmt: skip


DATASETS = (
    Dataset(
        PUPIL, roll, csv("utf-8", bom=True), "once", "snapshot", ("学籍号",), "学籍_{part}.csv", of_blocks, 1, (RowFault("年级", 13, "between:grade", 3), RowFault("随迁子女", "？", "in_set:migrant", 2)),
        truth=roll_truth,
    ),
    Dataset(ENROLMENT, enrolment, excel("在校生", "中小学在校生统计表"), "once", "snapshot", ("学校代码", "年级"), "在校生统计{part}.xlsx", of_blocks, 1, (RowFault("学段", "完中", "in_set:stage", 1, "orphan_code"),), file_faults=(empty(0),)),
)  # fmt: skip
