"""Resident keys on the stack: they are right, they stay, and late, corrected and withdrawn records end as if they had come in order."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs import resolve
from jobs.bench import registers as city_registers
from jobs.identity import model
from jobs.identity.decisions import TABLE, Decision, decide, decisions, mark_applied
from jobs.identity.evidence import with_evidence
from jobs.identity.registers import Register, load_registers
from jobs.identity.review import both, waiting
from jobs.identity.scoring import MOST_PROFILES, scored
from jobs.identity.tables import IdentityTables
from jobs.identity.told import forget, look
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import emptied
from jobs.products import household, resident, resident_source_record
from jobs.resolve import Resolved
from jobs.sample.city.plan import Plan
from jobs.sample.city.registry import dataset_of
from jobs.sample.city.score_residents import agreements
from jobs.tables.sizes import read_bytes

MARK = f"test_{uuid.uuid4().hex[:8]}"
PLAN = Plan(1_000, dt.date(2025, 1, 1), dt.date(2025, 1, 31), 13)
DATASETS = ("public_security.household_register", "human_resources.social_insurance", "education.pupil", "public_security.vehicle")
VEHICLE, PUPIL, INSURED = "public_security.vehicle", "education.pupil", "human_resources.social_insurance"


@dataclass(frozen=True)
class City:
    spark: SparkSession
    settings: Settings
    registers: tuple[Register, ...]
    late: IdentityTables  # records came in three deliveries
    at_once: IdentityTables  # the same came in one

    def resolve(self, store: IdentityTables, tables: Callable[[str], str]) -> Resolved:
        return resolve.run(self.spark, self.settings, self.registers, store.prefix, tables)


def silver(dataset: str) -> str:
    return f"silver.{MARK}__{dataset.replace('.', '__')}"


def first_seen(spark: SparkSession) -> Callable[[str], str]:
    """The first delivery: every ninth record is late, every eleventh vehicle is of an owner who is then corrected, and some are there that are withdrawn later."""

    def view(dataset: str) -> str:
        rows = spark.table(silver(dataset))
        rows = rows.where(F.pmod(F.xxhash64(rows.columns[0]), F.lit(9)) > 0)
        if dataset == VEHICLE:
            wrong = F.pmod(F.xxhash64("plate"), F.lit(11)) == 1
            other = rows.selectExpr("owner", "owner_id").orderBy("owner_id").first()
            rows = rows.withColumn("owner_id", F.when(wrong, other["owner_id"] if other else None).otherwise(F.col("owner_id"))).withColumn("owner", F.when(wrong, other["owner"] if other else None).otherwise(F.col("owner")))
            rows = rows.unionByName(rows.orderBy("plate").limit(15).withColumn("plate", F.concat(F.lit("withdrawn "), "plate")))
        name = f"{MARK}_first_{dataset.replace('.', '_')}"
        rows.createOrReplaceTempView(name)
        return name

    return view


def second_seen(spark: SparkSession) -> Callable[[str], str]:
    """Late records of one register have come, the wrong owners still stand."""
    before = first_seen(spark)
    return lambda dataset: silver(dataset) if dataset == PUPIL else before(dataset)


@pytest.fixture(scope="module")
def city(spark: SparkSession, settings: Settings, store: Any) -> Iterator[City]:
    registers = tuple(r for r in load_registers(settings.root) if r.dataset in DATASETS)
    late, at_once = (IdentityTables(spark, settings, f"{MARK}_{name}") for name in ("late", "at_once"))
    for dataset in DATASETS:
        table = silver(dataset).removeprefix("silver.")
        city_registers.write(settings, PLAN, dataset, table)
        spark.sql(f"CREATE TABLE {silver(dataset)} USING delta LOCATION '{settings.uri('silver', table, scheme='s3a')}'")
    made = City(spark, settings, registers, late, at_once)
    yield made
    for tables in (late, at_once):
        tables.drop()
        Ledger(settings).replace(TABLE, [], f"dataset = '{tables.prefix}'")
        forget(tables, Ledger(settings))
    for dataset in DATASETS:
        spark.sql(f"DROP TABLE IF EXISTS {silver(dataset)}")
        emptied(settings, "silver", f"{silver(dataset).removeprefix('silver.')}/")


def keys(store: IdentityTables, where: str = "valid_to IS NULL") -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(store.read("resident_key").where(where).toArrow()))


def proven(store: IdentityTables) -> pl.DataFrame:
    """The current keys with what links each record."""
    rows = with_evidence({f"identity.{name}": store.read(name) for name in ("resident_key", "record", "link")})
    return pl.DataFrame(pl.from_arrow(rows.where("valid_to IS NULL").toArrow()))


def people(store: IdentityTables) -> set[frozenset[tuple[str, str]]]:
    """Who is who, whatever their keys are."""
    groups = keys(store).group_by("resident_key").agg(pl.struct("source_dataset", "source_record"))
    return {frozenset((row["source_dataset"], row["source_record"]) for row in group) for group in groups["source_dataset"]}


def test_late_corrected_and_withdrawn_records_end_as_if_they_had_come_in_order(city: City) -> None:
    first = city.resolve(city.late, first_seen(city.spark))
    before = keys(city.late)
    assert first.trained and first.records == first.fresh == before.height > 1000
    second = city.resolve(city.late, second_seen(city.spark))
    third = city.resolve(city.late, silver)
    assert not second.trained and not third.trained and 0 < second.fresh < 60 and third.withdrawn == 15 and 0 < third.fresh < first.fresh / 5
    for table in ("model", "frequency"):
        city.at_once.create()
        city.at_once.replace(table, city.late.read(table))
    whole = city.resolve(city.at_once, silver)
    assert whole.records == third.records and people(city.late) == people(city.at_once)
    assert not set(keys(city.at_once)["resident_key"]) & set(keys(city.late)["resident_key"]), "keys are random"
    stayed = before.join(keys(city.late), on=["source_dataset", "source_record"], suffix="_now").filter(pl.col("source_dataset") != VEHICLE)
    assert (stayed["resident_key"] == stayed["resident_key_now"]).mean() > 0.99
    closed = keys(city.late, "valid_to IS NOT NULL")
    assert closed.filter(pl.col("source_record").str.starts_with("withdrawn")).height == 15 and (closed["valid_to"] >= closed["valid_from"]).all()


def curated_rows(city: City, store: IdentityTables) -> tuple[set[tuple[Any, ...]], list[tuple[Any, ...]], set[tuple[Any, ...]]]:
    """What the products about people make of these keys: residents, records, and members of households, each resident by its least record, as keys are random."""
    spark = city.spark
    inputs = {f"identity.{name}": store.read(name) for name in ("resident_key", "record", "link")} | {household.REGISTER: spark.table(silver(household.REGISTER)).withColumn("_valid_to", F.lit(None).cast("string"))}
    empty = {household.PROPERTY: "title_number string, use string, share double, address string, _is_current boolean", household.METER: "community_code string, address string, _is_current boolean",
             household.MARRIAGE: "certificate string, married_on date"}  # fmt: skip
    inputs |= {name: spark.createDataFrame([], schema) for name, schema in empty.items()}
    records = [row.asDict() for row in resident_source_record.build(inputs).where("valid_to IS NULL").collect()]
    least: dict[str, tuple[str, str]] = {}
    for row in records:
        named = (row["register"], row["record"])
        least[row["resident"]] = min(named, least.get(row["resident"], named))
    residents = {(least[row["resident"]], row["records"], row["registers"], row["in_household_register"], row["linked_by"], row["weakest_link"]) for row in resident.build(inputs).collect()}
    told = sorted((least[row["resident"]], row["register"], row["record"], row["match_weight"], row["evidence"]) for row in records)
    members = {(row["household"], least[row["resident"]], row["valid_from"], row["valid_to"], row["relation"], row["home"], row["members"]) for row in household.build(inputs).collect()}
    return residents, told, members


def test_curated_rows_end_as_if_records_had_come_in_order(city: City) -> None:
    """Of the two stores above, whose records came late, wrong and withdrawn, or at once."""
    late, at_once = curated_rows(city, city.late), curated_rows(city, city.at_once)
    assert late == at_once
    residents, records, members = late
    assert len(records) == keys(city.late).height and len(residents) == keys(city.late)["resident_key"].n_unique() > 500 and len(members) > 500
    assert sum(of[1] for of in residents) == len(records) and {of[4] for of in residents} >= {"single record", "same name and id", "compared"}


def test_the_keys_are_right(city: City) -> None:
    links = pl.concat([rows for name in DATASETS for kind, rows in dataset_of(name).truth(PLAN, 0) if kind == "person_link"], how="diagonal_relaxed")
    found = agreements(keys(city.late), links)[0]
    assert (found.precision or 0) >= 0.99 and (found.recall or 0) >= 0.97, found


def test_a_pair_is_worth_the_same_in_one_task_and_over_all_of_spark(city: City) -> None:
    """And of new records only pairs with one of these."""
    store = city.late
    weights, profiles = json.loads(store.read("model").collect()[0]["model"]), store.read("profile")
    new = profiles.where(F.pmod(F.xxhash64("profile_id"), F.lit(20)) == 0).localCheckpoint()
    for chosen in (None, new):
        small, large = (pl.DataFrame(pl.from_arrow(scored(city.spark, weights, store.read("frequency"), profiles, chosen, model.KEPT, most=most).toArrow())).sort("profile_l", "profile_r") for most in (MOST_PROFILES, 0))
        assert small.height > 20 and small.equals(large)


def test_evidence_tells_what_agreed_and_no_value(city: City) -> None:
    said = [json.loads(text) for text in proven(city.late).drop_nulls("evidence")["evidence"].unique()]
    assert {name for one in said for name in one} == {"id", "name", "born", "sex", "place", "profile"}
    assert all(set(part) == ({"level"} if name == "profile" else {"level", "weight"}) for one in said for name, part in one.items())
    words = {part["level"] for one in said for part in one.values()}
    assert all(word.isascii() and not any(c.isdigit() and len(word) > 60 for c in word) for word in words) and len(words) < 25


def test_the_size_of_registers_is_that_of_their_silver(city: City) -> None:
    tables = [f"silver.{MARK}__{register.dataset.replace('.', '__')}" for register in city.registers]
    sizes = [read_bytes(city.settings, [table]) for table in tables]
    assert min(sizes) > 4_000 and read_bytes(city.settings, tables) == sum(sizes)
    assert read_bytes(city.settings, [f"silver.{MARK}__nowhere"]) == 0


def test_a_run_with_nothing_new_writes_nothing(city: City) -> None:
    version = city.late.version("resident_key")
    assert not city.resolve(city.late, silver).changed and city.late.version("resident_key") == version


def test_the_queue_asks_what_nobody_decided(city: City) -> None:
    """The least sure first; what was decided is not asked again, by whichever record of a profile it was decided."""
    ledger, store = Ledger(city.settings), city.late
    asked = waiting(city.settings, [], 1000, store.prefix)
    low, high = model.REVIEW
    assert len(asked) > 3 and all(low <= pair.match_weight < high for pair in asked)
    assert [abs(pair.match_weight - model.LINK) for pair in asked] == sorted(abs(pair.match_weight - model.LINK) for pair in asked)
    assert waiting(city.settings, [], 2, store.prefix) == asked[:2]
    records = pl.DataFrame(pl.from_arrow(store.read("record").toArrow())).with_columns(pl.len().over("profile_id").alias("n")).sort("record_ref")
    first = {row["record_ref"]: row["profile_id"] for row in records.unique("profile_id", keep="first").to_dicts()}
    pair = asked[0]
    left, right = both(city.settings, pair.name, store.prefix)
    assert {left["source_dataset"], right["source_dataset"]} == {pair.left_dataset, pair.right_dataset} and {left["record_ref"], right["record_ref"]} <= set(first)
    last = [records.filter(pl.col("profile_id") == each["profile_id"])["record_ref"][-1] for each in (left, right)]
    decided = Decision(min(last), max(last), False, "Ann Li", "twins", dt.datetime.now(dt.UTC), False)
    assert waiting(city.settings, [decided], 1000, store.prefix) == asked[1:]
    assert not decisions(ledger, store.prefix), "looking decides nothing"


def test_decisions_stick(city: City) -> None:
    ledger, store = Ledger(city.settings), city.late
    rows = keys(store).join(pl.DataFrame(pl.from_arrow(store.read("record").toArrow())), on=["source_dataset", "source_record"])
    shared = rows.filter(pl.len().over("resident_key") >= 2).sort("resident_key")
    one = shared.filter(pl.col("profile_id").n_unique().over("resident_key") == 2, pl.len().over("resident_key") == 2)
    left, right = one["record_ref"][:2]
    others = rows.filter(pl.len().over("resident_key") == 1).sort("resident_key")["record_ref"][:2].to_list()
    with pytest.raises(LakeError, match="a name and a reason"):
        decide(ledger, store.prefix, left, right, False, "Ann Li", " ")
    decide(ledger, store.prefix, left, right, False, "Ann Li", "twins")
    decide(ledger, store.prefix, *others, True, "Ann Li", "she changed her name")
    done = city.resolve(store, silver)
    key = dict(keys(store).join(rows.select("source_dataset", "source_record", "record_ref"), on=["source_dataset", "source_record"]).select("record_ref", "resident_key").iter_rows())
    assert done.changed and done.rekeyed == 2 and key[left] != key[right] and key[others[0]] == key[others[1]]
    assert all(each.applied for each in decisions(ledger, store.prefix)) and not city.resolve(store, silver).changed
    joined = proven(store).filter(pl.col("resident_key") == key[others[0]])
    assert all(text.startswith('{"decision"') for text in joined["evidence"])
    decide(ledger, store.prefix, *others, True, "Ann Li", "she changed her name")
    (before,) = [each for each in decisions(ledger, store.prefix) if not each.applied]
    decide(ledger, store.prefix, *others, False, "Ann Li", "she did not")  # while a run follows what was decided before
    mark_applied(ledger, store.prefix, [before])
    assert [each.same for each in decisions(ledger, store.prefix) if not each.applied] == [False]
    assert city.resolve(store, silver).rekeyed == 1


def test_only_registers_that_somebody_wrote_are_read(city: City) -> None:
    """And all of them where somebody wrote the records."""
    spark, ledger, store = city.spark, Ledger(city.settings), city.at_once
    assert look(store, ledger, city.registers, silver).settled == set(DATASETS)
    assert look(store, ledger, city.registers, first_seen(spark)).settled == set(), "a view has no version"
    records = {row["source_dataset"]: row["count"] for row in store.read("record").groupBy("source_dataset").count().collect()}
    spark.sql(f"DELETE FROM {silver(VEHICLE)} WHERE plate = '{spark.table(silver(VEHICLE)).agg(F.min('plate')).collect()[0][0]}'")
    left = [register for register in city.registers if register.dataset != PUPIL]  # it is no register any more: its records tell nothing, whatever its table says
    assert look(store, ledger, left, silver).settled == set(DATASETS) - {VEHICLE, PUPIL}
    done = resolve.run(spark, city.settings, left, store.prefix, silver)
    assert done.withdrawn == 1 + records[PUPIL] and done.fresh == 0 and done.records == sum(records.values()) - done.withdrawn
    assert look(store, ledger, left, silver).settled == set(DATASETS) - {PUPIL}
    store.delete("record", store.read("record").select("source_dataset", "source_record").limit(1), "t.source_dataset = s.source_dataset AND t.source_record = s.source_record")
    assert look(store, ledger, left, silver).settled == set()


def test_who_was_withdrawn_and_comes_again_has_the_same_key(city: City) -> None:
    ended = keys(city.at_once, "valid_to IS NOT NULL").filter(pl.col("source_dataset") == PUPIL)
    city.resolve(city.at_once, silver)
    now = ended.join(keys(city.at_once), on=["source_dataset", "source_record"], suffix="_now")
    assert now.height == ended.height > 100 and now["resident_key"].equals(now["resident_key_now"])


def test_a_training_that_dies_is_done_again(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new weights are not taken for those that the links are of."""
    store, before = city.at_once, people(city.at_once)

    def dies(*given: Any) -> DataFrame:
        raise ConnectionError("the store went away")

    with monkeypatch.context() as during:
        during.setattr(resolve, "scored", dies)
        with pytest.raises(ConnectionError):
            resolve.run(city.spark, city.settings, city.registers, store.prefix, silver, train=True)
    again = city.resolve(store, silver)
    assert again.trained and people(store) == before and not city.resolve(store, silver).changed
