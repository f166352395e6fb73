"""The companies of the city: who tenders, who is paid, and who stands behind them (they are in the register of companies)."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from jobs.sample.city.draws import Hashes, chosen, happens, hashes, integers
from jobs.sample.city.events.chance import exponential
from jobs.sample.city.events.scene import Scene, district_of

# (trade, GB/T 4754 class, share): shares of the legal units of a prefecture city after the fourth economic census (2018), coarsened.
TRADES = (
    ("建筑工程", "4710", 0.12), ("装饰装修", "5011", 0.07), ("道路养护", "4819", 0.04), ("园林绿化", "7840", 0.05), ("信息技术", "6520", 0.09), ("医疗器械", "5154", 0.05),
    ("办公设备", "5173", 0.06), ("教学设备", "5249", 0.04), ("物业管理", "7020", 0.06), ("食品配送", "5126", 0.08), ("餐饮服务", "6210", 0.16), ("汽车销售", "5261", 0.05),
    ("酒店服务", "6110", 0.05), ("咨询服务", "7243", 0.08),
)  # fmt: skip
BUILDERS = (0, 1, 2, 3, 4, 5, 7)  # trades that carry out projects of special funds
OFFICE_TRADES = (10, 11, 12)  # catering, cars, hotels: what an office spends on itself
WORDS = ("恒信", "宏达", "远大", "鑫源", "中兴", "华泰", "瑞丰", "天成", "博雅", "安顺", "金桥", "永盛", "同创", "启明", "海川", "众合", "德润", "万通", "星辰", "百合", "嘉禾", "正阳", "福临", "泰和", "祥云", "九州", "东方", "长江", "赣江", "滕阁")
SURNAMES = tuple("王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤")
GIVEN = tuple("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂兰玉华建国志红梅")
LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015


def names_of_people(seed: int, stream: str, of: ArrayLike) -> list[str]:
    """Names by the order of the surnames' frequency (a third of all people bear the first five)."""
    weights = [1 / (rank + 6) for rank in range(len(SURNAMES))]
    first = chosen(seed, f"{stream}/surname", weights, of)
    second, third = (integers(seed, f"{stream}/given{n}", 0, len(GIVEN) + (0 if n == 1 else 20), of) for n in (1, 2))
    return [SURNAMES[a] + GIVEN[b] + (GIVEN[c] if c < len(GIVEN) else "") for a, b, c in zip(first, second, third, strict=True)]


def credit_codes(district_codes: NDArray[np.str_], bodies: Hashes) -> list[str]:
    """18 characters with both check characters: of the organisation code (GB 11714) and of the whole (GB 32100)."""
    digits = (bodies[:, None] // (np.uint64(10) ** np.arange(7, -1, -1, dtype=np.uint64))[None, :]) % np.uint64(10)
    check = (11 - (digits.astype(np.int64) @ np.array([3, 7, 9, 10, 5, 8, 4, 2]))) % 11
    found = []
    for district, row, last in zip(district_codes, digits, check, strict=True):
        body = f"91{district}" + "".join(map(str, row)) + ("X" if last == 10 else str(last))
        total = sum(LETTERS.index(letter if letter in LETTERS else "X") * pow(3, at, 31) for at, letter in enumerate(body))
        found.append(body + LETTERS[(31 - total % 31) % 31])
    return found


def count(city: Scene) -> int:
    """One company to some 40 people (the census counts one legal unit to 35–60), and enough for every trade to have a market."""
    return max(420, city.people // 40)


@lru_cache(maxsize=4)
def companies(city: Scene) -> pl.DataFrame:
    """One row a company, `number` counting from 0; `trade` is the place in TRADES, `since` its day of registration."""
    n, seed = count(city), city.seed
    of = np.arange(n)
    trade = chosen(seed, "company/trade", [share for _, _, share in TRADES], of)
    community = integers(seed, "company/community", 0, len(city.communities), of)
    district = district_of(city)[community]
    codes = np.array([code for code, _ in city.districts])[district]
    age = np.minimum(exponential(seed, "company/age", 2600, of) + 420, 11_000).astype(np.int64)
    ended = happens(seed, "company/ended", 0.06, of)
    word = integers(seed, "company/word", 0, len(WORDS) ** 2, of)
    kind = np.array(["有限公司", "有限责任公司", "股份有限公司"])[chosen(seed, "company/kind", [0.86, 0.1, 0.04], of)]
    street = integers(seed, "company/street", 1, 400, of)
    return pl.DataFrame({
        "number": of, "credit_code": credit_codes(codes, (hashes(seed, "company/body")[0] % np.uint64(10**7) + of.astype(np.uint64) * np.uint64(7919)) % np.uint64(10**8)),
        "name": [f"{city.districts[d][1][:-1]}{WORDS[w % len(WORDS)]}{WORDS[w // len(WORDS)]}{TRADES[t][0]}{k}" for d, w, t, k in zip(district, word, trade, kind, strict=True)],
        "legal_representative": names_of_people(seed, "company/representative", of),
        "phone": [f"1{3 + int(p % 7)}{p // 7 % 10**9:09d}" for p in hashes(seed, "company/phone", of).tolist()],
        "address": [f"{city.communities[c].street}{city.communities[c].name[:-2]}路{s}号" for c, s in zip(community, street, strict=True)],
        "district": [city.districts[d][1] for d in district], "district_number": district, "trade": trade, "trade_code": [TRADES[t][1] for t in trade],
        "capital_wan_yuan": np.array([10, 50, 100, 200, 500, 1000, 2000, 5000])[chosen(seed, "company/capital", [8, 20, 28, 16, 14, 9, 3, 2], of)],
        "registered_on": [city.first - dt.timedelta(days=int(days)) for days in age], "ended": ended,
        "ended_on": [city.first - dt.timedelta(days=int(days)) if gone else None for gone, days in zip(ended, integers(seed, "company/end", 20, 380, of), strict=True)],
    }, schema_overrides={"ended_on": pl.Date})  # fmt: skip


@lru_cache(maxsize=4)
def in_business(city: Scene) -> dict[int, list[int]]:
    """Companies of each trade that are in business."""
    table = companies(city).filter(~pl.col("ended"))
    return {trade: table.filter(pl.col("trade") == trade)["number"].to_list() for trade in range(len(TRADES))}
