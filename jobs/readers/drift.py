"""How a dump differs from its contract: an event for each difference, mergeable over the pieces of a delivery."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from difflib import SequenceMatcher
from typing import Any

from jobs.contracts.model import Column, Contract
from jobs.readers.outcome import Refused

CLOSE = 0.65  # likeness (0 to 1) from which a header is suggested for another
MOST_PAIRS = 2_500  # of headers that are compared letter by letter: a file may have ten thousand
LONGEST, SHOWN = 80, 12  # characters of a header and headers of a list that a message shows
MOST_CODES = 50  # a code list is short; a column with more unknown values has no codes
DONE = {
    ("new_column", "freeze"): "the file was refused", ("new_column", "evolve"): "values are kept in _extra", ("new_column", "discard_row"): "rows with a value were quarantined",
    ("new_column", "discard_value"): "values were left out",
    ("missing_column", "freeze"): "the file was refused", ("missing_column", "evolve"): "the column is null", ("missing_column", "discard_row"): "all rows were quarantined",
    ("missing_column", "discard_value"): "the column is null",
    ("retyped_column", "freeze"): "the file was refused", ("retyped_column", "evolve"): "values are kept in _extra, the cells are null",
    ("retyped_column", "discard_row"): "rows were quarantined", ("retyped_column", "discard_value"): "the cells are null, the rows are flagged",
    ("synonym", ""): "the column was found", ("reordered_columns", ""): "columns were found by name", ("code_list", ""): "values were judged by the enum",
    ("absent_member", ""): "the column is null; rows were judged one by one",
}  # fmt: skip


@dataclass(frozen=True)
class Event:
    """`column` of the contract, `header` as sent (empty where there is none). `found` values or rows it is about, of `looked_at`.

    `suggestion`: of a header the column it may be, of a column the header. `detail`: `type` (what values look like), `codes` (unknown value → count).
    """

    kind: str
    column: str = ""
    header: str = ""
    policy: str = ""
    suggestion: str = ""
    found: int = 0
    looked_at: int = 0
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """One a delivery."""
        return f"{self.kind}:{self.header or self.column}"

    @property
    def done(self) -> str:
        """What the lake did, in words."""
        return DONE.get((self.kind, self.policy), "")


class Drifted(Refused):
    """A file refused for its drift, with all of it."""

    def __init__(self, reason: str, message: str, events: Sequence[Event] = ()) -> None:
        super().__init__(reason, message)
        self.events = tuple(events)

    def __reduce__(self) -> tuple[Any, ...]:
        return Drifted, (self.reason, self.message, self.events)


@dataclass(frozen=True)
class Headers:
    """`mapping`: contract column → header; `near`: unknown header → name of the missing column it resembles; `synonyms`: columns that came under one."""

    mapping: dict[str, str]
    missing: tuple[Column, ...]
    unknown: tuple[str, ...]
    near: Mapping[str, str]
    synonyms: tuple[str, ...]
    reordered: bool

    def words(self) -> tuple[str, ...]:
        return tuple([f"missing column {column.source}" for column in self.missing] + [f"new column {header}" for header in self.unknown])


def compared(contract: Contract, names: Sequence[str]) -> Headers:
    """The headers of a dump beside the contract's. A column is found by its header or a synonym and never by likeness."""
    mapping: dict[str, str] = {}
    missing: list[Column] = []
    present = set(names)
    for column in contract.columns:
        if column.source.startswith("$"):
            continue
        found = next((n for n in (column.source, *column.synonyms) if n in present), None)
        if found:
            mapping[column.name] = found
        elif not column.optional:
            missing.append(column)
    pattern, taken = contract.reader.unpivot.headers if contract.reader.unpivot else None, set(mapping.values())
    unknown = tuple(n for n in names if n not in taken and not (pattern and re.fullmatch(pattern, n)))
    at = {name: place for place, name in enumerate(names)}
    places = [at[header] for header in mapping.values()]
    synonyms = tuple(c.name for c in contract.columns if c.name in mapping and mapping[c.name] != c.source)
    return Headers(mapping, tuple(missing), unknown, near_misses(unknown, missing), synonyms, places != sorted(places))


def near_misses(unknown: Sequence[str], missing: Sequence[Column]) -> dict[str, str]:
    """Unknown header → name of the missing column it resembles most, each once. Case, width, blanks and punctuation count for nothing."""
    headers = {header: plain(header) for header in unknown}
    words = {c.name: [w for w in dict.fromkeys(map(plain, (c.source, c.name, *c.synonyms))) if w] for c in missing}
    if len(headers) * len(words) > MOST_PAIRS:
        same = {word: name for name, said in words.items() for word in said}
        return {header: same[text] for header, text in headers.items() if text in same}
    scored = [(likeness(text, said), header, name) for header, text in headers.items() if text for name, said in words.items()]
    found: dict[str, str] = {}
    for score, header, name in sorted(scored, key=lambda s: (-s[0], s[1], s[2])):
        if score >= CLOSE and header not in found and name not in found.values():
            found[header] = name
    return found


def plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text[:LONGEST]).casefold()
    return "".join(letter for letter in folded if letter.isalnum())


def likeness(text: str, words: Iterable[str]) -> float:
    return max((SequenceMatcher(None, text, word, autojunk=False).ratio() for word in words), default=0.0)


def header_events(contract: Contract, headers: Headers, rows: int) -> list[Event]:
    """What the headers alone tell; `rows`: how many stand below them."""
    policy = contract.drift
    looks_like = {name: header for header, name in headers.near.items()}
    events = [Event("missing_column", c.name, "", policy.missing_column, looks_like.get(c.name, ""), rows, rows) for c in headers.missing]
    events += [Event("new_column", "", header, policy.new_column, headers.near.get(header, ""), 0, rows) for header in headers.unknown]
    events += [Event("synonym", name, headers.mapping[name], found=rows, looked_at=rows) for name in headers.synonyms]
    if headers.reordered:
        events.append(Event("reordered_columns", found=rows, looked_at=rows))
    return events


def refuse_frozen(contract: Contract, headers: Headers, names: Sequence[str], events: Sequence[Event]) -> None:
    """Raises Drifted where the contract freezes what is missing or new."""
    likely = _suggested(contract, headers)
    if headers.missing and contract.drift.missing_column == "freeze":
        missing = shown([c.source for c in headers.missing])
        raise Drifted("missing_column", f"The columns {missing} are missing; the file has {shown(names)}. {likely}Send it with all agreed columns.", events)
    if headers.unknown and contract.drift.new_column == "freeze":
        raise Drifted("new_column", f"The columns {shown(headers.unknown)} are not in the contract. {likely}Ask the data desk to add them, or leave them out.", events)


def _suggested(contract: Contract, headers: Headers) -> str:
    pairs = [f"by {header[:LONGEST]!r} did you mean {contract.column(name).source!r}?" for header, name in list(headers.near.items())[:SHOWN]]
    return f"{'; '.join(pairs)[:1].upper()}{'; '.join(pairs)[1:]} " if pairs else ""


def shown(names: Sequence[str]) -> str:
    return ", ".join(repr(name[:LONGEST]) for name in names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def merged(pieces: Iterable[Iterable[Event]]) -> list[Event]:
    """The events of all pieces of a delivery: one a key, counts added."""
    found: dict[str, Event] = {}
    for piece in pieces:
        for event in piece:
            known = found.get(event.key)
            found[event.key] = _sum(known, event) if known else event
    return sorted(found.values(), key=lambda e: e.key)


def _sum(a: Event, b: Event) -> Event:
    detail = dict(a.detail) | dict(b.detail)
    if "type" in a.detail and "type" in b.detail:
        detail["type"] = common_type(a.detail["type"], b.detail["type"])
    if "codes" in a.detail and "codes" in b.detail:
        codes = Counter(a.detail["codes"]) + Counter(b.detail["codes"])
        detail["codes"] = dict(codes.most_common(MOST_CODES))
        detail["more"] = bool(a.detail.get("more") or b.detail.get("more") or len(codes) > MOST_CODES)
    if "distinct" in a.detail and "distinct" in b.detail:
        detail["distinct"] = max(a.detail["distinct"], b.detail["distinct"])
    return replace(a, suggestion=a.suggestion or b.suggestion, found=a.found + b.found, looked_at=a.looked_at + b.looked_at, detail=detail)


def common_type(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    """What values of both pieces look like: `logicalType`, `physicalType`, `formats`; a text where they disagree."""
    if not a or not b:
        return a or b
    kinds, personal = {a["logicalType"], b["logicalType"]}, a.get("personal") or b.get("personal")
    if kinds == {"number"} or kinds == {"integer", "number"}:
        return {"logicalType": "number", "physicalType": _wider([t["physicalType"] for t in (a, b) if t.get("physicalType")]), "formats": [], "personal": personal}
    if len(kinds) == 1 and a.get("formats") == b.get("formats"):
        return a | {"personal": personal}
    return {"logicalType": "string", "physicalType": None, "formats": [], "personal": personal}


def _wider(kinds: Sequence[str]) -> str:
    sizes = [tuple(map(int, re.findall(r"\d+", kind))) for kind in kinds]
    whole, scale = max(p - s for p, s in sizes), max(s for _, s in sizes)
    return f"decimal({min(38, whole + scale)},{scale})"


def to_dicts(events: Iterable[Event]) -> list[dict[str, Any]]:
    return [asdict(event) for event in events]


def from_dicts(items: Iterable[Mapping[str, Any]]) -> list[Event]:
    return [Event(**item) for item in items]
