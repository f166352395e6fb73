"""What the city makes: output by industry and district, month by month, and the shifts that change its structure."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import numpy as np
import polars as pl

from jobs.sample.city.draws import Floats, chosen, normal
from jobs.sample.city.events.chance import between, one, wave
from jobs.sample.city.events.dwellings import NEW_YEARS
from jobs.sample.city.events.scene import Scene

# GB/T 4754 section → (name, share of a prefecture's output, growth a year): Nanchang's bulletin of 2023, coarsened.
SECTORS = {
    "A": ("农林牧渔业", 0.035, 0.035), "C1": ("食品制造", 0.07, 0.03), "C2": ("纺织服装", 0.06, -0.01), "C3": ("电子信息制造", 0.14, 0.09), "C4": ("汽车及装备制造", 0.12, 0.05), "C5": ("化工医药", 0.08, 0.04), "E": ("建筑业", 0.13, 0.02),
    "F": ("批发和零售业", 0.10, 0.05), "G": ("交通运输仓储", 0.05, 0.05), "I": ("信息软件服务", 0.05, 0.11), "J": ("金融业", 0.08, 0.05), "K": ("房地产业", 0.06, -0.03), "P": ("教育卫生文化", 0.025, 0.06),
}  # fmt: skip
MONTHS_BEFORE = 48
SHIFTS = ("relocation", "new_cluster", "decline")  # a works moves to another district; a young industry settles; an old one goes
DECOYS = ("festival", "reclassified", "one_order")  # the New Year moves; a firm is counted elsewhere; a single large order
OUTPUT = 9_000.0  # yuan a person and month: 108,000 a year


@lru_cache(maxsize=4)
def months(city: Scene) -> tuple[dt.date, ...]:
    first = city.first.year * 12 + city.first.month - 1 - MONTHS_BEFORE
    return tuple(dt.date(n // 12, n % 12 + 1, 1) for n in range(first, city.last.year * 12 + city.last.month))


@lru_cache(maxsize=4)
def shifts(city: Scene) -> tuple[tuple[str, str, int, int, int, int, int], ...]:
    """(id, kind, sector, district, other district or sector, month it begins, difficulty): one of each kind and difficulty."""
    found = []
    for number, kind in enumerate(kind for kind in (*SHIFTS, *DECOYS) for _ in range(3)):
        sector, place = one(city.seed, "shift/sector", 1, len(SECTORS), number), one(city.seed, "shift/place", 0, len(city.districts), number)
        other = (place + one(city.seed, "shift/other", 1, len(city.districts), number)) % len(city.districts)
        if kind == "reclassified":
            other = 1 + (sector + 2) % (len(SECTORS) - 1)
        found.append((f"E{number:03d}", kind, sector, place, other, one(city.seed, "shift/month", 14, len(months(city)) - 8, number), number % 3 + 1))
    return tuple(found)


@lru_cache(maxsize=4)
def output(city: Scene) -> Floats:
    """Million yuan, months × districts × sectors."""
    at, seed = np.arange(len(months(city))), city.seed
    shape = (len(at), len(city.districts), len(SECTORS))
    m, d, s = np.indices(shape)
    share, growth = (np.array([values[k] for values in SECTORS.values()]) for k in (1, 2))
    spread = between(seed, "output/spread", 0.3, 1.7, np.arange(len(city.districts))[:, None], np.arange(len(SECTORS))[None, :])
    size = between(seed, "output/size", 0.6, 1.6, np.arange(len(city.districts)))
    base = spread * size[:, None]
    base = base / base.sum(axis=0)[None, :] * share[None, :] * OUTPUT * city.people / 1e6
    new_year = np.array([any(-3 <= (month + dt.timedelta(days=14) - year).days <= 22 for year in NEW_YEARS) for month in months(city)])
    found = base[None] * (1 + growth[None, None, :] * (at[:, None, None] / 12)) * (1 + 0.05 * wave(at, 12, 11)[:, None, None]) * (1 - 0.22 * new_year[:, None, None] * (np.arange(len(SECTORS)) > 0)[None, None, :])
    found = found * normal(seed, "output/noise", 1, 0.025, m, d, s)
    for _, kind, sector, place, other, begins, hard in shifts(city):
        _shift(found, kind, sector, place, other, at >= begins, np.clip((at - begins) / (3 * hard), 0, 1) / (1 + 0.6 * (hard - 1)), at == begins)
    return np.asarray(np.round(found, 2), np.float64)


def _shift(found: Floats, kind: str, sector: int, place: int, other: int, after: np.ndarray, ramp: Floats, month: np.ndarray) -> None:
    """Plain ones come at once and are large; hard ones are smaller and take three quarters."""
    here = found[:, place, sector]
    if kind == "relocation":
        moved = here * 0.55 * ramp
        found[:, other, sector] += moved
        found[:, place, sector] -= moved
    elif kind == "new_cluster":
        found[:, place, sector] += here * 0.8 * ramp
    elif kind == "decline":
        found[:, place, sector] -= here * 0.5 * ramp
    elif kind == "reclassified":
        moved = here * 0.4 * after
        found[:, place, other] += moved
        found[:, place, sector] -= moved
    elif kind == "one_order":
        found[:, place, sector] += here * 0.6 * month


def shift_truth(city: Scene) -> pl.DataFrame:
    """A row a shift. `festival` decoys do nothing of their own: the New Year moves between January and February by itself."""
    names = [name for name, *_ in SECTORS.values()]
    rows = [
        (id_, kind, names[sector], city.districts[place][1], names[other] if kind == "reclassified" else city.districts[other][1] if kind == "relocation" else None, months(city)[begins], hard, kind in DECOYS)
        for id_, kind, sector, place, other, begins, hard in shifts(city)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=["shift_id", "kind", "sector", "district", "to", "from_month", "difficulty", "decoy"], orient="row")


# service → (what its outcome counts, CNY an outcome where it is bought well)
OUTCOMES = {"elderly_care": ("老人月均服务人次", 210.0), "childcare": ("托育幼儿月数", 900.0), "clinic": ("慢病随访人次", 85.0), "transport": ("公交客运人次", 3.2), "parking": ("新增泊位", 18_000.0), "housing": ("改造户数", 26_000.0)}
ORGANISATIONS = 40


@lru_cache(maxsize=4)
def purchases(city: Scene) -> pl.DataFrame:
    """Services bought of social organisations: what was paid, what came of it. `efficiency`: 1 is well bought; hard districts cost more for a reason (decoys)."""
    n = max(48, min(2000, city.people // 2500))
    of, seed = np.arange(n), city.seed
    service = chosen(seed, "purchase/service", (3, 2, 3, 1, 1, 1), of)
    hard = 1 + of % 3
    wasteful = between(seed, "purchase/kind", 0, 1, of) < 0.2
    remote = ~wasteful & (between(seed, "purchase/remote", 0, 1, of) < 0.15)
    efficiency = np.where(wasteful, np.array((0.4, 0.58, 0.72))[hard - 1], np.where(remote, 0.62, between(seed, "purchase/good", 0.88, 1.12, of)))
    paid = np.round(between(seed, "purchase/paid", 8, 160, of), 2)
    unit = np.array([cost for _, cost in OUTCOMES.values()])[service]
    place = chosen(seed, "purchase/district", np.ones(len(city.districts)), of)
    organisation = (of * 7 + place) % ORGANISATIONS
    started = (paid * 0).astype(np.int64) + chosen(seed, "purchase/month", np.ones(10), of)
    return pl.DataFrame({
        "contract_no": [f"GM{city.first.year}{k:05d}" for k in of], "service": service, "district": place, "organisation": organisation, "paid_wan": paid, "outcomes": np.maximum(1, np.rint(paid * 10_000 / unit * efficiency)).astype(np.int64),
        "remote": remote, "efficiency": np.round(efficiency, 3), "wasteful": wasteful, "difficulty": hard, "start": [city.since + dt.timedelta(days=int(k) * 30) for k in started],
    })  # fmt: skip


def cost_truth(city: Scene) -> pl.DataFrame:
    """A row a contract: what an outcome cost, and whether that was waste. Decoys are dear because the place is remote, as their contracts say."""
    table = purchases(city)
    services = list(OUTCOMES)
    return table.select(
        "contract_no", pl.Series("service", [services[k] for k in table["service"]]), (pl.col("paid_wan") * 10_000 / pl.col("outcomes")).round(2).alias("yuan_an_outcome"), "efficiency", "wasteful", "difficulty", pl.col("remote").alias("decoy"),
    )  # fmt: skip
