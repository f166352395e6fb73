"""Health: who was seen where and why, who was vaccinated, and the facilities."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import numpy as np
import polars as pl

from jobs.sample.city.dataset import Dataset, RowFault, Truth, late, of_blocks, resent, truncated
from jobs.sample.city.divisions import communities, districts
from jobs.sample.city.draws import chosen, happens, integers
from jobs.sample.city.people import people
from jobs.sample.city.plan import Period, Plan
from jobs.sample.city.recording import hasty, links, recorded, serials, usual
from jobs.sample.city.writers import csv, excel, json_document

VISIT, VACCINATION, INSTITUTION = "health.visit", "health.vaccination", "health.institution"
DIAGNOSES, DIAGNOSIS_SHARES = ("J06.9", "I10", "E11.9", "K29.7", "M54.5", "J18.9", "S93.4", "N39.0", "L30.9", "J11.1"), (26, 17, 11, 9, 9, 6, 5, 5, 6, 6)
KINDS = ("社区卫生服务中心", "乡镇卫生院", "二级医院", "三级医院")
VACCINES = ("流感", "乙肝", "麻腮风", "百白破", "肺炎球菌", "带状疱疹")


def institutions(plan: Plan) -> pl.DataFrame:
    """code, name, kind, district, beds, doctors: one for some three thousand people, at least two a district."""
    number = np.arange(max(18, plan.people // 3000))
    at = np.where(number < 18, number // 2, chosen(plan.seed, "institution/district", districts()["share"].to_numpy(), number))
    kind = np.where(number % 9 == 0, 3, np.where(number % 5 == 0, 2, number % 2))
    names = districts()["name"].gather(pl.Series(at))
    return pl.DataFrame({
        "code": pl.Series(number + 360100001).cast(pl.String), "name": names + "第" + pl.Series(number + 1).cast(pl.String) + pl.Series(np.array(KINDS)[kind]), "kind": np.array(KINDS)[kind],
        "district": names, "beds": np.array([12, 30, 240, 900])[kind] + integers(plan.seed, "institution/beds", 0, 60, number), "doctors": np.array([9, 12, 90, 420])[kind] + integers(plan.seed, "institution/doctors", 0, 25, number),
    })  # fmt: skip


def facilities(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    return institutions(plan).rename({"code": "机构代码", "name": "机构名称", "kind": "机构类别", "district": "区县", "beds": "床位数", "doctors": "执业医师数"})


def patients(plan: Plan, block: int, day: dt.date) -> pl.DataFrame:
    """Who is seen on a day: old people and small children more often, fewer at weekends."""
    rows = people(plan, block)
    number = (day - plan.first).days
    age = rows["age"].to_numpy()
    chance = np.where(age < 6, 0.020, np.where(age < 45, 0.009, np.where(age < 65, 0.016, 0.030))) * (0.6 if day.weekday() >= 5 else 1.0)
    seen = happens(plan.seed, "visit/seen", chance, rows["person"].to_numpy(), number)
    rows = rows.filter(pl.Series(seen) & (pl.col("born") <= day) & (pl.col("died").is_null() | (pl.col("died") > day)))
    return rows.select("person").join(known(plan, block), on="person", how="left", maintain_order="left")


@lru_cache(maxsize=2)
def known(plan: Plan, block: int) -> pl.DataFrame:
    """Everybody as the counters write them down."""
    return recorded(plan, hasty(VISIT), people(plan, block))


def visits(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    rows = patients(plan, part, period.first)
    person, day = rows["person"].to_numpy(), (period.first - plan.first).days
    codes = institutions(plan)["code"].to_list()
    minute = integers(plan.seed, "visit/minute", 450, 1050, person, day)
    cost = integers(plan.seed, "visit/cost", 1500, 42000, person, day)
    at = pl.Series(integers(plan.seed, "visit/institution", 0, len(codes), person, day % 3))
    return rows.select(
        (pl.lit(f"{period.first:%Y%m%d}-") + pl.col("person").cast(pl.String).str.zfill(10)).alias("visit_no"),
        (pl.lit(f"{period.first} ") + pl.Series(minute // 60).cast(pl.String).str.zfill(2) + ":" + pl.Series(minute % 60).cast(pl.String).str.zfill(2)).alias("visited_at"),
        pl.Series(codes).gather(at).alias("institution"), pl.col("name").alias("patient.name"), pl.col("id").alias("patient.id"), pl.col("born").alias("patient.born"),
        communities()["code"].gather(rows["community"]).alias("patient.community"), pl.Series("diagnosis", np.array(DIAGNOSES)[chosen(plan.seed, "visit/diagnosis", DIAGNOSIS_SHARES, person, day)]),
        pl.Series("insurance", np.array(["职工医保", "居民医保", "自费"])[chosen(plan.seed, "visit/insurance", [34, 58, 8], person)]), pl.Series("cost", cost / 100),
    )  # fmt: skip


def visits_truth(plan: Plan, part: int) -> Truth:
    days = [plan.first + dt.timedelta(days=day) for day in range(plan.days)]
    yield links(VISIT, pl.concat([patients(plan, part, day).with_columns((pl.lit(f"{day:%Y%m%d}-") + pl.col("person").cast(pl.String).str.zfill(10)).alias("key")) for day in days]), "key")


def vaccinated(plan: Plan, block: int) -> pl.DataFrame:
    """Day and vaccine of who is vaccinated in the life of the city: small children and old people."""
    rows = people(plan, block).filter((pl.col("age") < 6) | (pl.col("age") >= 60))
    person = rows["person"].to_numpy()
    rate = np.where(rows["age"].to_numpy() < 6, 1.6, 0.35) * plan.days / 365
    rows = rows.filter(pl.Series(happens(plan.seed, "vaccination/given", np.minimum(rate, 0.9), person)) & (pl.col("born") < plan.first))
    person = rows["person"].to_numpy()
    day = integers(plan.seed, "vaccination/day", 0, plan.days, person)
    made = rows.with_columns((pl.lit(plan.first) + pl.duration(days=pl.lit(pl.Series(day)))).alias("given_on"), pl.Series("vaccine", np.array(VACCINES)[integers(plan.seed, "vaccination/kind", 0, 6, person)]))
    return recorded(plan, usual(VACCINATION), made).with_columns(serials(plan, VACCINATION, person, 10))


def vaccinations(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    return vaccinated(plan, part).filter(pl.col("given_on").is_between(period.first, period.last)).select(
        ("JZ" + pl.col("serial")).alias("接种编号"), pl.col("name").alias("姓名"), pl.col("id").alias("证件号"), pl.col("born").alias("出生日期"), pl.col("vaccine").alias("疫苗"),
        pl.col("given_on").dt.strftime("%Y%m%d").alias("接种日期"),
    )  # fmt: skip


def vaccinations_truth(plan: Plan, part: int) -> Truth:
    yield links(VACCINATION, vaccinated(plan, part).with_columns(("JZ" + pl.col("serial")).alias("key")), "key")


DATASETS = (
    Dataset(
        VISIT, visits, json_document("data.visits", {"source": "HIS"}), "day", "increment", ("visit_no",), "visits_{period}_{part}.json", of_blocks, 1,
        (RowFault("insurance", "商保", "in_set:insurance", 2, "orphan_code"), RowFault("visited_at", "上午", "castable:visited_at", 2)), file_faults=(resent(3), late(5, 9)), truth=visits_truth,
    ),
    Dataset(VACCINATION, vaccinations, csv("gb18030"), "month", "increment", ("接种编号",), "接种_{period}_{part}.csv", of_blocks, 4, (RowFault("疫苗", "未填", "in_set:vaccine", 2),), truth=vaccinations_truth),
    Dataset(INSTITUTION, facilities, excel("医疗机构", "医疗卫生机构名录"), "once", "snapshot", ("机构代码",), "医疗机构名录.xlsx", days_after=1, file_faults=(truncated(0, "damaged_archive"),)),
)  # fmt: skip
