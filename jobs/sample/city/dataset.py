"""What a dataset of the city is: a small declaration from which files, faults and truth follow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import polars as pl

from jobs.sample.city.plan import Frequency, Period, Plan
from jobs.sample.city.writers import Writer

Outcome = Literal["landed", "rejected", "held", "resent", "waiting"]
Truth: TypeAlias = Iterable[tuple[str, pl.DataFrame]]  # (table, rows)


@dataclass(frozen=True)
class RowFault:
    """In `rows` rows of the first file of every period stands `value` in `column` (a header). `rule`: id of the lake's rule that rejects them, as in ops.checks; None: they are no bad rows."""

    column: str
    value: str | int | float | None
    rule: str | None
    rows: int = 3
    kind: str = "bad_value"


@dataclass(frozen=True)
class Repeats:
    """So many rows of the first file of every period stand in it twice, word by word."""

    rows: int = 2


@dataclass(frozen=True)
class Conflicts:
    """So many rows of the first file of every period stand in it twice, the second time with another value in `column` (a header): nobody can tell which is right,
    so both are rejected, by the lake's rule `rule`."""

    column: str
    other: Callable[[pl.Expr], pl.Expr]
    rule: str
    rows: int = 1


@dataclass(frozen=True)
class File:
    """A file as it is sent. `rows`: what is in it, `broken`: for each of them the rule that rejects it (null: none does), because of `planted`.

    `replaced_on`: day on which another content comes under the same name and period. `data`: False for a manifest.
    """

    period: Period
    name: str
    body: bytes
    day: dt.date
    rows: pl.DataFrame
    broken: pl.Series
    planted: tuple[RowFault, ...] = ()
    outcome: Outcome = "landed"
    reason: str | None = None
    replaced_on: dt.date | None = None
    fault: str | None = None
    data: bool = True

    @property
    def spoilt(self) -> pl.Series:
        """Which rows a rule rejects."""
        return self.broken.is_not_null()


@dataclass(frozen=True)
class FileFault:
    """In period number `at` (from 0, or from the end with -1) `apply` makes of the first part's file what the department really sends."""

    kind: str
    at: int
    apply: Callable[[Dataset, File], list[File]]


@dataclass(frozen=True)
class Control:
    """A manifest beside every file: its records, and the sum of `column` where one is named. `wrong_at`: period in which the sum is not right."""

    name: str = "清单_{part}.csv"
    column: str | None = None
    wrong_at: int | None = None


@dataclass(frozen=True)
class Dataset:
    """`rows(plan, part, period)`: the frame of a file, its columns headed as in the dump; empty: no file. A key never stands in two parts.

    `mode` and `key` (headers) as in the contract; `days_after`: a period's last day to its delivery; `truth(plan, part)`: tables of truth this
    dataset adds to. `cost`: rough rows a part, to share the work out.
    """

    id: str
    rows: Callable[[Plan, int, Period], pl.DataFrame]
    writer: Writer
    frequency: Frequency = "month"
    mode: Literal["snapshot", "increment", "events"] = "increment"
    key: tuple[str, ...] = ()
    file: str = "{part}.csv"
    parts: Callable[[Plan], int] = lambda plan: 1
    days_after: int = 1
    row_faults: tuple[RowFault, ...] = ()
    repeats: Repeats | None = None
    file_faults: tuple[FileFault, ...] = ()
    control: Control | None = None
    conflicts: Conflicts | None = None
    truth: Callable[[Plan, int], Truth] = lambda plan, part: ()

    @property
    def folder(self) -> str:
        return self.id.replace(".", "/")

    def file_name(self, period: Period, part: int) -> str:
        """`{part}` from 1, `{period}` in the file's pattern."""
        return self.file.format(part=part + 1, period=period.name)


def of_blocks(plan: Plan) -> int:
    """Parts of a dataset about people: one a block of households."""
    return plan.blocks


def resent(at: int, name: str = "重复_{name}") -> FileFault:
    """The same file comes again a day later under another name."""
    return FileFault("resent", at, lambda dataset, file: [file, replace(file, name=name.format(name=file.name), day=_later(file, 1), outcome="resent", reason="resent", planted=(), fault="resent")])


def empty(at: int, name: str = "空_{name}") -> FileFault:
    """A file of no bytes beside the right one."""
    return FileFault("empty", at, lambda dataset, file: [file, _refused(file, name, b"", "empty", "empty")])


def truncated(at: int, reason: str, keep: float = 0.6, name: str = "断_{name}") -> FileFault:
    """A transfer that broke off, beside the right file. `reason`: what the lake says of it."""
    return FileFault("truncated", at, lambda dataset, file: [file, _refused(file, name, file.body[: int(len(file.body) * keep)], "truncated", reason)])


def cut_character(at: int, name: str = "断_{name}") -> FileFault:
    """A transfer in UTF-8 that broke off within the last character that is not ASCII, beside the right file."""

    def apply(dataset: Dataset, file: File) -> list[File]:
        last = next(place for place in range(len(file.body) - 1, -1, -1) if file.body[place] >= 0xE0)
        return [file, _refused(file, name, file.body[: last + 2], "cut_character", "wrong_encoding")]

    return FileFault("cut_character", at, apply)


def wrong_encoding(at: int, right: str, wrong: str, name: str = "乱码_{name}") -> FileFault:
    """The file is sent in another encoding first, and in the right one after."""
    return FileFault("wrong_encoding", at, lambda dataset, file: [_refused(file, name, file.body.decode(right).encode(wrong, "replace"), "wrong_encoding", "wrong_encoding"), replace(file, day=_later(file, 1))])


def unknown_column(at: int, header: str, value: str, reason: str = "new_column", name: str = "多列_{name}") -> FileFault:
    """A file with a column nobody agreed, beside the right one."""
    return FileFault("unknown_column", at, lambda dataset, file: [file, _refused(file, name, dataset.writer(file.rows.with_columns(pl.lit(value).alias(header))), "unknown_column", reason)])


def renamed_header(at: int, old: str, new: str) -> FileFault:
    """The header is called otherwise in this period; the contract knows it as a synonym, and all rows land."""
    return FileFault("renamed_header", at, lambda dataset, file: [replace(file, body=dataset.writer(file.rows.rename({old: new})), fault="renamed_header")])


def late(at: int, days: int = 20) -> FileFault:
    return FileFault("late", at, lambda dataset, file: [replace(file, day=_later(file, days), fault="late")])


def corrected(at: int, column: str, value: str | int | float, rows: int = 5, days: int = 3) -> FileFault:
    """A first content with another value in the first rows, and days later the right one under the same name."""

    def apply(dataset: Dataset, file: File) -> list[File]:
        wrong = file.rows.with_columns(pl.when(pl.int_range(pl.len()) < rows).then(pl.lit(value)).otherwise(pl.col(column)).alias(column))
        right = replace(file, day=_later(file, days))
        return [replace(file, body=dataset.writer(wrong), rows=wrong, replaced_on=right.day, fault="corrected"), right]

    return FileFault("corrected", at, apply)


def _refused(file: File, name: str, body: bytes, fault: str, reason: str) -> File:
    return replace(file, name=name.format(name=file.name), body=body, rows=file.rows.clear(), broken=file.broken.clear(), planted=(), outcome="rejected", reason=reason, fault=fault)


def _later(file: File, days: int) -> dt.date:
    return file.day + dt.timedelta(days=days)
