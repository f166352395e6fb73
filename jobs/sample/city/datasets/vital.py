"""Public security and the departments it hears from: deaths, moves, vehicles."""

from __future__ import annotations

import numpy as np
import polars as pl

from jobs.sample.city.dataset import Dataset, Repeats, RowFault, Truth, empty, of_blocks, resent, wrong_encoding
from jobs.sample.city.divisions import communities
from jobs.sample.city.draws import chosen, integers
from jobs.sample.city.livelihoods import means
from jobs.sample.city.people import households, people
from jobs.sample.city.plan import Period, Plan
from jobs.sample.city.recording import hasty, links, recorded, serials, usual
from jobs.sample.city.writers import csv, fixed_width, json_lines

DEATH, MOVE, VEHICLE = "public_security.death", "public_security.move", "public_security.vehicle"
CAUSES, CAUSE_SHARES = ("循环系统疾病", "肿瘤", "呼吸系统疾病", "损伤和中毒", "内分泌营养代谢疾病", "其他"), (46.0, 24.0, 9.0, 6.0, 4.0, 11.0)
CITY_LETTERS = "AMBCDEFGHJKL"  # 赣A and 赣M are the city's; a made-up one of over 17 million people needs more
PLATE_LETTERS, MAKES = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", ("大众", "比亚迪", "丰田", "吉利", "长安", "本田", "五菱", "江铃", "奇瑞", "特斯拉")


def deceased(plan: Plan, block: int) -> pl.DataFrame:
    """Who died, and in the first days those who draw an allowance and are dead: nobody has told the register (`unnoticed`)."""
    rows = people(plan, block)
    drawing = means(plan, block).filter(pl.col("reason") == "dead").select("household", pl.lit(True).alias("unnoticed"))
    told = rows.join(drawing, on="household", how="left", maintain_order="left").with_columns(pl.col("unnoticed").fill_null(False) & (pl.col("member") == 0))
    day = pl.when(pl.col("unnoticed")).then(pl.lit(plan.first)).otherwise(pl.col("died"))
    here = told.with_columns(day.alias("died")).filter(pl.col("died").is_not_null())
    return recorded(plan, usual(DEATH), here).with_columns(serials(plan, DEATH, here["person"].to_numpy(), 9))


def deaths(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    rows = deceased(plan, part).filter(pl.col("died").is_between(period.first, period.last))
    cause = chosen(plan.seed, "death/cause", CAUSE_SHARES, rows["person"].to_numpy())
    return rows.select(
        ("SW" + pl.col("serial")).alias("certificate"), pl.col("name"), pl.col("id").alias("resident_id"), pl.col("sex").replace_strict({1: "M", 2: "F"}).alias("sex"),
        pl.col("born").alias("born_on"), pl.col("died").dt.strftime("%Y-%m-%d").alias("died_on"), pl.Series("cause", np.array(CAUSES)[cause]),
    )  # fmt: skip


def deaths_truth(plan: Plan, part: int) -> Truth:
    yield links(DEATH, deceased(plan, part).with_columns(("SW" + pl.col("serial")).alias("key")), "key")


def moves(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """Households that moved within the city; some are migrants, whom no register here knew before."""
    homes = households(plan, part).filter(pl.col("moved_on").is_between(period.first, period.last))
    heads = people(plan, part).filter(pl.col("member") == 0).select("household", "id", "name")
    names = communities()["code"]
    ids = homes["household"].to_numpy()
    why = np.array(["购房", "租房", "工作调动", "投靠亲属", "拆迁"])[chosen(plan.seed, "move/why", [30, 34, 18, 10, 8], ids)]
    return homes.with_columns(names.gather(homes["old_community"]).alias("before"), names.gather(homes["community"]).alias("after"), pl.Series("why", why)).join(
        heads, on="household", how="inner", maintain_order="left").select(
        (pl.lit("Q") + pl.col("household").cast(pl.String).str.zfill(10)).alias("迁移证编号"), pl.col("id").alias("户主身份证号"), pl.col("name").alias("户主姓名"), pl.col("before").alias("迁出社区"),
        pl.col("after").alias("迁入社区"), pl.col("moved_on").dt.strftime("%Y/%m/%d").alias("迁移日期"), pl.col("size").alias("人数"), pl.col("why").alias("原因"),
    )  # fmt: skip


def owners(plan: Plan, block: int) -> pl.DataFrame:
    """Vehicles and who owns them: one row a car, and the motor tricycles of households that look as if they had one. `difficulty` 2: another member owns it."""
    cars = means(plan, block).filter((pl.col("cars") > 0) | (pl.col("decoy") == "motor tricycle")).select("household", "decoy", "cars", pl.col("difficulty").alias("hidden"))
    adults = people(plan, block).filter(pl.col("age") >= 18)
    other = adults.group_by("household", maintain_order=True).agg(pl.col("person").sort_by("member").last().alias("last"), pl.col("person").sort_by("member").first().alias("first"))
    who = cars.join(other, on="household", how="inner", maintain_order="left").with_columns(pl.when(pl.col("hidden") == 2).then("last").otherwise("first").alias("person"))
    named = who.select("person", "decoy", "cars").join(adults, on="person", how="inner", maintain_order="left")
    return recorded(plan, hasty(VEHICLE), named).with_columns(_plates(plan, named["person"].to_numpy()))


def _plates(plan: Plan, person: np.ndarray) -> pl.Series:
    """Five letters and digits, 34 to the fifth power of them for each letter of the city, given out so that no two are the same."""
    many = len(PLATE_LETTERS) ** 5
    number = (person * 7_654_321 + plan.seed * 101) % many  # 7,654,321 and 34 have no factor in common: persons of one letter get different ones
    signs, made = np.array(list(PLATE_LETTERS)), np.char.add("赣", np.array(list(CITY_LETTERS))[person // many])
    for _ in range(5):
        made, number = np.char.add(made, signs[number % len(PLATE_LETTERS)]), number // len(PLATE_LETTERS)
    return pl.Series("plate", made)


def vehicles(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    rows = owners(plan, part)
    person = rows["person"].to_numpy()
    kind = pl.when(pl.col("cars") > 0).then(pl.lit("小型汽车")).otherwise(pl.lit("三轮摩托"))
    since = integers(plan.seed, "vehicle/registered", 0, 4000, person)
    return rows.select(
        pl.col("plate"), kind.alias("kind"), pl.Series("make", np.array(MAKES)[integers(plan.seed, "vehicle/make", 0, len(MAKES), person)]), pl.col("id").alias("owner_id"), pl.col("name").alias("owner"),
        (pl.lit(plan.first) - pl.duration(days=pl.lit(pl.Series(since)))).dt.strftime("%Y%m%d").alias("registered_on"), pl.lit("正常").alias("state"),
    )  # fmt: skip


def vehicles_truth(plan: Plan, part: int) -> Truth:
    yield links(VEHICLE, owners(plan, part).with_columns(pl.col("plate").alias("key")), "key")


WIDTHS = {"plate": 10, "kind": 10, "make": 10, "owner_id": 18, "owner": 12, "registered_on": 8, "state": 6}
DATASETS = (
    Dataset(DEATH, deaths, json_lines(), "month", "increment", ("certificate",), "deaths_{period}_{part}.jsonl", of_blocks, 8, file_faults=(empty(0),), truth=deaths_truth),
    Dataset(MOVE, moves, csv("utf-8", bom=True), "month", "increment", ("迁移证编号",), "迁移_{part}.csv", of_blocks, 3, (RowFault("人数", "三口", "castable:persons", 1),), Repeats(1), (resent(0), wrong_encoding(1, "utf-8-sig", "gb18030"))),
    Dataset(
        VEHICLE, vehicles, fixed_width(WIDTHS), "month", "snapshot", ("plate",), "VEH{part:04d}.txt", of_blocks, 1,
        (RowFault("registered_on", "20251340", "castable:registered_on", 3), RowFault("state", "？", "in_set:state", 2, "orphan_code")), truth=vehicles_truth,
    ),
)  # fmt: skip
