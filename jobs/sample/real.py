"""Where the real open dumps of `shared/data` are delivered in the landing zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SINGLE = {
    "fiscal/gla_spend.csv": "finance/spend/2013/gla_spend.csv",
    "disease/enhanced_sur_covid_19_eng.csv": "health/covid_case/2021-05-29/enhanced_sur_covid_19_eng.csv",
    "hazard/signif.txt": "emergency/earthquake/2019/signif.txt",
    "electricity/smart_meter10.parquet": "power/meter_reading/2013/smart_meter10.parquet",
}
COLLISION_PERIODS = {"2010": "2010", "2011": "2011", "2012": "2012", "2013": "2013H1"}


def deliveries(data: Path) -> Iterator[tuple[Path, str]]:
    """(file, landing key) of every real dump that has a contract."""
    yield from ((data / name, key) for name, key in SINGLE.items())
    for path in sorted((data / "industry").glob("分省年度数据*.csv")):
        yield path, f"statistics/province_indicator/2024/{path.name}"
    for year in ("2019", "2020"):
        yield data / f"environment/emis_{year}/zdroje.csv", f"environment/emission_source/{year}/zdroje.csv"
        yield data / f"environment/emis_{year}/emise.csv", f"environment/emission/{year}/emise.csv"
    for year, period in COLLISION_PERIODS.items():
        for path in sorted((data / "traffic/edinburgh_collisions" / year).glob("*.csv")):
            dataset = "collision" if path.name.startswith("accident") else "collision_vehicle"
            yield path, f"traffic/{dataset}/{period}/{path.name}"
    folder = data / "procurement/ocds"
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        yield path, f"procurement/ocds/2017/{path.relative_to(folder)}"


def _by_period(dataset: str) -> str:
    return f"SELECT array_join(transform(array_sort(collect_list(struct(period, n))), x -> x.n), ' / ') FROM (SELECT period, count(*) AS n FROM silver.traffic__{dataset} GROUP BY period)"


@dataclass(frozen=True)
class ControlTotal:
    """A number that the publisher states (SOURCES.tsv), and the query that must give it."""

    name: str
    published: str
    sql: str


CONTROL_TOTALS = (
    ControlTotal("GLA spend, rows", "28145", "SELECT count(*) FROM silver.finance__spend"),
    ControlTotal("GLA spend, sum of amounts, GBP", "1000083306.00", "SELECT sum(amount) FROM silver.finance__spend"),
    ControlTotal("GDP of 31 provinces in 2024, 亿元", "1337605.8", "SELECT round(sum(value), 1) FROM silver.statistics__province_indicator WHERE indicator = '地区生产总值' AND year = 2024"),
    ControlTotal("emission sources of two years", "18700", "SELECT count(*) FROM silver.environment__emission_source"),
    ControlTotal("Edinburgh accidents by period", "1176 / 1180 / 1163 / 555", _by_period("collision")),
    ControlTotal("Edinburgh vehicles by period", "2007 / 1974 / 2011 / 968", _by_period("collision_vehicle")),
    ControlTotal("Hong Kong cases", "11838", "SELECT count(*) FROM silver.health__covid_case"),
    ControlTotal("Hong Kong cases, deceased", "210", "SELECT count(*) FROM silver.health__covid_case WHERE outcome = 'Deceased'"),
    ControlTotal("earthquakes", "6066", "SELECT count(*) FROM silver.emergency__earthquake"),
    ControlTotal("deaths at Tangshan, 1976", "242769", "SELECT max(deaths) FROM silver.emergency__earthquake WHERE year = 1976 AND place LIKE '%TANGSHAN%'"),
    ControlTotal("OCDS releases", "842", "SELECT count(*) FROM silver.procurement__ocds_release"),
    ControlTotal("OCDS records", "22", "SELECT count(*) FROM silver.procurement__ocds_record"),
    ControlTotal("OCDS files refused as empty", "3", "SELECT count(*) FROM ops.deliveries WHERE dataset = 'procurement.ocds_release' AND reason = 'empty'"),
    ControlTotal("meter readings", "293874", "SELECT count(*) FROM silver.power__meter_reading"),
)
