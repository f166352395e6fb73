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
    rows, spoilt, planted = _spoilt(plan, dataset, period, rows) if part == 0 else (rows, _none(rows), ())
    made = [File(period, dataset.file_name(period, part), dataset.writer(rows), _sent_on(dataset, period), rows, spoilt, planted)]
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
    return pl.Series("spoilt", np.zeros(rows.height, np.bool_))


def _spoilt(plan: Plan, dataset: Dataset, period: Period, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series, tuple[RowFault, ...]]:
    """Which rows are spoilt follows from their place and the seed; no row is spoilt twice."""
    wanted = sum(fault.rows for fault in dataset.row_faults) + (dataset.repeats.rows if dataset.repeats else 0)
    if not wanted or rows.height < wanted * LEAST_ROWS_A_FAULT:
        return rows, _none(rows), ()
    order = np.argsort(hashes(plan.seed, f"{dataset.id}/faults", np.arange(rows.height), zlib.crc32(period.name.encode())), kind="stable")
    mask, start = np.zeros(rows.height, np.bool_), 0
    for fault in dataset.row_faults:
        places = order[start : start + fault.rows]
        rows, start = _planted(rows, fault, places), start + fault.rows
        if fault.rule:
            mask[places] = True
    if dataset.repeats:
        places = order[start : start + dataset.repeats.rows]
        rows, mask = pl.concat([rows, rows[np.sort(places).tolist()]]), np.concatenate([mask, np.zeros(len(places), np.bool_)])
        return rows, pl.Series("spoilt", mask), (*dataset.row_faults, RowFault(", ".join(dataset.key), None, None, dataset.repeats.rows, "duplicate_key"))
    return rows, pl.Series("spoilt", mask), dataset.row_faults


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
    return replace(file, name=dataset.control.name.format(part=part + 1), body=text.encode(), rows=file.rows.clear(), spoilt=file.spoilt.clear(), planted=(), fault=None, data=False)


def _judged(dataset: Dataset, part: int, file: File) -> File:
    """What a control total that disagrees makes of the file."""
    control = dataset.control
    if control and part == 0 and control.wrong_at == file.period.index and file.data and file.outcome == "landed":
        return replace(file, outcome="held", reason="control_total", fault="control_total")
    return file
