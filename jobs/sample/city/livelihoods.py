"""What people live on: work, wages, pensions, cars and dwellings, and from that who qualifies for the minimum living allowance (低保) and who draws it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import polars as pl

from jobs.sample.city.draws import chosen, happens, integers, normal, uniform
from jobs.sample.city.people import households, people
from jobs.sample.city.plan import Plan

# sectors of GB/T 4754 with their share of jobs and mean wage a month (CNY); shares as in the 2023 economic census, rounded
SECTORS = (
    ("C", "制造业", 0.27, 6200), ("F", "批发和零售业", 0.19, 5100), ("E", "建筑业", 0.13, 5600), ("G", "交通运输、仓储和邮政业", 0.05, 6600), ("H", "住宿和餐饮业", 0.05, 4300),
    ("I", "信息传输、软件和信息技术服务业", 0.05, 9800), ("J", "金融业", 0.03, 10200), ("K", "房地产业", 0.04, 5400), ("L", "租赁和商务服务业", 0.09, 5500), ("O", "居民服务、修理和其他服务业", 0.03, 4600),
    ("P", "教育", 0.04, 7600), ("Q", "卫生和社会工作", 0.03, 8200),
)  # fmt: skip
CODES, SHARES, WAGES = [s[0] for s in SECTORS], [s[2] for s in SECTORS], np.array([s[3] for s in SECTORS])
STANDARD = {True: 915, False: 725}  # CNY a person and month, in streets and in the country: who has less qualifies
POOR = 0.045  # households that misfortune has struck: illness, disability, no work
ELSEWHERE = 0.05  # of the households that draw and have nothing else against them: draw in another city of the province too; as many drew there before
PEOPLE_AN_EMPLOYER = 40


@lru_cache(maxsize=4)
def work(plan: Plan, block: int) -> pl.DataFrame:
    """One row a person of people(), in its order.

    status (infant, pupil, student, employed, informal, retired, none), employer (number or null), sector (code or null), wage and pension (CNY a month).
    """
    rows = people(plan, block)
    homes = households(plan, block)
    person, age, home = rows["person"].to_numpy(), rows["age"].to_numpy(), rows["household"].to_numpy()
    seed, male = plan.seed, rows["sex"].to_numpy() == 1
    poor = happens(seed, "household/poor", POOR, home)
    retires = np.where(male, 60, 55)
    rate = np.where(age < 24, 0.55, np.where(male, 0.86, 0.70)) * np.where(poor, 0.12, 1.0)
    works = (age >= 18) & (age < retires) & happens(seed, "person/works", rate, person)
    formal = works & happens(seed, "person/formal", 0.68, person)
    status = np.select([age < 3, age < 18, (age < 22) & ~works, formal, works, age >= retires], ["infant", "pupil", "student", "employed", "informal", "retired"], "none")
    at = chosen(seed, "person/sector", SHARES, person)
    wage = WAGES[at] * np.maximum(0.45, normal(seed, "person/wage", 1.0, 0.28, person)) * np.where(male, 1.05, 0.93)
    wage = np.where(works, np.where(formal, wage, wage * 0.62), 0.0)
    employers = max(plan.people // PEOPLE_AN_EMPLOYER, 20)
    employer = (employers * uniform(seed, "person/employer", person) ** 2.2).astype(np.int64)  # few large ones
    pension = np.where((age >= retires) & happens(seed, "person/pension", np.where(poor, 0.1, 0.9), person), normal(seed, "person/pension height", 3100, 800, person), np.where(age >= 60, 180.0, 0.0))
    return pl.DataFrame({
        "person": person, "household": home, "status": status, "employer": pl.Series(employer).set(pl.Series(~formal), None), "sector": pl.Series(np.array(CODES)[at]).set(pl.Series(~works), None),
        "wage": (np.round(wage / 10) * 10).astype(np.int64), "pension": (np.round(np.maximum(pension, 0) / 10) * 10).astype(np.int64), "poor": poor,
    }).join(homes.select("household", "street"), on="household", how="left", maintain_order="left")  # fmt: skip


@lru_cache(maxsize=4)
def means(plan: Plan, block: int) -> pl.DataFrame:
    """One row a household: persons, income (CNY a month), urban, standard, cars, dwellings, dead_recipient, qualifies, draws, reason, decoy, difficulty.

    `reason` why one who draws does not qualify: car, second dwelling, wages, dead, elsewhere (draws in another city too). `decoy`: looks like one of them and qualifies (an old motor
    tricycle, a shared inherited dwelling, a student's summer wages, an allowance elsewhere that ended before). `difficulty`: 1 in the head's own name, 2 in another member's, 3 under a
    record that is wrongly written.
    """
    homes, seed = households(plan, block), plan.seed
    sums = work(plan, block).group_by("household", maintain_order=True).agg(
        pl.len().alias("persons"), (pl.col("wage") + pl.col("pension")).sum().alias("income"), pl.col("poor").first(), (pl.col("status") == "employed").any().alias("any_wage"))  # fmt: skip
    rows = homes.select("household", "migrant", pl.col("street").str.ends_with("街道").alias("urban")).join(sums, on="household", how="left", maintain_order="left").with_columns(pl.col("persons").fill_null(0))
    ids = rows["household"].to_numpy()
    standard = np.where(rows["urban"].to_numpy(), STANDARD[True], STANDARD[False])
    # who is not struck by misfortune and earns nothing lives on savings, rents and relatives, as far as anybody's file tells
    support = np.where(rows["poor"].fill_null(False).to_numpy(), 0, 1300)
    per_head = (rows["income"].fill_null(0) / rows["persons"].clip(1)).to_numpy() + support
    local = ~rows["migrant"].to_numpy() & (rows["persons"] > 0).to_numpy()
    below = local & (per_head < standard)
    car_rate = np.where(below, 0.03, np.clip(per_head / 9000, 0.05, 0.85))
    cars = happens(seed, "household/car", car_rate, ids).astype(np.int64)
    dwellings = np.where(local, 1 + happens(seed, "household/second dwelling", np.where(below, 0.02, 0.16), ids), happens(seed, "household/owns", 0.22, ids)).astype(np.int64)
    qualifies = below & (cars == 0) & (dwellings < 2)
    # who draws: most who qualify, and some who do not (no longer): they hide a car, a dwelling or wages, or are dead
    wrongly = local & ~qualifies & happens(seed, "household/draws wrongly", np.where(below, 0.6, np.where(per_head < 2.5 * standard, 0.03, 0.001)), ids)
    reason = np.where(cars > 0, "car", np.where(dwellings > 1, "second dwelling", "wages"))
    dead = qualifies & happens(seed, "household/dead", 0.03, ids)
    draws = (qualifies & happens(seed, "household/draws", 0.86, ids)) | wrongly
    decoy = qualifies & happens(seed, "household/decoy", 0.12, ids)
    kinds = np.array(["motor tricycle", "inherited share", "student wages"])[integers(seed, "household/decoy kind", 0, 3, ids)]
    unlike = draws & qualifies & ~dead & ~decoy
    elsewhere = unlike & happens(seed, "household/draws elsewhere", ELSEWHERE, ids)
    before = unlike & ~elsewhere & happens(seed, "household/drew elsewhere", ELSEWHERE, ids)
    text = pl.Series(np.select([wrongly, dead & draws, elsewhere], [reason, "dead", "elsewhere"], "")).replace("", None)
    return rows.select("household", "persons", (pl.col("income").fill_null(0) + pl.lit(pl.Series(support)) * pl.col("persons")).alias("income"), "urban").with_columns(
        pl.Series("standard", standard), pl.Series("cars", cars), pl.Series("dwellings", dwellings), pl.Series("qualifies", qualifies & ~(dead & draws) & ~elsewhere), pl.Series("draws", draws), text.alias("reason"),
        pl.Series("decoy", np.select([decoy, before], [kinds, "ended elsewhere"], "")).replace("", None), pl.Series("difficulty", 1 + chosen(seed, "household/difficulty", [5, 3, 2], ids)),
    )  # fmt: skip
