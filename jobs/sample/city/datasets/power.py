"""The power utility: meters as SQLite, daily readings as lines of fixed width with control records, outages as a workbook."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import polars as pl

from jobs.sample.city.dataset import Dataset, Truth
from jobs.sample.city.draws import Ints, integers
from jobs.sample.city.events import dwellings
from jobs.sample.city.events.dwellings import WAYS
from jobs.sample.city.events.formats import counted_lines, sqlite
from jobs.sample.city.events.happenings import happenings
from jobs.sample.city.events.scene import Scene, scene
from jobs.sample.city.events.weather import moment
from jobs.sample.city.plan import Period, Plan
from jobs.sample.city.writers import excel


def _meters(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """Every meter with its place."""
    city = scene(plan)
    home, where = dwellings.homes(city, part), dwellings.addresses(city, part)
    room = pl.concat_str(pl.col("estate"), pl.col("building").cast(pl.String), pl.lit("栋"), pl.col("unit").cast(pl.String), pl.lit("单元"), pl.col("room").cast(pl.String), pl.lit("室"))
    return pl.DataFrame({
        "meter_no": dwellings.meter_numbers(city, home), "community_code": [city.communities[c].code for c in home.place],
        "address": where.select(pl.concat_str("district", "street", "community_name", room).alias("address"))["address"],
        "installed_on": [f"{2004 + int(y)}-{1 + int(y) % 12:02d}-15" for y in integers(plan.seed, "home/installed", 0, 19, home.of)],
    })  # fmt: skip


def _readings(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """Meter counts at the end of each day; a dead meter says so with its status."""
    city = scene(plan)
    home, found = dwellings.homes(city, part), []
    numbers, dead = dwellings.meter_numbers(city, home), home.way == list(WAYS).index("dead_meter")
    first = (period.first - plan.first).days
    count = _counts(city, part, first)
    for day in range(first, (period.last - plan.first).days + 1):
        count = count + dwellings.hundredths(city, home, day)
        text = pl.Series("count", count // 100).cast(pl.String) + "." + pl.Series(count % 100).cast(pl.String).str.pad_start(2, "0")
        found.append(pl.DataFrame({"meter": numbers, "day": [f"{city.day(day):%Y%m%d}"] * len(numbers), "count": text.str.pad_start(10), "status": np.where(dead & (home.turn <= day), "F", "0")}))
    return pl.concat(found)


@lru_cache(maxsize=32)
def _counts(city: Scene, part: int, day: int) -> Ints:
    """Hundredths of kWh on each meter as a day begins; the months before are asked in turn, so that each is added up once."""
    home = dwellings.homes(city, part)
    if day == 0:
        return integers(city.seed, "home/count", 20_000, 4_000_000, home.of)
    begun = max(0, (city.day(day - 1).replace(day=1) - city.first).days)
    count = _counts(city, part, begun)
    for each in range(begun, day):
        count = count + dwellings.hundredths(city, home, each)
    return count


def _outages(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """Interruptions as the dispatch centre wrote them down; a flood is not named where nobody told it."""
    city, rows = scene(plan), []
    for h in happenings(city):
        begun = moment(city, h.start)
        if h.kind in ("power_outage", "planned_outage") and period.first <= begun.date() <= period.last:
            cause = "计划检修" if h.kind == "planned_outage" else ("设备进水" if h.difficulty == 1 else "设备故障") if h.cause else "设备故障"
            rows += [(f"{h.id}-{c:04d}".replace("H-", "TD-"), city.communities[c].code, f"{begun:%Y-%m-%d %H:%M}", f"{moment(city, h.start + h.hours):%Y-%m-%d %H:%M}", cause, "是" if h.kind == "planned_outage" else "否") for c in h.communities]
    return pl.DataFrame(rows, schema=["停电编号", "社区代码", "停电时间", "复电时间", "原因", "是否预告"], orient="row")


def _truth(plan: Plan, part: int) -> Truth:
    yield "vacancy", dwellings.empty_spells(scene(plan), part)


def _lots(plan: Plan) -> int:
    return dwellings.lots(scene(plan))


WIDTHS = {"meter": 12, "day": 8, "count": 10, "status": 1}
DATASETS = (
    Dataset("power.meter", _meters, sqlite("meter"), "once", "snapshot", ("meter_no",), file="meters_{part}.db", parts=_lots),
    Dataset("power.daily_reading", _readings, counted_lines(WIDTHS, "H{count:010d}", "T{count:010d}"), "month", "increment", ("meter", "day"), file="cbsj_{part}.txt", parts=_lots, truth=_truth),
    Dataset("power.outage", _outages, excel("停电", "停电事件登记表"), "month", "increment", ("停电编号",), file="停电登记.xlsx"),
)  # fmt: skip
