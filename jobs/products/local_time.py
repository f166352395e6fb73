"""Moments are stored in UTC; days and months of the city are those of its clocks."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

ZONE = "Asia/Shanghai"


def local(moment: str) -> Column:
    """A moment (UTC) as the city's clocks showed it."""
    return F.from_utc_timestamp(moment, ZONE)


def month_of(moment: str) -> Column:
    """The month of a moment (UTC), YYYY-MM."""
    return F.date_format(local(moment), "yyyy-MM")
