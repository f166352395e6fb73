"""Who calls 12345 about what: steady needs that a community's services leave open, and calls that happenings bring."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import numpy as np
import polars as pl

from jobs.sample.city.draws import Floats, chosen, happens, hashes, integers, uniform
from jobs.sample.city.events.chance import between, exponential, poisson
from jobs.sample.city.events.happenings import happenings
from jobs.sample.city.events.scene import Scene, shares, street_of

Topic = tuple[float, str, float, float, tuple[str, ...]]
CALLS_A_PERSON_AND_DAY = 0.0022  # Beijing's 12345 took some 21 million calls in 2023, of 22 million people: 0.0026
# topic → (share of all calls, department that answers, days it takes on average, how well it answers from 0 to 1, what is said)
TOPICS: dict[str, Topic] = {
    "噪声扰民": (0.13, "公安局", 1.5, 0.55, ("楼下工地晚上十一点还在施工", "广场舞音响声音太大", "酒吧夜里吵得睡不着")),
    "停水停电": (0.06, "住建局", 0.6, 0.6, ("小区从早上开始停水，没有通知", "整栋楼突然停电", "水压太小，五楼没水")),
    "交通拥堵": (0.10, "交警支队", 2.5, 0.5, ("学校门口早高峰红绿灯时间太短", "路口一直堵，红灯太长", "施工占道没有疏导")),
    "环境卫生": (0.12, "城管局", 1.8, 0.65, ("河边有人倾倒垃圾", "垃圾桶满了没人清运", "下水道堵塞外溢")),
    "社保咨询": (0.12, "人社局", 0.5, 0.8, ("外地社保如何转入", "灵活就业怎么缴费", "退休金什么时候发放")),
    "物业纠纷": (0.12, "住建局", 4.0, 0.4, ("物业费涨价没有公示", "电梯坏了两周没人修", "公共收益没有公开")),
    "异味扰民": (0.03, "生态环境局", 2.0, 0.5, ("夜里有刺鼻的气味", "工厂排放黑烟")),
    "道路积水": (0.02, "水务局", 1.0, 0.55, ("路口积水没过小腿", "车库进水了")),
}  # fmt: skip
# service → (topic, department, days, quality, words): what a gap in the service makes people ask for
SERVICES = {
    "elderly_care": ("养老服务", "民政局", 3.0, 0.6, ("想了解社区食堂的老人补贴", "附近没有养老院床位", "老人白天没人照看")),
    "childcare": ("入托入学", "教育局", 3.5, 0.5, ("随迁子女怎么报名小学", "幼儿园没有名额", "学区划分不清楚")),
    "clinic": ("看病就医", "卫健委", 2.5, 0.6, ("社区医院没有药", "挂不上号", "想要上门护理")),
    "transport": ("公共交通", "交通局", 3.0, 0.55, ("公交车间隔太长", "小区附近没有公交站", "末班车太早")),
    "parking": ("停车难", "城管局", 4.5, 0.4, ("小区没有停车位", "消防通道被占")),
    "housing": ("住房保障", "住建局", 5.0, 0.5, ("公租房排队多久", "老旧小区改造什么时候轮到")),
}  # fmt: skip
GROUP_OF = {"elderly_care": "65+", "childcare": "0-14 migrant", "clinic": "65+", "transport": "15-64", "parking": "15-64", "housing": "15-64 migrant"}
SERVICE_SHARE = 0.30  # of all calls, where no service is short
CHANNELS = ("电话", "微信", "网站", "信件")
ALL: dict[str, Topic] = TOPICS | {topic: (0.0, department, days, quality, words) for topic, department, days, quality, words in SERVICES.values()}
NAMES = tuple(ALL)


@lru_cache(maxsize=4)
def gaps(city: Scene) -> Floats:
    """How far demand exceeds supply, communities × services: 0 none, 1 as much again as there is. Half of the streets have none to speak of; the communities of a street share its services."""
    of = street_of(city)[:, None] * 16 + np.arange(len(SERVICES))
    short = happens(city.seed, "gap/short", 0.5, of)
    return np.asarray(np.round(np.where(short, between(city.seed, "gap/size", 0.15, 1.0, of), between(city.seed, "gap/none", 0.0, 0.06, of)), 3), np.float64)


def gap_truth(city: Scene) -> pl.DataFrame:
    """A row a community and service. Decoys: communities where many call about what they have enough of, as one neighbour writes every week."""
    found, loud = gaps(city), loud_neighbours(city)
    rows = [
        (place.code, service, GROUP_OF[service], float(found[c, s]), 1 if found[c, s] > 0.6 else 2 if found[c, s] > 0.3 else 3, bool(loud[c, s]))
        for c, place in enumerate(city.communities) for s, service in enumerate(SERVICES)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=["community_code", "service", "group", "gap", "difficulty", "decoy"], orient="row")


@lru_cache(maxsize=4)
def loud_neighbours(city: Scene) -> np.ndarray:
    """Communities × services where a single caller rings again and again although nothing is short."""
    of = np.arange(len(city.communities))[:, None] * 16 + np.arange(len(SERVICES))
    return (gaps(city) < 0.1) & happens(city.seed, "gap/loud", 0.003, of)


def _means(city: Scene, day: int) -> Floats:
    """Expected calls of a day, communities × topics."""
    people = shares(city) * city.people
    steady = people[:, None] * CALLS_A_PERSON_AND_DAY * np.array([share for share, *_ in ALL.values()])
    asked = people[:, None] * CALLS_A_PERSON_AND_DAY * SERVICE_SHARE / len(SERVICES) * (0.5 + 3.0 * gaps(city))
    steady[:, len(TOPICS) :] = asked
    weekday = city.day(day).weekday()
    return steady * (0.72 if weekday >= 5 else 1.1 if weekday == 0 else 1.0)


def calls(city: Scene, day: int) -> pl.DataFrame:
    """The calls of a day: place, topic, hour, and the happening behind them (null: none), in order of time."""
    cells = np.arange(len(city.communities) * len(NAMES)) + day * 1_000_000
    number = poisson(city.seed, "hotline/calls", _means(city, day).ravel(), cells)
    at = np.repeat(np.arange(len(cells)), number)
    place, topic = at // len(NAMES), at % len(NAMES)
    serial = np.arange(len(at)) + day * 10_000_000
    hour = 7 + chosen(city.seed, "hotline/hour", HOURS, serial) + uniform(city.seed, "hotline/minute", serial)
    steady = pl.DataFrame({"place": place, "topic": topic, "hour": hour, "event": pl.Series([None] * len(at), dtype=pl.String), "caller": hashes(city.seed, "hotline/caller", serial)})
    return pl.concat([steady, *_loud(city, day), *_brought(city, day)]).sort("hour", "place", "topic", "caller")


HOURS = (2, 6, 9, 9, 7, 4, 5, 7, 8, 8, 7, 5, 4, 4, 3)  # 07 to 21


def _loud(city: Scene, day: int) -> list[pl.DataFrame]:
    place, service = np.nonzero(loud_neighbours(city))
    rings = happens(city.seed, "hotline/loud", 0.3, place * 16 + service, day)
    if not rings.any():
        return []
    who = hashes(city.seed, "hotline/loud/caller", place * 16 + service)
    frame = pl.DataFrame({"place": place, "topic": len(TOPICS) + service, "hour": 8 + 10 * uniform(city.seed, "hotline/loud/hour", place * 16 + service, day), "event": pl.Series([None] * len(place), dtype=pl.String), "caller": who})
    return [frame.filter(pl.Series(rings))]


def _brought(city: Scene, day: int) -> list[pl.DataFrame]:
    """Calls that a happening brings in its hours, and fewer in the six after."""
    found = []
    for h in happenings(city):
        hours = np.arange(max(h.start, day * 24), min(h.start + h.hours + 6, day * 24 + 24))
        if not len(hours):
            continue
        hour, place = (axis.ravel() for axis in np.meshgrid(hours, np.array(h.communities), indexing="ij"))
        mean = shares(city)[place] * city.people / 1000 * h.calls * np.where(hour < h.start + h.hours, 1.0, 0.35)
        at = np.repeat(np.arange(len(hour)), poisson(city.seed, f"hotline/{h.id}", mean, place * 10_000 + hour))
        serial = np.arange(len(at)) + day * 1_000_000
        found.append(pl.DataFrame({
            "place": place[at], "topic": np.full(len(at), NAMES.index(h.topic)), "hour": hour[at] - day * 24 + uniform(city.seed, f"hotline/{h.id}/minute", serial), "event": [h.id] * len(at),
            "caller": hashes(city.seed, f"hotline/{h.id}/caller", serial),
        }, schema_overrides={"event": pl.String, "topic": pl.Int64, "place": pl.Int64, "caller": pl.UInt64, "hour": pl.Float64}))  # fmt: skip
    return found


def requests(city: Scene, day: int) -> pl.DataFrame:
    """Calls with their handling; a department that has many at once takes longer, and is marked down for it."""
    table, date = calls(city, day), city.day(day)
    topic, place = table["topic"].to_numpy(), table["place"].to_numpy()
    serial = np.arange(table.height) + day * 10_000_000
    taken = np.array([ALL[name][2] for name in NAMES])[topic] * (1 + table.height / max(1.0, _means(city, day).sum()) * 0.3)
    waited = exponential(city.seed, "hotline/waited", taken, serial)
    received = [dt.datetime.combine(date, dt.time()) + dt.timedelta(seconds=int(hour * 3600)) for hour in table["hour"]]
    answered = [moment + dt.timedelta(seconds=600 + int(days * 86400)) for moment, days in zip(received, waited, strict=True)]
    mark = np.clip(np.rint(1 + 4 * (np.array([ALL[name][3] for name in NAMES])[topic] + 0.25 - 0.12 * waited / taken) + between(city.seed, "hotline/mood", -1.2, 1.2, serial)), 1, 5).astype(np.int64)
    marked = happens(city.seed, "hotline/marked", 0.62, serial)
    said = integers(city.seed, "hotline/said", 0, np.array([len(ALL[name][4]) for name in NAMES])[topic], serial)
    closed = np.array([moment.date() <= city.last for moment in answered])
    return pl.DataFrame({
        "id": [f"{date:%Y%m%d}-{k:05d}" for k in range(table.height)], "received_at": [f"{moment:%Y-%m-%d %H:%M:%S}" for moment in received],
        "channel": [CHANNELS[k] for k in chosen(city.seed, "hotline/channel", (0.6, 0.25, 0.13, 0.02), serial)], "topic.name": [NAMES[k] for k in topic],
        "place.district": [city.districts[city.communities[c].district][1] for c in place], "place.community": [city.communities[c].code for c in place],
        "caller.phone": [f"1{3 + int(c % 7)}{c // 7 % 10**9:09d}" for c in table["caller"].to_list()], "text": [f"{city.communities[c].name}：{ALL[NAMES[k]][4][w]}" for c, k, w in zip(place, topic, said, strict=True)],
        "handling.department": [ALL[NAMES[k]][1] for k in topic], "handling.answered_at": [f"{moment:%Y-%m-%d %H:%M:%S}" if done else None for moment, done in zip(answered, closed, strict=True)],
        "handling.satisfaction": [int(m) if has and done else None for m, has, done in zip(mark, marked, closed, strict=True)], "event": table["event"],
    }, schema_overrides={"handling.answered_at": pl.String, "handling.satisfaction": pl.Int64})  # fmt: skip
