"""Labelled sets that record linkage is measured on: records in one shape, and which are of one person. Read from the folder of real dumps."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings

HALVES = ("train", "test")
PSEUDOPEOPLE = "pseudopeople==1.3.1"


@dataclass(frozen=True)
class Labelled:
    """`rows`: profile_id, the set's columns (texts, null where empty), `person` and `half`, half of the people by a hash of `person`: those whose records may
    teach a classifier that needs labels, and those that everybody is measured on. `split`: whether the set comes as two files that are linked."""

    name: str
    rows: pl.DataFrame
    split: bool
    note: str


def folder(settings: Settings) -> Path:
    found = Path(os.environ.get("LAKE_REAL_DATA") or settings.root.parent / "shared" / "data") / "population"
    if not found.is_dir():
        raise LakeError(f"the labelled sets are not at {found}", "set LAKE_REAL_DATA to the folder of real dumps")
    return found


def _texts(rows: pl.DataFrame) -> pl.DataFrame:
    """Trimmed, in small letters, null where empty."""
    return rows.with_columns(pl.col(name).cast(pl.String).str.strip_chars().str.to_lowercase().replace("", None) for name in rows.columns)


def _halved(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(half=pl.when(pl.col("person").hash(seed=11) % 2 == 0).then(pl.lit(HALVES[0])).otherwise(pl.lit(HALVES[1])))


def _febrl(settings: Settings, *files: str) -> pl.DataFrame:
    read = [pl.read_csv(folder(settings) / "febrl" / file, infer_schema=False) for file in files]
    rows = pl.concat([_texts(each.rename({name: name.strip() for name in each.columns})) for each in read])
    born = pl.col("date_of_birth")
    rows = rows.with_columns(date_of_birth=pl.when(born.str.len_chars() == 8).then(born.str.slice(0, 4) + "-" + born.str.slice(4, 2) + "-" + born.str.slice(6, 2)))
    return _halved(rows.rename({"rec_id": "profile_id"}).with_columns(person=pl.col("profile_id").str.extract(r"rec-(\d+)-")))


def febrl3(settings: Settings) -> Labelled:
    return Labelled("FEBRL 3", _febrl(settings, "dataset3.csv"), False, "5,000 records, 2,000 people, up to 5 duplicates each")


def febrl4(settings: Settings) -> Labelled:
    return Labelled("FEBRL 4a/4b", _febrl(settings, "dataset4a.csv", "dataset4b.csv"), True, "5,000 originals and one duplicate of each")


def fake_1000(settings: Settings) -> Labelled:
    rows = _texts(pl.read_csv(folder(settings) / "fake_1000.csv", infer_schema=False)).rename({"unique_id": "profile_id", "cluster": "person"})
    return Labelled("splink fake_1000", _halved(rows), False, "1,000 records; part of the duplicates have lost nearly all they say")


def pseudopeople(settings: Settings) -> Labelled:
    """Made once a checkout, by the package in an environment of its own. Raises LakeError where that cannot be had."""
    made = settings.state / "bench" / f"{PSEUDOPEOPLE}.csv"
    if not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        partly, script = made.with_suffix(".part"), Path(__file__).with_name("noised_people.py")
        command = [str(settings.state / "uv" / "bin" / "uv"), "run", "--no-project", "--with", PSEUDOPEOPLE, "python", str(script), str(partly)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=made.parent)
        if done.returncode:
            raise LakeError(f"{PSEUDOPEOPLE} made no people: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'no word'}", "check the network and the package index, then run this again")
        partly.rename(made)
    rows = _texts(pl.read_csv(made, infer_schema=False)).with_row_index("n").with_columns(profile_id=pl.concat_str("source", pl.lit("-"), "n")).drop("n", "source")
    return Labelled("pseudopeople", _halved(rows), False, "census, WIC, Social Security and W-2 of one county with the package's default noise")


SETS: dict[str, Callable[[Settings], Labelled]] = {"febrl3": febrl3, "febrl4": febrl4, "fake_1000": fake_1000, "pseudopeople": pseudopeople}
