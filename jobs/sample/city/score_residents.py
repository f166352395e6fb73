"""Resident keys against the truth of the city: which records were found to be of one person, and which are."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from deltalake import DeltaTable

from jobs.identity.agreement import Agreement, agreement
from jobs.platform import delta_sql
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import delta_options
from jobs.sample.city.score import truth_table

# how the truth names the people of a row that holds several → how silver does
ROLES = {"/nf": "/husband", "/nvf": "/wife"}
WORDS = {0: "nothing wrong", 1: "the id still tells", 2: "the id does not, the name does", 3: "neither does alone"}


def residents(settings: Settings, truth: Path, table: str = "identity__resident_key") -> list[Agreement]:
    """Of all records, then of those of each difficulty. `table`: in silver. Records whose true person nobody knows are left out."""
    return agreements(current_keys(settings, table), truth_table(truth, "person_link"))


def current_keys(settings: Settings, table: str) -> pl.DataFrame:
    """source_dataset, source_record, resident_key of all records, as they are now. Raises LakeError where there are none."""
    uri, options = settings.uri("silver", table), delta_options(settings)
    nobody = LakeError("nobody has a resident key yet", "give them: ./lake resolve")
    if not DeltaTable.is_deltatable(uri, options):
        raise nobody
    columns = ["source_dataset", "source_record", "resident_key"]
    batches = [pl.DataFrame(pl.from_arrow(b)) for b in delta_sql.batches(DeltaTable(uri, storage_options=options), columns, "valid_to IS NULL")]
    if not batches:
        raise nobody
    return pl.concat(batches)


def with_truth(keys: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """`keys` with the columns of truth/person_link; records whose true person nobody knows are left out."""
    known = links.with_columns(pl.col("record_key").str.replace_many(ROLES)).unique(["dataset", "record_key"])
    return keys.join(known, left_on=["source_dataset", "source_record"], right_on=["dataset", "record_key"], how="inner")


def agreements(keys: pl.DataFrame, links: pl.DataFrame) -> list[Agreement]:
    """`keys`: source_dataset, source_record, resident_key; `links`: rows of truth/person_link. One a register too, in the order of their names."""
    rows = with_truth(keys, links).rename({"resident_key": "found", "person": "true"})
    levels = [agreement(rows, f"difficulty {level}: {words}", pl.col("difficulty") == level) for level, words in WORDS.items() if (rows["difficulty"] == level).any()]
    registers = [agreement(rows, name, pl.col("source_dataset") == name) for name in sorted(rows["source_dataset"].unique())]
    return [agreement(rows), *levels, *registers]
