"""The traffic police: roads as a workbook, speeds as gzipped text, signals as JSON lines, incidents as tab-separated text, works in GB18030."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import numpy as np
import polars as pl

from jobs.sample.city.dataset import Conflicts, Dataset, RowFault, Truth, late
from jobs.sample.city.draws import chosen, happens, integers
from jobs.sample.city.events import roads
from jobs.sample.city.events.chance import one
from jobs.sample.city.events.formats import gzipped
from jobs.sample.city.events.roads import QUARTERS, Episode
from jobs.sample.city.events.scene import Scene, delivered, scene
from jobs.sample.city.events.weather import moment
from jobs.sample.city.plan import Period, Plan
from jobs.sample.city.writers import csv, excel, json_lines

KINDS = ("追尾", "车辆故障", "剐蹭", "抛洒物")
PASSAGES = 3  # passages a link, quarter and day's length that cameras keep of all: a sample, as the real store would be a thousand times this


def _roads(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    city = scene(plan)
    table = roads.links(city)
    return table.select(
        pl.col("link_id").alias("路段编号"), pl.col("road").alias("道路名称"), pl.col("from_junction").alias("起点路口"), pl.col("to_junction").alias("终点路口"),
        pl.Series("所在社区", [city.communities[c].code for c in table["place"]]), pl.col("length_m").alias("长度(米)"), pl.col("lanes").alias("车道数"), pl.col("limit_kmh").alias("限速(公里/小时)"),
        pl.when(pl.col("school") >= 0).then(pl.lit("是")).otherwise(pl.lit("否")).alias("临近学校"),
    )  # fmt: skip


@lru_cache(maxsize=2)
def _speeds_of(city: Scene, lot: int) -> tuple[np.ndarray, np.ndarray]:
    return roads.speeds(city, lot)


def _speeds(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """Every quarter of an hour from five in the morning to midnight."""
    city = scene(plan)
    speed, flow = _speeds_of(city, part)
    first, last = ((day - plan.first).days for day in (period.first, period.last))
    quarter = np.concatenate([np.arange(20, QUARTERS) + day * QUARTERS for day in range(first, last + 1)])
    ids = roads.links(city)["link_id"].to_numpy()[roads.lot_of(city, part)]
    start = dt.datetime.combine(plan.first, dt.time())
    at = pl.Series("t", [start + dt.timedelta(minutes=15 * int(q)) for q in quarter]).dt.strftime("%Y/%m/%d %H:%M")
    return pl.DataFrame({
        "LINK_ID": np.tile(ids, len(quarter)), "COLLECT_TIME": at.gather(np.repeat(np.arange(len(quarter)), len(ids))), "AVG_SPEED": speed[quarter].ravel(), "FLOW": flow[quarter].ravel().astype(np.int64),
    })  # fmt: skip


@lru_cache(maxsize=4)
def _all_signals(city: Scene) -> pl.DataFrame:
    """Changes of signal plans: every junction's plan at the start, what was changed and changed back since, and a good many harmless ones."""
    table, seed = roads.links(city), city.seed
    green = integers(seed, "signal/green", 32, 55, np.arange(table.height))
    rows = [(table["to_junction"][k], table["link_id"][k], moment(city, 0), "P1", 110, int(green[k]), "定时") for k in range(table.height)]
    for e in roads.episodes(city):
        if e.cause in ("signal_plan", "good_signal_plan") and not e.behind:
            base = int(green[e.link])
            changed = round(base * (e.capacity if e.cause == "signal_plan" else 1.12))
            rows += [(table["to_junction"][e.link], table["link_id"][e.link], moment(city, e.start / 4), "P2", 110, changed, "人工调整" if e.difficulty < 3 else "定时"), (table["to_junction"][e.link], table["link_id"][e.link], moment(city, (e.end + 1) / 4), "P1", 110, base, "定时")]
    for number in range(table.height // 2):
        k, day = one(seed, "signal/change", 0, table.height, number), one(seed, "signal/day", 0, city.days, number)
        rows.append((table["to_junction"][k], table["link_id"][k], moment(city, day * 24 + 2.5), "P1", 110, int(green[k]) + one(seed, "signal/some", -1, 2, number), "自适应"))
    return pl.DataFrame(rows, schema=["junction", "link", "at", "plan", "cycle_s", "green_s", "mode"], orient="row").unique(["link", "at"], keep="first", maintain_order=True).sort("at", "link")


def _signals(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    found = delivered(_all_signals(scene(plan)), "at", period)
    return found.select("junction", "link", pl.col("at").dt.strftime("%Y-%m-%dT%H:%M:%S").alias("changed_at"), "plan", pl.col("cycle_s").alias("timing.cycle"), pl.col("green_s").alias("timing.green"), "mode")


def _reported(city: Scene, e: Episode, number: int) -> tuple[object, ...]:
    """Some minutes after it happened; the hard ones are put down for the link before."""
    link = e.link - 1 if e.difficulty == 3 and e.link % roads.CORRIDOR else e.link
    begun = moment(city, e.start / 4 + one(city.seed, "incident/minutes", 0, 9, number) / 60)
    return f"SG{number:06d}", roads.links(city)["link_id"][link], begun, begun + dt.timedelta(minutes=one(city.seed, "incident/report", 3, 16, number)), moment(city, (e.end + 1) / 4), KINDS[number % 4], 1 if e.capacity < 0.5 else 0


@lru_cache(maxsize=4)
def _all_incidents(city: Scene) -> pl.DataFrame:
    """Those that block the way, and three times as many that do not: at night, or off the road at once."""
    table = roads.links(city)
    rows = [_reported(city, e, number) for number, e in enumerate(e for e in roads.episodes(city) if e.cause == "incident")]
    for number in range(len(rows), 4 * len(rows)):
        link, day = one(city.seed, "incident/link", 0, table.height, number), one(city.seed, "incident/day", 0, city.days, number)
        begun = moment(city, day * 24 + (one(city.seed, "incident/night", 0, 5, number) if number % 2 else one(city.seed, "incident/noon", 10, 16, number)) + 0.3)
        rows.append((f"SG{number:06d}", table["link_id"][link], begun, begun + dt.timedelta(minutes=4), begun + dt.timedelta(minutes=9 + number % 5), KINDS[number % 4], 0))
    names = ("INC_NO", "LINK_ID", "HAPPEN", "REPORT", "CLEAR", "TYPE", "LANES")
    return pl.DataFrame(rows, schema=names, orient="row").sort("HAPPEN", "INC_NO")


def _incidents(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    found = delivered(_all_incidents(scene(plan)), "HAPPEN", period)
    return found.with_columns(pl.col(name).dt.strftime("%Y%m%d%H%M") for name in ("HAPPEN", "REPORT", "CLEAR"))


@lru_cache(maxsize=4)
def _all_works(city: Scene) -> pl.DataFrame:
    table, rows = roads.links(city), []
    kinds = {"works": "全天占道", "night_works": "夜间施工"}
    for number, e in enumerate(e for e in roads.episodes(city) if e.cause in kinds):
        what = "抢修" if e.behind else ("管网施工", "路面维修", "绿化施工")[number % 3]
        rows.append((f"ZD{number:05d}", table["link_id"][e.link], what, moment(city, e.start / 4).date(), moment(city, e.end / 4).date(), kinds[e.cause], 0 if e.cause == "night_works" else max(1, int(table["lanes"][e.link]) // 2)))
    return pl.DataFrame(rows, schema=["许可编号", "路段编号", "施工内容", "开始日期", "结束日期", "占道方式", "占用车道数"], orient="row").sort("开始日期", "许可编号")


def _works(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    return delivered(_all_works(scene(plan)), "开始日期", period)


def _passages(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """A sample of vehicles that cameras saw: as many an hour as flowed, with the plates of the city's vehicles and of strangers."""
    city, day = scene(plan), period.index
    _, flow = _speeds_of(city, part)
    of = roads.lot_of(city, part)
    seen = flow[day * QUARTERS : (day + 1) * QUARTERS]
    cell = np.arange(seen.size) + day * 10_000_000
    there = happens(plan.seed, "camera/seen", np.clip(seen.ravel() / 400, 0, 0.5), cell, int(of[0]))
    quarter, link = np.nonzero(there.reshape(seen.shape))
    serial = np.flatnonzero(there) + day * 10_000_000
    vehicle = integers(plan.seed, "camera/vehicle", 0, max(200, plan.people // 3), serial, int(of[0]))
    stranger = happens(plan.seed, "camera/stranger", 0.12, serial, int(of[0]))
    second = integers(plan.seed, "camera/second", 0, 900, serial, int(of[0]))
    start = dt.datetime.combine(city.day(day), dt.time())
    province = np.array(list("粤浙湘鄂皖闽"))[chosen(plan.seed, "camera/province", (3, 3, 2, 2, 1, 1), vehicle)]
    at = [start + dt.timedelta(seconds=int(q) * 900 + int(s)) for q, s in zip(quarter, second, strict=True)]
    plate = [f"{p}{'ABCDE'[v % 5]}{v:05d}" if away else f"赣A{v:05d}" for p, away, v in zip(province, stranger, vehicle.tolist(), strict=True)]
    ids = roads.links(city)["link_id"].to_numpy()[of[link]]
    return pl.DataFrame({"KKBH": [f"K{name[1:]}" for name in ids], "LINK_ID": ids, "HPHM": plate, "GCSJ": [f"{t:%Y-%m-%d %H:%M:%S}" for t in at]}).sort("GCSJ", "KKBH", "HPHM")


def _truth(plan: Plan, part: int) -> Truth:
    yield "congestion", roads.truth(scene(plan))


def _lots(plan: Plan) -> int:
    return roads.lots(scene(plan))


DATASETS = (
    Dataset("traffic.road", _roads, excel("路段", "城市道路路段表"), "once", "snapshot", ("路段编号",), file="路段.xlsx", truth=_truth),
    Dataset("traffic.link_speed", _speeds, gzipped(csv(line_end="\n")), "month", "increment", ("LINK_ID", "COLLECT_TIME"), file="speed_{part}.csv.gz", parts=_lots, conflicts=Conflicts("FLOW", lambda shown: shown + 1, "compound_columns_to_be_unique:link_id+began_at")),
    Dataset("traffic.signal_log", _signals, json_lines(), "month", "increment", ("link", "changed_at"), file="signal.jsonl"),
    Dataset("traffic.incident", _incidents, csv(delimiter="\t"), "month", "increment", ("INC_NO",), file="incident.tsv"),
    Dataset("traffic.works", _works, csv("gb18030", preamble="占道施工许可台账"), "month", "increment", ("许可编号",), file="占道施工.csv"),
    Dataset("traffic.camera_passage", _passages, csv(line_end="\n"), "day", "events", file="passage_{part}.csv", parts=_lots, row_faults=(RowFault("HPHM", "无牌", "match_regex:plate", 2),), file_faults=(late(3, 5),)),
)  # fmt: skip
