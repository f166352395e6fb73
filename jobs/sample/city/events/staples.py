"""What people of other regions take with them: staples sold in the deltas month by month, and the migrants behind them (the 榨菜 index)."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import numpy as np
import polars as pl

from jobs.sample.city.draws import Floats, happens, normal
from jobs.sample.city.events.chance import between, wave
from jobs.sample.city.events.dwellings import NEW_YEARS
from jobs.sample.city.events.scene import Scene

# (code, name, delta, registered residents and migrants from other provinces in million; 7th census and bulletins of 2023, rounded)
REGIONS = (
    ("440100", "广州市", "珠三角", 10.6, 8.0), ("440300", "深圳市", "珠三角", 6.1, 11.6), ("440600", "佛山市", "珠三角", 5.1, 4.4), ("441900", "东莞市", "珠三角", 3.0, 7.4), ("442000", "中山市", "珠三角", 2.0, 2.4),
    ("441300", "惠州市", "珠三角", 4.1, 2.0), ("440400", "珠海市", "珠三角", 1.6, 0.9), ("310000", "上海市", "长三角", 14.8, 10.0), ("320500", "苏州市", "长三角", 7.9, 5.1), ("320200", "无锡市", "长三角", 5.2, 2.4),
    ("330100", "杭州市", "长三角", 8.5, 4.1), ("330200", "宁波市", "长三角", 6.2, 3.5), ("330300", "温州市", "长三角", 8.3, 1.4), ("330400", "嘉兴市", "长三角", 3.8, 1.8), ("320100", "南京市", "长三角", 7.4, 2.1),
)  # fmt: skip
ORIGINS = ("四川", "重庆", "湖北", "湖南", "江西", "安徽", "河南", "广西", "贵州")
# item → (unit, sold a month and 1,000 registered residents, the same of migrants by origin, share that more or less is sold at New Year)
ITEMS: dict[str, tuple[str, float, tuple[float, ...], float]] = {
    "榨菜": ("吨", 0.012, (0.095, 0.110, 0.062, 0.055, 0.048, 0.036, 0.034, 0.040, 0.070), -0.05), "食盐": ("吨", 0.33, (0.33,) * 9, 0.1), "大米": ("吨", 5.2, (5.0, 5.0, 5.2, 5.6, 5.6, 4.6, 2.6, 5.5, 5.2), 0.05),
    "食用油": ("吨", 0.92, (1.0, 1.02, 0.95, 0.95, 0.9, 0.9, 0.9, 0.9, 0.95), 0.25), "方便面": ("吨", 0.22, (0.42, 0.42, 0.4, 0.4, 0.4, 0.4, 0.46, 0.4, 0.42), -0.15), "白酒": ("千升", 0.25, (0.3, 0.3, 0.2, 0.2, 0.2, 0.3, 0.35, 0.15, 0.35), 0.9),
}  # fmt: skip
MONTHS_BEFORE = 36


@lru_cache(maxsize=4)
def months(city: Scene) -> tuple[dt.date, ...]:
    first = city.first.year * 12 + city.first.month - 1 - MONTHS_BEFORE
    return tuple(dt.date(n // 12, n % 12 + 1, 1) for n in range(first, city.last.year * 12 + city.last.month))


def difficulty(region: int) -> int:
    """1: nothing else moves; 2: promotions and empty shelves; 3: the locals come to like it too, and prices move."""
    return region % 3 + 1


@lru_cache(maxsize=4)
def stock(city: Scene) -> Floats:
    """Migrants in thousands, months × regions × origins: a level, a trend that turns (work moves between the deltas), and the way home at New Year."""
    at, seed = np.arange(len(months(city))), city.seed
    found = np.zeros((len(at), len(REGIONS), len(ORIGINS)))
    home = np.array([any(abs((month + dt.timedelta(days=14) - year).days) <= 20 for year in NEW_YEARS) for month in months(city)])
    for r, (_, _, delta, _, million) in enumerate(REGIONS):
        mix = between(seed, "migrant/mix", 0.3, 1.7, np.arange(len(ORIGINS)), r)
        mix = mix * (np.array((1, 1, 1.2, 1.6, 1.2, 0.5, 0.7, 2.2, 1.2)) if delta == "珠三角" else np.array((0.9, 0.7, 1.0, 0.6, 1.3, 2.4, 1.6, 0.3, 0.9)))
        level = million * 1000 * mix / mix.sum()
        turn = float(between(seed, "migrant/turn", 0.25, 0.75, r)[0]) * len(at)
        slope, bend = (between(seed, f"migrant/{name}", -0.0055, 0.0055, np.arange(len(ORIGINS)), r) for name in ("slope", "bend"))
        path = 1 + slope[None, :] * at[:, None] + bend[None, :] * np.maximum(0, at[:, None] - turn)
        gone = 1 - home[:, None] * between(seed, "migrant/home", 0.22, 0.42, np.arange(len(ORIGINS)), r)[None, :]
        found[:, r] = level * path * gone
    return np.round(found, 1)


@lru_cache(maxsize=4)
def sold(city: Scene) -> Floats:
    """Sales of each month, region and item: residents and migrants by what each buys, the season, the shop's own ups and downs."""
    at, seed = np.arange(len(months(city))), city.seed
    found = np.zeros((len(at), len(REGIONS), len(ITEMS)))
    new_year = np.array([any(-45 <= (month + dt.timedelta(days=14) - year).days <= 5 for year in NEW_YEARS) for month in months(city)])
    for r, (*_, million, _) in enumerate(REGIONS):
        for k, (_, local, each, festive) in enumerate(ITEMS.values()):
            taste = 1 + (0.02 * at if difficulty(r) == 3 and k == 0 else 0 * at)
            bought = million * 1000 * local * taste * (1 - 0.06 * (festive < 0) * new_year) + stock(city)[:, r] @ np.array(each)
            season = 1 + 0.04 * wave(at, 12, k * 2) + festive * new_year
            odd = np.where(happens(seed, "staple/odd", 0.12 if difficulty(r) >= 2 else 0.0, at, r, k), between(seed, "staple/size", 0.72, 1.38, at, r, k), 1.0)
            found[:, r, k] = bought * season * odd * normal(seed, "staple/noise", 1.0, 0.015, at, r, k)
    return np.round(found, 2)


def truth(city: Scene) -> pl.DataFrame:
    """A row a month, region and origin. No decoys stand in it: they are the regions of difficulty 2 and 3, whose sales move for other reasons as well."""
    m, r, o = (axis.ravel() for axis in np.indices(stock(city).shape))
    return pl.DataFrame({
        "month": [months(city)[k] for k in m], "region_code": [REGIONS[k][0] for k in r], "region": [REGIONS[k][1] for k in r], "origin": [ORIGINS[k] for k in o], "migrants_thousand": stock(city).ravel(),
        "difficulty": [difficulty(int(k)) for k in r], "decoy": np.zeros(len(m), np.bool_),
    })  # fmt: skip
