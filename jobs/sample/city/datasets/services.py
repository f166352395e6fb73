"""Output and people for the statistics bureau, and who serves the people: places, land, social organisations, services that were bought and what came of them."""

from __future__ import annotations

import numpy as np
import polars as pl

from jobs.sample.city import divisions
from jobs.sample.city.dataset import Dataset, RowFault, Truth
from jobs.sample.city.draws import chosen, integers, normal
from jobs.sample.city.events import air, economy, hotline
from jobs.sample.city.events.chance import between
from jobs.sample.city.events.companies import names_of_people
from jobs.sample.city.events.economy import ORGANISATIONS, OUTCOMES, SECTORS
from jobs.sample.city.events.hotline import SERVICES
from jobs.sample.city.events.scene import scene, shares, street_of
from jobs.sample.city.plan import Period, Plan
from jobs.sample.city.writers import csv, excel, json_document, json_lines, zipped

# service → (kind of place, places it takes, people a place of it serves where nothing is short)
PLACES = {"elderly_care": ("养老服务站", 40, 90), "childcare": ("幼儿园", 120, 40), "clinic": ("社区卫生服务站", 60, 60), "transport": ("公交站", 400, 2), "parking": ("停车场", 80, 6), "housing": ("公租房项目", 60, 110)}
SHOPS = ("超市", "菜市场", "药店", "银行", "餐馆")
USES = ("居住用地", "商业用地", "工业用地", "公共服务用地", "绿地", "农用地")


def _output(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """Output by month; the first file brings four years."""
    city = scene(plan)
    months, names = economy.months(city), [name for name, *_ in SECTORS.values()]
    there = [k for k, month in enumerate(months) if month <= period.last and (period.index == 0 or month >= period.first.replace(day=1))]
    m, d, s = (axis.ravel() for axis in np.meshgrid(there, np.arange(len(city.districts)), np.arange(len(SECTORS)), indexing="ij"))
    return pl.DataFrame({
        "统计月份": [f"{months[k]:%Y%m}" for k in m], "区县代码": [city.districts[k][0] for k in d], "行业门类": [list(SECTORS)[k] for k in s], "行业名称": [names[k] for k in s],
        "总产出(百万元)": economy.output(city)[m, d, s],
    })  # fmt: skip


def _population(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """Residents by street, as the bureau estimates them."""
    city = scene(plan)
    street = street_of(city)
    people = np.bincount(street, weights=shares(city)) * city.people
    first = [int(np.flatnonzero(street == k)[0]) for k in range(int(street.max()) + 1)]
    estimated = np.rint(people * normal(plan.seed, "population/estimate", 1, 0.01, np.arange(len(people)), period.first.year)).astype(np.int64)
    old = np.rint(estimated * between(plan.seed, "population/old", 0.11, 0.24, np.arange(len(people)))).astype(np.int64)
    return pl.DataFrame({"街道代码": [city.communities[k].code[:9] for k in first], "街道": [city.communities[k].street for k in first], "常住人口": estimated, "其中65岁及以上": np.minimum(old, estimated)})


def _places(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """Points of interest: of each service as much as its street has (little where there is a gap), and shops."""
    city, rows = scene(plan), []
    street, gap = street_of(city), hotline.gaps(city)
    for k in range(int(street.max()) + 1):
        inside = np.flatnonzero(street == k)
        people = shares(city)[inside].sum() * city.people
        for s, service in enumerate(SERVICES):
            kind, size, served = PLACES[service]
            capacity = people / served / (1 + gap[inside[0], s])
            number = max(1, round(capacity / size))
            each = max(1, round(capacity / number))
            rows += [(f"{kind[:2]}{k:03d}{n:03d}", f"{city.communities[inside[0]].street}{kind}{n + 1}", kind, city.communities[inside[n % len(inside)]].code, each) for n in range(number)]
        for n, kind in enumerate(SHOPS):
            rows.append((f"商{k:03d}{n:03d}", f"{city.communities[inside[0]].street}{kind}", kind, city.communities[inside[n % len(inside)]].code, None))
    return pl.DataFrame(rows, schema={"poi_id": pl.String, "name": pl.String, "category": pl.String, "location.community": pl.String, "capacity": pl.Int64}, orient="row")


def _communities(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """The register of communities with their middle on the map."""
    every = pl.concat([divisions.communities(), divisions.positions()], how="horizontal")
    return every.select("code", "name", "street_code", "street", "district_code", "district", pl.col("longitude").alias("centre.lon"), pl.col("latitude").alias("centre.lat"), "area_km2")


def _parcels(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """Parcels by cell of the satellite's grid, with the permits to build that were given up to now."""
    cell = np.arange(air.CELLS)
    use = chosen(plan.seed, "parcel/use", (25, 10, 12, 8, 15, 30), cell)
    given = {cell_id: day for cell_id, day in air.permitted(scene(plan)) if day <= period.last}
    ids = [air.cell_id(int(k)) for k in cell]
    return pl.DataFrame({
        "宗地号": [f"3601{k:06d}" for k in cell], "网格": ids, "用途": [USES[k] for k in use], "面积(平方米)": integers(plan.seed, "parcel/area", 4_000, 240_000, cell),
        "建设许可日期": [given[i].isoformat() if i in given else None for i in ids],
    }, schema_overrides={"建设许可日期": pl.String})  # fmt: skip


def _organisations(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    of = np.arange(ORGANISATIONS)
    city = scene(plan)
    kind = ("社会服务机构", "社会团体", "基金会")
    return pl.DataFrame({
        "登记证号": [f"SH{k:05d}" for k in of], "名称": [f"{city.districts[k % len(city.districts)][1]}{('爱心', '康乐', '同行', '阳光', '晚晴')[k % 5]}{('社会工作服务中心', '养老服务中心', '志愿者协会')[k % 3]}" for k in of], "类型": [kind[k % 3] for k in of],
        "负责人": names_of_people(plan.seed, "organisation/head", of), "专职人数": integers(plan.seed, "organisation/staff", 2, 60, of), "评估等级": [f"{k}A" for k in integers(plan.seed, "organisation/grade", 1, 6, of)],
    })  # fmt: skip


def _purchases(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    city, services = scene(plan), list(SERVICES)
    table = economy.purchases(city).filter(pl.col("start") <= period.last)
    if period.index:
        table = table.filter(pl.col("start") >= period.first.replace(day=1))
    return pl.DataFrame({
        "合同编号": table["contract_no"], "承接主体": [f"SH{k:05d}" for k in table["organisation"]], "服务类别": [SERVICES[services[k]][0] for k in table["service"]], "服务区县": [city.districts[k][1] for k in table["district"]],
        "合同金额(万元)": table["paid_wan"], "签订日期": table["start"].cast(pl.String), "备注": pl.Series(["偏远乡镇，含交通成本" if far else None for far in table["remote"]], dtype=pl.String),
    })  # fmt: skip


def _outcomes(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """What came of each contract up to now: a part for every month since it was signed, all after a year."""
    table = economy.purchases(scene(plan)).filter(pl.col("start") <= period.last)
    services = list(OUTCOMES)
    done = np.clip(((pl.Series([period.last] * table.height, dtype=pl.Date) - table["start"]).dt.total_days().to_numpy() + 1) / 365, 0, 1)
    return pl.DataFrame({
        "contractNo": table["contract_no"], "asOf": [f"{period.last}"] * table.height, "indicator": [OUTCOMES[services[k]][0] for k in table["service"]],
        "achieved": np.rint(table["outcomes"].to_numpy() * done).astype(np.int64), "target": np.rint(table["outcomes"].to_numpy() / np.clip(table["efficiency"].to_numpy(), 0.1, None)).astype(np.int64),
        "satisfaction": np.round(np.clip(normal(plan.seed, "outcome/mark", 4.1, 0.35, np.arange(table.height)), 1, 5), 1),
    })  # fmt: skip


def _shifts(plan: Plan, part: int) -> Truth:
    yield "structure_shift", economy.shift_truth(scene(plan))


def _costs(plan: Plan, part: int) -> Truth:
    yield "cost_per_outcome", economy.cost_truth(scene(plan))


ABOLISHED = RowFault("区县代码", "360105", "in_set:district_code", 2, "merged_district")  # 湾里区, part of 新建区 since 2019
DATASETS = (
    Dataset("statistics.industry_output", _output, csv("gb18030", preamble="分行业总产出（月度）", footnote="注：快报数"), "month", "increment", ("统计月份", "区县代码", "行业门类"), file="分行业产出.csv", row_faults=(ABOLISHED,), truth=_shifts),
    Dataset("statistics.street_population", _population, excel("常住人口", "分街道常住人口"), "year", "snapshot", ("街道代码",), file="常住人口.xlsx"),
    Dataset("planning.poi", _places, json_lines(), "year", "snapshot", ("poi_id",), file="poi.jsonl"),
    Dataset("planning.community", _communities, json_lines(), "year", "snapshot", ("code",), file="communities.jsonl"),
    Dataset("planning.parcel", _parcels, zipped(csv("gb18030"), "宗地.csv"), "month", "snapshot", ("宗地号",), file="宗地.zip"),
    Dataset("social_organisation.organisation", _organisations, excel("社会组织", "社会组织名录"), "year", "snapshot", ("登记证号",), file="社会组织.xlsx"),
    Dataset("social_organisation.purchased_service", _purchases, csv("gb18030"), "month", "increment", ("合同编号",), file="购买服务.csv"),
    Dataset("social_organisation.service_outcome", _outcomes, json_document("outcomes"), "month", "snapshot", ("contractNo",), file="outcomes.json", truth=_costs),
)  # fmt: skip
