"""The queue of pairs for a clerk: links whose weight is in between, as pairs of records; what they say is shown only to who signs for it."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import TableNotFoundError

from jobs.identity import model
from jobs.identity.decisions import Decision
from jobs.ops.ledger import Ledger
from jobs.platform import delta_sql
from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import delta_options

PREFIX = "identity"
PLACES = 12  # digits of a record's reference in the name of a pair
SHOWN = ("source_record", "name", "id", "born", "sex", "community", "estate", "building", "room", "phone")


@dataclass(frozen=True)
class Waiting:
    """A pair to look at. `linked`: whether its weight joins it as it is."""

    name: str
    left_dataset: str
    right_dataset: str
    match_weight: float
    linked: bool
    evidence: str


def name_of(left: str, right: str) -> str:
    return f"{left[:PLACES]}-{right[:PLACES]}"


def waiting(settings: Settings, made: Sequence[Decision], most: int, prefix: str = PREFIX) -> list[Waiting]:
    """Pairs in the band of REVIEW that nobody decided, the nearest to the threshold first; of a profile that many records share, its first record."""
    low, high = model.REVIEW
    known = _decided(settings, prefix, made)
    order = [f"abs(match_weight - {model.LINK})", "profile_l", "profile_r"]
    said = f"SELECT l.profile_l, l.profile_r, l.match_weight, l.evidence FROM link l WHERE l.match_weight >= {low} AND l.match_weight < {high} ORDER BY {', '.join(order)} LIMIT {most + len(known)}"
    pairs = _query(settings, prefix, said, "link")
    records = _first_records(settings, prefix, sorted({pair[side] for pair in pairs for side in ("profile_l", "profile_r")}))
    found = []
    for pair in pairs:
        ends = sorted((records[pair[side]] for side in ("profile_l", "profile_r") if pair[side] in records), key=lambda row: str(row["record_ref"]))
        if len(ends) == 2 and frozenset((pair["profile_l"], pair["profile_r"])) not in known:
            name = name_of(ends[0]["record_ref"], ends[1]["record_ref"])
            found.append(Waiting(name, ends[0]["source_dataset"], ends[1]["source_dataset"], pair["match_weight"], pair["match_weight"] >= model.LINK, pair["evidence"]))
    return found[:most]


def _decided(settings: Settings, prefix: str, made: Sequence[Decision]) -> set[frozenset[str]]:
    """The pairs of profiles that decisions are about: a record that has come since may be the first of its profile now, and the pair is decided all the same."""
    references = sorted({reference for each in made for reference in (each.left, each.right)})
    if not references:
        return set()
    rows = _query(settings, prefix, f"SELECT record_ref, profile_id FROM record WHERE record_ref IN ({', '.join(map(delta_sql.text, references))})", "record")
    of = {row["record_ref"]: row["profile_id"] for row in rows}
    return {frozenset((of[each.left], of[each.right])) for each in made if each.left in of and each.right in of}


def _first_records(settings: Settings, prefix: str, profiles: Sequence[str]) -> dict[str, dict[str, Any]]:
    if not profiles:
        return {}
    listed = ", ".join(map(delta_sql.text, profiles))
    rows = _query(settings, prefix, f"SELECT profile_id, record_ref, source_dataset FROM record WHERE profile_id IN ({listed}) ORDER BY record_ref", "record")
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        found.setdefault(row["profile_id"], row)
    return found


def both(settings: Settings, pair: str, prefix: str = PREFIX) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two records of a pair, with what they say in the forms that are compared. Raises LakeError for a name that is of no pair."""
    ends = pair.split("-")
    if len(ends) != 2 or not all(len(end) == PLACES and set(end) <= set("0123456789abcdef") for end in ends):
        raise LakeError(f"{pair!r} names no pair", "see ./lake review list")
    return _record(settings, prefix, ends[0]), _record(settings, prefix, ends[1])


def _record(settings: Settings, prefix: str, reference: str) -> dict[str, Any]:
    said = f"SELECT r.source_dataset, r.source_record, r.record_ref, p.* FROM record r JOIN profile p ON r.profile_id = p.profile_id WHERE r.record_ref LIKE '{reference}%'"
    rows = _query(settings, prefix, said, "record", "profile")
    if len(rows) != 1:
        raise LakeError(f"{reference} names {len(rows)} records", "see ./lake review list: the record may have changed since")
    return rows[0]


def note_look(ledger: Ledger, pair: str, by: str, because: str, prefix: str = PREFIX) -> None:
    """Who is about to see personal values, and why."""
    ledger.merge("link_looks", [{"dataset": prefix, "look": uuid.uuid4().hex, "pair": pair, "by": by, "because": because, "at": dt.datetime.now(dt.UTC)}])


def in_words(evidence: str) -> str:
    """`id: same (+22.2), name: sounds the same (+6.1)`; what was not told is left out."""
    return ", ".join(f"{name}: {said['level']} ({said['weight']:+.1f})" for name, said in json.loads(evidence).items() if said["level"] != "not told")


def _query(settings: Settings, prefix: str, said: str, *tables: str) -> list[dict[str, Any]]:
    builder = QueryBuilder()
    for table in tables:
        try:
            builder = builder.register(table, DeltaTable(settings.uri("silver", f"{prefix}__{table}"), storage_options=delta_options(settings)))
        except TableNotFoundError:
            raise LakeError("nobody was compared yet", "run ./lake resolve first") from None
    return [row for batch in builder.execute(said) for row in pa.record_batch(batch).to_pylist()]
