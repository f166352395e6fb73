"""The real dumps land with their publishers' control totals, row for row."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gx_results import counted
from pyspark.sql import SparkSession

from jobs import check, conform, land, register
from jobs.contracts.load import contract_path, load_contract
from jobs.contracts.model import Contract
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from jobs.quality import trial_run
from jobs.quality.implied import rules_of
from jobs.quality.measures import Measures
from jobs.quality.rules import on_trial
from jobs.quality.validate import validate
from jobs.sample.real import deliveries as real_deliveries
from jobs.tables.bronze import judged_rows, read

SUFFIX = uuid.uuid4().hex[:6]
Lander = Callable[[str], Contract]


@pytest.fixture(scope="module")
def landed(spark: SparkSession, settings: Settings, store: Any, real_data: Path) -> Iterator[Lander]:
    """Lands a dataset once, under a name of its own, through all four verbs."""
    done: dict[str, Contract] = {}

    def run(dataset: str) -> Contract:
        if dataset not in done:
            contract = load_contract(contract_path(settings.root, dataset))
            rules = rules_of(contract, settings.root)
            mine = dataclasses.replace(contract, name=f"{contract.name}_{SUFFIX}", landing=f"test_{SUFFIX}/{contract.landing}")
            for each in real_deliveries(real_data):
                if each.key.startswith(contract.landing + "/"):
                    store.put_object(Bucket=settings.bucket("landing"), Key=f"test_{SUFFIX}/{each.key}", Body=each.content())
            register.run(spark, settings, mine)
            land.run(spark, settings, mine, rules)
            check.run(spark, settings, mine, rules)
            conform.run(spark, settings, mine, rules)
            done[dataset] = mine
        return done[dataset]

    yield run
    for contract in done.values():
        spark.sql(f"DROP TABLE IF EXISTS silver.{contract.table}")
        spark.sql(f"DROP VIEW IF EXISTS quarantine.{contract.table}")
        spark.sql(f"DROP TABLE IF EXISTS bronze.{contract.table}")


def value(spark: SparkSession, contract: Contract, expression: str, where: str = "true") -> Any:
    return spark.sql(f"SELECT {expression} FROM silver.{contract.table} WHERE {where}").first()[0]


def test_spend_amounts_add_up(spark: SparkSession, landed: Lander) -> None:
    contract = landed("finance.spend")
    assert value(spark, contract, "count(*)") == 28_145
    assert str(value(spark, contract, "sum(amount)")) == "1000083306.00"
    assert value(spark, contract, "count_if(amount < 0)") == 1209


def test_provinces_gdp_adds_up(spark: SparkSession, landed: Lander) -> None:
    contract = landed("statistics.province_indicator")
    where = "indicator = '地区生产总值' AND year = 2024"
    assert value(spark, contract, "round(sum(value), 1)", where) == 1_337_605.8
    assert value(spark, contract, "count(*)", where) == 31
    assert value(spark, contract, "first(unit)", where) == "亿元"
    assert value(spark, contract, "count(DISTINCT indicator)") == 7
    assert value(spark, contract, "count(*)") == 31 * (6 * 20 + 19)  # the GDP export has 19 years, the other six have 20


def test_emission_sources_of_two_shapes_are_one_table(spark: SparkSession, landed: Lander) -> None:
    sources, emissions = landed("environment.emission_source"), landed("environment.emission")
    assert value(spark, sources, "count(*)") == 18_700
    assert value(spark, sources, "count(lat)", "reporting_year = 2019") == 0
    assert value(spark, emissions, "count(*)") == 23_348 + 22_312
    joined = f"silver.{emissions.table} e LEFT ANTI JOIN silver.{sources.table} s USING (source_id, reporting_year)"
    assert spark.sql(f"SELECT count(*) FROM {joined}").first()[0] == 0


@pytest.mark.parametrize(("dataset", "rows"), [("traffic.collision", (1176, 1180, 1163, 555)), ("traffic.collision_vehicle", (2007, 1974, 2011, 968))])
def test_collisions_by_period(spark: SparkSession, landed: Lander, dataset: str, rows: tuple[int, ...]) -> None:
    contract = landed(dataset)
    found = spark.sql(f"SELECT period, count(*) FROM silver.{contract.table} GROUP BY 1 ORDER BY 1").collect()
    assert tuple(row[1] for row in found) == rows


def test_collision_counts_name_their_vehicles(spark: SparkSession, landed: Lander) -> None:
    contract = landed("traffic.collision")
    assert value(spark, contract, "sum(vehicles)") == 2007 + 1974 + 2011 + 968
    assert value(spark, contract, "sum(casualties)") == 1390 + 1371 + 1370 + 665


def test_covid_onset_words_are_states(spark: SparkSession, landed: Lander) -> None:
    contract = landed("health.covid_case")
    assert value(spark, contract, "count(*)") == 11_838
    assert value(spark, contract, "count_if(outcome = 'Deceased')") == 210
    assert value(spark, contract, "count_if(onset_status = 'asymptomatic')") == 3659
    assert value(spark, contract, "count_if(onset_status = 'unknown')") == 27
    assert value(spark, contract, "count_if(onset_status = 'approximate')") == 4
    assert value(spark, contract, "count_if((onset_status = 'exact') <> (onset_on IS NOT NULL))") == 0


def test_personal_raw_is_sealed(settings: Settings, store: Any, landed: Lander) -> None:
    contract = landed("health.covid_case")
    receipt = Ledger(settings).rows("receipts", dataset=contract.dataset)[0]
    body = store.get_object(Bucket=settings.bucket("raw"), Key=receipt["raw_key"])["Body"].read()
    assert receipt["encrypted"] and b"Case no." not in body and len(body) > receipt["bytes"]


def test_earthquakes_of_all_eras(spark: SparkSession, landed: Lander) -> None:
    contract = landed("emergency.earthquake")
    assert value(spark, contract, "count(*)") == 6066
    assert value(spark, contract, "max(deaths)", "year = 1976 AND place LIKE '%TANGSHAN%'") == 242_769
    assert value(spark, contract, "min(year)") < 0
    assert value(spark, contract, "count_if(NOT _is_current)") == 0


def test_meter_readings(spark: SparkSession, landed: Lander) -> None:
    assert value(spark, landed("power.meter_reading"), "count(*)") == 293_874


@pytest.mark.slow
def test_ocds_releases_and_records(spark: SparkSession, settings: Settings, landed: Lander) -> None:
    releases, records = landed("procurement.ocds_release"), landed("procurement.ocds_record")
    assert value(spark, releases, "count(*)") == 842
    assert value(spark, releases, "count(DISTINCT ocid, release_id)") == 654
    assert value(spark, releases, "count(DISTINCT ocid, release_id)", "_is_repeated") == 157
    assert value(spark, releases, "count(DISTINCT ocid, release_id)", "_is_conflicting") == 73
    assert value(spark, releases, "count_if(publisher IS NULL)") == 0
    assert value(spark, records, "count(*)") == 22
    assert value(spark, records, "sum(json_array_length(releases))") == 97
    refused = [row for row in Ledger(settings).deliveries(releases.dataset) if row["outcome"] == "rejected"]
    assert [row["reason"] for row in refused] == ["empty"] * 3


# dataset → (expression over its silver table, value): rows first, then what the notes of SOURCES.tsv state.
FACTS: dict[str, tuple[tuple[str, Any], ...]] = {
    "civil_affairs.division_province": (("count(*)", 31),),
    "civil_affairs.division_city": (("count(*)", 342), ("count(DISTINCT province_code)", 31)),
    "civil_affairs.division_county": (("count(*)", 2_978), ("count(DISTINCT city_code)", 342)),
    "civil_affairs.division_township": (("count(*)", 41_352), ("count(DISTINCT county_code)", 2_978)),
    "environment.air_quality_hour": (("count(*)", 43_800), ("count_if(pm25_ugm3 = 0)", 2_043 + 2), ("unix_timestamp(min(measured_at))", 1_262_361_600)),
    "health.covid_daily": (("count(*)", 508), ("max_by(confirmed, as_of_on)", 11_837), ("max(deaths)", 210), ("max(discharged)", 11_571)),
    "health.facility": (("count(*)", 44), ("count(DISTINCT shape)", 44), ("max(projection)", "EPSG:4326")),
    "meteorology.airport_hour": (("365 * 24 * 3 - count(*)", 165), ("count_if(pressure_hpa IS NULL)", 2_729), ("count_if(gust_mph IS NULL)", 20_778), ("count_if(wind_mph > 150)", 1)),
    "meteorology.typhoon_track": (
        ("count(*)", 63_457), ("count(DISTINCT storm)", 2_205), ("max_by(storm, wind_kt)", "196118"), ("max(wind_kt)", 185.0), ("max(CASE WHEN year = 2013 THEN wind_kt END)", 170.0),
        ("count_if(pressure_hpa IS NULL)", 43_901 + 3_305),  # hidden nulls: 3,304 zeros and a -1
    ),
    "planning.chiefdom": (("count(*)", 167), ("count(DISTINCT code)", 167), ("count_if(shape LIKE '0103%' OR shape LIKE '0106%')", 167), ("max(projection)", "EPSG:4326")),
    "planning.chiefdom_lineage": (("count(*)", 45), ("max(CAST(done_on AS STRING))", "2017-03-06")),
    "population.community_survey": (("count(*)", 415),),
    "population.decennial_census": (("count(*)", 33_330), ("count(DISTINCT simulant_id)", 18_920), ("count(DISTINCT year)", 3)),
    "population.febrl_record": (
        ("count(*)", 15_000), ("count_if(collection = 'dataset3' AND rec_id LIKE '%-org')", 2_000), ("count_if(collection = 'dataset3' AND rec_id LIKE '%-dup-%')", 3_000),
        ("count_if(collection = 'dataset4a' AND rec_id LIKE '%-org')", 5_000), ("count_if(collection = 'dataset4b' AND rec_id LIKE '%-dup-%')", 5_000),
        ("count(DISTINCT CASE WHEN collection <> 'dataset3' THEN split(rec_id, '-')[1] END)", 5_000), ("count_if(given_name LIKE ' %' OR surname LIKE ' %' OR suburb LIKE ' %')", 0),
    ),
    "population.income_statement": (("count(*)", 240_373), ("count(DISTINCT employer_id)", 105)),
    "population.labour_survey": (("count(*)", 2_139),),
    "population.person": (("count(*)", 1_000), ("count(DISTINCT person_no)", 251)),
    "population.person_pair": (("count(*)", 3_176), ("sum(match_score)", 2031.0)),
    "population.social_security_event": (("count(*)", 24_205), ("count(DISTINCT simulant_id)", 20_828)),
    "population.wic_enrolment": (("count(*)", 3_105), ("count(DISTINCT simulant_id)", 1_986)),
    "statistics.province_panel": (("count(*)", 31 * 20), ("count(DISTINCT province)", 31), ("max(CASE WHEN province = '上海' AND year = 2023 THEN population_as_sent END)", 26_187.0)),
    "traffic.collision_geocoded": (("count(*)", 4_074), ("sum(vehicles)", 6_960), ("sum(casualties)", 4_796)),
    "water.landsat_station": (("count(*)", 7_586), ("min(year(observed_on))", 1984), ("max(year(observed_on))", 2024)),
}  # fmt: skip


@pytest.mark.parametrize("dataset", FACTS)
def test_what_the_sources_say(spark: SparkSession, settings: Settings, landed: Lander, dataset: str) -> None:
    contract, facts = landed(dataset), FACTS[dataset]
    found = spark.sql(f"SELECT {', '.join(expression for expression, _ in facts)} FROM silver.{contract.table}").first()
    assert dict(zip(facts, found, strict=True)) == {fact: fact[1] for fact in facts}
    deliveries = Ledger(settings).deliveries(contract.dataset)
    assert {row["outcome"] for row in deliveries} == {"landed"} and sum(row["quarantined_rows"] for row in deliveries) == 0
    if contract.personal:
        assert all(row["encrypted"] for row in Ledger(settings).rows("receipts", dataset=contract.dataset))


def test_daily_totals_are_those_of_the_cases(spark: SparkSession, landed: Lander) -> None:
    """Both are 0 on the 15 days before the first case; on 438 of the 493 days since they are equal, the rest is reporting lag."""
    daily, cases = landed("health.covid_daily"), landed("health.covid_case")
    joined = f"silver.{daily.table} d LEFT JOIN silver.{cases.table} c ON c.reported_on <= d.as_of_on"
    days = f"SELECT d.as_of_on, d.confirmed, count_if(c.certainty = 'Confirmed') AS cases FROM {joined} GROUP BY ALL"
    found = spark.sql(f"SELECT count_if(cases = 0 AND confirmed = 0), count_if(cases > 0 AND confirmed = cases), count_if(confirmed <> cases), max(cases) FROM ({days})").first()
    assert tuple(found) == (15, 438, 55, 11_837)


@pytest.mark.parametrize(("child", "parent", "code"), [("city", "province", "province_code"), ("county", "city", "city_code"), ("township", "county", "county_code")])
def test_no_division_is_without_its_parent(spark: SparkSession, landed: Lander, child: str, parent: str, code: str) -> None:
    children, parents = landed(f"civil_affairs.division_{child}"), landed(f"civil_affairs.division_{parent}")
    assert value(spark, children, f"count_if(NOT startswith(code, {code}))") == 0
    assert spark.sql(f"SELECT count(*) FROM silver.{children.table} c LEFT ANTI JOIN silver.{parents.table} p ON c.{code} = p.code").first()[0] == 0


def test_geocoded_collisions_are_those_of_the_years(spark: SparkSession, landed: Lander) -> None:
    geocoded, plain = landed("traffic.collision_geocoded"), landed("traffic.collision")
    columns = ", ".join(c.name for c in plain.columns if c.name != "period")
    for one, other in ((geocoded, plain), (plain, geocoded)):
        assert spark.sql(f"SELECT {columns} FROM silver.{one.table} EXCEPT SELECT {columns} FROM silver.{other.table}").count() == 0


def test_judged_pairs_are_those_of_the_people(spark: SparkSession, landed: Lander) -> None:
    people, pairs = landed("population.person"), landed("population.person_pair")
    true = f"SELECT a.record_no, b.record_no FROM silver.{people.table} a JOIN silver.{people.table} b ON a.person_no = b.person_no AND a.record_no < b.record_no"
    judged = f"SELECT record_no_l, record_no_r FROM silver.{pairs.table} WHERE match_score = 1"
    assert [spark.sql(query).count() for query in (true, judged, f"{judged} EXCEPT {true}")] == [2031, 2031, 0]


def test_hours_that_lack_are_warned_of(settings: Settings, landed: Lander) -> None:
    contract = landed("meteorology.airport_hour")
    found = {row["rule"]: row for row in Ledger(settings).rows("checks", dataset=contract.dataset)}["table_row_count_to_be_between"]
    assert (found["severity"], found["success"]) == ("warning", False)


# dataset → rule of its suite → rows that it caught over all deliveries, failing, but where its `mostly` bears with as many; None for a rule about a delivery as a whole, which fails. What SOURCES.tsv calls a trap.
# rule → rows that fail; of a rule about the whole what was observed: of three stations' 26,280 hours 165 are missing
TRAPS: dict[str, dict[str, int | str]] = {
    "environment.air_quality_hour": {"between:pm25_ugm3#2": 2_043 + 2},
    "environment.emission_source": {"not_be_null:lat": 9_454 + 1_806},
    "emergency.earthquake": {"between:year#2": 48},
    "finance.spend": {"between:amount#2": 1_209, "compound_columns_to_be_unique:vendor_id+vendor+account_code+account+document_no+amount+spent_on": 1_093},
    "health.covid_case": {"not_be_in_set:onset_status": 4 + 1 + 27, "in_set:certainty#2": 1},
    "meteorology.airport_hour": {"table_row_count_to_be_between": "26115", "between:wind_mph#2": 1, "not_be_null:gust_mph": 20_778, "not_be_null:pressure_hpa": 2_729},
    "meteorology.typhoon_track": {"not_be_null:pressure_hpa": 43_901 + 3_305, "between:wind_kt#2": 448},
    "statistics.province_indicator": {"not_match_regex:indicator": 2 * 31 * 20, "not_match_regex:indicator#2": 2 * 31},
    "statistics.province_panel": {"between:population_as_sent#2": 558, "between:elderly_as_sent#2": 545},
    "traffic.collision": {"in_set:local_authority": 555},
    "traffic.collision_geocoded": {"in_set:local_authority": 555},
}


@pytest.mark.parametrize("dataset", TRAPS)
def test_a_trap_is_caught_by_an_expectation(settings: Settings, landed: Lander, dataset: str) -> None:
    contract = landed(dataset)
    found = [row for row in Ledger(settings).rows("checks", dataset=contract.dataset) if row["rule"] in TRAPS[dataset]]
    caught = {rule: [row for row in found if row["rule"] == rule and (not row["success"] or row["mostly"] < 1)] for rule in TRAPS[dataset]}
    told = {rule: rows[0]["observed"] if rows[0]["unexpected"] is None else sum(row["unexpected"] for row in rows) for rule, rows in caught.items() if rows}
    assert told == TRAPS[dataset]
    assert not {row["severity"] for row in found} & {"critical"}, "a trap is told of, and the rows stay"


def test_a_trap_between_two_tables_is_caught_by_a_rule_on_trial(spark: SparkSession, settings: Settings, landed: Lander) -> None:
    """55 of the 508 published totals are not the count of the line list."""
    daily, cases = landed("health.covid_daily"), landed("health.covid_case")
    [rule] = on_trial(rules_of(load_contract(contract_path(settings.root, "health.covid_daily")), settings.root))
    query = rule.kwargs["unexpected_rows_query"].replace("silver.health__covid_case ", f"silver.{cases.table} ")
    [found] = trial_run.run(spark, settings, daily, [dataclasses.replace(rule, kwargs={"unexpected_rows_query": query})])
    assert (found["outcome"], found["evaluated"], found["unexpected"]) == ("judged", 508, 55)


def test_the_code_change_is_caught_in_the_delivery_that_brings_it(settings: Settings, landed: Lander) -> None:
    contract, ledger = landed("traffic.collision"), Ledger(settings)
    periods = {row["delivery"]: row["period"] for row in ledger.deliveries(contract.dataset)}
    told = {periods[row["delivery"]]: row["unexpected"] for row in ledger.rows("checks", dataset=contract.dataset) if row["rule"] == "in_set:local_authority"}
    assert told == {"2010": 0, "2011": 0, "2012": 0, "2013H1": 555}


DATASETS = ("finance.spend", "statistics.province_indicator", "environment.emission_source", "traffic.collision", "health.covid_case", "procurement.ocds_release")


@pytest.mark.parametrize("dataset", [*DATASETS, *FACTS])
def test_every_record_is_somewhere(spark: SparkSession, settings: Settings, landed: Lander, dataset: str) -> None:
    """Law 1: counted by bytes = read by the parser; law 2: rows = the sum of the states."""
    contract = landed(dataset)
    rows = [row for row in Ledger(settings).deliveries(contract.dataset) if row["outcome"] in ("landed", "held")]
    assert rows
    for row in rows:
        assert row["records"] == row["records_read"] + row["skipped_preamble"] + row["skipped_footnotes"] + row["skipped_blank"]
        assert row["rows"] == row["silver"] + row["quarantined_rows"] + row["duplicate"] + row["superseded"] + row["held"]
    assert sum(row["silver"] for row in rows) == value(spark, contract, "count(*)")


@pytest.mark.slow
@pytest.mark.parametrize("dataset", ["finance.spend", "statistics.province_indicator", "health.covid_case", "traffic.collision", "power.meter_reading", "emergency.earthquake", "health.facility", "population.febrl_record", "meteorology.airport_hour"])
def test_gx_says_the_same_from_what_landing_counted_as_from_the_rows(spark: SparkSession, settings: Settings, landed: Lander, dataset: str) -> None:
    contract = landed(dataset)
    rules = rules_of(load_contract(contract_path(settings.root, dataset)), settings.root)
    rows = [row for row in Ledger(settings).deliveries(contract.dataset) if row["outcome"] in ("landed", "held")]
    frame = judged_rows(read(spark, settings, contract), [row["delivery"] for row in rows]).select(*[c.name for c in contract.columns])
    measures = sum((Measures.from_json(row["measures"]) for row in rows), Measures())
    measured, plain = (validate(frame, rules, known, dataset, contract.personal_columns).result for known in (measures, None))
    assert [counted(item) for item in measured.results] == [counted(item) for item in plain.results]
    assert len(plain.results) == len(rules)


def test_a_second_run_changes_nothing(spark: SparkSession, settings: Settings, landed: Lander) -> None:
    contract = landed("traffic.collision")
    rules = rules_of(load_contract(contract_path(settings.root, "traffic.collision")), settings.root)
    before = spark.sql(f"DESCRIBE HISTORY silver.{contract.table}").count(), spark.sql(f"DESCRIBE HISTORY bronze.{contract.table}").count()
    assert register.run(spark, settings, contract).new == 0
    assert land.run(spark, settings, contract, rules).deliveries == 0
    assert not conform.run(spark, settings, contract, rules).changed
    assert (spark.sql(f"DESCRIBE HISTORY silver.{contract.table}").count(), spark.sql(f"DESCRIBE HISTORY bronze.{contract.table}").count()) == before


def test_columns_say_what_they_are_and_in_which_unit(spark: SparkSession, landed: Lander) -> None:
    contract = landed("power.meter_reading")
    said = {row["col_name"]: row["comment"] for row in spark.sql(f"DESCRIBE silver.{contract.table}").collect()}
    assert {c.name: said[c.name] for c in contract.columns} == {c.name: c.description + (f" ({c.unit})" if c.unit else "") for c in contract.columns}
    assert said["kwh"].endswith("(kWh)")
    assert spark.sql(f"DESCRIBE DETAIL silver.{contract.table}").first()["description"] == contract.title
