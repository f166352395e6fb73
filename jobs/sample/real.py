"""Where the real open dumps of `shared/data` are delivered in the landing zone."""

from __future__ import annotations

import io
import zipfile
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
PANEL = "分省年度数据_整合.csv"
OTHERS = {
    "disease/latest_situation_of_reported_cases_covid_19_eng.csv": "health/covid_daily/2021-05-29",
    "divisions/china-division/provinces.csv": "civil_affairs/division_province/2023",
    "divisions/china-division/cities.csv": "civil_affairs/division_city/2023",
    "divisions/china-division/areas.csv": "civil_affairs/division_county/2023",
    "divisions/china-division/streets.csv": "civil_affairs/division_township/2023",
    "geo/sle_adm3.shp.xml": "planning/chiefdom_lineage/2017-03-06",
    "hazard/JTWC.csv": "meteorology/typhoon_track/2021",
    f"industry/{PANEL}": "statistics/province_panel/2024",
    "population/fake_1000.csv": "population/person/undated",
    "population/fake_1000_labels.csv": "population/person_pair/undated",
    "population/febrl/dataset3.csv": "population/febrl_record/undated",
    "population/febrl/dataset4a.csv": "population/febrl_record/undated",
    "population/febrl/dataset4b.csv": "population/febrl_record/undated",
    "population/pseudopeople/american_community_survey.parquet": "population/community_survey/1.3.1",
    "population/pseudopeople/current_population_survey.parquet": "population/labour_survey/1.3.1",
    "population/pseudopeople/decennial_census.parquet": "population/decennial_census/1.3.1",
    "population/pseudopeople/social_security.parquet": "population/social_security_event/1.3.1",
    "population/pseudopeople/taxes_w2_and_1099.parquet": "population/income_statement/1.3.1",
    "population/pseudopeople/women_infants_and_children.parquet": "population/wic_enrolment/1.3.1",
    "traffic/edinburgh_collisions/accident-2010-13-geocoded.csv": "traffic/collision_geocoded/2013H1",
    "water/Landsat_1984_2024_stations.csv": "water/landsat_station/2024",
    "weather/PRSA_data_2010.1.1-2014.12.31.csv": "environment/air_quality_hour/2014",
    "weather/nycflights13_weather.csv": "meteorology/airport_hour/2013",
}  # file → its period folder
SHAPEFILES = {"disease/health_facilities/sle_hf": "health/facility/2021", "geo/sle_adm3": "planning/chiefdom/2016-10-17"}
COMPONENTS = ("shp", "shx", "dbf", "prj", "CPG")
PACKED_ON = (1980, 1, 1, 0, 0, 0)  # the same components always make the same ZIP


@dataclass(frozen=True)
class Delivered:
    """What goes to a landing key: a file as it is, or the components of a shapefile as one ZIP."""

    key: str
    files: tuple[Path, ...]

    def content(self) -> bytes:
        return self.files[0].read_bytes() if len(self.files) == 1 else _zipped(self.files)


def deliveries(data: Path) -> Iterator[Delivered]:
    """Every real dump there is: each file of SOURCES.tsv in one of them."""
    yield from foundation(data)
    for name, folder in OTHERS.items():
        yield Delivered(f"{folder}/{Path(name).name}", (data / name,))
    for name, folder in SHAPEFILES.items():
        yield Delivered(f"{folder}/{Path(name).name}.zip", tuple(data / f"{name}.{end}" for end in COMPONENTS))


def foundation(data: Path) -> Iterator[Delivered]:
    """The dumps that `./lake demo --data` shows: eleven datasets of which the publishers' control totals are known."""
    for name, key in SINGLE.items():
        yield Delivered(key, (data / name,))
    for path in sorted((data / "industry").glob("分省年度数据*.csv")):
        if path.name != PANEL:
            yield Delivered(f"statistics/province_indicator/2024/{path.name}", (path,))
    for year in ("2019", "2020"):
        for name, dataset in (("zdroje.csv", "emission_source"), ("emise.csv", "emission")):
            yield Delivered(f"environment/{dataset}/{year}/{name}", (data / f"environment/emis_{year}/{name}",))
    for year, period in COLLISION_PERIODS.items():
        for path in sorted((data / "traffic/edinburgh_collisions" / year).glob("*.csv")):
            dataset = "collision" if path.name.startswith("accident") else "collision_vehicle"
            yield Delivered(f"traffic/{dataset}/{period}/{path.name}", (path,))
    folder = data / "procurement/ocds"
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        yield Delivered(f"procurement/ocds/2017/{path.relative_to(folder)}", (path,))


def _zipped(files: tuple[Path, ...]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in files:
            archive.writestr(zipfile.ZipInfo(path.name, PACKED_ON), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _by_period(dataset: str) -> str:
    return f"SELECT array_join(transform(array_sort(collect_list(struct(period, n))), x -> x.n), ' / ') FROM (SELECT period, count(*) AS n FROM silver.traffic__{dataset} GROUP BY period)"


@dataclass(frozen=True)
class ControlTotal:
    """A number that the publisher states (SOURCES.tsv), and the query that must give it: of the publisher's periods only, as the made-up city may have delivered to the dataset too."""

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
    ControlTotal("OCDS releases", "842", "SELECT count(*) FROM silver.procurement__ocds_release WHERE _period = '2017'"),
    ControlTotal("OCDS records", "22", "SELECT count(*) FROM silver.procurement__ocds_record WHERE _period = '2017'"),
    ControlTotal("OCDS files refused as empty", "3", "SELECT count(*) FROM ops.deliveries WHERE dataset = 'procurement.ocds_release' AND period = '2017' AND reason = 'empty'"),
    ControlTotal("meter readings", "293874", "SELECT count(*) FROM silver.power__meter_reading"),
)
