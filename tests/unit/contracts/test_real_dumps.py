"""The rules hold on the real dumps, or fail on exactly the rows we know of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from jobs.contracts.load import contract_path, load_contract
from jobs.contracts.model import Contract
from jobs.quality.compile import Judged, judge
from jobs.quality.implied import rules_of
from jobs.readers.frames import Part
from jobs.readers.values import Typed, typed
from jobs.sample.real import deliveries
from tests.unit.readers.made import landed

ROOT = Path(__file__).parents[3]
# dataset → rows, and for every rule that some row does not meet, how many rows.
KNOWN: dict[str, tuple[int, dict[str, int]]] = {
    "finance.spend": (28_145, {"not_be_in_set:account": 1, "between:amount#2": 1_209}),
    "statistics.province_indicator": (31 * (19 + 6 * 20), {"not_match_regex:indicator": 2 * 31 * 20, "not_match_regex:indicator#2": 2 * 31, "not_be_null:value": 1302}),
    "environment.emission_source": (18_700, {"not_be_in_set:nace": 27, "not_be_null:lat": 9_454 + 1_806}),
    "environment.emission": (45_660, {}),
    "traffic.collision": (4_074, {"in_set:local_authority": 555, "match_regex:postcode": 23, "not_match_regex:ped_xing_p": 4, "not_match_regex:place_reported": 14}),
    "traffic.collision_vehicle": (6_960, {"not_be_null:driver_age_years": 629}),
    "health.covid_case": (
        11_838,
        {"in_set:residency": 49, "pair_values_a_to_be_greater_than_b:reported_on+onset_on": 2, "not_be_in_set:onset_status": 4 + 1 + 27, "not_be_null:onset_on": 3_691, "in_set:certainty#2": 1},
    ),
    "emergency.earthquake": (6_066, {"pair_values_a_to_be_greater_than_b:total_deaths+deaths": 8, "between:year#2": 48}),
    "power.meter_reading": (293_874, {}),
    "procurement.ocds_release": (842, {"match_regex:ocid": 463, "match_regex:release_date": 11, "match_regex:tags": 41, "in_set:tender_status": 102, "in_set:tender_currency": 1}),
    "procurement.ocds_record": (22, {"not_be_null:compiled_release": 2}),
    "civil_affairs.division_province": (31, {}),
    "civil_affairs.division_city": (342, {}),
    "civil_affairs.division_county": (2_978, {}),
    "civil_affairs.division_township": (41_352, {}),
    "environment.air_quality_hour": (43_800, {"between:pm25_ugm3#2": 2_045}),
    "health.covid_daily": (508, {}),
    "health.facility": (44, {"not_be_null:name": 5}),
    "meteorology.airport_hour": (26_115, {"between:wind_mph#2": 1, "not_be_null:gust_mph": 20_778, "not_be_null:pressure_hpa": 2_729}),
    "meteorology.typhoon_track": (63_457, {"between:wind_kt#2": 448, "not_be_null:pressure_hpa": 43_901 + 3_305}),
    "planning.chiefdom": (167, {}),
    "planning.chiefdom_lineage": (45, {}),
    "population.community_survey": (415, {}),
    "population.decennial_census": (33_330, {}),
    "population.febrl_record": (15_000, {"match_regex:date_of_birth#2": 97, "in_set:state": 179}),
    "population.income_statement": (240_373, {}),
    "population.labour_survey": (2_139, {}),
    "population.person": (1_000, {"between:born_on": 13, "match_regex:email": 14}),
    "population.person_pair": (3_176, {}),
    "population.social_security_event": (24_205, {}),
    "population.wic_enrolment": (3_105, {}),
    "statistics.province_panel": (620, {"between:population_as_sent#2": 558, "between:elderly_as_sent#2": 545}),
    "traffic.collision_geocoded": (4_074, {"in_set:local_authority": 555, "match_regex:postcode": 23, "not_match_regex:ped_xing_p": 4, "not_match_regex:place_reported": 14}),
    "water.landsat_station": (7_586, {}),
}


def parts(contract: Contract, data: Path) -> Iterator[Part]:
    for each in deliveries(data):
        period, _, name = each.key.removeprefix(f"{contract.landing}/").partition("/")
        if not each.key.startswith(f"{contract.landing}/") or not re.fullmatch(contract.file_pattern, name) or not (content := each.content()):
            continue
        yield from (batch.part for batch in landed(contract, content, name, period))


def judged(contract: Contract, data: Path) -> tuple[Typed, Judged]:
    raw = pl.concat([part.frame for part in parts(contract, data) if part.frame.height])
    values = typed(raw, contract)
    return values, judge(values.frame.with_columns(raw["_record"]), rules_of(contract, ROOT), values.failed, set())


@pytest.mark.parametrize("dataset", KNOWN)
def test_rules_fail_only_where_we_know(dataset: str, real_data: Path) -> None:
    contract = load_contract(contract_path(ROOT, dataset))
    values, verdict = judged(contract, real_data)
    assert values.frame.height == KNOWN[dataset][0]
    assert values.failed == {}, "a text that does not become its column's type"
    assert {rule: m.unexpected for rule, m in verdict.measures.rules.items() if m.unexpected} == KNOWN[dataset][1]
    assert not verdict.critical.any()
    if contract.key:
        assert values.frame.select(contract.key).is_duplicated().sum() == 0


def test_meters_keep_one_offset(real_data: Path) -> None:
    """Why the zone is UTC+10 all year: stamps in the hour that Sydney clocks skip, none twice in the hour they repeat."""
    stamps = pl.read_parquet(real_data / "electricity" / "smart_meter10.parquet").rename({"reading_datetime": "at"})
    two = stamps.filter(pl.col("at").dt.hour() == 2)
    assert two.filter(pl.col("at").dt.date().cast(pl.String).is_in(["2012-10-07", "2013-10-06"])).height == 36
    repeated = two.filter(pl.col("at").dt.date().cast(pl.String) == "2013-04-07")
    assert repeated.height == repeated.n_unique(["customer_id", "at"]) == 20
    contract = load_contract(contract_path(ROOT, "power.meter_reading"))
    first = judged(contract, real_data)[0].frame["read_at"].min()
    assert str(first) == "2012-02-09 22:00:00+00:00"


def test_covid_words_are_states(real_data: Path) -> None:
    frame = judged(load_contract(contract_path(ROOT, "health.covid_case")), real_data)[0].frame
    states = dict(frame["onset_status"].value_counts().rows())
    assert states == {"exact": 8147, "asymptomatic": 3659, "unknown": 27, "approximate": 4, "pending": 1}
    assert frame.filter((pl.col("onset_status") == "exact") != pl.col("onset_on").is_not_null()).height == 0
