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
from jobs.identity.clusters import MOST_LINKS, clusters, reached
from jobs.identity.decisions import Decision, as_pairs, decisions, mark_applied
from jobs.identity.few import few
from jobs.identity.keys import RECORD, assigned
from jobs.identity.records import Records, derived, name_hash, records
from jobs.identity.registers import TOLD, Register, load_registers
from jobs.identity.scoring import scored, touched
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
    told = records(spark, settings, [register for register in registers if register.dataset not in looked.settled], tables, looked.versions)
    changed, held = (told.rows(), _none_of(before)) if first else _moved(before, told, looked.settled)
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
        store.merge("link", few(links), ("profile_l", "profile_r"), update=False)  # a run that ended before it wrote the profiles has written these: a pair is worth the same whenever it is scored
    store.append("profile", new)
    seeds = None if whole else _seeds(spark, before, fresh, held, made, waiting)
    rekeyed = _rekey(store, after, profiles if whole else store.read("profile"), as_pairs(spark, after, made), held.where("gone"), seeds, at)
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


def _moved(before: DataFrame, told: Records, settled: Collection[str]) -> tuple[DataFrame, DataFrame]:
    """Rows of `told` that are new or say something else than before, and what stands of these and of those that nobody tells any more (`gone`). `settled`: registers not read. Hashes find
    the few that may be, so that the city's texts stay where they are; which of these are is told by the records themselves."""
    was = (before.where(~F.col(RECORD[0]).isin(*settled)) if settled else before).withColumn("name_hash", name_hash())
    both = told.hashes().withColumn("n", F.lit(1)).unionByName(was.select("name_hash", "said", F.lit(-1).alias("n")))
    names = both.groupBy("name_hash", "said").agg(F.sum("n").alias("n")).where("n <> 0").select("name_hash").distinct().localCheckpoint()
    names = names.where("false") if names.isEmpty() else few(names)
    known = was.join(names, "name_hash", "left_semi").select(*RECORD, F.col("said").alias("was"), "profile_id")
    moved = told.rows(names).join(known, list(RECORD), "full_outer").where("said IS NULL OR was IS NULL OR said <> was").localCheckpoint()
    held = moved.where("was IS NOT NULL").select(*RECORD, "profile_id", F.col("said").isNull().alias("gone"))
    return moved.where("said IS NOT NULL").select(*RECORD, *TOLD, "said"), held


def _profiles(store: IdentityTables, fresh: DataFrame, whole: bool) -> tuple[DataFrame, DataFrame]:
    """Profiles to be compared: those that the new ones touch, and of these those that were not known before. `whole`: all of them; they will be read many times."""
    known, told = store.read("profile").select(*model.COLUMNS), fresh.select(*model.COLUMNS).dropDuplicates(["profile_id"]).localCheckpoint()
    if whole:
        new = told.join(_still(known, told), "profile_id", "left_anti").localCheckpoint()
        return known.unionByName(new).localCheckpoint(), new
    near = touched(known, told).localCheckpoint()
    new = told.join(near, "profile_id", "left_anti").localCheckpoint()
    return near.unionByName(new), new


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
    links = store.read("link").where(F.col("match_weight") >= model.LINK).select("profile_l", "profile_r", "match_weight")
    if seeds is not None:
        joined = must.union(cannot).withColumn("match_weight", F.lit(None).cast("double"))
        near = reached(seeds, links.union(joined), store.rows_at_most("link") > MOST_LINKS)
        there = near.select(F.explode(F.array_compact(F.array("profile_l", "profile_r"))).alias("profile_id")).distinct()
        after, links = after.join(few(there.localCheckpoint()), "profile_id", "left_semi"), near.where("match_weight IS NOT NULL")
    records = after.select(*RECORD, "profile_id").localCheckpoint()
    active = records.select("profile_id").distinct().localCheckpoint()
    asked = profiles.join(few(active), "profile_id", "left_semi").select("profile_id", "id", "id_sound").localCheckpoint()
    of = few(clusters(asked, links, must, cannot).localCheckpoint())
    current = store.read("resident_key").join(few(records.select(*RECORD)), list(RECORD), "left_semi")
    keyed = assigned(records.join(of, "profile_id", "inner").select(*RECORD, "cluster"), current)
    rows = store.kept("keyed", keyed.select(*RECORD, "resident_key", "held"), seeds is None)
    if store.version("resident_key") != version:
        raise LakeError("another run wrote resident keys meanwhile", "run ./lake resolve again when it has ended: it starts from what stands then")
    _write_keys(store, rows, withdrawn, at)
    return int(rows.where("held IS NOT NULL AND held <> resident_key").count())


def _write_keys(store: IdentityTables, rows: DataFrame, withdrawn: DataFrame, at: dt.datetime) -> None:
    """In one commit: keys that end are closed, new ones begin. Where some end the table is written anew, which takes two thirds of what a MERGE takes that reads it twice."""
    stamp = F.lit(at).cast("timestamp")
    begins = rows.where("held IS NULL OR held <> resident_key").select(*RECORD, "resident_key", stamp.alias("valid_from"), F.lit(None).cast("timestamp").alias("valid_to"))
    ends = rows.where("held IS NOT NULL AND held <> resident_key").select(*RECORD).union(withdrawn.select(*RECORD)).localCheckpoint()
    if ends.isEmpty():
        store.append("resident_key", begins)
        return
    stood = store.read("resident_key").join(few(ends.withColumn("ended", stamp)), list(RECORD), "left").withColumn("valid_to", F.coalesce("valid_to", "ended"))
    store.replace("resident_key", stood.select(*begins.columns).unionByName(begins))


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
    told = fresh.select(*RECORD, "said", "profile_id", "record_ref")
    if held.where("NOT gone").isEmpty():
        store.append("record", told)
    else:
        store.merge("record", told, RECORD)


def _links_of(store: IdentityTables, gone: DataFrame) -> DataFrame:
    """The pairs of which one is gone, by both their names: one that is asked for by either is compared with every link there is."""
    links = store.read("link").select("profile_l", "profile_r")
    found = [links.join(few(gone.select(F.col("profile_id").alias(side))), side, "left_semi").select(*links.columns) for side in links.columns]
    return found[0].union(found[1]).distinct().localCheckpoint()


def _summary(store: IdentityTables, prefix: str, counts: tuple[int, int], pairs: int, rekeyed: int, changed: bool, trained: bool) -> Resolved:
    by_key = store.read("resident_key").where("valid_to IS NULL").groupBy(F.xxhash64("resident_key")).agg(F.count(F.lit(1)).alias("records"))  # a count of the distinct ones takes half as long again
    row = by_key.agg(F.coalesce(F.sum("records"), F.lit(0)), F.count(F.lit(1))).first()
    records, people = (int(value) for value in row or (0, 0))
    return Resolved(f"{prefix}.resident_key", records, people, counts[0], counts[1], pairs, rekeyed, changed, trained)


def main() -> None:
    """By spark-submit: `jobs/resolve.py identity.resident_key`"""
    from jobs.cli.submit import submitted

    submitted("resolve")


if __name__ == "__main__":
    main()
