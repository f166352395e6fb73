"""What was asked of a share and decided about it, from the ledger: who may have what, today."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError, signed
from jobs.platform.settings import Settings
from jobs.sharing.filters import problem_of
from jobs.sharing.share import Share

REQUESTED, REFUSED, APPROVED, DECLINED, REVOKED, NEW_KEY = "requested", "refused", "approved", "declined", "revoked", "new key"
OPEN, GRANTED, EXPIRED, CHANGED = "open", "granted", "expired", "changed"  # states that no event alone makes


@dataclass(frozen=True)
class Wanted:
    """What a request asks for: never more than its share offers."""

    columns: tuple[str, ...]
    where: str | None
    until: dt.date


@dataclass(frozen=True)
class Event:
    """`request`: the event that asked for it; `terms`: of the share at that time."""

    share: str
    event: str
    action: str
    request: str
    by: str
    because: str
    at: dt.datetime
    terms: str
    wanted: Wanted


@dataclass(frozen=True)
class Standing:
    """`state`: open (nobody asked), requested, declined, granted, revoked, expired, changed (the terms are others than those approved). `granted`: the approval that counts; `asked`: a request that waits."""

    state: str
    granted: Event | None = None
    asked: Event | None = None
    last: Event | None = field(default=None, compare=False)


def widest(share: Share) -> Wanted:
    """All that the share offers."""
    return Wanted(share.columns, None, share.expires_on)


def excess(share: Share, wanted: Wanted) -> list[str]:
    """In what a request goes beyond its share."""
    problems = [f"{name!r} is not offered" for name in wanted.columns if name not in share.columns]
    problems += ["it asks for no column"] if not wanted.columns else []
    if wanted.until > share.expires_on:
        problems.append(f"it goes on until {wanted.until}, the share ends on {share.expires_on}")
    if share.aggregate and wanted.columns != share.columns:
        problems.append("counts are given as they are offered: other counts of the same rows would tell what these leave out")
    if wanted.where and share.aggregate:
        problems.append("counts are given of all rows or of none: two counts of almost the same rows tell of a person")
    elif wanted.where and (why := problem_of(wanted.where, clear := [name for name in share.columns if name not in share.pseudonyms])):
        problems.append(why if clear else "there is no column to filter by")
    return problems


def ask(ledger: Ledger, share: Share, wanted: Wanted, by: str, because: str) -> Event:
    """Note a request. Raises LakeError for one without a name or a reason, and for one that goes beyond the share, which is noted as refused."""
    by, because = signed(by, because)
    problems = excess(share, wanted)
    if wanted.until < today(ledger.settings):
        problems.append(f"it would have ended on {wanted.until}")
    event = _note(ledger, share, REFUSED if problems else REQUESTED, wanted, by, f"{because} (refused: {'; '.join(problems)})" if problems else because)
    if problems:
        raise LakeError(f"{share.name}: {'; '.join(problems)}", "ask for less, or have the provider change the share in conf/shares")
    return event


def decide(ledger: Ledger, share: Share, by: str, because: str, approve: bool) -> Event:
    """Approve or decline the request that waits. Raises LakeError where none does, where the terms have changed since, or where this person may not decide."""
    by, because = signed(by, because)
    if by != share.approver:
        raise LakeError(f"{by} does not decide about {share.name}", f"{share.approver} does, as conf/shares/{share.name}.yaml says")
    asked = standing(share, events(ledger, share.name), dt.date.min).asked
    if asked is None:
        raise LakeError(f"nobody has asked for {share.name}", f"./lake share request {share.name} --by NAME --because TEXT")
    if asked.by == by:
        raise LakeError(f"{by} asked for {share.name} and cannot decide about it too", "another person asks or decides")
    if asked.terms != share.terms:
        raise LakeError(f"the terms of {share.name} have changed since it was asked for", f"ask again: ./lake share request {share.name} --by NAME --because TEXT")
    return _note(ledger, share, APPROVED if approve else DECLINED, asked.wanted, by, because, asked.event)


def revoke(ledger: Ledger, share: Share, by: str, because: str) -> Event:
    """Raises LakeError where nothing is granted or waits."""
    by, because = signed(by, because)
    now = standing(share, events(ledger, share.name), dt.date.min)
    found = now.granted or now.asked
    if found is None:
        raise LakeError(f"nothing is granted of {share.name}", "see what is: ./lake share list")
    return _note(ledger, share, REVOKED, found.wanted, by, because, found.request)


def note_key(ledger: Ledger, share: Share, by: str, because: str) -> None:
    """That the recipient gets another S3 key."""
    _note(ledger, share, NEW_KEY, widest(share), by, because)


def standing(share: Share, past: Iterable[Event], today: dt.date) -> Standing:
    """How a share stands today, from its events in their order."""
    granted: Event | None = None
    asked: Event | None = None
    last: Event | None = None
    for event in past:
        last = event if event.action not in (NEW_KEY, REFUSED) else last
        if event.action == REQUESTED:
            asked = event
        elif event.action == APPROVED:
            granted, asked = event, None
        elif event.action == DECLINED:
            asked = None
        elif event.action == REVOKED:
            granted = asked = None
    if granted is None:
        settled = last.action if last and last.action in (DECLINED, REVOKED) else OPEN
        return Standing(REQUESTED if asked else settled, None, asked, last)
    if granted.terms != share.terms or excess(share, granted.wanted):
        return Standing(CHANGED, granted, asked, last)
    return Standing(EXPIRED if granted.wanted.until < today else GRANTED, granted, asked, last)


def today(settings: Settings) -> dt.date:
    """In the lake's time zone."""
    return dt.datetime.now(ZoneInfo(settings.time_zone)).date()


def ends_at(settings: Settings, last_day: dt.date) -> dt.datetime:
    """The moment after the last day, in UTC."""
    return dt.datetime.combine(last_day + dt.timedelta(days=1), dt.time(), ZoneInfo(settings.time_zone)).astimezone(dt.UTC)


def events(ledger: Ledger, name: str) -> list[Event]:
    """Of one share, the oldest first."""
    return _in_order(ledger.rows("share_events", dataset=name))


def all_events(ledger: Ledger) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in _in_order(ledger.rows("share_events")):
        found.setdefault(event.share, []).append(event)
    return found


def _in_order(rows: Iterable[Mapping[str, Any]]) -> list[Event]:
    return sorted((_event(row) for row in rows), key=lambda event: (event.at, event.event))


def _event(row: Mapping[str, Any]) -> Event:
    said = json.loads(row["wanted"])
    wanted = Wanted(tuple(said["columns"]), said["where"], dt.date.fromisoformat(said["until"]))
    return Event(row["dataset"], row["event"], row["action"], row["request"], row["by"], row["because"], row["at"], row["terms"], wanted)


def _note(ledger: Ledger, share: Share, action: str, wanted: Wanted, by: str, because: str, request: str = "") -> Event:
    number = uuid.uuid4().hex
    made = Event(share.name, number, action, request or number, by, because, dt.datetime.now(dt.UTC), share.terms, wanted)
    said = {"columns": list(wanted.columns), "where": wanted.where, "until": wanted.until.isoformat()}
    ledger.merge("share_events", [{
        "dataset": made.share, "event": made.event, "action": action, "request": made.request, "by": by, "because": because, "at": made.at, "terms": made.terms, "wanted": json.dumps(said),
    }])  # fmt: skip
    return made
