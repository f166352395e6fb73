"""The city: one seed gives one city, whoever makes it; its people are like people; what is planted is there in the stated number."""

from __future__ import annotations

import datetime as dt
import hashlib
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from jobs.contracts.load import contract_path, load_contract
from jobs.deliveries.manifest import is_manifest
from jobs.platform.errors import LakeError
from jobs.platform.settings import load_settings
from jobs.sample.city.dataset import Dataset, File
from jobs.sample.city.datasets import other_region, vital
from jobs.sample.city.datasets.welfare import granted_on
from jobs.sample.city.divisions import communities, districts, other_cities
from jobs.sample.city.draws import chosen, integers, normal, uniform
from jobs.sample.city.expected import Account
from jobs.sample.city.generate import Order, finish, make, units
from jobs.sample.city.households import AGES, SIZES
from jobs.sample.city.livelihoods import CODES, SHARES, means, work
from jobs.sample.city.making import files
from jobs.sample.city.names import CHECKS, ID_WEIGHTS, surnames
from jobs.sample.city.people import alive, households, people
from jobs.sample.city.plan import Plan
from jobs.sample.city.recording import ERRORS, recorded, usual
from jobs.sample.city.registry import dataset_of, datasets

TOWN = Plan(1000, dt.date(2025, 1, 1), dt.date(2025, 3, 1))
MONTH = Plan(1000, dt.date(2025, 1, 1), dt.date(2025, 1, 31))
CITY = Plan(90_000, dt.date(2025, 1, 1), dt.date(2025, 12, 31))
REGISTER = "public_security.household_register"


@cache
def city() -> pl.DataFrame:
    return pl.concat([people(CITY, block) for block in range(CITY.blocks)])


@cache
def sent(dataset: str) -> tuple[File, ...]:
    return tuple(files(Plan(4000, TOWN.first, TOWN.last), dataset_of(dataset), 0))


def whole(out: Path, plan: Plan, backwards: bool = False) -> dict[str, str]:
    for unit in sorted(units(plan, list(datasets().values())), reverse=backwards):
        make(plan, *unit, Order(str(out)))
    finish(out)
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.rglob("*")) if path.is_file()}


def test_one_seed_gives_the_same_bytes_in_any_order_and_in_another_process(tmp_path: Path) -> None:
    first = whole(tmp_path / "first", MONTH)
    assert whole(tmp_path / "second", MONTH, backwards=True) == first
    line = f"import sys; sys.path.insert(0, {str(load_settings().root)!r}); from tests.unit.sample.test_city import whole, MONTH; from pathlib import Path; whole(Path({str(tmp_path / 'third')!r}), MONTH)"
    subprocess.run([sys.executable, "-c", line], check=True, env={"POLARS_MAX_THREADS": "1", "PYTHONHASHSEED": "9", "PATH": ""}, cwd=tmp_path)
    third = {str(path.relative_to(tmp_path / "third")): hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "third").rglob("*") if path.is_file()}
    assert third == first
    assert len(first) >= 10


def test_the_days_bring_what_the_whole_life_brings_and_a_day_knows_nothing_of_the_next(tmp_path: Path) -> None:
    every = {file.day for file in sent(REGISTER)}
    corrected = next(file for file in sent(REGISTER) if file.replaced_on)
    assert corrected.replaced_on in every
    came: list[tuple[str, str]] = []
    for day in sorted(every):
        out = tmp_path / f"{day}"
        made = make(Plan(4000, TOWN.first, TOWN.last), REGISTER, 0, Order(str(out), only=day, until=day))
        finish(out)
        landed = [path for path in (out / "landing").rglob("*") if path.is_file()]
        assert len(landed) == made.files
        came += [(path.parent.name + "/" + path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in landed]
        truth = pl.read_parquet(out / "truth" / "expected.parquet")
        assert truth["day"].max() == day
        first = truth.filter(pl.col("sha256") == hashlib.sha256(corrected.body).hexdigest()).to_dicts()
        assert [row["replaced"] for row in first] == [corrected.replaced_on <= day] * (corrected.day <= day)
        assert all((row["superseded"] == row["rows"]) == row["replaced"] for row in first)
    assert sorted(came) == sorted((f"{file.period.name}/{file.name}", hashlib.sha256(file.body).hexdigest()) for file in sent(REGISTER))


def test_another_seed_gives_another_city() -> None:
    assert people(TOWN, 0)["id"].to_list() != people(Plan(1000, TOWN.first, TOWN.last, 8), 0)["id"].to_list()


def test_draws_depend_on_ids_and_not_on_their_neighbours() -> None:
    ids = np.arange(1000)
    assert (uniform(7, "x", ids)[500:600] == uniform(7, "x", ids[500:600])).all()
    assert (uniform(7, "x", ids) != uniform(7, "y", ids)).all()
    assert abs(uniform(7, "x", np.arange(100_000)).mean() - 0.5) < 0.005
    assert abs(normal(7, "n", 10, 2, np.arange(100_000)).std() - 2) < 0.03
    assert set(integers(7, "i", 3, 6, ids).tolist()) == {3, 4, 5}
    assert abs((chosen(7, "c", [3, 1], np.arange(100_000)) == 0).mean() - 0.75) < 0.01


def test_ids_validate_and_nobody_shares_one() -> None:
    ids = city()["id"]
    digits = np.array([list(text[:17]) for text in ids.to_list()], dtype=np.int64)
    assert (CHECKS[(digits * ID_WEIGHTS).sum(axis=1) % 11] == np.array([text[17] for text in ids.to_list()])).all()
    assert ids.n_unique() == len(ids)
    assert (city()["born"].dt.strftime("%Y%m%d") == ids.str.slice(6, 8)).all()
    assert ((digits[:, 16] % 2 == 1) == (city()["sex"] == 1).to_numpy()).all()


def test_there_are_about_as_many_people_as_asked_for() -> None:
    assert abs(city().filter(alive(CITY.first)).height / CITY.people - 1) < 0.02


@pytest.mark.parametrize("people", [999, 50_000_001])
def test_a_city_of_another_size_is_refused(people: int) -> None:
    with pytest.raises(LakeError, match="cannot be made"):
        Plan(people, TOWN.first, TOWN.last)


def test_ages_and_sizes_of_households_are_those_of_the_census() -> None:
    ages = city().filter(alive(CITY.first))["age"]
    found = {"0-14": (ages < 15).mean(), "15-59": ages.is_between(15, 59).mean(), "60+": (ages >= 60).mean()}
    assert {band: round(float(share or 0) * 100, 1) for band, share in found.items()} == pytest.approx(AGES, abs=2)
    sizes = pl.concat([households(CITY, block) for block in range(CITY.blocks)])["size"]
    assert {size: float((sizes == size).mean() or 0) * 100 for size in SIZES} == pytest.approx(SIZES, abs=2)


def test_surnames_and_districts_come_as_often_as_stated() -> None:
    found = city()["surname"].value_counts(normalize=True)
    stated = surnames().with_columns(pl.col("share") / pl.col("share").sum()).head(20).join(found, on="surname", how="left")
    assert stated.select((pl.col("share") - pl.col("proportion")).abs().max()).item() < 0.01
    homes = pl.concat([households(CITY, block) for block in range(CITY.blocks)])
    shares = homes.select("district").to_series().value_counts(normalize=True).join(districts(), left_on="district", right_on="name")
    assert shares.height == 9
    assert shares.select((pl.col("share") - pl.col("proportion")).abs().max()).item() < 0.01
    assert communities()["code"].n_unique() == communities().height == 992


def test_every_error_of_writing_is_there_in_its_share_and_changes_something() -> None:
    clerk = usual("test.register")
    rows = recorded(CITY, clerk, city())
    shares = dict(rows["error"].value_counts(normalize=True).drop_nulls().iter_rows())
    assert set(shares) == set(ERRORS)
    for error, share in clerk.shares.items():
        assert share * 0.2 < shares[error] <= share * 1.2, error
    assert (rows.filter(pl.col("difficulty") == 0)["id"] == city().filter(rows["difficulty"] == 0)["id"]).all()
    assert rows.filter(pl.col("error") == "old id")["id"].str.len_chars().unique().to_list() == [15]


@pytest.mark.parametrize("name", sorted(datasets()))
def test_every_file_lies_where_its_contract_looks_and_has_its_columns(name: str) -> None:
    import re

    contract = load_contract(contract_path(load_settings().root, name))
    assert (contract.mode, contract.landing) == (dataset_of(name).mode, dataset_of(name).folder)
    headers = {column.source: column for column in contract.columns}
    assert tuple(headers[header].name for header in dataset_of(name).key) == contract.key
    for file in sent(name):
        assert re.fullmatch(contract.period_pattern, file.period.name)
        assert file.data != is_manifest(contract, file.name), file.name
        assert not file.data or re.fullmatch(contract.file_pattern, file.name), file.name
        known = set(headers) | {synonym for column in contract.columns for synonym in column.synonyms}
        assert set(file.rows.columns) <= known, set(file.rows.columns) - known


def test_planted_faults_are_there_in_the_stated_number() -> None:
    first = next(file for file in sent(REGISTER) if file.replaced_on is None)
    for fault in dataset_of(REGISTER).row_faults:
        value = fault.value if fault.value else ""
        assert (first.rows[fault.column].fill_null("") == value).sum() == fault.rows, fault
    assert int(first.spoilt.sum()) == sum(fault.rows for fault in dataset_of(REGISTER).row_faults)
    assert first.rows.height - first.rows.unique().height == 4
    kinds = {file.fault for file in sent(REGISTER)}
    assert {"corrected", "resent"} <= kinds


def test_every_class_of_fault_is_planted_somewhere() -> None:
    declared: set[str] = set()
    for each in map(dataset_of, datasets()):
        declared |= {fault.kind for fault in (*each.row_faults, *each.file_faults)}
        declared |= {kind for kind, planted in (("duplicate_key", each.repeats), ("conflicting_key", each.conflicts), ("control_total", each.control and each.control.wrong_at is not None)) if planted}
    assert declared >= {
        "wrong_encoding", "cut_character", "renamed_header", "unknown_column", "resent", "corrected", "late", "duplicate_key", "conflicting_key", "orphan_code", "merged_district", "unit_change", "truncated", "empty", "control_total", "bad_value",
    }  # fmt: skip


def test_no_two_plates_are_the_same_in_a_city_of_fifty_million() -> None:
    largest = Plan(50_000_000, dt.date(2025, 1, 1), dt.date(2025, 1, 31))
    last, letters = largest.households * 8, len(vital.PLATE_LETTERS) ** 5  # persons are numbered by household, eight to each
    edges = np.unique(np.concatenate([np.arange(max(0, at - 20_000), min(last, at + 20_000)) for at in (0, letters, 2 * letters, 3 * letters, last)]))
    plates = vital._plates(largest, edges)
    assert plates.n_unique() == len(edges)
    assert plates.str.contains(r"^赣[A-M][0-9A-Z]{5}$").all()


def test_rows_that_stand_twice_are_among_the_faults() -> None:
    town, moves = Plan(40_000, dt.date(2025, 1, 1), dt.date(2025, 1, 31)), dataset_of("public_security.move")
    (file,) = [file for file in files(town, moves, 0) if file.outcome == "landed"]
    found = Account(moves, 0)
    found.take(file)
    assert file.rows.filter(file.rows.is_duplicated()).height == 2 and found.expected()["duplicate"].to_list() == [1]
    assert ("duplicate_key", 1) in found.faults().select("fault", "rows").rows()


def account(mode: str, *rows: pl.DataFrame) -> list[dict[str, object]]:
    template = sent(REGISTER)[0]
    dataset = Dataset("a.b", lambda plan, part, period: rows[0], lambda frame: frame.write_csv().encode(), "month", mode, ("k",))  # type: ignore[arg-type]
    account, periods = Account(dataset, 0), Plan(1000, dt.date(2025, 1, 1), dt.date(2025, 4, 30)).periods("month")
    for frame, period in zip(rows, periods, strict=False):
        account.take(File(period, f"{period.name}.csv", repr(frame.to_dicts()).encode(), template.day, frame, pl.Series([None] * frame.height, dtype=pl.String)))
    return account.expected().select("silver", "duplicate", "superseded").to_dicts()


def test_states_are_counted_as_the_modes_say() -> None:
    one, two = pl.DataFrame({"k": [1, 2, 3], "v": "a"}), pl.DataFrame({"k": [1, 2, 4], "v": ["a", "b", "a"]})
    counts = [[1, 1, 1], [3, 0, 0]]
    assert [list(row.values()) for row in account("increment", one, two)] == counts
    assert [list(row.values()) for row in account("events", one, two)] == [[3, 0, 0], [3, 0, 0]]
    assert [list(row.values()) for row in account("snapshot", one, two)] == [[3, 0, 0], [2, 1, 0]]
    gone = pl.DataFrame({"k": [2], "v": ["b"]})
    assert [list(row.values()) for row in account("snapshot", one, gone, one)] == [[3, 0, 0], [1, 0, 0], [3, 0, 0]]


def test_who_draws_an_allowance_and_who_qualifies() -> None:
    """Some 3 % of households draw; most of them qualify, and every reason why one does not is there, in more than one difficulty, beside decoys."""
    rows = pl.concat([means(CITY, block) for block in range(CITY.blocks)])
    drawing = rows.filter("draws")
    assert 0.015 < drawing.height / rows.height < 0.06
    wrong = drawing.filter(~pl.col("qualifies"))
    assert 0.03 < wrong.height / drawing.height < 0.4
    assert set(wrong["reason"].to_list()) == {"car", "second dwelling", "wages", "dead", "elsewhere"}
    assert set(wrong["difficulty"].to_list()) == {1, 2, 3}
    assert rows.filter(pl.col("qualifies") & ~pl.col("draws")).height > 20
    assert rows.filter(pl.col("decoy").is_not_null() & ~(pl.col("qualifies") | (pl.col("reason") == "dead"))).height == 0


def test_who_draws_elsewhere_is_on_the_list_of_the_province_and_so_are_those_who_only_seem_to() -> None:
    """One in twenty of the households that draw and have nothing else against them; as many drew there until before; the others never were here, and have a name in common with somebody."""
    rows = pl.concat([means(CITY, block) for block in range(CITY.blocks)])
    elsewhere, before = rows.filter(pl.col("reason") == "elsewhere"), rows.filter(pl.col("decoy") == "ended elsewhere")
    clean = rows.filter(pl.col("draws") & (pl.col("qualifies") & (pl.col("decoy").is_null() | (pl.col("decoy") == "ended elsewhere")) | (pl.col("reason") == "elsewhere")))
    for planted in (elsewhere, before):
        assert 0.03 < planted.height / clean.height < 0.07 and planted["draws"].all()
    assert not elsewhere["qualifies"].any() and before["qualifies"].all() and set(elsewhere["difficulty"]) == {1, 2, 3}
    assert set(rows["decoy"].drop_nulls()) == {"motor tricycle", "inherited share", "student wages", "ended elsewhere"}

    listed = pl.concat([other_region.listed(CITY, block) for block in range(CITY.blocks)])
    sent = pl.concat([dataset_of(other_region.OTHER).rows(CITY, block, CITY.periods("month")[-1]) for block in range(CITY.blocks)])
    known = sent.join(listed.with_columns(("BD" + pl.col("serial")).alias("比对编号")), on="比对编号", how="inner", validate="1:1")
    here, strangers = known.filter(pl.col("person") >= 0), known.filter(pl.col("person") < 0)
    assert known.height == sent.height and set(here["地区"]) | set(strangers["地区"]) == set(other_cities().values())
    assert set(here.filter(pl.col("享受截止月").is_null())["household"]) == set(elsewhere["household"])
    ended = here.filter(pl.col("享受截止月").is_not_null())
    assert set(ended["household"]) == set(before["household"])
    assert ended.select((pl.col("享受截止月") < granted_on(CITY, ended["household"].to_numpy()).dt.strftime("%Y-%m")).all()).item()
    assert set(strangers["id"].drop_nulls()).isdisjoint(city()["id"]) and strangers["id"].drop_nulls().is_unique().all() and strangers["household"].is_null().all()
    assert set(strangers.filter(pl.col("error").is_null())["name"]) <= set(city()["name"]) and strangers["享受截止月"].is_null().any()
    assert len(set(strangers["name"]) & set(city().join(rows.filter("draws"), on="household", how="semi")["name"])) > 20


def test_who_draws_elsewhere_is_more_or_less_hidden() -> None:
    """In the name of the head, of the last grown-up of the household, or written wrongly."""
    listed = pl.concat([other_region.at_home(CITY, block) for block in range(CITY.blocks)]).with_columns((pl.col("person") % 8).alias("member"))
    assert (listed.filter(pl.col("hidden") != 2)["member"] == 0).all() and (listed.filter(pl.col("hidden") == 2)["member"] > 0).any()
    hidden = pl.concat([other_region.listed(CITY, block) for block in range(CITY.blocks)]).filter(pl.col("hidden") == 3)
    assert hidden.height > 5 and (hidden["error"].is_not_null()).mean() > 0.7


def test_jobs_are_in_the_sectors_in_their_shares() -> None:
    sectors = pl.concat([work(CITY, block) for block in range(CITY.blocks)])["sector"].drop_nulls()
    assert {code: float((sectors == code).mean() or 0) for code in CODES} == pytest.approx(dict(zip(CODES, SHARES, strict=True)), abs=0.01)


@pytest.mark.parametrize("name", [name for name in sorted(datasets()) if not name.startswith("health.visit")])
def test_no_key_stands_in_two_parts_or_twice_in_a_file(name: str) -> None:
    dataset = dataset_of(name)
    if not dataset.key:
        return
    two = Plan(90_000, dt.date(2025, 1, 1), dt.date(2025, 1, 31))
    period = two.periods(dataset.frequency)[0]
    keys = [dataset.rows(two, part, period).select(dataset.key) for part in range(dataset.parts(two))]
    assert pl.concat(keys).is_duplicated().sum() == 0
