"""resolve: records of people in all registers → one random key a person, that stays.

Only registers whose silver has changed are read, only what is new or changed in them is compared with the city, and only the people it touches are put together
again. The tables are written in this order: links, profiles, keys, records; then what the registers looked like. A run that
ends in between is done again by the next, which finds the same records changed and gives nobody another key. Where weights are learnt
anew the old ones are put away before, and the new ones come last: a run that ends in between is learnt again by the next.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.contracts.product import table_of
from jobs.identity import model
from jobs.identity.clusters import clusters, reached
from jobs.identity.decisions import Decision, as_pairs, decisions, mark_applied
from jobs.identity.few import few
from jobs.identity.keys import RECORD, assigned, evidence
from jobs.identity.records import derived, said
from jobs.identity.registers import Register, load_registers
from jobs.identity.scoring import scored
from jobs.identity.tables import IdentityTables
from jobs.identity.told import look, note
from jobs.identity.training import dumped, frequencies, trained
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings

log = logging.getLogger("civiclake")


@dataclass(frozen=True)
class Resolved:
    """`records`: all with a key; `fresh`: those that were new or changed; `withdrawn`: those whose row is gone; `pairs`: links written; `rekeyed`: records that got another key; `people`: keys in use."""

    dataset: str
    records: int
    people: int
    fresh: int
    withdrawn: int
    pairs: int
    rekeyed: int
    changed: bool
    trained: bool


def run(
    spark: SparkSession, settings: Settings, registers: Sequence[Register] | None = None, prefix: str = "identity", tables: Callable[[str], str] = table_of, train: bool = False, now: dt.datetime | None = None
) -> Resolved:
    """Make the keys follow the registers. `train`: learn the weights anew, and compare everybody again; it is done too where there are none, or where what is
    compared has changed. Raises LakeError where there is too little to learn from, and where another run wrote keys meanwhile."""
    store, ledger, at = IdentityTables(spark, settings, prefix), Ledger(settings), now or dt.datetime.now(dt.UTC)
    store.create()
    before, first = store.read("record"), store.is_empty("record")
    registers = load_registers(settings.root) if registers is None else registers
    looked = look(store, ledger, registers, tables)
    told = said(spark, settings, [register for register in registers if register.dataset not in looked.settled], tables, looked.versions)
    changed, held = (told, _none_of(before)) if first else _moved(before, told, looked.settled)
    made = decisions(ledger, prefix)
    waiting = [each for each in made if not each.applied]
    weights = None if train else _model(store)
    fresh = store.kept("fresh", derived(changed, settings), first)
    counts = fresh.count(), held.where("gone").count()
    if not any(counts) and not waiting and (weights is not None or first):
        note(store, ledger, looked, at)
        return _summary(store, prefix, counts, 0, 0, False, False)
    whole = weights is None
    profiles, new = _profiles(store, fresh, whole)
    after = _after(before, held, fresh, whole)
    frequent = store.read("frequency")
    if weights is None:
        everybody = profiles.join(after.select("profile_id"), "profile_id", "left_semi")
        weights, frequent = trained(everybody), store.kept("frequency", frequencies(everybody), True)
        store.empty("model")
    links = store.kept("links", scored(spark, weights, frequent, profiles, None if whole else new, model.KEPT), whole)
    pairs = links.count()
    if whole:
        store.replace("link", links)
    elif pairs:
        store.merge("link", links, ("profile_l", "profile_r"), update=False)  # a pair is worth the same whenever it is scored
    if not new.isEmpty():
        store.merge("profile", few(new), ("profile_id",), update=False)
    seeds = None if whole else _seeds(spark, before, fresh, held, made, waiting)
    rekeyed = _rekey(store, after, profiles, as_pairs(spark, after, made), held.where("gone"), seeds, at)
    _forget(store, after, held, fresh)
    if whole:
        store.replace("frequency", frequent)
        store.replace("model", _model_row(spark, weights, profiles, at))
    mark_applied(ledger, prefix, waiting)
    store.compact()
    store.unstage()
    note(store, ledger, looked, at)
    return _summary(store, prefix, counts, pairs, rekeyed, True, whole)


def _model(store: IdentityTables) -> dict[str, Any] | None:
    """The weights, where they are of what is compared now."""
    rows = store.read("model").where(F.col("definition") == model.RESIDENTS.fingerprint).orderBy(F.desc("trained_at")).limit(1).collect()
    found: dict[str, Any] | None = json.loads(rows[0]["model"]) if rows else None
    return found


def _none_of(before: DataFrame) -> DataFrame:
    return before.where("false").withColumn("gone", F.lit(False)).localCheckpoint()


def _moved(before: DataFrame, told: DataFrame, settled: Collection[str]) -> tuple[DataFrame, DataFrame]:
    """Rows of `told` that are new or say something else than before, and what stands of these and of those that nobody tells any more (`gone`). `settled`: registers not read."""
    was = before.where(~F.col(RECORD[0]).isin(*settled)) if settled else before
    both = told.select(*RECORD, "said").join(was.select(*RECORD, F.col("said").alias("was")), list(RECORD), "full_outer")
    moved = few(both.where("said IS NULL OR was IS NULL OR said <> was").select(*RECORD, F.col("said").isNull().alias("gone")).localCheckpoint())
    return told.join(moved.where("NOT gone"), list(RECORD), "left_semi"), before.join(moved, list(RECORD), "inner").localCheckpoint()


def _profiles(store: IdentityTables, fresh: DataFrame, whole: bool) -> tuple[DataFrame, DataFrame]:
    """All profiles, and of them those that were not known before. `whole`: all of them will be read, many times."""
    known, told = store.read("profile"), fresh.select(*model.COLUMNS).dropDuplicates(["profile_id"]).localCheckpoint()
    new = told.join(_still(known, told), "profile_id", "left_anti").localCheckpoint()
    profiles = known.select(*model.COLUMNS).unionByName(new)
    return profiles.localCheckpoint() if whole else profiles, new


def _still(rows: DataFrame, asked: DataFrame) -> DataFrame:
    """Those profiles of `asked` that are among the rows: the city's rows are read once, and stay where they are."""
    return rows.join(few(asked.select("profile_id")), "profile_id", "left_semi").select("profile_id").distinct()


def _after(before: DataFrame, held: DataFrame, fresh: DataFrame, whole: bool) -> DataFrame:
    """The table `record` as it will be."""
    columns = (*RECORD, "said", "profile_id", "record_ref")
    after = before.join(few(held.select(*RECORD)), list(RECORD), "left_anti").select(*columns).unionByName(fresh.select(*columns))
    return after.localCheckpoint() if whole else after


def _model_row(spark: SparkSession, weights: dict[str, Any], profiles: DataFrame, at: dt.datetime) -> DataFrame:
    row = (dumped(weights), model.RESIDENTS.fingerprint, at, profiles.count())
    return spark.createDataFrame([row], "model STRING, definition STRING, trained_at TIMESTAMP, profiles LONG")


def _seeds(spark: SparkSession, before: DataFrame, fresh: DataFrame, held: DataFrame, made: Sequence[Decision], waiting: Sequence[Decision]) -> DataFrame:
    """Profiles that something happened to: what records said before and say now, and what was decided since."""
    every = fresh.select("profile_id").union(held.select("profile_id"))
    if waiting:
        decided = as_pairs(spark, before, waiting)
        every = every.union(decided.select("profile_l")).union(decided.select("profile_r"))
    return every.distinct()


def _rekey(store: IdentityTables, after: DataFrame, profiles: DataFrame, decided: DataFrame, withdrawn: DataFrame, seeds: DataFrame | None, at: dt.datetime) -> int:
    """Put the people together again that the seeds reach (None: everybody), give keys, and keep their history. Returns how many records got another key."""
    version = store.version("resident_key")
    must, cannot = decided.where("same").drop("same"), decided.where("NOT same").drop("same")
    links = store.read("link").where(F.col("match_weight") >= model.LINK)
    active = after.select("profile_id").distinct() if seeds is None else _still(after, reached(seeds, links.select("profile_l", "profile_r").union(must).union(cannot)))
    asked = profiles.join(few(active.localCheckpoint()), "profile_id", "left_semi").select("profile_id", "id", "id_sound").localCheckpoint()
    of = few(clusters(asked, links, must, cannot).localCheckpoint())
    best = evidence(store.read("link"), of)
    records = after.join(of, "profile_id", "inner").localCheckpoint()
    shared = records.groupBy("profile_id").agg(F.count(F.lit(1)).alias("n"))
    current = store.read("resident_key").join(few(records.select(*RECORD)), list(RECORD), "left_semi")
    keyed = assigned(records.select(*RECORD, "cluster"), current).join(records.select(*RECORD, "profile_id"), list(RECORD), "inner")
    several = of.groupBy("cluster").count().where("count > 1").select("cluster", F.lit(True).alias("several"))
    why = F.when(F.col("n") > 1, F.lit('{"profile":{"level":"same name and id"}}')).when(F.col("several"), F.lit('{"decision":{"level":"a clerk decided it"}}'))
    told = keyed.join(best, "profile_id", "left").join(shared, "profile_id", "left").join(several, "cluster", "left").withColumn("evidence", F.coalesce("evidence", why))
    rows = store.kept("keyed", told.select(*RECORD, "resident_key", "held", "match_weight", "evidence"), seeds is None)
    if store.version("resident_key") != version:
        raise LakeError("another run wrote resident keys meanwhile", "run ./lake resolve again when it has ended: it starts from what stands then")
    _write_keys(store, rows, withdrawn, at)
    return int(rows.where("held IS NOT NULL AND held <> resident_key").count())


def _write_keys(store: IdentityTables, rows: DataFrame, withdrawn: DataFrame, at: dt.datetime) -> None:
    """In one commit: keys that end are closed, new ones begin, evidence of the others is brought up to date."""
    stamp = F.lit(at).cast("timestamp")
    begins = rows.where("held IS NULL OR held <> resident_key").select(*RECORD, "resident_key", stamp.alias("valid_from"), F.lit(None).cast("timestamp").alias("valid_to"), "match_weight", "evidence")
    if store.is_empty("resident_key"):
        store.replace("resident_key", begins)
        return
    none = F.lit(None).cast("string")
    stay = rows.where("held IS NOT NULL").select(*[F.col(name).alias(f"m_{name}") for name in RECORD], F.expr("held <> resident_key").alias("ends"), *RECORD, "resident_key", "match_weight", "evidence")
    gone = withdrawn.select(*[F.col(name).alias(f"m_{name}") for name in RECORD], F.lit(True).alias("ends"), *RECORD, none.alias("resident_key"), F.lit(None).cast("double").alias("match_weight"), none.alias("evidence"))
    starts = begins.select(none.alias(f"m_{RECORD[0]}"), none.alias(f"m_{RECORD[1]}"), F.lit(False).alias("ends"), *RECORD, "resident_key", "match_weight", "evidence")
    view = f"{store.prefix}_keys_written"
    stay.unionByName(gone).unionByName(starts).withColumn("at", stamp).createOrReplaceTempView(view)
    store.spark.sql(
        f"""MERGE INTO {store.name("resident_key")} t USING {view} s
        ON t.source_dataset = s.m_source_dataset AND t.source_record = s.m_source_record AND t.valid_to IS NULL
        WHEN MATCHED AND s.ends THEN UPDATE SET valid_to = s.at
        WHEN MATCHED AND NOT (t.match_weight <=> s.match_weight AND t.evidence <=> s.evidence) THEN UPDATE SET match_weight = s.match_weight, evidence = s.evidence
        WHEN NOT MATCHED AND s.m_source_dataset IS NULL THEN INSERT (source_dataset, source_record, resident_key, valid_from, valid_to, match_weight, evidence)
        VALUES (s.source_dataset, s.source_record, s.resident_key, s.at, NULL, s.match_weight, s.evidence)"""
    )


def _forget(store: IdentityTables, after: DataFrame, held: DataFrame, fresh: DataFrame) -> None:
    """What no record says any more goes; then the records themselves: the last to be written."""
    said = held.select("profile_id").distinct().localCheckpoint()
    gone = said.join(_still(after, said), "profile_id", "left_anti").localCheckpoint()
    if not gone.isEmpty():
        store.delete("link", few(_links_of(store, gone)), "t.profile_l = s.profile_l AND t.profile_r = s.profile_r")
        store.delete("profile", few(gone), "t.profile_id = s.profile_id")
    withdrawn = held.where("gone").select(*RECORD)
    if not withdrawn.isEmpty():
        store.delete("record", withdrawn, "t.source_dataset = s.source_dataset AND t.source_record = s.source_record")
    if not fresh.isEmpty():
        store.merge("record", fresh.select(*RECORD, "said", "profile_id", "record_ref"), RECORD)


def _links_of(store: IdentityTables, gone: DataFrame) -> DataFrame:
    """The pairs of which one is gone, by both their names: one that is asked for by either is compared with every link there is."""
    links = store.read("link").select("profile_l", "profile_r")
    found = [links.join(few(gone.select(F.col("profile_id").alias(side))), side, "left_semi").select(*links.columns) for side in links.columns]
    return found[0].union(found[1]).distinct().localCheckpoint()


def _summary(store: IdentityTables, prefix: str, counts: tuple[int, int], pairs: int, rekeyed: int, changed: bool, trained: bool) -> Resolved:
    row = store.read("resident_key").where("valid_to IS NULL").agg(F.count(F.lit(1)), F.count_distinct("resident_key")).first()
    records, people = (int(value) for value in row or (0, 0))
    return Resolved(f"{prefix}.resident_key", records, people, counts[0], counts[1], pairs, rekeyed, changed, trained)


def main() -> None:
    """By spark-submit: `jobs/resolve.py identity.resident_key`"""
    from jobs.cli.submit import submitted

    submitted("resolve")


if __name__ == "__main__":
    main()
