"""What people say and where they go: posts as JSON lines, consultations as JSON and an SQL dump, emergencies as text with |, venues and visits as CSV for Excel."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from jobs.sample.city.dataset import Dataset, Repeats, RowFault, Truth, empty
from jobs.sample.city.draws import chosen, integers, normal
from jobs.sample.city.events import voices
from jobs.sample.city.events.chance import between
from jobs.sample.city.events.formats import mysql_dump
from jobs.sample.city.events.happenings import happenings
from jobs.sample.city.events.scene import Scene, delivered, scene, shares
from jobs.sample.city.events.weather import moment, rain
from jobs.sample.city.plan import Period, Plan
from jobs.sample.city.writers import csv, json_document, json_lines

VENUES = (("图书馆", 6, 400), ("博物馆", 4, 900), ("文化馆", 6, 250), ("体育馆", 5, 700), ("美术馆", 3, 300), ("剧院", 3, 500))
CALL_COLUMNS = ("接警单号", "接警时间", "警情类别", "社区代码", "报警电话")


def _posts(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    city = scene(plan)
    found = voices.posts(city, period.index)
    return found.select(
        pl.Series("mid", [f"{period.first:%Y%m%d}{k:07d}" for k in range(found.height)], dtype=pl.String), "platform", pl.col("author").alias("user.id"), pl.col("at").dt.strftime("%a %b %d %H:%M:%S +0800 %Y").alias("created_at"),
        "text", pl.Series("geo.district", [city.districts[d][1] for d in found["district"]], dtype=pl.String), pl.col("likes").alias("attitudes_count"),
    )  # fmt: skip


def _post_truth(plan: Plan, part: int) -> Truth:
    city = scene(plan)
    yield "mood", voices.mood_truth(city)


def _policies(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    table = voices.policies(scene(plan)).filter(pl.col("from") <= period.last)
    replied = [str(to + dt.timedelta(days=days)) if days and to + dt.timedelta(days=days) <= period.last else None for to, days in zip(table["to"], table["replied_days"], strict=True)]
    return table.select("policy_id", "title", pl.col("from").cast(pl.String).alias("period.start"), pl.col("to").cast(pl.String).alias("period.end"), pl.Series("reply.published", replied, dtype=pl.String))


def _comments(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    return delivered(voices.comments(scene(plan)), "at", period).select("comment_no", "policy_id", pl.col("at").cast(pl.String).alias("created"), "district", "vote", "text")


def _policy_truth(plan: Plan, part: int) -> Truth:
    yield "policy_position", voices.policy_truth(scene(plan))


def _in_period(plan: Plan, period: Period) -> pl.DataFrame:
    first, last = ((day - plan.first).days * 24 for day in (period.first, period.last))
    return voices.emergencies(scene(plan)).filter(pl.col("hour").is_between(first, last + 24, closed="left"))


def _calls(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    city, found = scene(plan), _in_period(plan, period)
    at = [f"{moment(city, hour):%Y-%m-%d %H:%M:%S}" for hour in found["hour"]]
    values = (found["call_no"].to_list(), at, [voices.CALLS[k][0] for k in found["kind"]], [city.communities[c].code for c in found["place"]], found["phone"].to_list())
    return pl.DataFrame(dict(zip(CALL_COLUMNS, values, strict=True)), schema_overrides=dict.fromkeys(CALL_COLUMNS, pl.String))


def _dispatches(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    city, found, rows = scene(plan), _in_period(plan, period), []
    for r in found.iter_rows(named=True):
        sent = r["hour"] + r["ready_min"] / 60
        rows.append((f"CJ{r['call_no'][2:]}", r["call_no"], f"{('消防', '救护', '巡特警', '综合')[r['kind']]}{r['unit']:02d}", *(f"{moment(city, hour):%Y-%m-%dT%H:%M:%S}" for hour in (sent, sent + r["way_min"] / 60))))
    return pl.DataFrame(rows, schema=dict.fromkeys(("dispatchId", "callNo", "unit", "times.dispatched", "times.arrived"), pl.String), orient="row")


def _call_truth(plan: Plan, part: int) -> Truth:
    yield "emergency_event", voices.call_truth(scene(plan))


def _venues_of(city: Scene) -> pl.DataFrame:
    kinds = [(kind, capacity) for kind, number, capacity in VENUES for _ in range(number)]
    of = np.arange(len(kinds))
    place = chosen(city.seed, "venue/place", shares(city), of)
    return pl.DataFrame({
        "number": of, "venue_id": [f"WH{k:04d}" for k in of], "name": [f"{city.communities[c].street}{kind}" for c, (kind, _) in zip(place, kinds, strict=True)], "kind": [kind for kind, _ in kinds], "place": place,
        "capacity": [capacity for _, capacity in kinds], "subsidy_wan": np.round(between(city.seed, "venue/subsidy", 20, 300, of), 1),
    })  # fmt: skip


def _venues(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    city = scene(plan)
    table = _venues_of(city)
    return table.select(pl.col("venue_id").alias("场馆编号"), pl.col("name").alias("场馆名称"), pl.col("kind").alias("类型"), pl.Series("社区代码", [city.communities[c].code for c in table["place"]]), pl.col("capacity").alias("日承载量(人)"), pl.col("subsidy_wan").alias("年度补助(万元)"))


def _visits(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """Visitors a day: fewer on Mondays when most are closed, more in the rain, and many more where something great goes on."""
    city, table, found = scene(plan), _venues_of(scene(plan)), []
    capacity, place = table["capacity"].to_numpy(), table["place"].to_numpy()
    district = np.array([city.communities[c].district for c in place])
    for day in range((period.first - plan.first).days, (period.last - plan.first).days + 1):
        weekday = city.day(day).weekday()
        wet = rain(city)[day * 24 : day * 24 + 24].sum() / len(city.districts) > 8
        share = 0.06 if weekday == 0 else 0.65 if weekday >= 5 else 0.33
        great = np.isin(district, [h.district for h in happenings(city) if h.kind == "gathering" and h.start // 24 == day]) * 0.35
        visitors = np.maximum(0, capacity * (share * (1.12 if wet else 1) + great) * np.maximum(0.1, normal(plan.seed, "venue/day", 1, 0.2, table["number"].to_numpy(), day)))
        found.append(pl.DataFrame({"场馆编号": table["venue_id"], "日期": [f"{city.day(day)}"] * table.height, "入馆人次": np.rint(visitors).astype(np.int64), "预约人次": np.rint(visitors * (0.3 + 0.1 * integers(plan.seed, "venue/booked", 0, 6, table["number"].to_numpy(), day))).astype(np.int64)}))
    return pl.concat(found)


POST_FAULTS = (RowFault("attitudes_count", -1, "between:likes", 1, "missing_code"), RowFault("platform", "论坛", "in_set:platform", 1, "orphan_code"))
DATASETS = (
    Dataset("social.post", _posts, json_lines(), "day", "events", file="posts.jsonl", row_faults=POST_FAULTS, file_faults=(empty(2),), truth=_post_truth),
    Dataset("consultation.policy", _policies, json_document("policies"), "month", "snapshot", ("policy_id",), file="policies.json"),
    Dataset("consultation.comment", _comments, mysql_dump("policy_comment"), "month", "increment", ("comment_no",), file="policy_comment.sql", row_faults=(RowFault("vote", "中立", "in_set:vote", 2, "orphan_code"),), truth=_policy_truth),
    Dataset("emergency.call", _calls, csv(delimiter="|", encoding="gb18030"), "month", "increment", ("接警单号",), file="接警单.txt", row_faults=(RowFault("报警电话", "无", "match_regex:phone", 2),), repeats=Repeats(3), truth=_call_truth),
    Dataset("emergency.dispatch", _dispatches, json_document("result.list", {"code": 0}), "month", "increment", ("dispatchId",), file="dispatch.json"),
    Dataset("culture.venue", _venues, csv(bom=True), "year", "snapshot", ("场馆编号",), file="场馆.csv"),
    Dataset("culture.visit", _visits, csv(bom=True), "month", "increment", ("场馆编号", "日期"), file="入馆.csv", row_faults=(RowFault("入馆人次", "约三百", "castable:visitors", 2),)),
)  # fmt: skip
