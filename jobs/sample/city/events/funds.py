"""Special funds from budget to payment, and the ways in which money leaves them ."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import polars as pl

from jobs.sample.city.draws import chosen, hashes, integers
from jobs.sample.city.events import companies
from jobs.sample.city.events.chance import exponential, one, shuffled
from jobs.sample.city.events.scene import Scene

# (code, name, department, what its projects do, trades that do it, function class of the budget, million yuan)
FUNDS = (
    ("ZX01", "义务教育薄弱环节改善与能力提升补助资金", "市教育局", ("校舍维修", "运动场改造", "食堂改造"), (0, 1), "205 教育支出", 46),
    ("ZX02", "学前教育发展资金", "市教育局", ("幼儿园扩建", "幼儿园设施采购"), (0, 7), "205 教育支出", 22),
    ("ZX03", "基层医疗卫生服务能力建设资金", "市卫生健康委", ("卫生院改造", "诊疗设备采购", "救护车购置"), (0, 5, 11), "210 卫生健康支出", 38),
    ("ZX04", "困难群众救助补助资金", "市民政局", ("救助站修缮", "临时救助点建设"), (1, 0), "208 社会保障和就业支出", 30),
    ("ZX05", "养老服务体系建设资金", "市民政局", ("养老院改造", "社区食堂建设", "适老化改造"), (1, 0), "208 社会保障和就业支出", 26),
    ("ZX06", "农村公路养护资金", "市交通运输局", ("路面大修", "桥梁加固", "安防工程"), (2, 0), "214 交通运输支出", 64),
    ("ZX07", "水污染防治资金", "市生态环境局", ("河道清淤", "排污口整治", "湿地修复"), (3, 0), "211 节能环保支出", 58),
    ("ZX08", "大气污染防治资金", "市生态环境局", ("锅炉改造", "监测站建设"), (0, 4), "211 节能环保支出", 34),
    ("ZX09", "老旧小区改造资金", "市住房城乡建设局", ("管网改造", "外墙修缮", "加装电梯"), (0, 1), "221 住房保障支出", 92),
    ("ZX10", "乡村振兴衔接推进资金", "市农业农村局", ("饮水工程", "产业路建设", "大棚建设"), (0, 2, 3), "213 农林水支出", 71),
    ("ZX11", "公共文化服务体系建设资金", "市文化广电旅游局", ("图书馆改造", "文化站建设"), (1, 0), "207 文化旅游体育与传媒支出", 18),
    ("ZX12", "数字政府建设资金", "市政务服务数据局", ("平台开发", "机房改造"), (4,), "201 一般公共服务支出", 41),
)  # fmt: skip
KINDS = ("misuse", "fictitious", "retained", "double_claim")
DECOYS = ("approved_adjustment", "vehicle_by_purpose", "new_company", "slow_with_reason", "co_funded", "retention_money")
INSTALMENTS = ((0.30, 5, "预付款"), (0.25, 60, "工程进度款"), (0.22, 110, "工程进度款"), (0.20, 170, "结算款"), (0.03, 400, "质保金"))
VEHICLE_FUND, VEHICLE_WORK = 2, 2


@dataclass(frozen=True)
class Payment:
    """`payee`: number of a company, or -1 for the implementing unit's own account."""

    on: dt.date
    amount: int
    payee: int
    purpose: str
    diverted: bool = False


@dataclass(frozen=True)
class Project:
    """Money in whole yuan. `speed`: share of the usual pace of work; `halted`: the reason it stands still, if it does."""

    number: int
    code: str
    fund: int
    work: int
    name: str
    unit: str
    district: int
    amount: int
    start: dt.date
    contractor: int
    beneficiaries: int
    speed: float = 1.0
    halted: str = ""
    accepted: bool = True
    matched_with: str = ""
    adjusted_to: str = ""
    payments: tuple[Payment, ...] = ()
    case: str = ""
    kind: str = ""
    difficulty: int = 0
    decoy: bool = False
    changes: tuple[tuple[int, str, object], ...] = field(default=())  # (company, column of the register, value)


def count(city: Scene) -> int:
    """A prefecture of 5 million has some 4,000 projects of special funds a year; a small city has enough for every kind of case."""
    return min(6000, 120 + city.people // 1250)


def each(city: Scene) -> int:
    """Cases of every kind and difficulty; of every decoy three times as many."""
    return max(1, count(city) // 160)


@lru_cache(maxsize=4)
def projects(city: Scene) -> tuple[Project, ...]:
    """Honest projects first, then the cases laid over some of them; the places are drawn, so that nothing of a number tells a case."""
    made = [_with_payments(city, project) for project in _honest(city)]
    places = shuffled(city.seed, "fund/case", len(made)).tolist()
    wanted = [(kind, difficulty, False) for kind in KINDS for difficulty in (1, 2, 3)] + [(kind, difficulty, True) for kind in DECOYS for difficulty in (1, 2, 3)]
    number = 0
    for kind, difficulty, decoy in wanted:
        for _ in range(each(city)):
            number += 1
            at, other = places.pop(), places.pop()
            marked = replace(made[at], case=f"F{number:04d}", kind=kind, difficulty=difficulty, decoy=decoy)
            made[at], made[other] = _laid(city, marked, made[other])
    return tuple(made)


def _honest(city: Scene) -> list[Project]:
    seed, n = city.seed, count(city)
    of = np.arange(n)
    fund = chosen(seed, "fund/of", [million for *_, million in FUNDS], of)
    amount = np.round((0.3 + exponential(seed, "fund/amount", 1.0, of)) * 1_400_000, -3).astype(np.int64)
    district = integers(seed, "fund/district", 0, len(city.districts), of)
    first = city.since
    start = integers(seed, "fund/start", 20, (city.last - first).days - 45, of)
    work, people, speed = (integers(seed, f"fund/{name}", 0, high, of) for name, high in (("work", 60), ("people", 4000), ("speed", 1000)))
    builders = companies.in_business(city)
    luck = hashes(seed, "fund/contractor", of)
    made = []
    for k in range(n):
        code, _, department, works, trades, _, _ = FUNDS[fund[k]]
        place = int(work[k]) % len(works)
        trade = trades[place] if len(trades) == len(works) else trades[int(work[k]) // 3 % len(trades)]
        if works[place] == "救护车购置":
            trade = 11
        pool = builders[trade]
        made.append(Project(
            k, f"{code}-{first.year}-{k:05d}", int(fund[k]), place, f"{city.districts[district[k]][1]}{works[place]}项目{k % 9 + 1}标段", f"{city.districts[district[k]][1]}{department[1:]}",
            int(district[k]), int(amount[k]), first + dt.timedelta(days=int(start[k])), int(pool[int(luck[k] % np.uint64(len(pool)))]), int(people[k]) + 120, 0.85 + speed[k] / 2000,
        ))  # fmt: skip
    return made


def _with_payments(city: Scene, project: Project) -> Project:
    """What an honest project pays: instalments as the work goes on, some later than agreed."""
    late = exponential(city.seed, "fund/late", 9, project.number, np.arange(len(INSTALMENTS)))
    works = FUNDS[project.fund][3][project.work]
    found = [
        Payment(project.start + dt.timedelta(days=int(days / project.speed + late[k])), round(project.amount * share), project.contractor, f"{works}{purpose}")
        for k, (share, days, purpose) in enumerate(INSTALMENTS)
    ]  # fmt: skip
    return replace(project, payments=tuple(found))


def _laid(city: Scene, project: Project, other: Project) -> tuple[Project, Project]:
    made = CASES[project.kind](city, project, other)
    return made if isinstance(made, tuple) else (made, other)


def _some(city: Scene, project: Project, stream: str, low: int, high: int) -> int:
    return one(city.seed, f"fund/{stream}", low, high, project.number)


def _company(city: Scene, project: Project, trades: tuple[int, ...], stream: str) -> int:
    pool = [number for trade in trades for number in companies.in_business(city)[trade]]
    return pool[_some(city, project, stream, 0, len(pool))]


def _moved(project: Project, which: tuple[int, ...], payee: int, purpose: str, *, diverted: bool = True) -> Project:
    """Some instalments go to another payee."""
    payments = [replace(p, payee=payee, purpose=purpose or p.purpose, diverted=diverted) if k in which else p for k, p in enumerate(project.payments)]
    return replace(project, payments=tuple(payments))


def _early(city: Scene, project: Project, days: int) -> Project:
    """Begun so long before the end that its later instalments are to be seen."""
    start = min(project.start, city.last - dt.timedelta(days=days + _some(city, project, "early", 0, 30)))
    return _with_payments(city, replace(project, start=start))


def _misuse(city: Scene, project: Project, other: Project) -> Project:
    """The unit pays its own needs, or another building site, out of the fund: the work falls behind by what is gone."""
    project, which = _early(city, project, 190), (1, 2) if project.number % 2 else (2, 3)
    works = FUNDS[project.fund][3][project.work]
    gone = sum(INSTALMENTS[k][0] for k in which)
    if project.difficulty == 3:
        moved = _moved(project, which, other.contractor, f"{works}工程进度款")
    else:
        payee = _company(city, project, companies.OFFICE_TRADES, "office")
        moved = _moved(project, which, payee, ("公务接待及会议费", "购置办公用车")[project.number % 2] if project.difficulty == 1 else f"{works}材料款")
    return replace(moved, speed=project.speed * (1 - gone), accepted=False)


def _fictitious(city: Scene, project: Project, other: Project) -> Project:
    """Nothing is built: the reports say what the payments need, and the payee is a shell."""
    project = _early(city, project, 190)
    if project.difficulty == 1:
        changes: tuple[tuple[int, str, object], ...] = ((project.contractor, "ended_on", project.start - dt.timedelta(days=_some(city, project, "ended", 10, 60))),)
    elif project.difficulty == 2:
        shell = companies.companies(city).row(other.contractor, named=True)
        changes = ((project.contractor, "registered_on", project.start - dt.timedelta(days=_some(city, project, "fresh", 6, 25))), (project.contractor, "phone", shell["phone"]))
    else:
        changes = ()
    quick = [replace(p, on=project.start + dt.timedelta(days=4 + 9 * k), diverted=True) for k, p in enumerate(project.payments)]
    return replace(project, payments=tuple(quick), speed=6.0, accepted=False, beneficiaries=project.beneficiaries if project.difficulty == 3 else 0, changes=changes)


def _retained(city: Scene, project: Project, _: Project) -> Project:
    """The money came and stays with the unit: all of it, most of it, or a fee off every instalment."""
    project = _early(city, project, 200)
    if project.difficulty == 1:
        return replace(project, payments=(), speed=0.0, accepted=False)
    if project.difficulty == 2:
        return replace(_moved(project, (2, 3), -1, "往来款转存"), accepted=True)
    fees = [replace(p, amount=round(p.amount * 0.09), payee=-1, purpose="项目管理费", diverted=True) for p in project.payments[:4]]
    return replace(project, payments=(*(replace(p, amount=round(p.amount * 0.91)) for p in project.payments[:4]), project.payments[4], *fees))


def _double(city: Scene, project: Project, other: Project) -> tuple[Project, Project]:
    """One building site, two funds: under its own name, in other words, or through a company of the same person."""
    project = _early(city, project, 150)
    name = project.name if project.difficulty == 1 else project.name.replace("项目", "").replace("改造", "提升").replace("维修", "修缮") + "工程"
    contractor = project.contractor if project.difficulty < 3 else other.contractor
    twin = replace(
        other, name=name, amount=round(project.amount * (1 if project.difficulty == 1 else 0.93)), start=project.start + dt.timedelta(days=6), district=project.district, work=other.work,
        contractor=contractor, beneficiaries=project.beneficiaries, speed=project.speed, case=project.case, kind=project.kind, difficulty=project.difficulty, decoy=False,
    )  # fmt: skip
    paid = _with_payments(city, twin)
    changes = ((contractor, "legal_representative", companies.companies(city).row(project.contractor, named=True)["legal_representative"]),) if project.difficulty == 3 else ()
    return project, replace(paid, payments=tuple(replace(p, diverted=True) for p in paid.payments), changes=changes)


def _approved(city: Scene, project: Project, other: Project) -> Project:
    project = _early(city, project, 190)
    return replace(_moved(project, (2,), other.contractor, "", diverted=False), adjusted_to=other.code, speed=project.speed * 0.9)


def _vehicle(city: Scene, project: Project, _: Project) -> Project:
    """Ambulances are what this fund is for."""
    name = f"{city.districts[project.district][1]}救护车购置项目{project.number % 9 + 1}标段"
    code = f"{FUNDS[VEHICLE_FUND][0]}-{project.code.split('-', 1)[1]}"
    dealer = _company(city, project, (11,), "dealer")
    unit = f"{city.districts[project.district][1]}{FUNDS[VEHICLE_FUND][2][1:]}"
    return _early(city, replace(project, fund=VEHICLE_FUND, work=VEHICLE_WORK, name=name, code=code, unit=unit, contractor=dealer), 120)


def _new_company(city: Scene, project: Project, _: Project) -> Project:
    project = _early(city, project, 190)
    return replace(project, changes=((project.contractor, "registered_on", project.start - dt.timedelta(days=_some(city, project, "new", 12, 60))),))


def _slow(city: Scene, project: Project, _: Project) -> Project:
    reason = ("征地拆迁未完成", "设计变更待批复", "汛期停工")[project.difficulty - 1]
    project = _early(city, project, 200)
    return replace(project, payments=project.payments[:1] if project.difficulty == 3 else (), speed=0.08 if project.difficulty == 3 else 0.0, halted=reason, accepted=False)


def _co_funded(city: Scene, project: Project, other: Project) -> tuple[Project, Project]:
    project = _early(city, project, 150)
    twin = replace(other, name=project.name, start=project.start, district=project.district, contractor=project.contractor, matched_with=project.code, beneficiaries=project.beneficiaries, speed=project.speed)
    return replace(project, matched_with=other.code), replace(_with_payments(city, twin), case=project.case, kind=project.kind, difficulty=project.difficulty, decoy=True)


def _retention(city: Scene, project: Project, _: Project) -> Project:
    """Finished and accepted, and a part is lawfully held back for the year of warranty."""
    project = _early(city, project, 200)
    return replace(project, payments=tuple(replace(p, amount=round(project.amount * 0.10)) if k == 3 else p for k, p in enumerate(project.payments)))


CASES = {
    "misuse": _misuse, "fictitious": _fictitious, "retained": _retained, "double_claim": _double, "approved_adjustment": _approved, "vehicle_by_purpose": _vehicle,
    "new_company": _new_company, "slow_with_reason": _slow, "co_funded": _co_funded, "retention_money": _retention,
}  # fmt: skip


def progress(project: Project, on: dt.date) -> float:
    """Percent of the work that the unit reports done at the end of a day."""
    return round(min(100.0, max(0.0, (on - project.start).days / 170 * 100 * project.speed)), 1)


def truth(city: Scene) -> pl.DataFrame:
    """A row a project in a case. `diverted_yuan`: what left its purpose up to the last day (0 for decoys)."""
    rows = []
    for p in projects(city):
        if p.case:
            gone = [x for x in p.payments if x.diverted and x.on <= city.last]
            kept = p.amount if p.kind == "retained" and p.difficulty == 1 else sum(x.amount for x in gone)
            rows.append((p.case, p.kind, p.difficulty, p.decoy, p.code, FUNDS[p.fund][0], p.start, 0 if p.decoy else kept, min((x.on for x in gone), default=p.start)))
    names = ("case_id", "kind", "difficulty", "decoy", "project_code", "fund_code", "started_on", "diverted_yuan", "first_on")
    return pl.DataFrame(rows, schema=names, orient="row")
