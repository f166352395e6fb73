"""The services that demand and supply are compared for: what the departments call them, and whom they are for."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

ANY_AGE = (0, 200)


@dataclass(frozen=True)
class Service:
    """`topic`: of the hotline; `place`: category of the planning bureau's places; `ages`: whole years of those it is for, both ends counted, and who says so.

    Schooling has neither: nobody asks for it under a name of its own, and schools take the pupils of a district (curated.education_flow)."""

    topic: str | None
    place: str | None
    ages: tuple[int, int]
    said_by: str


SERVICES = {
    "elderly_care": Service("养老服务", "养老服务站", (60, 200), "老年人权益保障法, art. 2: from 60 years"),
    "childcare": Service("入托入学", "幼儿园", (3, 5), "幼儿园工作规程 (2016), art. 4: from 3 years to school age"),
    "schooling": Service(None, None, (6, 14), "义务教育法 (2018), art. 2 and 11: nine years, from 6"),
    "clinic": Service("看病就医", "社区卫生服务站", ANY_AGE, "everybody"),
    "transport": Service("公共交通", "公交站", (6, 200), "from school age: younger ones travel with somebody"),
    "parking": Service("停车难", "停车场", (18, 200), "机动车驾驶证申领和使用规定: from 18 years"),
    "housing": Service("住房保障", "公租房项目", (18, 200), "公共租赁住房管理办法: an adult applies"),
}
BANDS = ((0, "0-2"), (3, "3-5"), (6, "6-14"), (15, "15-17"), (18, "18-59"), (60, "60-79"), (80, "80+"))  # from this age on
UNKNOWN = "unknown"


def service_of(column: Column, word: str) -> Column:
    """The service by its `topic` or `place`; null for what is none."""
    named = F.create_map(*chain.from_iterable((F.lit(getattr(service, word)), F.lit(name)) for name, service in SERVICES.items() if getattr(service, word)))
    return named[column]


def age_on(born_on: Column, month: Column) -> Column:
    """Whole years on the last day of a month (YYYY-MM); null where the birthday is unknown or later."""
    years = F.floor(F.months_between(F.last_day(F.to_date(month, "yyyy-MM")), born_on) / 12).cast("int")
    return F.when(years >= 0, years)


def age_band(age: Column) -> Column:
    band: Column | None = None
    for least, name in reversed(BANDS):
        band = F.when(age >= least, name) if band is None else band.when(age >= least, name)
    assert band is not None
    return band.otherwise(UNKNOWN)


def targeted(people: DataFrame) -> DataFrame:
    """`people` (with `age`) once for each `service` that is for them."""
    cases = [F.when(F.col("age").between(*service.ages), F.lit(name)) for name, service in SERVICES.items()]
    return people.withColumn("service", F.explode(F.array_compact(F.array(*cases))))
