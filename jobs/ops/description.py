"""What a table means, where it comes from, how fresh and how good it is: from its contract and the ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from jobs.contracts.model import Contract
from jobs.contracts.product import Product, table_of
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from jobs.platform.store import delta_options


@dataclass(frozen=True)
class Described:
    """`rows`: of the table, None where it is not made; `fresh_at`: when its newest rows came; `period`: their period; `failing`: rule → rows that do not meet it, of the last check."""

    table: str
    title: str
    owner: str
    rows: int | None
    period: str | None
    fresh_at: dt.datetime | None
    made_from: tuple[str, ...]
    rules: int
    failing: Mapping[str, int | None]
    columns: tuple[Mapping[str, Any], ...]


def described(ledger: Ledger, contract: Contract) -> Described:
    """From the contract and the ledger; reads no row of the table itself."""
    sources = dict(contract.sources) if isinstance(contract, Product) else {}
    columns = tuple(
        {"name": c.name, "type": c.kind, "unit": c.unit, "meaning": c.description, "from": ", ".join(sources.get(c.name, ())) if sources else c.source, "classification": c.classification}
        for c in contract.columns
    )  # fmt: skip
    period, fresh_at = _freshness(ledger, contract)
    table = contract.curated if isinstance(contract, Product) else table_of(contract.dataset)
    made_from = tuple(given.name for given in contract.inputs) if isinstance(contract, Product) else (contract.landing,)
    last = _last_check(ledger.rows("checks", dataset=contract.dataset))
    failing = {row["rule"]: row["unexpected"] for row in last if row["success"] is False}
    return Described(table, contract.title, contract.owner, _rows(ledger.settings, table), period, fresh_at, made_from, len(last), failing, columns)


def _rows(settings: Settings, table: str) -> int | None:
    """As Delta's list of files tells; None where the table is not there."""
    zone, _, name = table.partition(".")
    try:
        files = DeltaTable(settings.uri(zone, name), storage_options=delta_options(settings)).get_add_actions(flatten=True)
    except TableNotFoundError:
        return None
    return int(pl.DataFrame(files)["num_records"].sum())


def _freshness(ledger: Ledger, contract: Contract) -> tuple[str | None, dt.datetime | None]:
    """Newest period and when it came; of a product when it was last made."""
    if isinstance(contract, Product):
        return None, max((row["built_at"] for row in ledger.rows("products", dataset=contract.dataset)), default=None)
    landed = [row for row in ledger.deliveries(contract.dataset) if row["outcome"] == "landed"]
    return max((row["period"] for row in landed), default=None), max((row["landed_at"] for row in landed if row["landed_at"]), default=None)


def _last_check(checks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Results about what was checked last."""
    judging = [row for row in checks if row["engine"] != "trial"]
    last = max(judging, key=lambda row: row["checked_at"], default=None)
    return [row for row in judging if last and row["delivery"] == last["delivery"]]
