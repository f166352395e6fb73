"""What the registers looked like when their records were last told: of those that are as they were, no record is read again."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from jobs.identity.registers import Register, contract_of
from jobs.identity.tables import IdentityTables
from jobs.ops.ledger import Ledger
from jobs.platform.store import delta_options

RECORDS = "record"  # the input whose version says that nobody wrote the records since


@dataclass(frozen=True)
class Told:
    """`seen`: register → fingerprint of its silver and of how it is read, where it is a table; `settled`: those that are as when the table `record` was last written; `versions`:
    register → version of its silver, so that all that is read in a run is of one."""

    seen: Mapping[str, str]
    settled: frozenset[str]
    versions: Mapping[str, int]


def look(store: IdentityTables, ledger: Ledger, registers: Sequence[Register], tables: Callable[[str], str]) -> Told:
    """Costs a look at each table's log."""
    silver = {register.dataset: found for register in registers if (found := _silver(store, tables(register.dataset)))}
    seen = {register.dataset: _fingerprint(store, register, silver[register.dataset]) for register in registers if register.dataset in silver}
    known = {row["input"]: row["fingerprint"] for row in ledger.rows("products", dataset=_dataset(store))}
    written = known.pop(RECORDS, None) == _written(store)
    settled = frozenset(name for name, found in seen.items() if written and known.get(name) == found)
    return Told(seen, settled, {name: table.version() for name, table in silver.items()})


def note(store: IdentityTables, ledger: Ledger, told: Told, at: dt.datetime) -> None:
    """The last thing of a run: one that ends before it is read whole again."""
    rows = [{"dataset": _dataset(store), "input": name, "period": "", "fingerprint": found, "version": None, "built_at": at} for name, found in {**told.seen, RECORDS: _written(store)}.items()]
    ledger.replace("products", rows, f"dataset = '{_dataset(store)}'")


def forget(store: IdentityTables, ledger: Ledger) -> None:
    """Where the tables are dropped."""
    ledger.replace("products", [], f"dataset = '{_dataset(store)}'")


def _dataset(store: IdentityTables) -> str:
    return f"{store.prefix}.resident_key"


def _written(store: IdentityTables) -> str:
    return str(store.version("record"))


def _silver(store: IdentityTables, table: str) -> DeltaTable | None:
    """None where it is no table of silver."""
    database, _, name = table.partition(".")
    if database != "silver":
        return None
    try:
        return DeltaTable(store.settings.uri("silver", name), storage_options=delta_options(store.settings))
    except TableNotFoundError:
        return None


def _fingerprint(store: IdentityTables, register: Register, silver: DeltaTable) -> str:
    """One that was made anew has another id."""
    contract = contract_of(store.settings.root, register)
    facts = (str(silver.metadata().id), silver.version(), register.model_dump_json(), contract.key, contract.mode)
    return hashlib.sha256(repr(facts).encode()).hexdigest()
