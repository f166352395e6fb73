"""The province's civil affairs: who draws the minimum living allowance in its other cities, for comparison (低保比对). Most on the list never were here, and are called as somebody here is."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from jobs.sample.city.dataset import Dataset, RowFault, Truth, of_blocks, resent
from jobs.sample.city.datasets.welfare import granted_on
from jobs.sample.city.divisions import other_cities, other_counties
from jobs.sample.city.draws import Ints, happens, integers
from jobs.sample.city.livelihoods import means
from jobs.sample.city.names import resident_ids
from jobs.sample.city.people import STRIDE, people
from jobs.sample.city.plan import Period, Plan
from jobs.sample.city.recording import Clerk, links, recorded, serials, usual
from jobs.sample.city.writers import csv

OTHER = "civil_affairs.other_region_roster"
NAMESAKES = {True: 0.1, False: 0.01}  # of the adults of households that draw here, and of the others: somebody elsewhere has their name
WRONG = Clerk(OTHER, {"homophone": 0.35, "traditional": 0.3, "id digit": 0.35})  # difficulty 3: always wrongly, if a name can be written otherwise; never without an id, as nothing else would tell who it is
COLUMNS = ("person", "household", "name", "id", "born", "city", "since", "until", "hidden")
BORN, DAYS = dt.date(1940, 1, 1), 22_000  # strangers are born in so many days from then on


def month_of(day: pl.Expr) -> pl.Expr:
    """Months are numbered from year 0."""
    return day.dt.year().cast(pl.Int64) * 12 + day.dt.month().cast(pl.Int64) - 1


def month_text(month: pl.Expr) -> pl.Expr:
    return (month // 12).cast(pl.String) + "-" + (month % 12 + 1).cast(pl.String).str.zfill(2)


def at_home(plan: Plan, block: int) -> pl.DataFrame:
    """Who lives here and draws in another city of the province, or drew there until before the household was granted the allowance here. `hidden`: the household's difficulty."""
    homes = means(plan, block).filter((pl.col("reason") == "elsewhere") | (pl.col("decoy") == "ended elsewhere")).select("household", "decoy", pl.col("difficulty").alias("hidden"))
    adults = people(plan, block).filter((pl.col("age") >= 18) & (pl.col("died").is_null() | (pl.col("member") == 0)))
    grown = adults.group_by("household", maintain_order=True).agg(pl.col("person").min().alias("first"), pl.col("person").max().alias("last"))
    who = homes.join(grown, on="household", how="inner", maintain_order="left").with_columns(pl.when(pl.col("hidden") == 2).then("last").otherwise("first").alias("person")).drop("household", "first", "last")
    rows = who.join(people(plan, block), on="person", how="inner", maintain_order="left")
    person, here = rows["person"].to_numpy(), pl.min_horizontal(month_of(granted_on(plan, rows["household"].to_numpy())), _first_month(plan))
    ended = pl.when(pl.col("decoy").is_not_null()).then(here - _drawn(plan, "until", 1, 12, person))
    cities = np.array(list(other_cities()))
    return rows.with_columns(ended.alias("until"), pl.Series("city", cities[integers(plan.seed, "other region/city", 0, len(cities), person)])).with_columns(
        (pl.coalesce("until", _first_month(plan)) - _drawn(plan, "since", 3, 60, person)).alias("since")).select(*COLUMNS)  # fmt: skip


def strangers(plan: Plan, block: int) -> pl.DataFrame:
    """Who lives in another city, and draws or drew there: named as an adult of this city by chance. Numbered below nothing, and of no household."""
    adults = people(plan, block).filter(pl.col("age") >= 18).join(means(plan, block).select("household", "draws"), on="household", how="left", maintain_order="left")
    share = np.where(adults["draws"].to_numpy(), NAMESAKES[True], NAMESAKES[False])
    like = adults.filter(pl.Series(happens(plan.seed, "other region/namesake", share, adults["person"].to_numpy())))
    person = like["person"].to_numpy()
    counties = np.array(other_counties())
    # one region, birthday and number to each: no two strangers share an id, and nobody here is of these regions
    slot = (person + plan.seed) * STRIDE % (len(counties) * DAYS * 500)
    region, number = counties[slot % len(counties)], slot // len(counties) // DAYS * 2 + (like["sex"].to_numpy() == 1)
    rows = like.select("name", "sex").with_columns(
        pl.Series("person", -1 - person), pl.lit(None, pl.Int64).alias("household"), pl.Series("region", region), pl.Series("number", number), pl.lit(0, pl.Int64).alias("hidden"),
        (pl.lit(BORN) + pl.duration(days=pl.lit(pl.Series(slot // len(counties) % DAYS)))).alias("born"),
    )  # fmt: skip
    body = rows.select(pl.col("region") + pl.col("born").dt.strftime("%Y%m%d") + pl.col("number").cast(pl.String).str.zfill(3)).to_series()
    since = _first_month(plan) - _drawn(plan, "since", -1, 60, person)
    return rows.with_columns(resident_ids(body).alias("id"), (pl.col("region").str.head(4) + "00").alias("city"), since.alias("since")).with_columns(
        (pl.col("since") + _drawn(plan, "lasts", 3, 120, person)).alias("until")).select(*COLUMNS)  # fmt: skip


def _first_month(plan: Plan) -> pl.Expr:
    return pl.lit(plan.first.year * 12 + plan.first.month - 1, pl.Int64)


def _drawn(plan: Plan, what: str, low: int, high: int, person: Ints) -> pl.Expr:
    return pl.lit(pl.Series(integers(plan.seed, f"other region/{what}", low, high, person)))


def listed(plan: Plan, block: int) -> pl.DataFrame:
    """Everybody on the list at some time, as it has them. `until`: the last month drawn, null where nothing ended it."""
    rows = pl.concat([at_home(plan, block), strangers(plan, block)])
    made = pl.concat([recorded(plan, usual(OTHER), rows).filter(pl.col("hidden") < 3), recorded(plan, WRONG, rows).filter(pl.col("hidden") == 3)])
    return made.with_columns(serials(plan, OTHER, made["person"].to_numpy(), 10)).sort("serial")


def others(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """Who has begun to draw by the month; when it ended stands there from the month after."""
    now = period.first.year * 12 + period.first.month - 1
    rows = listed(plan, part).filter(pl.col("since") <= now)
    return rows.select(
        ("BD" + pl.col("serial")).alias("比对编号"), pl.col("name").alias("姓名"), pl.col("id").alias("身份证号"), pl.col("city").alias("地区代码"), pl.col("city").replace_strict(other_cities(), return_dtype=pl.String).alias("地区"),
        month_text(pl.col("since")).alias("享受起始月"), pl.when(pl.col("until") < now).then(month_text(pl.col("until"))).alias("享受截止月"),
    )  # fmt: skip


def others_truth(plan: Plan, part: int) -> Truth:
    yield links(OTHER, listed(plan, part).with_columns(("BD" + pl.col("serial")).alias("key")), "key")


DATASETS = (
    Dataset(
        OTHER, others, csv("gb18030", delimiter="\t", preamble="江西省最低生活保障省级比对名单", footnote="注：截止月为空的，仍在享受"), "month", "snapshot", ("比对编号",), "省级比对_{period}_{part}.txt", of_blocks, 3,
        (RowFault("地区代码", "360000", "match_regex:region_code", 1, "orphan_code"), RowFault("享受起始月", "去年底", "match_regex:since_month", 2)), file_faults=(resent(1),), truth=others_truth,
    ),
)  # fmt: skip
