"""The register of companies as schemes of diverters and colluders changed it."""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from jobs.sample.city.events import companies, funds, tenders
from jobs.sample.city.events.scene import Scene


@lru_cache(maxsize=4)
def register(city: Scene) -> pl.DataFrame:
    """All companies ever registered; a shell's telephone is its owner's, a cover bidder shares an address."""
    table = companies.companies(city)
    changes = [change for project in funds.projects(city) for change in project.changes] + list(tenders.changes(city))
    columns = {name: table[name].to_list() for name in ("registered_on", "ended_on", "phone", "address", "legal_representative")}
    for number, name, value in changes:
        columns[name][number] = value
    return table.with_columns(pl.Series(name, values, dtype=table.schema[name]) for name, values in columns.items())
