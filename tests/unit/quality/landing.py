"""A delivery in one or several pieces through the pure steps of landing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from jobs.contracts.model import Contract
from jobs.platform.settings import load_settings
from jobs.quality import drift
from jobs.quality.compile import judge
from jobs.quality.implied import rules_of
from jobs.quality.measures import Measures
from jobs.readers.drift import Event, from_dicts, merged, to_dicts
from jobs.readers.formats import WAYS
from jobs.readers.values import typed


@dataclass(frozen=True)
class Landed:
    """`rows`: contract columns; `extra`: `_extra` parsed; `faults`: (rule, severity, value) of each row."""

    rows: list[tuple[Any, ...]]
    extra: list[dict[str, str] | None]
    faults: list[list[tuple[str, str, str | None]]]
    events: list[Event]
    measures: Measures

    @property
    def quarantined(self) -> int:
        return sum(any(severity == "critical" for _, severity, _ in faults) for faults in self.faults)

    def event(self, kind: str) -> Event:
        (found,) = [event for event in self.events if event.kind == kind]
        return found


def land(contract: Contract, *pieces: bytes) -> Landed:
    """Raises Refused as a reader or the whole delivery does."""
    frames, events, measures, rules = [], [], Measures(), rules_of(contract, load_settings().root)
    for piece in pieces:
        part = WAYS[contract.reader.format].read(contract, piece, {})
        values = typed(part.frame, contract)
        frame = values.frame.with_columns(part.frame["_record"])
        lacking = drift.of_rows(contract, part)
        judged = judge(frame, rules, values.failed, contract.personal_columns, values.messages, values.doubtful, contract.lenient, lacking)
        measures += judged.measures
        frames.append(frame.with_columns(judged.rejections.alias("_rejections"), drift.extra(contract, part, values).alias("_extra")))
        events.append(from_dicts(json.loads(json.dumps(to_dicts(drift.seen(contract, part, values, judged.measures, several=len(pieces) > 1))))))
    whole = pl.concat(frames)
    extra = [None if text is None else json.loads(text) for text in whole["_extra"]]
    faults = [[(r["rule"], r["severity"], r["value"]) for r in row or ()] for row in whole["_rejections"].to_list()]
    return Landed(whole.select([c.name for c in contract.columns]).rows(), extra, faults, drift.settled(contract, merged(events)), measures)
