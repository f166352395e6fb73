"""What the lake must make of the files of one part: a state for every row, counted by the city itself and not by the lake's code."""

from __future__ import annotations

import datetime as dt
import hashlib

import polars as pl

from jobs.sample.city.dataset import Dataset, File

EXPECTED = {
    "dataset": pl.String, "period": pl.String, "name": pl.String, "sha256": pl.String, "bytes": pl.Int64, "part": pl.Int64, "day": pl.Date, "outcome": pl.String, "reason": pl.String,
    "rows": pl.Int64, "quarantined": pl.Int64, "silver": pl.Int64, "duplicate": pl.Int64, "superseded": pl.Int64, "held": pl.Int64, "replaced": pl.Boolean,
}  # fmt: skip
FAULTS = {
    "dataset": pl.String, "period": pl.String, "name": pl.String, "sha256": pl.String, "fault": pl.String, "column": pl.String, "rule": pl.String, "rows": pl.Int64, "outcome": pl.String,
    "reason": pl.String,
}  # fmt: skip

STATES = {
    "dataset": pl.String, "period": pl.String, "name": pl.String, "sha256": pl.String, "state": pl.String, "rule": pl.String, "first": pl.Int64, "last": pl.Int64,
}  # fmt: skip

STATE_OF_ROW = {"file": pl.Int32, "record": pl.Int32, "state": pl.String, "rule": pl.String}


class Account:
    """Takes the files of a part one by one, and keeps of each row only its key and a hash of what it says. `until`: what comes after that day has not come yet."""

    def __init__(self, dataset: Dataset, part: int, until: dt.date | None = None) -> None:
        self._dataset, self._part, self._until = dataset, part, until or dt.date.max
        self._files: list[tuple[File, str]] = []
        self._lines: list[pl.DataFrame] = []

    def take(self, file: File) -> None:
        number = len(self._files)
        self._files.append((file, hashlib.sha256(file.body).hexdigest()))
        if file.outcome == "landed" and not self._replaced(file) and file.rows.height:
            key = pl.struct(self._dataset.key) if self._dataset.key else pl.int_range(pl.len()) + number * (1 << 32)
            said = file.rows.select(key.hash(1).alias("key"), pl.struct(pl.all()).hash(2).alias("content"))
            said = said.with_columns(pl.lit(number, pl.Int32).alias("file"), pl.lit(file.period.index, pl.Int32).alias("period"), pl.int_range(pl.len(), dtype=pl.Int32).alias("record"))
            self._lines.append(said.filter(~file.spoilt))

    def _replaced(self, file: File) -> bool:
        return file.replaced_on is not None and file.replaced_on <= self._until

    def expected(self) -> pl.DataFrame:
        """A row a file, as EXPECTED."""
        counted = {(row["file"], row["state"]): row["len"] for row in self._states().group_by("file", "state").len().to_dicts()}
        rows = [self._row(number, file, sha256, counted) for number, (file, sha256) in enumerate(self._files)]
        return pl.DataFrame(rows, EXPECTED, orient="row")

    def states(self) -> pl.DataFrame:
        """The state of every row, and the rule that rejects it, as STATES: a row a run of rows alike, from row `first` of the file to row `last`, counted from 0."""
        settled = [self._settled(number, file) for number, (file, _) in enumerate(self._files)]
        rows = pl.concat([pl.DataFrame(schema=STATE_OF_ROW), self._states(), *settled], how="diagonal").sort("file", "record")
        run = pl.struct("file", "state", "rule").rle_id().alias("run")
        runs = rows.with_columns(run).group_by("file", "run", maintain_order=True).agg(
            pl.first("state"), pl.first("rule"), pl.first("record").cast(pl.Int64).alias("first"), pl.last("record").cast(pl.Int64).alias("last")
        )  # fmt: skip
        of_file = pl.DataFrame([(number, self._dataset.id, file.period.name, file.name, sha) for number, (file, sha) in enumerate(self._files)], {"file": pl.Int32} | dict(list(STATES.items())[:4]), orient="row")
        return runs.join(of_file, "file", maintain_order="left").select(list(STATES))

    def _settled(self, number: int, file: File) -> pl.DataFrame:
        """The rows whose state does not depend on others: of a file that is held or replaced all, else those that a rule rejects."""
        if file.outcome not in ("landed", "held"):
            return pl.DataFrame(schema=STATE_OF_ROW)
        whole = "held" if file.outcome == "held" else "superseded" if self._replaced(file) else None
        rows = pl.DataFrame({"file": [number] * file.rows.height, "record": range(file.rows.height), "rule": file.broken}, {"file": pl.Int32, "record": pl.Int32, "rule": pl.String})
        if whole:
            return rows.with_columns(pl.lit(whole).alias("state"), pl.lit(None, pl.String).alias("rule")).select(list(STATE_OF_ROW))
        return rows.filter(pl.col("rule").is_not_null()).with_columns(pl.lit("quarantined").alias("state")).select(list(STATE_OF_ROW))

    def faults(self) -> pl.DataFrame:
        """A row a fault of a file, and a row a fault planted in rows, as FAULTS."""
        rows: list[tuple[object, ...]] = []
        for file, sha in self._files:
            of_file = (self._dataset.id, file.period.name, file.name, sha)
            if file.fault:
                rows.append((*of_file, file.fault, None, None, file.rows.height, file.outcome, file.reason))
            rows += [(*of_file, fault.kind, fault.column, fault.rule, fault.rows, file.outcome, None) for fault in file.planted]
        return pl.DataFrame(rows, FAULTS, orient="row")

    def _row(self, number: int, file: File, sha256: str, counted: dict[tuple[int, str], int]) -> tuple[object, ...]:
        landed, replaced = file.outcome == "landed", self._replaced(file)
        spoilt = int(file.spoilt.sum()) if file.outcome in ("landed", "held") else 0
        states = {state: counted.get((number, state), 0) if landed and not replaced else 0 for state in ("silver", "duplicate", "superseded")}
        if landed and replaced:
            states["superseded"] = file.rows.height
        return (
            self._dataset.id, file.period.name, file.name, sha256, len(file.body), self._part, file.day, file.outcome, file.reason,
            file.rows.height if file.outcome in ("landed", "held") else 0, spoilt, states["silver"], states["duplicate"], states["superseded"],
            file.rows.height if file.outcome == "held" else 0, replaced,
        )  # fmt: skip

    def _states(self) -> pl.DataFrame:
        """Of the rows that no rule rejects."""
        if not self._lines:
            return pl.DataFrame(schema={"file": pl.Int32, "record": pl.Int32, "state": pl.String})
        lines = pl.concat(self._lines).sort("period", "file", "record")
        if self._dataset.mode == "events":
            return lines.select("file", "record", pl.lit("silver").alias("state"))
        once = _survivors(lines, ["key"] if self._dataset.mode == "increment" else ["key", "period"])
        if self._dataset.mode == "increment":
            return once.select("file", "record", "state")
        return pl.concat([_versions(once.filter(pl.col("state") == "silver"), self._landed_periods()), once.filter(pl.col("state") != "silver").select("file", "record", "state")])

    def _landed_periods(self) -> list[int]:
        return sorted({file.period.index for file, _ in self._files if file.outcome == "landed"})


def _survivors(lines: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """The last row of a key stays; one that says the same before it is a duplicate, another was superseded."""
    last = pl.int_range(pl.len()).over(by) == pl.len().over(by) - 1
    same = pl.col("content") == pl.col("content").last().over(by)
    return lines.with_columns(pl.when(last).then(pl.lit("silver")).when(same).then(pl.lit("duplicate")).otherwise(pl.lit("superseded")).alias("state"))


def _versions(shown: pl.DataFrame, periods: list[int]) -> pl.DataFrame:
    """A snapshot that says of a key what the one before it said adds nothing."""
    place = pl.col("period").replace_strict(periods, range(len(periods)), return_dtype=pl.Int32)
    marked = shown.with_columns(place.alias("place")).sort("key", "place")
    again = (pl.col("content").shift(1).over("key") == pl.col("content")) & (pl.col("place").shift(1).over("key") + 1 == pl.col("place"))
    return marked.select("file", "record", pl.when(again.fill_null(False)).then(pl.lit("duplicate")).otherwise(pl.lit("silver")).alias("state"))
