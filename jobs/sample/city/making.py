"""One part of a dataset: its files through the whole life of the city, with the faults that are planted in them."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import numpy as np
import polars as pl

from jobs.sample.city.dataset import Dataset, File, RowFault
from jobs.sample.city.draws import hashes
from jobs.sample.city.plan import Period, Plan

LEAST_ROWS_A_FAULT = 8  # a file has so many rows for each that is spoilt, or it stays clean


def files(plan: Plan, dataset: Dataset, part: int, until: dt.date | None = None) -> Iterator[File]:
    """In the order of their periods; `until`: only what has been delivered by that day."""
    periods = plan.periods(dataset.frequency)
    for period in periods:
        if until and until < _sent_on(dataset, period):
            return  # nothing of it is sent so early, nor of what comes after it
        rows = dataset.rows(plan, part, period)
        if not rows.height:
            continue
        for file in _sent(plan, dataset, part, period, rows, len(periods)):
            if until is None or file.day <= until:
                yield file


def _sent(plan: Plan, dataset: Dataset, part: int, period: Period, rows: pl.DataFrame, periods: int) -> Iterator[File]:
    rows, broken, planted = _spoilt(plan, dataset, period, rows) if part == 0 else (rows, _none(rows), ())
    made = [File(period, dataset.file_name(period, part), dataset.writer(rows), _sent_on(dataset, period), rows, broken, planted)]
    for fault in dataset.file_faults if part == 0 else ():
        if fault.at % periods == period.index and -periods <= fault.at < periods:
            made = [*fault.apply(dataset, made[0]), *made[1:]] if made[0].replaced_on is None else made
    yield from (_judged(dataset, part, file) for file in made)
    if dataset.control:
        yield _manifest(dataset, part, made[0])


def _sent_on(dataset: Dataset, period: Period) -> dt.date:
    """At the earliest: what goes wrong makes it later."""
    return period.last + dt.timedelta(days=dataset.days_after)


def _none(rows: pl.DataFrame) -> pl.Series:
    return pl.Series("broken", [None], pl.String).new_from_index(0, rows.height)


def _spoilt(plan: Plan, dataset: Dataset, period: Period, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series, tuple[RowFault, ...]]:
    """The rows as they are sent, and for each the rule that rejects it. Which rows are spoilt follows from their place and the seed; no row is spoilt twice."""
    wanted = sum(each.rows for each in (*dataset.row_faults, dataset.repeats, dataset.conflicts) if each)
    if not wanted or rows.height < wanted * LEAST_ROWS_A_FAULT:
        return rows, _none(rows), ()
    order = np.argsort(hashes(plan.seed, f"{dataset.id}/faults", np.arange(rows.height), zlib.crc32(period.name.encode())), kind="stable")
    rules, start = np.full(rows.height, None, object), 0
    for fault in dataset.row_faults:
        places = order[start : start + fault.rows]
        rows, start = _planted(rows, fault, places), start + fault.rows
        rules[places] = fault.rule
    again, repeated = _repeated(dataset, rows, order[start:])
    start += again.height
    twice, conflicting = _conflicting(dataset, rows, order[start:])
    rules[order[start : start + twice.height]] = dataset.conflicts.rule if dataset.conflicts else None
    broken = [*rules.tolist(), *[None] * again.height, *[fault.rule for fault in conflicting for _ in range(twice.height)]]
    return pl.concat([rows, again, twice]), pl.Series("broken", broken, pl.String), (*dataset.row_faults, *repeated, *conflicting)


def _repeated(dataset: Dataset, rows: pl.DataFrame, order: np.ndarray) -> tuple[pl.DataFrame, tuple[RowFault, ...]]:
    """Rows that come once more, word by word: nothing is wrong with them but that."""
    if not dataset.repeats:
        return rows.clear(), ()
    again = rows[np.sort(order[: dataset.repeats.rows]).tolist()]
    return again, (RowFault(", ".join(dataset.key), None, None, again.height, "duplicate_key"),)


def _conflicting(dataset: Dataset, rows: pl.DataFrame, order: np.ndarray) -> tuple[pl.DataFrame, tuple[RowFault, ...]]:
    """Rows that come once more and say something else: they and those before them are rejected."""
    if not dataset.conflicts:
        return rows.clear(), ()
    twice = rows[order[: dataset.conflicts.rows].tolist()].with_columns(dataset.conflicts.other(pl.col(dataset.conflicts.column)))
    return twice, (RowFault(", ".join(dataset.key), None, dataset.conflicts.rule, 2 * twice.height, "conflicting_key"),)


def _planted(rows: pl.DataFrame, fault: RowFault, places: np.ndarray) -> pl.DataFrame:
    here = np.zeros(rows.height, np.bool_)
    here[places] = True
    column = rows[fault.column]
    if isinstance(fault.value, str) and column.dtype != pl.String:
        column = column.cast(pl.String)
    value = pl.lit(fault.value, dtype=column.dtype)
    return rows.with_columns(pl.when(pl.Series(here)).then(value).otherwise(column).alias(fault.column))


def _manifest(dataset: Dataset, part: int, file: File) -> File:
    """CSV: file, records, sum."""
    assert dataset.control
    total = Decimal(0)
    if dataset.control.column:
        total = sum((Decimal(text) for text in file.rows[dataset.control.column].cast(pl.String).drop_nulls().to_list()), Decimal(0))
    wrong = dataset.control.wrong_at == file.period.index and part == 0
    text = f"file,records,total\r\n{file.name},{file.rows.height},{total + 100 if wrong else total}\r\n"
    return replace(file, name=dataset.control.name.format(part=part + 1), body=text.encode(), rows=file.rows.clear(), broken=file.broken.clear(), planted=(), fault=None, data=False)


def _judged(dataset: Dataset, part: int, file: File) -> File:
    """What a control total that disagrees makes of the file."""
    control = dataset.control
    if control and part == 0 and control.wrong_at == file.period.index and file.data and file.outcome == "landed":
        return replace(file, outcome="held", reason="control_total", fault="control_total")
    return file
