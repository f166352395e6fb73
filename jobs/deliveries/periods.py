"""Which periods there should be: by the form of their names and the frequency the contract states."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from jobs.contracts.intervals import interval
from jobs.contracts.model import Contract
from jobs.platform.errors import LakeError

MOST = 10_000  # periods of one backfill


@dataclass(frozen=True)
class Form:
    """How the names of periods of one length are written. Names of one form sort as their periods do.

    `starts`: the numbers in a name → the first day of its period; raises ValueError for a period that does not exist. `name`: the other way round.
    A period is `months` or `days` long.
    """

    pattern: str
    starts: Callable[[Sequence[int]], dt.date]
    name: Callable[[dt.date], str]
    months: int = 0
    days: int = 0


def _month(said: Sequence[int]) -> dt.date:
    return dt.date(said[0], *said[1:], *(1,) * (3 - len(said)))


def _quarter(said: Sequence[int]) -> dt.date:
    return dt.date(said[0], said[1] * 3 - 2, 1)


def _week(said: Sequence[int]) -> dt.date:
    return dt.date.fromisocalendar(said[0], said[1], 1)


def _school_year(said: Sequence[int]) -> dt.date:
    """`2025-2026`, and the first or second term of it; here they begin in September and in March."""
    if said[1] != said[0] + 1:
        raise ValueError("a school year ends in the year after it began")
    return dt.date(said[0], 9, 1) if said[2:] != [2] else dt.date(said[1], 3, 1)


def _of_quarter(between: str) -> Callable[[dt.date], str]:
    return lambda day: f"{day.year:04}{between}Q{(day.month + 2) // 3}"


def _of_week(between: str) -> Callable[[dt.date], str]:
    return lambda day: f"{(iso := day.isocalendar()).year:04}{between}W{iso.week:02}"


def _of_school_year(after: str) -> Callable[[dt.date], str]:
    return lambda day: f"{day.year:04}-{day.year + 1:04}{after}"


def _of_term(first: str, second: str) -> Callable[[dt.date], str]:
    return lambda day: _of_school_year(first)(day) if day.month == 9 else _of_school_year(second)(day.replace(year=day.year - 1))


def _as(format_: str) -> Callable[[dt.date], str]:
    return lambda day: day.strftime(format_)


YEARS = r"(\d{4})-(\d{4})"
FORMS = (
    Form(r"(\d{4})", _month, _as("%Y"), months=12),
    Form(r"(\d{4})-Q([1-4])", _quarter, _of_quarter("-"), months=3),
    Form(r"(\d{4})Q([1-4])", _quarter, _of_quarter(""), months=3),
    Form(r"(\d{4})-W(\d{2})", _week, _of_week("-"), days=7),
    Form(r"(\d{4})W(\d{2})", _week, _of_week(""), days=7),
    Form(r"(\d{4})-(\d{2})", _month, _as("%Y-%m"), months=1),
    Form(r"(\d{4})(\d{2})", _month, _as("%Y%m"), months=1),
    Form(r"(\d{4})-(\d{2})-(\d{2})", _month, _as("%Y-%m-%d"), days=1),
    Form(r"(\d{4})(\d{2})(\d{2})", _month, _as("%Y%m%d"), days=1),
    Form(YEARS, _school_year, _of_school_year(""), months=12),
    Form(YEARS + "学年", _school_year, _of_school_year("学年"), months=12),
    Form(YEARS + "-([12])", _school_year, _of_term("-1", "-2"), months=6),
    Form(YEARS + "学年第([12一二])学期", _school_year, _of_term("学年第一学期", "学年第二学期"), months=6),
)
CHINESE = {"一": "1", "二": "2"}


def frequency(contract: Contract) -> tuple[int, int] | None:
    """(months, days) between two deliveries, of `slaProperties` frequency: one of them is 0; None where the contract does not say, or says something else."""
    said = interval(dict(contract.sla).get("frequency", ""))
    return said.whole if said and said.whole != (0, 0) else None


def expected(contract: Contract, first: str, last: str) -> tuple[str, ...]:
    """The periods from `first` to `last`, both included, one a delivery; none where names or frequency do not tell them.

    Raises LakeError where `last` is before `first`, or there are more than MOST.
    """
    if last < first:
        raise LakeError(f"--to {last} is before --from {first}", "name the earlier period first")
    form, often = form_of(first, last), frequency(contract)
    step = _step(form, often) if form and often else None
    if form is None or step is None:
        return ()
    start, end = start_of(form, first), start_of(form, last)
    assert start and end
    days = pl.date_range(start, end, step, eager=True)
    if len(days) > MOST:
        raise LakeError(f"from {first} to {last} are {len(days):,} periods", f"backfill at most {MOST:,} at once")
    return tuple(name for name in map(form.name, days.to_list()) if re.fullmatch(contract.period_pattern, name))


def begun(contract: Contract, first: str, day: dt.date) -> tuple[tuple[str, dt.date], ...]:
    """(period, the first day after it) of each period from `first` that has begun by `day`; none where the names or the frequency do not tell them, or tell too many."""
    form, often = form_of(first), frequency(contract)
    step = _step(form, often) if form and often else None
    start = start_of(form, first) if form else None
    if form is None or step is None or start is None or start > day:
        return ()
    starts = pl.date_range(start, day, step, eager=True)
    if len(starts) > MOST:
        return ()
    spans = [(form.name(one), end) for one, end in zip(starts.to_list(), starts.dt.offset_by(step).to_list(), strict=True)]
    return tuple((name, end) for name, end in spans if re.fullmatch(contract.period_pattern, name))


def form_of(*names: str) -> Form | None:
    """The one form in which all these names are real periods."""
    return next((form for form in FORMS if all(start_of(form, name) for name in names)), None)


def start_of(form: Form, name: str) -> dt.date | None:
    """The first day of a period; None where its name is not of this form, or no date."""
    said = re.fullmatch(form.pattern, name, re.ASCII)
    try:
        return form.starts([int(CHINESE.get(number, number)) for number in said.groups()]) if said else None
    except ValueError:
        return None


def _step(form: Form, often: tuple[int, int]) -> str | None:
    """From one delivery to the next, as polars writes intervals: a half-yearly delivery named by months comes every 6; None where it cannot be said."""
    months, days = often
    if months and form.months and months % form.months == 0:
        return f"{months}mo"
    return f"{days}d" if days and form.days and days % form.days == 0 else None


def within(names: Sequence[str], first: str, last: str) -> list[str]:
    """The names from `first` to `last`, in order; names of periods sort as the periods do."""
    return sorted(name for name in set(names) if first <= name <= last)
