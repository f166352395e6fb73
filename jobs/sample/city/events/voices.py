"""What people write, say and decide in public: posts with their mood, comments on policies, calls to the emergency line."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import numpy as np
import polars as pl

from jobs.sample.city.draws import Floats, chosen, happens, hashes, integers, normal, uniform
from jobs.sample.city.events.chance import between, exponential, poisson, wave
from jobs.sample.city.events.happenings import happenings
from jobs.sample.city.events.scene import Scene, district_of, shares

POSTS_A_PERSON_AND_DAY = 0.012  # of those that a city's monitoring collects with a place
TOPICS = ("天气", "美食", "交通", "工作", "学校", "房子", "看病", "城事")
SAID = {
    1: ("今天心情不错，{t}真好", "{t}挺满意的，点赞👍", "周末愉快，{t}很棒"), 0: ("路过，看看{t}", "{t}就那样吧", "有人知道{t}的消息吗"), -1: ("{t}太让人失望了", "又是{t}，烦死了😡", "{t}没人管吗"),
    -2: ("呵呵，{t}真是“太好了”", "感谢{t}让我又等了两小时", "{t}可真会安排"),
}  # fmt: skip  # -2: irony, words of joy for the opposite
EVENT_WORDS = {"flood": "路上的积水", "power_outage": "停电", "pipe_burst": "停水", "foul_air": "刺鼻的气味", "gathering": "演唱会", "planned_outage": "检修停电"}


@lru_cache(maxsize=4)
def mood(city: Scene) -> Floats:
    """From -1 to 1, hours × districts: the hour, the weekend, spells that come and go, and what happens there (half as strong next door)."""
    hour, places = np.arange(city.days * 24), np.arange(len(city.districts))
    weekend = np.array([city.day(d).weekday() >= 5 for d in range(city.days)]).repeat(24)
    spell = np.interp(hour, np.arange(0, len(hour) + 60, 60), normal(city.seed, "mood/spell", 0, 0.08, np.arange(len(range(0, len(hour) + 60, 60)))))
    found = 0.12 + 0.06 * wave(hour, 24, 20) + 0.05 * weekend + spell
    level = np.repeat(found[:, None], len(places), axis=1) + normal(city.seed, "mood/place", 0, 0.04, places)[None, :]
    for h in happenings(city):
        end = min(len(hour), h.start + h.hours + 4)
        level[h.start : end, h.district] += h.mood * 0.8
    return np.asarray(np.round(np.clip(level, -1, 1), 3), np.float64)


def posts(city: Scene, day: int) -> pl.DataFrame:
    """Posts of a day, in order of time. `event`: the happening they are about (null: none). One in ten of the angry ones is ironic."""
    people, clock = np.array([shares(city)[district_of(city) == d].sum() for d in range(len(city.districts))]) * city.people, np.arange(24)
    daily = np.maximum(0.05, 1 + 0.9 * wave(clock, 24, 21))
    mean = people[None, :] * POSTS_A_PERSON_AND_DAY / 24 * daily[:, None]
    cell = np.arange(mean.size) + day * 100_000
    at = np.repeat(np.arange(mean.size), poisson(city.seed, "post/count", mean.ravel(), cell))
    frames = [_written(city, day, "post", at // len(people), at % len(people), np.arange(len(at)), None)]
    for h in happenings(city):
        hours = np.arange(max(h.start, day * 24), min(h.start + h.hours + 5, day * 24 + 24))
        if len(hours):
            at = np.repeat(hours, poisson(city.seed, f"post/{h.id}", city.people / 1000 * h.calls * 0.8, hours))
            frames.append(_written(city, day, f"post/{h.id}", at - day * 24, np.full(len(at), h.district), np.arange(len(at)), h.id))
    return pl.concat(frames).sort("at", "author", "key")


def _written(city: Scene, day: int, stream: str, hour: np.ndarray, district: np.ndarray, of: np.ndarray, event: str | None) -> pl.DataFrame:
    seed, key = city.seed, of + day * 10_000_000
    felt = normal(seed, f"{stream}/felt", mood(city)[day * 24 + hour, district], 0.45, key)
    sign = np.where(felt > 0.25, 1, np.where(felt < -0.15, -1, 0))
    ironic = (sign == -1) & happens(seed, f"{stream}/ironic", 0.1, key)
    which, topic = integers(seed, f"{stream}/words", 0, 3, key), integers(seed, f"{stream}/topic", 0, len(TOPICS), key)
    kind = event.split("-")[1] if event else ""
    word = EVENT_WORDS["power_outage" if kind == "outage" else kind] if event else None
    said = [SAID[-2 if i else int(s)][w].format(t=word or TOPICS[t]) for s, i, w, t in zip(sign, ironic, which, topic, strict=True)]
    start = dt.datetime.combine(city.day(day), dt.time())
    second = integers(seed, f"{stream}/second", 0, 3600, key)
    return pl.DataFrame({
        "key": hashes(seed, f"{stream}/key", key), "at": [start + dt.timedelta(hours=int(h), seconds=int(s)) for h, s in zip(hour, second, strict=True)], "district": district.astype(np.int64),
        "author": [f"u{a % 10**9:09d}" for a in hashes(seed, f"{stream}/author", key).tolist()], "text": said, "platform": np.array(["微博", "微信公众号", "抖音"])[chosen(seed, f"{stream}/platform", (5, 2, 3), key)],
        "likes": np.rint(exponential(seed, f"{stream}/likes", 6, key)).astype(np.int64), "event": pl.Series([event] * len(of), dtype=pl.String),
    }, schema_overrides={"at": pl.Datetime("us"), "text": pl.String, "author": pl.String, "key": pl.UInt64})  # fmt: skip


def mood_truth(city: Scene) -> pl.DataFrame:
    """A row an hour and district. `event_ids`: what weighed on it; hours without are easy, faint happenings hard."""
    hours, places = np.indices(mood(city).shape)
    behind: dict[tuple[int, int], list[str]] = {}
    hard: dict[tuple[int, int], int] = {}
    for h in happenings(city):
        for hour in range(h.start, min(city.days * 24, h.start + h.hours + 4)):
            behind.setdefault((hour, h.district), []).append(h.id)
            hard[hour, h.district] = max(h.difficulty, hard.get((hour, h.district), 1))
    start = dt.datetime.combine(city.first, dt.time())
    keys = list(zip(hours.ravel().tolist(), places.ravel().tolist(), strict=True))
    return pl.DataFrame({
        "hour": [start + dt.timedelta(hours=h) for h, _ in keys], "district": [city.districts[d][1] for _, d in keys], "mood": mood(city).ravel(), "event_ids": [behind.get(key, []) for key in keys],
        "difficulty": [hard.get(key, 1) for key in keys], "decoy": np.zeros(len(keys), np.bool_),
    }, schema_overrides={"event_ids": pl.List(pl.String)})  # fmt: skip


POLICIES = (
    ("调整公交线网", ("班次减少担心老人出行", "支持，线路更合理", "希望保留夜班车")), ("中心城区停车收费", ("收费太高", "支持，缓解乱停车", "先增加泊位再收费")), ("老旧小区加装电梯补贴", ("一楼住户要补偿", "支持，老人上下楼方便", "补贴标准太低")),
    ("居民电价分时", ("上班族用不到谷价", "支持错峰用电", "增加了老人负担")), ("河道禁钓", ("划定垂钓区更好", "支持，保护水质", "执法要有依据")), ("中小学课后服务", ("收费要透明", "支持，解决接送难", "老师负担太重")),
)  # fmt: skip
COMMENTS = 14  # a policy and 1,000 people, 12 at least


@lru_cache(maxsize=4)
def policies(city: Scene) -> pl.DataFrame:
    """Consultations: half of them before the first day. `support`: share of the people who are for it; `replied_days`: days to the official reply, null where none came."""
    of = np.arange(18)
    begun = integers(city.seed, "policy/begun", -120, max(1, city.days - 12), of)
    replied = integers(city.seed, "policy/replied", 5, 60, of)
    return pl.DataFrame({
        "number": of, "policy_id": [f"ZX{city.first.year}{k + 1:03d}" for k in of], "title": [f"关于{POLICIES[k % 6][0]}的实施方案（第{k // 6 + 1}稿）" for k in of], "topic": of % 6,
        "from": [city.day(int(d)) for d in begun], "to": [city.day(int(d) + 14 + int(k) % 3 * 8) for d, k in zip(begun, of, strict=True)], "support": np.round(between(city.seed, "policy/support", 0.15, 0.85, of), 3),
        "replied_days": [int(r) if keeps else None for r, keeps in zip(replied, happens(city.seed, "policy/keeps", 0.7, of), strict=True)], "campaign": of % 5 == 4,
    })  # fmt: skip


@lru_cache(maxsize=4)
def comments(city: Scene) -> pl.DataFrame:
    """Comments with a vote: those against are readier to write, and in campaigns one text is sent many times."""
    frames = []
    for p in policies(city).iter_rows(named=True):
        n = max(12, COMMENTS * min(city.people, 2_000_000) // 1000 // 18)
        of = np.arange(n) + p["number"] * 1_000_000
        writes_for = p["support"] * 1.0 / (p["support"] + (1 - p["support"]) * 1.35)
        stance = np.where(happens(city.seed, "comment/for", writes_for, of), 1, 0)
        copied = p["campaign"] & happens(city.seed, "comment/copied", 0.4, of)
        stance = np.where(copied, 0, stance)
        words = POLICIES[p["topic"]][1]
        text = [words[0] + "（转）" if c else words[1] if s else words[0 if w else 2] for c, s, w in zip(copied, stance, happens(city.seed, "comment/words", 0.6, of), strict=True)]
        days = (uniform(city.seed, "comment/day", of) * ((p["to"] - p["from"]).days)).astype(np.int64)
        frames.append(pl.DataFrame({
            "comment_no": [f"{p['policy_id']}{k:05d}" for k in range(n)], "policy_id": [p["policy_id"]] * n, "at": [p["from"] + dt.timedelta(days=int(d)) for d in days], "text": text,
            "vote": np.where(stance == 1, "赞成", np.where(happens(city.seed, "comment/neutral", 0.15, of), "弃权", "反对")), "district": [city.districts[d][1] for d in integers(city.seed, "comment/district", 0, len(city.districts), of)],
            "copied": copied,
        }))  # fmt: skip
    return pl.concat(frames).sort("at", "comment_no")


def policy_truth(city: Scene) -> pl.DataFrame:
    """A row a consultation: what the people think of it (not those who wrote), and how many of the comments are copies."""
    copies = comments(city).group_by("policy_id").agg(pl.col("copied").sum().alias("copied_comments"), pl.len().alias("comments"))
    made = policies(city).join(copies, on="policy_id", maintain_order="left")
    return made.select("policy_id", "support", "comments", "copied_comments", "replied_days", difficulty=pl.when("campaign").then(3).when((pl.col("support") - 0.5).abs() < 0.15).then(2).otherwise(1), decoy=pl.lit(False))


CALLS = (("火警", 0.00003, 9), ("急救", 0.00011, 12), ("治安", 0.00014, 8), ("求助", 0.0001, 15))  # kind, calls a person and day (some 40 of 110, 119 and 120 in 100,000), minutes to arrive


@lru_cache(maxsize=4)
def emergencies(city: Scene) -> pl.DataFrame:
    """Calls and what was sent. Water in the streets makes for more calls, and for longer ways."""
    frames = []
    for kind, (name, rate, minutes) in enumerate(CALLS):
        mean = np.outer(np.full(city.days * 24, rate * city.people / 24), shares(city)).ravel()
        total = poisson(city.seed, f"emergency/{name}", mean.sum(), np.array([kind]))[0]
        of = np.arange(int(total)) + kind * 100_000_000
        frames.append(_calls(city, of, kind, uniform(city.seed, "emergency/hour", of) * city.days * 24, chosen(city.seed, "emergency/place", shares(city), of), minutes, None))
    for number, h in enumerate(happenings(city)):
        if h.kind in ("flood", "power_outage", "gathering"):
            count = int(poisson(city.seed, f"emergency/{h.id}", city.people / 1000 * 0.06 * h.hours * (1.3 - 0.3 * h.difficulty), np.array([number]))[0])
            of = np.arange(count) + (number + 10) * 100_000_000
            at = h.start + uniform(city.seed, "emergency/hour", of) * h.hours
            frames.append(_calls(city, of, 3 if h.kind != "gathering" else 2, at, np.array(h.communities)[integers(city.seed, "emergency/of", 0, len(h.communities), of)], 22 if h.kind == "flood" else 14, h.id))
    table = pl.concat(frames).filter(pl.col("hour") < city.days * 24).sort("hour", "key")
    return table.with_columns(pl.Series("call_no", [f"JC{k:09d}" for k in range(table.height)]))


def _calls(city: Scene, of: np.ndarray, kind: int, hour: np.ndarray, place: np.ndarray, minutes: int, event: str | None) -> pl.DataFrame:
    night = (hour % 24 < 6) * 1.0
    way = np.maximum(2, minutes * (0.7 + exponential(city.seed, "emergency/way", 0.35, of)) * (1 - 0.2 * night))
    return pl.DataFrame({
        "key": hashes(city.seed, "emergency/key", of), "kind": np.full(len(of), kind), "hour": hour, "place": place, "ready_min": np.round(1 + exponential(city.seed, "emergency/ready", 1.4, of), 1), "way_min": np.round(way, 1),
        "phone": [f"1{3 + int(p % 7)}{p // 7 % 10**9:09d}" for p in hashes(city.seed, "emergency/phone", of).tolist()], "unit": integers(city.seed, "emergency/unit", 1, 30, of), "event": pl.Series([event] * len(of), dtype=pl.String),
    }, schema_overrides={"phone": pl.String, "key": pl.UInt64, "kind": pl.Int64, "place": pl.Int64, "hour": pl.Float64, "ready_min": pl.Float64, "way_min": pl.Float64, "unit": pl.Int64})  # fmt: skip


def call_truth(city: Scene) -> pl.DataFrame:
    """Which emergency calls a happening brought."""
    return emergencies(city).filter(pl.col("event").is_not_null()).select("call_no", pl.col("event").alias("event_id"))
