"""What happens in the city: every truth names what is in the dumps, is planted in the stated number, and is felt where it should be."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from functools import cache

import numpy as np
import polars as pl
import pytest

from jobs.sample.city.events import companies, dwellings, economy, funds, happenings, hotline, outbreaks, river, roads, staples, tenders, voices, weather
from jobs.sample.city.events.chance import exponential, poisson
from jobs.sample.city.events.scene import Scene, scene
from jobs.sample.city.making import files
from jobs.sample.city.plan import Plan
from jobs.sample.city.registry import dataset_of

PLAN = Plan(20_000, dt.date(2025, 4, 1), dt.date(2025, 5, 31), 5)
CITY = scene(PLAN)
# truth → (dataset whose `truth` yields it, its column, dataset that must hold it, header there)
NAMED = {
    "fund_diversion": ("finance.payment", "project_code", "finance.project", "projectCode"),
    "procurement_collusion": ("procurement.ocds_release", "ocid", "procurement.ocds_release", "ocid"),
    "request_event": ("hotline.request", "request_id", "hotline.request", "id"),
    "vacancy": ("power.daily_reading", "meter_no", "power.meter", "meter_no"),
    "outbreak_case": ("health.notifiable_case", "card_no", "health.notifiable_case", "卡片编号"),
    "pollution": ("water.station_reading", "permit_no", "environment.discharge_permit", "许可证编号"),
    "emergency_event": ("emergency.call", "call_no", "emergency.call", "接警单号"),
    "policy_position": ("consultation.comment", "policy_id", "consultation.comment", "policy_id"),
    "congestion": ("traffic.road", "link_id", "traffic.road", "路段编号"),
    "cost_per_outcome": ("social_organisation.service_outcome", "contract_no", "social_organisation.service_outcome", "contractNo"),
    "structure_shift": ("statistics.industry_output", "sector", "statistics.industry_output", "行业名称"),
    "migrant_stock": ("commerce.staple_sale", "region_code", "commerce.staple_sale", "地区代码"),
}  # fmt: skip
GRADED = {"fund_diversion", "procurement_collusion", "vacancy", "pollution", "congestion", "joint_event", "storm", "service_gap", "outbreak", "land_change", "mood", "migrant_stock", "policy_position", "water_trend", "structure_shift", "cost_per_outcome"}

VALUES = {"mood", "migrant_stock", "policy_position"}  # of every district and hour, region and month, consultation: there is nothing that it could be mistaken for


@cache
def rows(dataset: str) -> pl.DataFrame:
    return pl.concat([file.rows for file in files(PLAN, dataset_of(dataset), 0)], how="diagonal_relaxed")


@cache
def truths() -> dict[str, pl.DataFrame]:
    return {table: frame for dataset in {source for source, *_ in NAMED.values()} | {"social.post"} for table, frame in dataset_of(dataset).truth(PLAN, 0)}


@pytest.mark.parametrize("table", sorted(NAMED))
def test_what_a_truth_names_is_in_the_dumps(table: str) -> None:
    _, column, dataset, header = NAMED[table]
    named = set(truths()[table][column].drop_nulls())
    assert named
    assert named - set(rows(dataset)[header]) == set()


@pytest.mark.parametrize("table", sorted(GRADED))
def test_a_truth_has_every_difficulty_and_lawful_look_alikes(table: str) -> None:
    assert set(truths()[table]["difficulty"]) == {1, 2, 3}
    assert set(truths()[table]["decoy"]) == ({False} if table in VALUES else {True, False})


def test_cases_are_planted_in_the_stated_number() -> None:
    projects = {p.case: (p.kind, p.difficulty, p.decoy) for p in funds.projects(CITY) if p.case}
    assert Counter(projects.values()) == {(k, d, k in funds.DECOYS): funds.each(CITY) for k in (*funds.KINDS, *funds.DECOYS) for d in (1, 2, 3)}
    cases = {t.case: (t.kind, t.difficulty, t.decoy) for t in tenders.tenders(CITY) if t.case}
    assert Counter(cases.values()) == {(k, d, k in tenders.DECOYS): tenders.each(CITY) for k in (*tenders.SCHEMES, *tenders.DECOYS) for d in (1, 2, 3)}
    assert Counter(t.kind for t in tenders.tenders(CITY) if t.case) == {k: n * 3 * tenders.each(CITY) for k, n in tenders.LENGTH.items()}
    planted = Counter((e.cause, e.difficulty) for e in roads.episodes(CITY) if not e.behind)
    assert set(planted) == {(cause, d) for cause in (*roads.CAUSES, *roads.DECOYS) for d in (1, 2, 3)}
    assert set(planted.values()) == {1}
    assert Counter(d.kind for d in river.discharges(CITY)) == {"discharge": 6, "runoff": 3, "drift": 3, "night_oxygen": 3}


def test_codes_of_companies_have_their_check_characters() -> None:
    letters = companies.LETTERS
    table = companies.companies(CITY)
    assert table["credit_code"].n_unique() == table.height
    for code in table["credit_code"][:200]:
        assert sum(letters.index(c if c in letters else "X") * pow(3, at, 31) for at, c in enumerate(code[:17])) % 31 == (31 - letters.index(code[17])) % 31


def test_money_of_honest_projects_goes_to_their_contractors_and_adds_up() -> None:
    for p in funds.projects(CITY):
        if not p.case and not p.changes:
            assert {x.payee for x in p.payments} == {p.contractor}
            assert abs(sum(x.amount for x in p.payments) - p.amount) <= 3
        if p.decoy:
            assert not any(x.diverted for x in p.payments)


def test_rings_agree_on_prices_and_honest_bidders_do_not() -> None:
    def above(kind: str) -> float:
        mine = [t for t in tenders.tenders(CITY) if t.kind == kind]
        return float(np.mean([t.price / t.estimate for t in mine]))

    assert above("cover_bidding") > 0.95 > above("") + 0.04
    assert above("efficient_winner") < 0.9
    release = json.loads(rows("procurement.ocds_release")["$row"][0])
    assert {"ocid", "id", "date", "tag", "initiationType", "buyer", "tender", "parties"} <= set(release)


def test_an_empty_dwelling_draws_less_than_a_lived_in_one() -> None:
    home = dwellings.homes(CITY, 0)
    used = dwellings.hundredths(CITY, home, 10)
    ways = np.array(list(dwellings.WAYS))[home.way]
    assert used[(ways == "empty") & (home.difficulty == 1)].max() == 0
    assert used[ways == "empty"].mean() < 0.2 * used[ways == "lived_in"].mean()
    assert used[ways == "frugal"].mean() < 0.6 * used[ways == "lived_in"].mean()  # and yet somebody lives there
    counts = rows("power.daily_reading").filter(pl.col("meter") == rows("power.daily_reading")["meter"][0])["count"].str.strip_chars().cast(pl.Float64)
    assert (counts.diff().drop_nulls() >= 0).all()


def test_an_incident_slows_its_link_and_a_decoy_does_not() -> None:
    speed, _ = roads.speeds(CITY, 0)
    of = roads.lot_of(CITY, 0)
    slowed = {cause: [] for cause in ("incident", "works", "night_works")}
    for e in roads.episodes(CITY):
        if e.cause in slowed and not e.behind and e.link in of:
            at = slice(e.start, e.end + 1)
            clock = np.arange(e.start, e.end + 1) % roads.QUARTERS
            usual = np.array([np.median(speed[k :: roads.QUARTERS, e.link - of[0]]) for k in clock])
            slowed[e.cause].append(float((speed[at, e.link - of[0]] / usual).min()))
    assert max(slowed["incident"]) < 0.85
    assert np.mean(slowed["works"]) < np.mean(slowed["night_works"])


def test_happenings_make_people_call_where_they_are() -> None:
    strongest = max((h for h in happenings.happenings(CITY) if h.difficulty == 1), key=lambda h: h.calls * h.hours)
    day = hotline.calls(CITY, strongest.start // 24)
    brought = day.filter(pl.col("event") == strongest.id)
    assert brought.height >= 5
    assert set(brought["place"]) <= set(strongest.communities)


def test_an_outbreak_passes_from_case_to_case() -> None:
    for number in range(outbreaks.outbreaks(CITY)):
        mine = outbreaks.cards(CITY).filter(pl.col("outbreak") == f"O{number:04d}")
        onset = dict(zip(mine["member"], mine["onset_on"], strict=True))
        for member, by in mine.select("member", "infector").iter_rows():
            if by in onset:
                assert onset[by] <= onset[member]


def test_a_discharge_is_seen_downstream_and_nowhere_above() -> None:
    plain = next(d for d in river.discharges(CITY) if d.kind == "discharge" and d.difficulty == 1)
    hours = np.arange(0, CITY.days * 24, river.STEP)
    plume = river._plume(CITY, plain, hours)
    below = np.arange(river.STATIONS) * river.KM_APART >= plain.km
    assert plume[:, ~below].max(initial=0) == 0
    assert plume[:, below].max() > 1.0


def test_staples_sell_with_the_migrants_who_like_them() -> None:
    stock, sold = staples.stock(CITY).sum(axis=2), staples.sold(CITY)
    plain = [r for r in range(len(staples.REGIONS)) if staples.difficulty(r) == 1]
    assert np.mean([np.corrcoef(stock[:, r], sold[:, r, 0])[0, 1] for r in plain]) > 0.8
    home = [k for k, month in enumerate(staples.months(CITY)) if month.month == 2]
    assert stock[home].mean() < stock.mean()


def test_storms_bring_rain_and_rain_brings_water() -> None:
    assert len(weather.storms(CITY)) == 5
    assert weather.rain(CITY).max() > 25
    assert (weather.depth(CITY)[weather.rain(CITY).max(axis=1) == 0] <= weather.depth(CITY).max()).all()
    assert abs(weather.temperature(CITY).mean() - 22) < 5  # Nanchang in April and May


def test_mood_falls_where_something_is_wrong() -> None:
    worst = min(happenings.happenings(CITY), key=lambda h: h.mood)
    level = voices.mood(CITY)
    assert level[worst.start + 1, worst.district] < np.median(level[:, worst.district]) - 0.3


def test_places_are_few_where_a_service_is_short() -> None:
    places = rows("planning.poi").filter(pl.col("category") == "养老服务站").group_by(pl.col("location.community").str.slice(0, 9).alias("street")).agg(pl.col("capacity").sum())
    people = rows("statistics.street_population").select(pl.col("街道代码").alias("street"), pl.col("常住人口").alias("people"))
    gap = truths()["service_gap"].filter(pl.col("service") == "elderly_care").group_by(pl.col("community_code").str.slice(0, 9).alias("street")).agg(pl.col("gap").first())
    joined = places.join(people, on="street").join(gap, on="street").with_columns(supply=pl.col("capacity") / pl.col("people"))
    assert joined.filter(pl.col("gap") > 0.5)["supply"].mean() < 0.85 * joined.filter(pl.col("gap") < 0.1)["supply"].mean()


def test_a_works_that_moves_leaves_one_district_and_comes_to_another() -> None:
    made = economy.output(CITY)
    for _, kind, sector, place, other, begins, difficulty in economy.shifts(CITY):
        if kind == "relocation" and difficulty == 1:
            before, after = slice(max(0, begins - 12), begins), slice(begins + 3, begins + 15)
            assert made[after, place, sector].mean() < 0.7 * made[before, place, sector].mean()
            assert made[after, other, sector].mean() > made[before, other, sector].mean()


def test_shapes_of_chance() -> None:
    of = np.arange(40_000)
    assert abs(exponential(1, "e", 3.0, of).mean() - 3.0) < 0.1
    for mean in (0.2, 3.0, 40.0):
        drawn = poisson(1, "p", mean, of)
        assert abs(drawn.mean() - mean) < 0.03 * mean + 0.02
        assert abs(drawn.var() - mean) < 0.06 * mean + 0.02


def test_a_scene_is_the_city_s_divisions() -> None:
    assert isinstance(CITY, Scene)
    assert len({c.code for c in CITY.communities}) == len(CITY.communities) == 992
    assert sum(len(c.code) == 12 for c in CITY.communities) == 992
