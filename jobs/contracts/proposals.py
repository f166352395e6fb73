"""What a contract would have to say to take up what drifted: changes of its YAML, and what a person has to decide first."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from jobs.contracts.amend import AddCodes, AddColumn, AddSynonym, Change, SetCustom
from jobs.contracts.model import Column, Contract
from jobs.readers.drift import Event, merged
from jobs.readers.values import FORMATS

LOGICAL = {"double": "number", "decimal": "number", "json": "object"}


@dataclass(frozen=True)
class Proposals:
    """`undecided`: one line each, with the option that decides it."""

    changes: tuple[Change, ...]
    undecided: tuple[str, ...]


def proposed(contract: Contract, events: Sequence[Event], same: Collection[str] = (), new: Collection[str] = ()) -> Proposals:
    """`same`: unknown headers that are the column they resemble; `new`: those that are a column of their own. What the contract has come to know is passed over."""
    changes: list[Change] = []
    undecided: list[str] = []
    names = {column.name for column in contract.columns}
    known = {header for column in contract.columns for header in (column.source, *column.synonyms)}
    for event in merged([events]):
        if event.kind == "new_column" and event.header not in known:
            made, question = _header(event, names, same, new)
            changes += made
            undecided += question
        elif event.kind == "missing_column" and event.policy == "evolve" and event.column in names:
            changes += _missing(contract.column(event.column), event, new)
        elif event.kind == "retyped_column" and event.policy in ("evolve", "freeze") and event.column in names:
            changes += _retyped(contract.column(event.column), event, names)
        elif event.kind == "code_list" and event.column in names:
            changes += _codes(contract.column(event.column), event)
        names |= {change.name for change in changes if isinstance(change, AddColumn)}
    return Proposals(tuple(changes), tuple(undecided))


def _header(event: Event, names: Collection[str], same: Collection[str], new: Collection[str]) -> tuple[list[Change], list[str]]:
    header = event.header
    if event.suggestion and header in same:
        return [AddSynonym(event.suggestion, header)], []
    if event.suggestion and header not in new:
        return [], [f"is {header!r} the column {event.suggestion}? --same {header!r} makes it a synonym, --new {header!r} a column of its own"]
    if event.policy not in ("evolve", "freeze") and header not in new:
        return [], []
    kind = event.detail.get("type") or {}
    why = f"{event.found:,} values were sent, none was in time to be looked at" if not kind else f"guessed from the first of {event.found:,} values"
    return [AddColumn(_name(header, names), header, kind.get("logicalType", "string"), kind.get("physicalType"), tuple(kind.get("formats") or ()), kind.get("personal"), why)], []


def _name(header: str, taken: Collection[str]) -> str:
    from jobs.scaffold.profile import column_names

    name = column_names([header])[0]
    return next(n for n in (name, *(f"{name}_{i}" for i in range(2, len(taken) + 3))) if n not in taken)


def _missing(column: Column, event: Event, new: Collection[str]) -> list[Change]:
    renamed = event.suggestion and event.suggestion not in new  # or not decided yet
    return [] if column.optional or renamed else [SetCustom(column.name, "optional", True)]


def _retyped(column: Column, event: Event, names: Collection[str]) -> list[Change]:
    """Other formats of the same type are added to it. Another type is a column of its own: what stands in the old one keeps its meaning."""
    kind = event.detail.get("type") or {}
    logical, formats = kind.get("logicalType", "string"), list(kind.get("formats") or ())
    if logical == LOGICAL.get(column.kind, column.kind):
        new = [f for f in formats if f not in column.formats]
        return [SetCustom(column.name, "formats", new if column.formats else [*FORMATS.get(column.kind, ()), *new])] if new else []
    name = f"{column.name}_{logical}"
    return [] if name in names else [AddColumn(name, event.header, logical, kind.get("physicalType"), tuple(formats), why=f"{column.name} as it is sent now")]


def _codes(column: Column, event: Event) -> list[Change]:
    """Codes that resemble a known one are mapped to it, the others are taken into the list."""
    close, mapped = event.detail.get("map") or {}, [re.compile(m.pattern) for m in column.value_map]
    codes = [code for code in event.detail.get("codes") or {} if code not in column.enum and not any(m.search(code) for m in mapped)]
    maps = [{"pattern": f"^{re.escape(code)}$", "value": close[code]} for code in codes if code in close]
    others = tuple(code for code in codes if code not in close)
    found: list[Change] = [SetCustom(column.name, "valueMap", maps)] if maps else []
    return [*found, AddCodes(column.name, others)] if others else found
