"""Public tenders: honest markets, the ways in which bidders and buyers collude, and lawful tenders that look alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import polars as pl

from jobs.sample.city.draws import chosen, hashes, integers, normal
from jobs.sample.city.events import companies
from jobs.sample.city.events.chance import exponential, one, poisson, shuffled
from jobs.sample.city.events.companies import TRADES, in_business
from jobs.sample.city.events.scene import Scene

BUYERS = ("市教育局", "市卫生健康委", "市交通运输局", "市公安局", "市民政局", "市住房城乡建设局", "市生态环境局", "市文化广电旅游局", "市水务局", "市政务服务数据局")
# What is bought of each trade: (subject, works | goods | services).
SUBJECTS = {
    0: ("综合楼改造工程", "works"), 1: ("办公用房装修工程", "works"), 2: ("道路养护工程", "works"), 3: ("绿化养护服务", "services"), 4: ("信息系统开发", "services"), 5: ("医疗设备采购", "goods"),
    6: ("办公设备采购", "goods"), 7: ("教学设备采购", "goods"), 8: ("物业管理服务", "services"), 9: ("食堂食材配送", "services"), 13: ("规划咨询服务", "services"),
}  # fmt: skip
SCHEMES = ("cover_bidding", "rotation", "suppression", "split_purchase", "tailored", "amendment")
DECOYS = ("niche_market", "emergency", "framework", "guide_price", "efficient_winner", "group_companies")
LENGTH = {"cover_bidding": 6, "rotation": 8, "suppression": 6, "split_purchase": 5, "tailored": 5, "amendment": 4, "niche_market": 6, "emergency": 3, "framework": 6, "guide_price": 5, "efficient_winner": 6,
          "group_companies": 5}  # tenders in a case  # fmt: skip
OPEN_TENDER_FROM = 1_000_000  # yuan; below it a buyer may ask for quotations


@dataclass(frozen=True)
class Bid:
    company: int
    amount: int


@dataclass(frozen=True)
class Tender:
    """Whole yuan. `method`: as OCDS says it; `bids`: of those who came; `final`: of the contract after amendments."""

    number: int
    buyer: int
    trade: int
    district: int
    estimate: int
    opened: dt.date
    days: int
    bids: tuple[Bid, ...]
    winner: int
    final: int = 0
    method: str = "open"
    rationale: str = ""
    case: str = ""
    kind: str = ""
    difficulty: int = 0
    decoy: bool = False

    @property
    def price(self) -> int:
        return next(bid.amount for bid in self.bids if bid.company == self.winner)

    @property
    def awarded(self) -> dt.date:
        return self.opened + dt.timedelta(days=self.days + 6)


def count(city: Scene) -> int:
    """Some 20,000 tenders a year in a prefecture of 5 million; a small city has enough for every kind of case beside honest ones."""
    return min(24_000, 500 + city.people // 200)


def each(city: Scene) -> int:
    """Cases of every kind and difficulty, lawful ones too."""
    return max(1, count(city) // 900)


@lru_cache(maxsize=4)
def _costs(city: Scene) -> np.ndarray:
    """What a company's work costs it, against the estimate of an able engineer: the best bid lowest in fair markets."""
    return normal(city.seed, "tender/cost", 0.90, 0.05, np.arange(companies.count(city)))


@lru_cache(maxsize=4)
def tenders(city: Scene) -> tuple[Tender, ...]:
    made = list(_honest(city))
    places = shuffled(city.seed, "tender/case", len(made)).tolist()
    number = 0
    for kind, decoy in [(kind, False) for kind in SCHEMES] + [(kind, True) for kind in DECOYS]:
        for difficulty in (1, 2, 3):
            for _ in range(each(city)):
                number += 1
                mine = sorted((places.pop() for _ in range(LENGTH[kind])), key=lambda at: made[at].opened)
                frame = [replace(made[at], case=f"T{number:04d}", kind=kind, difficulty=difficulty, decoy=decoy) for at in mine]
                for at, tender in zip(mine, _case(city, number, frame), strict=True):
                    made[at] = tender
    return tuple(made)


def _honest(city: Scene) -> Iterator[Tender]:
    seed, n = city.seed, count(city)
    of = np.arange(n)
    trades = list(SUBJECTS)
    trade = np.array(trades)[chosen(seed, "tender/trade", [TRADES[t][2] for t in trades], of)]
    buyer, district = integers(seed, "tender/buyer", 0, len(BUYERS), of), integers(seed, "tender/district", 0, len(city.districts), of)
    estimate = np.round((0.25 + exponential(seed, "tender/estimate", 1.0, of)) * 1_800_000, -3).astype(np.int64)
    opened = integers(seed, "tender/opened", 0, (city.last - city.since).days - 30, of)
    days, bidders = integers(seed, "tender/days", 20, 41, of), 2 + poisson(seed, "tender/bidders", 3.2, of)
    for k in range(n):
        pool = in_business(city)[int(trade[k])]
        who = [pool[at] for at in np.argsort(hashes(seed, "tender/who", k, np.arange(len(pool))))[: int(bidders[k])]]
        bids = _fair(city, k, who, int(estimate[k]))
        best = min(bids, key=lambda bid: bid.amount)
        yield Tender(k, int(buyer[k]), int(trade[k]), int(district[k]), int(estimate[k]), city.since + dt.timedelta(days=int(opened[k])), int(days[k]), bids, best.company, best.amount)


def _fair(city: Scene, number: int, who: list[int], estimate: int) -> tuple[Bid, ...]:
    """Each bids its cost, a margin and what it thinks of the day."""
    noise = normal(city.seed, "tender/bid", 1.04, 0.035, number, np.array(who))
    return tuple(Bid(company, round(estimate * _costs(city)[company] * factor)) for company, factor in zip(who, noise, strict=True))


def _case(city: Scene, case: int, frame: list[Tender]) -> list[Tender]:
    """One market and one ring (or one lawful reason) for all tenders of the case."""
    first = frame[0]
    pool = in_business(city)[first.trade]
    ring = [pool[at] for at in np.argsort(hashes(city.seed, "tender/ring", case, np.arange(len(pool))))[:6]]
    outsiders = [number for number in pool if number not in ring]
    same = [replace(tender, trade=first.trade, buyer=first.buyer if tender.kind in ONE_BUYER else tender.buyer, number=tender.number) for tender in frame]
    return [CASES[first.kind](city, tender, at, ring, outsiders) for at, tender in enumerate(same)]


ONE_BUYER = ("split_purchase", "tailored", "amendment", "framework", "niche_market")


def _noise(city: Scene, tender: Tender, name: str, low: float, high: float) -> float:
    return low + (high - low) * one(city.seed, f"tender/{name}", 0, 10_000, tender.number) / 10_000


def _with(city: Scene, tender: Tender, ring_bids: list[Bid], winner: int, outsiders: list[int]) -> Tender:
    """Bids of the ring, and of outsiders who were not warned: none in the plain case, some who bid too high in the others."""
    chosen_ones = outsiders[tender.number % max(1, len(outsiders) - 3) :][: tender.difficulty - 1] if not tender.decoy else []
    strangers = [Bid(who, round(tender.estimate * _noise(city, tender, f"stranger{who % 5}", 1.0, 1.06))) for who in chosen_ones]
    bids = tuple(sorted((*ring_bids, *strangers), key=lambda bid: int(hashes(city.seed, "tender/order", tender.number, bid.company)[0])))
    won = next(bid for bid in bids if bid.company == winner)
    return replace(tender, bids=bids, winner=winner, final=won.amount)


def _cover(city: Scene, tender: Tender, at: int, ring: list[int], outsiders: list[int]) -> Tender:
    """One is to win at a high price; the others bid a little more each, as agreed by telephone."""
    top = _noise(city, tender, "cover", 0.955, 0.99)
    step = _noise(city, tender, "step", 0.006, 0.012) * (1 + 0.8 * (tender.difficulty - 1))
    order = [ring[0], *(ring[1 + (k + at * tender.difficulty) % 5] for k in range(3))]
    return _with(city, tender, [Bid(company, round(tender.estimate * (top + step * k))) for k, company in enumerate(order)], ring[0], outsiders)


def _rotation(city: Scene, tender: Tender, at: int, ring: list[int], outsiders: list[int]) -> Tender:
    """They take turns; the harder the case, the more often two of them change places."""
    turn = at + (at % 3 == 2 and tender.difficulty == 3) + (at % 4 == 3 and tender.difficulty > 1)
    top = _noise(city, tender, "cover", 0.95, 0.985)
    order = [ring[(turn + k) % 4] for k in range(4)]
    return _with(city, tender, [Bid(company, round(tender.estimate * (top + 0.013 * k + _noise(city, tender, f"turn{k}", 0, 0.006)))) for k, company in enumerate(order)], order[0], outsiders)


def _suppression(city: Scene, tender: Tender, at: int, ring: list[int], outsiders: list[int]) -> Tender:
    """The others stay away (or one comes for show), and the one who comes names the price."""
    bids = [Bid(ring[at % 2], round(tender.estimate * _noise(city, tender, "alone", 0.975, 1.0)))]
    if tender.difficulty > 1 and at % 2:
        bids.append(Bid(ring[2], round(tender.estimate * 1.012)))
    return replace(_with(city, tender, bids, ring[at % 2], []), days=tender.days)


def _split(city: Scene, tender: Tender, at: int, ring: list[int], outsiders: list[int]) -> Tender:
    """One need, cut into purchases that each may be made by quotation; the harder, the wider apart."""
    estimate = round(OPEN_TENDER_FROM * _noise(city, tender, "slice", 0.72, 0.985))
    opened = min(tender.opened, city.last - dt.timedelta(days=60))
    cut = replace(tender, estimate=estimate, days=5, method="selective", rationale="询价采购", opened=opened)
    return _with(city, cut, [Bid(ring[0] if tender.difficulty < 3 or at % 3 else ring[1], round(estimate * 0.985))] + [Bid(ring[2], round(estimate * 0.998))] * (tender.difficulty > 1),
                 ring[0] if tender.difficulty < 3 or at % 3 else ring[1], [])  # fmt: skip


def _tailored(city: Scene, tender: Tender, at: int, ring: list[int], outsiders: list[int]) -> Tender:
    """The description fits one product, or time is too short for anyone who was not told."""
    days = (8, 14, 20)[tender.difficulty - 1]
    bids = [Bid(ring[0], round(tender.estimate * _noise(city, tender, "fit", 0.97, 0.995)))]
    if tender.difficulty == 3:
        bids.append(Bid(ring[1 + at % 3], round(tender.estimate * _noise(city, tender, "unfit", 1.0, 1.02))))
    return _with(city, replace(tender, days=days, rationale="需满足指定技术参数" if tender.difficulty == 1 else ""), bids, ring[0], [])


def _amendment(city: Scene, tender: Tender, at: int, ring: list[int], outsiders: list[int]) -> Tender:
    """Won by a price below cost, which amendments make good."""
    low = _noise(city, tender, "low", 0.70, 0.76) + 0.03 * (tender.difficulty - 1)
    bids = [Bid(ring[0], round(tender.estimate * low)), *_fair(city, tender.number, outsiders[at : at + 3], tender.estimate)]
    return replace(tender, bids=tuple(bids), winner=ring[0], final=round(tender.estimate * (low + (0.42, 0.30, 0.22)[tender.difficulty - 1])))


def _niche(city: Scene, tender: Tender, at: int, ring: list[int], outsiders: list[int]) -> Tender:
    """Two makers in the whole province: few bids, often the same winner, and yet a price well below the estimate."""
    bids = _fair(city, tender.number, ring[: 1 + (at + tender.difficulty) % 2], tender.estimate)
    best = min(bids, key=lambda bid: bid.amount)
    return replace(tender, bids=bids, winner=best.company, final=best.amount, rationale="专用设备，供应商有限")


def _emergency(city: Scene, tender: Tender, at: int, ring: list[int], outsiders: list[int]) -> Tender:
    """One company is asked, as the dam cannot wait."""
    [bid] = _fair(city, tender.number, ring[:1], tender.estimate)
    return replace(tender, bids=(bid,), winner=bid.company, final=bid.amount, method="direct", rationale="抢险救灾应急采购", days=2)


def _framework(city: Scene, tender: Tender, at: int, ring: list[int], outsiders: list[int]) -> Tender:
    """Small call-offs from the winner of a framework that was tendered openly."""
    estimate = round(OPEN_TENDER_FROM * _noise(city, tender, "calloff", 0.2, 0.9))
    [bid] = _fair(city, tender.number, ring[:1], estimate)
    return replace(tender, estimate=estimate, bids=(bid,), winner=bid.company, final=bid.amount, method="limited", rationale="框架协议二次采购", days=3)


def _guide(city: Scene, tender: Tender, at: int, ring: list[int], outsiders: list[int]) -> Tender:
    """Prices are set by the state: all bids lie together, and quality decides."""
    who = [ring[(at * 5 + k * (1 + at % 2)) % 6] for k in range(4)]
    bids = tuple(Bid(company, round(tender.estimate * (0.985 + _noise(city, tender, f"guide{k}", 0, 0.004)))) for k, company in enumerate(dict.fromkeys(who)))
    winner = bids[one(city.seed, "tender/quality", 0, len(bids), tender.number)]
    return replace(tender, bids=bids, winner=winner.company, final=winner.amount, rationale="政府指导价")


def _efficient(city: Scene, tender: Tender, at: int, ring: list[int], outsiders: list[int]) -> Tender:
    """One is simply better: it wins nearly always, and cheaply, against many."""
    others = _fair(city, tender.number, [who for who in outsiders[at : at + 5] if who != ring[0]], tender.estimate)
    least = min(bid.amount for bid in others)
    mine = Bid(ring[0], round(least * _noise(city, tender, "better", 0.90, 0.97)))
    return replace(tender, bids=(*others, mine), winner=ring[0], final=mine.amount)


def _group(city: Scene, tender: Tender, at: int, ring: list[int], outsiders: list[int]) -> Tender:
    """Two firms of one address bid, each on its own account, among others; either may lose."""
    bids = _fair(city, tender.number, [*ring[:2], *outsiders[at : at + 3]], tender.estimate)
    best = min(bids, key=lambda bid: bid.amount)
    return replace(tender, bids=bids, winner=best.company, final=best.amount)


CASES = {
    "cover_bidding": _cover, "rotation": _rotation, "suppression": _suppression, "split_purchase": _split, "tailored": _tailored, "amendment": _amendment, "niche_market": _niche,
    "emergency": _emergency, "framework": _framework, "guide_price": _guide, "efficient_winner": _efficient, "group_companies": _group,
}  # fmt: skip


@lru_cache(maxsize=4)
def changes(city: Scene) -> tuple[tuple[int, str, object], ...]:
    """What the register of companies shows of a ring: in the plain cases one telephone, then one address, in the hard ones one person behind two of them."""
    table, found = companies.companies(city), []
    for kind, difficulty, who in _members(city).values():
        if kind in ("cover_bidding", "rotation", "suppression") and len(who) > 1:
            column = ("phone", "address", "legal_representative")[difficulty - 1]
            value = table[column][who[0]]
            found += [(number, column, value) for number in (who[1:] if difficulty < 3 else who[1:2])]
        elif kind == "group_companies" and len(who) > 1:
            found.append((who[1], "address", table["address"][who[0]]))
    return tuple(found)


def _members(city: Scene) -> dict[str, tuple[str, int, list[int]]]:
    """Case → kind, difficulty, companies that took part in more than one of its tenders, the most frequent first."""
    seen: dict[str, list[int]] = {}
    told: dict[str, tuple[str, int]] = {}
    for tender in tenders(city):
        if tender.case:
            seen.setdefault(tender.case, []).extend(bid.company for bid in tender.bids)
            told[tender.case] = (tender.kind, tender.difficulty)
    return {case: (*told[case], [who for who in dict.fromkeys(sorted(all_, key=lambda c: (-all_.count(c), c))) if all_.count(who) > 1]) for case, all_ in seen.items()}


def ocid(tender: Tender) -> str:
    return f"ocds-cvcl01-{tender.opened.year}-{tender.number:06d}"


def truth(city: Scene) -> pl.DataFrame:
    """A row a tender in a case."""
    codes = companies.companies(city)["credit_code"].to_list()
    members = _members(city)
    rows = [(t.case, t.kind, t.difficulty, t.decoy, ocid(t), BUYERS[t.buyer], t.opened, codes[t.winner], [codes[who] for who in members[t.case][2]]) for t in tenders(city) if t.case]
    return pl.DataFrame(rows, schema=["case_id", "kind", "difficulty", "decoy", "ocid", "buyer", "opened_on", "winner_code", "member_codes"], orient="row")
