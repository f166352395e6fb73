"""When the periods of a dataset were due: so long after their end as the contract's `latency` says. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from jobs.contracts.intervals import interval
from jobs.contracts.model import Contract
from jobs.deliveries.periods import begun


@dataclass(frozen=True)
class Due:
    """`by`: the last day on which the period's files were in time; `promised`: the contract states a latency, so that late can be told."""

    period: str
    by: dt.date
    promised: bool


def latency(contract: Contract) -> int | None:
    """Days of `slaProperties` latency; None where the contract states none, or not in days or weeks."""
    said = interval(dict(contract.sla).get("latency", ""))
    whole = said.whole if said else None
    return whole[1] if whole and not whole[0] else None


def due(contract: Contract, came: Sequence[str], today: dt.date) -> tuple[Due, ...] | None:
    """The periods that were due by `today`, from the first that came; None where names and frequency do not tell which there should be.

    Without a latency nobody promised a day: a period is then missed only once a later one came.
    """
    if not came:
        return ()
    days, newest = latency(contract), max(came)
    spans = begun(contract, min(came), today)
    if not set(came) <= {name for name, _ in spans}:
        return None  # some came that nobody expects: their names tell nothing
    counted = [(name, end) for name, end in spans if days is not None or name <= newest]
    dues = [Due(name, end - dt.timedelta(days=1) + dt.timedelta(days=days or 0), days is not None) for name, end in counted]
    return tuple(each for each in dues if each.by < today)
