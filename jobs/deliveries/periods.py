"""Which periods there should be: by the form of their names and the frequency the contract states."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from jobs.contracts.model import Contract
from jobs.platform.errors import LakeError

MOST = 10_000  # periods of one backfill


@dataclass(frozen=True)
class Form:
    """How the names of periods of one length are written: a regex with groups for year and, as they apply, quarter or month and day; `shown` is the same for strftime."""

    unit: str  # of polars' intervals
    pattern: str
    shown: str


FORMS = (
    Form("y", r"(\d{4})", "%Y"),
    Form("q", r"(\d{4})-Q([1-4])", "%Y-Q%q"),
    Form("q", r"(\d{4})Q([1-4])", "%YQ%q"),
    Form("mo", r"(\d{4})-(\d{2})", "%Y-%m"),
    Form("mo", r"(\d{4})(\d{2})", "%Y%m"),
    Form("d", r"(\d{4})-(\d{2})-(\d{2})", "%Y-%m-%d"),
    Form("d", r"(\d{4})(\d{2})(\d{2})", "%Y%m%d"),
)
UNITS = {"y": ("y", 1), "q": ("q", 1), "mo": ("mo", 1), "m": ("mo", 1), "w": ("d", 7), "d": ("d", 1)}  # as people write frequencies → unit of a form, how many
UNITS |= {"yr": UNITS["y"], "year": UNITS["y"], "quarter": UNITS["q"], "month": UNITS["mo"], "week": UNITS["w"], "day": UNITS["d"]}
MONTHS = {"y": 12, "q": 3, "mo": 1}


def frequency(contract: Contract) -> tuple[str, int] | None:
    """(unit, how many) of `slaProperties` frequency; None where the contract does not say, or says something else."""
    said = re.fullmatch(r"([1-9]\d{0,3}) ([a-z]+)", dict(contract.sla).get("frequency", "").lower())
    found = UNITS.get(said[2]) or UNITS.get(said[2].removesuffix("s")) if said else None
    return (found[0], found[1] * int(said[1])) if said and found else None


def expected(contract: Contract, first: str, last: str) -> tuple[str, ...]:
    """The periods from `first` to `last`, both included, one a delivery; none where names or frequency do not tell them.

    Raises LakeError where `last` is before `first`, or there are more than MOST.
    """
    if last < first:
        raise LakeError(f"--to {last} is before --from {first}", "name the earlier period first")
    form, often = form_of(first, last), frequency(contract)
    step = _steps(form.unit, *often) if form and often else None
    if form is None or step is None:
        return ()
    start, end = _start(form, first), _start(form, last)
    assert start and end
    days = pl.date_range(start, end, f"{step}{form.unit}", eager=True)
    if len(days) > MOST:
        raise LakeError(f"from {first} to {last} are {len(days):,} periods", f"backfill at most {MOST:,} at once")
    quarters = days.dt.quarter().cast(pl.String).to_list()
    names = [day.strftime(form.shown.replace("%q", quarter)) for day, quarter in zip(days.to_list(), quarters, strict=True)]
    return tuple(name for name in names if re.fullmatch(contract.period_pattern, name))


def form_of(*names: str) -> Form | None:
    """The one form in which all these names are real periods."""
    return next((form for form in FORMS if all(_start(form, name) for name in names)), None)


def _start(form: Form, name: str) -> dt.date | None:
    """The first day of a period; None where its name is not of this form, or no date."""
    said = re.fullmatch(form.pattern, name, re.ASCII)
    if not said:
        return None
    year, part, day = (int(number) for number in (*said.groups(), "1", "1")[:3])
    try:
        return dt.date(year, part * 3 - 2 if form.unit == "q" else part, day)
    except ValueError:
        return None


def _steps(unit: str, of: str, times: int) -> int | None:
    """How many units of the names lie between two deliveries: a half-yearly delivery named by months comes every 6; None where it cannot be said."""
    if unit == of:
        return times
    if unit in MONTHS and of in MONTHS:
        months = MONTHS[of] * times
        return months // MONTHS[unit] if months % MONTHS[unit] == 0 else None
    return None


def within(names: Sequence[str], first: str, last: str) -> list[str]:
    """The names from `first` to `last`, in order; names of periods sort as the periods do."""
    return sorted(name for name in set(names) if first <= name <= last)
