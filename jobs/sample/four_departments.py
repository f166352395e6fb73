"""A few dumps of a made-up city, in the shapes that departments send: for the demo and for tests. One seed gives the same bytes."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import xlsxwriter

SEED = 7
DISTRICTS = {"东湖区": "360102", "西湖区": "360103", "青云谱区": "360104", "青山湖区": "360111", "新建区": "360112", "红谷滩区": "360113"}
SURNAMES, GIVEN = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂兰玉华建国志红梅"
WEIGHTS, CHECKS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432"
TOPICS = {"噪声扰民": "楼下工地晚上十一点还在施工", "停水停电": "小区从早上开始停水，没有通知", "交通拥堵": "学校门口早高峰红绿灯时间太短", "养老服务": "想了解社区食堂的老人补贴", "社保咨询": "外地社保如何转入", "环境卫生": "河边有人倾倒垃圾"}


@dataclass(frozen=True)
class Dump:
    """A file for the landing zone. `records`: rows in it; `faulty`: rows with a planted fault; `broken`: the file as a whole cannot be landed."""

    key: str
    content: bytes
    records: int
    faulty: int = 0
    broken: bool = False


def dumps(seed: int = SEED) -> Iterator[Dump]:
    """Two months of four departments, and two files that cannot be read."""
    random = np.random.default_rng(seed)
    yield from low_income_rosters(random)
    yield from enrolments(random)
    yield from hotline_requests(random)
    yield from water_readings(random)


def resident_id(random: np.random.Generator, district: str) -> str:
    """18 digits; the last is the check digit of GB 11643."""
    born = dt.date(1935, 1, 1) + dt.timedelta(days=int(random.integers(0, 28_000)))
    body = f"{DISTRICTS[district]}{born:%Y%m%d}{int(random.integers(0, 1000)):03d}"
    return body + CHECKS[sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11]


def _name(random: np.random.Generator) -> str:
    return str(random.choice(list(SURNAMES))) + "".join(random.choice(list(GIVEN), int(random.integers(1, 3))))


def low_income_rosters(random: np.random.Generator) -> Iterator[Dump]:
    """GB18030, Chinese headers, a whole roster a month; some leave, some join, some get another amount."""
    roster = [_recipient(random) for _ in range(1500)]
    yield _roster("2025-01", roster)
    stayed = [row for row in roster if random.random() > 0.03]
    raised = [{**row, "月保障金": f"{float(row['月保障金']) + 50:.2f}"} if random.random() < 0.1 else row for row in stayed]
    yield _roster("2025-02", [*raised, *(_recipient(random) for _ in range(60))])


def _recipient(random: np.random.Generator) -> dict[str, Any]:
    district = str(random.choice(list(DISTRICTS)))
    granted = dt.date(2018, 1, 1) + dt.timedelta(days=int(random.integers(0, 2500)))
    return {
        "身份证号": resident_id(random, district), "姓名": _name(random), "类别": str(random.choice(["城市低保", "农村低保", "特困人员"], p=[0.5, 0.4, 0.1])), "区县": district,
        "社区": f"{random.choice(list('和平胜利新华建设解放'))}社区", "保障人数": int(random.integers(1, 6)), "月保障金": f"{random.integers(400, 1800):.2f}",
        "批准日期": granted.isoformat() if random.random() < 0.8 else f"{granted.year}年{granted.month:02d}月{granted.day:02d}日",
    }  # fmt: skip


FAULTS = ({"身份证号": "36010219"}, {"类别": "未知"}, {"月保障金": "八百"}, {"保障人数": 0}, {"姓名": ""}, {"批准日期": "2025-13-40"})


def _roster(period: str, roster: list[dict[str, Any]]) -> Dump:
    """With what clerks do in 24 rows: a cut-off id, a category of their own, an amount in words."""
    spoilt = {number * 31 + 5: FAULTS[number % len(FAULTS)] for number in range(24)}
    rows = [row | spoilt.get(number, {}) for number, row in enumerate(roster)]
    text = pl.DataFrame(rows, schema_overrides={"保障人数": pl.String}, strict=False).write_csv(line_terminator="\r\n")
    return Dump(f"civil_affairs/low_income_roster/{period}/低保名册.csv", text.encode("gb18030"), len(rows), len(spoilt))


def enrolments(random: np.random.Generator) -> Iterator[Dump]:
    """Excel with a title above the header."""
    schools = [(f"3601{number:06d}", f"{name}第{number}{kind}", name, kind, grades) for number, (name, kind, grades) in enumerate(_school_kinds(), 1)]
    for term, title in (("2024-autumn", "2024年秋季"), ("2025-spring", "2025年春季")):
        rows = [_enrolment(random, *school[:4], grade) for school in schools for grade in school[4]]
        for at in (3, 47, 91):
            rows[at][7] = rows[at][6] + 10  # more migrant pupils than pupils
        rows[20][4] = 13
        yield Dump(f"education/enrolment/{term}/在校生统计.xlsx", _workbook(f"{title}中小学在校生统计表", rows), len(rows), 4)


def _school_kinds() -> Iterator[tuple[str, str, range]]:
    for district in DISTRICTS:
        yield from ((district, kind, grades) for kind, grades in (("小学", range(1, 7)), ("小学", range(1, 7)), ("初中", range(7, 10)), ("高中", range(10, 13))))


def _enrolment(random: np.random.Generator, code: str, school: str, district: str, stage: str, grade: int) -> list[Any]:
    classes = int(random.integers(3, 12))
    pupils = classes * int(random.integers(35, 52))
    return [code, school, district, stage, grade, classes, pupils, int(pupils * random.random() * 0.3) if random.random() < 0.95 else "-"]


def _workbook(title: str, rows: list[list[Any]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.set_properties({"created": dt.datetime(2025, 1, 1, tzinfo=dt.UTC)})
        sheet = book.add_worksheet("在校生")
        sheet.merge_range(0, 0, 0, 7, title)
        sheet.write_row(1, 0, ["学校代码", "学校名称", "区县", "学段", "年级", "班数", "学生数", "随迁子女数"])
        for number, row in enumerate(rows, 2):
            sheet.write_row(number, 0, row)
    return out.getvalue()


def hotline_requests(random: np.random.Generator) -> Iterator[Dump]:
    """Nested JSON, one file a day."""
    for day in (dt.date(2025, 2, 27), dt.date(2025, 2, 28)):
        requests = [_request(random, day, number) for number in range(600)]
        for number in range(0, 60, 6):
            requests[number]["handling"]["answered_at"] = f"{day - dt.timedelta(days=3)} 08:00:00"
        for number in range(100, 105):
            requests[number]["channel"] = "传真"
        for number in range(200, 203):
            requests[number]["id"] = f"热线{number}"
        document = {"city": "Demo City", "exported": f"{day} 23:59:00", "data": {"requests": requests}}
        yield Dump(f"hotline/request/{day}/requests.json", json.dumps(document, ensure_ascii=False).encode(), len(requests), 18)


def _request(random: np.random.Generator, day: dt.date, number: int) -> dict[str, Any]:
    received = dt.datetime.combine(day, dt.time(7)) + dt.timedelta(seconds=int(random.integers(0, 50_000)))
    topic = str(random.choice(list(TOPICS)))
    answered = received + dt.timedelta(hours=float(random.gamma(2, 9)))
    return {
        "id": f"{day:%Y%m%d}-{number:05d}", "received_at": f"{received:%Y-%m-%d %H:%M:%S}", "channel": str(random.choice(["电话", "微信", "网站", "信件"], p=[0.6, 0.25, 0.13, 0.02])),
        "topic": {"name": topic}, "place": {"district": str(random.choice(list(DISTRICTS)))}, "caller": {"phone": f"13{int(random.integers(0, 10**9)):09d}"}, "text": TOPICS[topic],
        "handling": {"answered_at": f"{answered:%Y-%m-%d %H:%M:%S}", "satisfaction": int(random.integers(1, 6))} if random.random() < 0.9 else {},
    }  # fmt: skip


ITEMS = {"pH": (7.4, 0.4), "DO": (8.0, 1.2), "NH3N": (0.6, 0.3), "temperature": (14.0, 4.0)}


def water_readings(random: np.random.Generator) -> Iterator[Dump]:
    """UTF-8, one row a station, item and four hours; then a file whose transfer was cut off, and one with nothing in it."""
    for period in ("2025-01", "2025-02"):
        rows, faulty = _readings(random, period)
        yield Dump(f"water/station_reading/{period}/readings.csv", _csv(rows), len(rows), faulty)
    rows, _ = _readings(random, "2025-03")
    yield Dump("water/station_reading/2025-03/readings.csv", _csv(rows)[:-9] + b'"\xe6\xb0', len(rows), broken=True)
    yield Dump("water/station_reading/2025-03/readings_upper_reach.csv", b"", 0, broken=True)


def _readings(random: np.random.Generator, period: str) -> tuple[list[dict[str, str]], int]:
    start = dt.datetime.fromisoformat(f"{period}-01")
    rows = [
        {"station": f"W{station:03d}", "time": f"{start + dt.timedelta(hours=4 * step):%Y-%m-%d %H:%M}", "item": item, "value": f"{random.normal(*ITEMS[item]):.2f}"}
        for station in range(1, 13) for step in range(28 * 6) for item in ITEMS
    ]  # fmt: skip
    for number in range(0, len(rows), 400):
        rows[number]["value"] = "停测"  # out of service: no value, and no fault
    faults = range(7, len(rows), 500)
    for count, number in enumerate(faults):
        rows[number]["value"] = "999.99" if count % 2 else "坏"
    return rows, len(faults)


def _csv(rows: list[dict[str, str]]) -> bytes:
    return pl.DataFrame(rows).write_csv().encode()
