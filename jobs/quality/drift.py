"""Drift that only values show: a column of another type, a list of other codes; and what a whole delivery's events come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from jobs.contracts.model import Column, Contract
from jobs.quality.compile import Lacking, lacking_column, unknown_column
from jobs.quality.measures import Measures
from jobs.readers.drift import CLOSE, LONGEST, MOST_CODES, SHOWN, Drifted, Event, from_dicts, likeness, plain, to_dicts
from jobs.readers.frames import Part
from jobs.readers.members import awaited
from jobs.readers.unknown import EXTRA, LACKING, as_text, joined, looks_like, objects
from jobs.readers.values import TEXTS, Typed

RETYPED, RECODED = 0.5, 0.8  # shares of a column's values of another type, outside its enum, from which the column is said to have changed
EXAMPLES = 1_000  # values that are looked at for the new type
MEMBERS = ("json", "jsonl", "xml")  # formats in which a row may lack what another has
ABSENT = 20  # rows without a member from which it is said that the delivery lacks it: few may lack it by chance


def of_rows(contract: Contract, part: Part) -> tuple[Lacking, ...]:
    """Rows that the contract discards because of columns that are new or missing."""
    if part.beside is None:
        return ()
    found = []
    if contract.drift.new_column == "discard_row":
        found.append(Lacking(unknown_column(), part.beside[EXTRA].is_not_null(), pl.Series(EXTRA, [], dtype=pl.String).extend_constant(None, part.beside.height)))
    if contract.drift.missing_column == "discard_row":
        found.append(Lacking(lacking_column(), part.beside[LACKING].is_not_null(), part.beside[LACKING]))
    return tuple(found)


def extra(contract: Contract, part: Part, values: Typed) -> pl.Series:
    """`_extra` of every row: values of unknown columns, and where a column may change its type those that are not of the old one; by header, as sent."""
    height = part.cells.height
    unknown = objects({}, height) if part.beside is None else part.beside[EXTRA]
    if contract.drift.retyped_column != "evolve" or not values.failed:
        return unknown
    sent = {_header(contract, part, name): as_text(part.cells[name]).to_frame("v").select(pl.when(mask).then(pl.col("v")))["v"] for name, (mask, _) in values.failed.items()}
    return joined(unknown, objects(sent, height))


def seen(contract: Contract, part: Part, values: Typed, measures: Measures, *, several: bool) -> list[Event]:
    """Events of one piece: those of its headers, columns with values of another type, codes outside an enum, members that no row has.

    `several`: the delivery has other pieces, so columns are counted though nothing is wrong with them here.
    """
    nothing = pl.Series([False], dtype=pl.Boolean).new_from_index(0, part.cells.height)
    typed = [c for c in contract.columns if c.kind not in TEXTS and (several or c.name in values.failed)]
    retyped = [_retyped(contract, part, c.name, values.failed[c.name][0] if c.name in values.failed else nothing, values.frame[c.name]) for c in typed]
    listed = [column for column in contract.columns if column.enum and (several or _outside_any(column, measures))]
    members = [c for c in contract.columns if contract.reader.format in MEMBERS and awaited(c) and (several or c.name in part.absent)]
    lacking = [Event("absent_member", c.name, found=part.cells.height if c.name in part.absent else 0, looked_at=part.cells.height) for c in members]
    return [*part.events, *retyped, *(_codes(contract, part, column, values.frame[column.name]) for column in listed), *lacking]


def settled(contract: Contract, events: Sequence[Event]) -> list[Event]:
    """The events of a whole delivery: without what too few values show. Raises Drifted where the contract freezes the type of a column."""
    kept = [event for event in events if _says_something(event)]
    frozen = [event for event in kept if event.kind == "retyped_column" and event.policy == "freeze"]
    if frozen:
        columns = ", ".join(f"{e.header[:LONGEST]!r} ({e.found:,} of {e.looked_at:,} values)" for e in frozen[:SHOWN])
        raise Drifted("retyped_column", f"Columns have values of another type than agreed: {columns}. Send them as agreed, or tell the data desk what they are now.", kept)
    return [_with_codes_suggested(contract, event) if event.kind == "code_list" else event for event in kept]


def verdict(contract: Contract, events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """`events` of a whole delivery as they are noted, and the `reason` and `message` it is refused for, None where it is not."""
    try:
        return {"events": to_dicts(settled(contract, from_dicts(events))), "reason": None, "message": None}
    except Drifted as problem:
        return {"events": to_dicts(problem.events), "reason": problem.reason, "message": problem.message}


def _says_something(event: Event) -> bool:
    share = event.found / event.looked_at if event.looked_at else 0.0
    if event.kind == "absent_member":
        return event.found == event.looked_at >= ABSENT
    if event.kind == "retyped_column":
        return event.found > 0 and (event.policy != "discard_row" or share >= RETYPED)
    return event.kind != "code_list" or (share >= RECODED and not event.detail.get("more"))


def _header(contract: Contract, part: Part, name: str) -> str:
    return part.origins.get(name, contract.column(name).source)


def _retyped(contract: Contract, part: Part, name: str, mask: pl.Series, cells: pl.Series) -> Event:
    failed = int(mask.sum())
    looked_at = failed + len(cells) - cells.null_count()
    policy = contract.drift.retyped_column
    if policy != "freeze" and name not in contract.lenient:
        policy = "discard_row"  # what is needed cannot be null, whatever the contract says of the others
    event = Event("retyped_column", name, _header(contract, part, name), policy, found=failed, looked_at=looked_at)
    if not failed or (policy == "discard_row" and failed < RETYPED * looked_at):
        return event
    types = looks_like(pl.DataFrame([as_text(part.cells[name].filter(mask).head(EXAMPLES)).alias(name)]))
    return replace(event, detail={"type": types.get(name, {})})


def _outside_any(column: Column, measures: Measures) -> bool:
    """What landing judged already tells; a rule that Spark judges has no measure."""
    measure = measures.rules.get(f"in_set:{column.name}")
    return measure is None or measure.unexpected > 0


def _codes(contract: Contract, part: Part, column: Column, cells: pl.Series) -> Event:
    texts = cells.cast(pl.String).drop_nulls()
    outside = texts.filter(~texts.is_in(list(column.enum)))
    counts = outside.str.head(LONGEST).value_counts(sort=True)
    detail: dict[str, Any] = {"more": counts.height > MOST_CODES}
    if column.name in contract.personal_columns:
        detail["distinct"] = counts.height
    else:
        detail["codes"] = dict(counts.head(MOST_CODES).iter_rows())
    return Event("code_list", column.name, _header(contract, part, column.name), found=len(outside), looked_at=len(texts), detail=detail)


def _with_codes_suggested(contract: Contract, event: Event) -> Event:
    close = nearest_codes(event.detail.get("codes", {}), contract.column(event.column).enum)
    said = ", ".join(f"{code!r} → {known!r}" for code, known in list(close.items())[:SHOWN])
    return replace(event, suggestion=said, detail=event.detail | {"map": close})


def nearest_codes(codes: Mapping[str, int], enum: Sequence[str]) -> dict[str, str]:
    """Unknown code → the known one it resembles: the same but for case and width, one inside the other, or nearly the same letters."""
    words = {known: plain(known) for known in enum[:MOST_CODES]}
    found = {}
    for code in codes:
        text = plain(code)
        scored = [(_alike(text, word), known) for known, word in words.items() if text and word]
        best = max(scored, key=lambda s: s[0], default=(0.0, ""))
        if best[0] >= CLOSE and sum(score == best[0] for score, _ in scored) == 1:
            found[code] = best[1]
    return found


def _alike(text: str, word: str) -> float:
    if text != word and (text.startswith(word) or word.startswith(text)):
        return max(CLOSE, likeness(text, [word]))
    return likeness(text, [word])
