"""Another library reads the same real file and has the same values, column by column."""

from __future__ import annotations

import struct
import xml.etree.ElementTree as ET
from pathlib import Path

import polars as pl
import pytest

from jobs.contracts.load import contract_path, load_contract
from jobs.contracts.model import Column, Contract
from jobs.readers.dates import absolute
from tests.unit.contracts.test_real_dumps import ROOT, judged

# Datasets of one delimited or Parquet file → the file; polars reads them, pyarrow does in the lake.
FILES = {
    "civil_affairs.division_city": "divisions/china-division/cities.csv",
    "civil_affairs.division_county": "divisions/china-division/areas.csv",
    "civil_affairs.division_province": "divisions/china-division/provinces.csv",
    "civil_affairs.division_township": "divisions/china-division/streets.csv",
    "environment.air_quality_hour": "weather/PRSA_data_2010.1.1-2014.12.31.csv",
    "health.covid_daily": "disease/latest_situation_of_reported_cases_covid_19_eng.csv",
    "meteorology.airport_hour": "weather/nycflights13_weather.csv",
    "meteorology.typhoon_track": "hazard/JTWC.csv",
    "population.community_survey": "population/pseudopeople/american_community_survey.parquet",
    "population.decennial_census": "population/pseudopeople/decennial_census.parquet",
    "population.income_statement": "population/pseudopeople/taxes_w2_and_1099.parquet",
    "population.labour_survey": "population/pseudopeople/current_population_survey.parquet",
    "population.person": "population/fake_1000.csv",
    "population.person_pair": "population/fake_1000_labels.csv",
    "population.social_security_event": "population/pseudopeople/social_security.parquet",
    "population.wic_enrolment": "population/pseudopeople/women_infants_and_children.parquet",
    "statistics.province_panel": "industry/分省年度数据_整合.csv",
    "traffic.collision_geocoded": "traffic/edinburgh_collisions/accident-2010-13-geocoded.csv",
    "water.landsat_station": "water/Landsat_1984_2024_stations.csv",
}
TYPES = {"string": pl.String(), "integer": pl.Int64(), "double": pl.Float64(), "date": pl.Date()}


def read(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)


def expected(cells: pl.Series, column: Column, contract: Contract) -> pl.Series:
    """By polars' own casts, without the lake's code."""
    if isinstance(cells.dtype, pl.Categorical):
        cells = cells.cast(pl.String)
    if cells.dtype == pl.String:
        cells = cells.replace(dict.fromkeys((*contract.reader.null_values, *column.null_values)))
        if column.kind == "date":
            return cells.str.to_date((column.formats or ("%Y-%m-%d",))[0])
        if column.kind == "timestamp":
            assert not any(map(absolute, column.formats))
            moments = cells.str.to_datetime((column.formats or ("%Y-%m-%d %H:%M:%S",))[0], time_unit="us")
            return moments.dt.replace_time_zone(contract.source_time_zone).dt.convert_time_zone("UTC")
    return cells.cast(TYPES[column.kind])


@pytest.mark.parametrize("dataset", FILES)
def test_polars_reads_the_same(dataset: str, real_data: Path) -> None:
    contract = load_contract(contract_path(ROOT, dataset))
    ours, theirs = judged(contract, real_data)[0].frame, read(real_data / FILES[dataset])
    assert {c.source for c in contract.columns} == set(theirs.columns), "each column of the file is one of the contract"
    differing = [c.name for c in contract.columns if not ours[c.name].equals(expected(theirs[c.source], c, contract), check_names=False)]
    assert ours.height == theirs.height and differing == []


def test_padded_texts_are_the_texts_without_blanks(real_data: Path) -> None:
    contract = load_contract(contract_path(ROOT, "population.febrl_record"))
    ours = judged(contract, real_data)[0].frame
    for collection in ("dataset3", "dataset4a", "dataset4b"):
        sent = pl.read_csv(real_data / f"population/febrl/{collection}.csv", infer_schema=False)
        assert all(name.startswith(" ") for name in sent.columns[1:]) and sent[" given_name"].str.starts_with(" ").all()
        plain = sent.rename(str.strip).with_columns(pl.all().str.strip_chars().replace({"": None}))
        assert ours.filter(pl.col("collection") == collection).drop("collection").equals(plain)


def test_points_are_those_of_the_file(real_data: Path) -> None:
    """A record of a .shp of points: 8 bytes of head, the kind 1, x and y; WKB says byte order, the kind 1, x and y."""
    ours = judged(load_contract(contract_path(ROOT, "health.facility")), real_data)[0].frame
    body = (real_data / "disease/health_facilities/sle_hf.shp").read_bytes()[100:]
    points = [body[at + 8 : at + 28] for at in range(0, len(body), 28)]
    assert ours["shape"].str.to_lowercase().to_list() == [(b"\1" + point).hex() for point in points]
    x, y = zip(*(struct.unpack("<dd", point[4:]) for point in points), strict=True)
    assert (-13.4 < min(x) < max(x) < -10.2) and (6.8 < min(y) < max(y) < 10.1), "within Sierra Leone, longitude first"


def test_steps_are_those_of_the_metadata(real_data: Path) -> None:
    ours = judged(load_contract(contract_path(ROOT, "planning.chiefdom_lineage")), real_data)[0].frame
    steps = list(ET.parse(real_data / "geo/sle_adm3.shp.xml").iter("Process"))
    assert ours["command"].to_list() == [step.text for step in steps]
    assert ours["done_on"].dt.strftime("%Y%m%d").to_list() == [step.get("Date") for step in steps]
    assert ours["step"].to_list() == [step.get("Name") or None for step in steps] and ours["step"].null_count() == 12
