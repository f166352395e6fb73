"""Contracts made in a line, and what a reader and its counter say of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from jobs.contracts.model import Column, Contract, Drift, Reader
from jobs.readers.formats import WAYS
from jobs.readers.frames import Part
from jobs.readers.outcome import Refused


def contract(columns: list[Column] | list[str], drift: Drift | None = None, **reader: Any) -> Contract:
    """Columns by header: `name` or a Column; the reader's options by their names in the model."""
    made = tuple(c if isinstance(c, Column) else Column(c, c, "string") for c in columns)
    return Contract(
        department="d", name="t", id="d.t", version="1.0.0", title="t", description="", owner="", mode="events", landing="d/t", file_pattern=".*",
        reader=Reader(**reader), columns=made, drift=drift or Drift(),
    )  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    part: Part
    counted: int

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        return self.part.frame.drop("_record", "_part").rows()

    @property
    def records(self) -> list[int]:
        return self.part.frame["_record"].to_list()


def outcome(asked: Contract, data: bytes, constants: dict[str, str] | None = None) -> Outcome:
    """Read and counted; law 1 holds or the test fails here."""
    way = WAYS[asked.reader.format]
    part, counted = way.read(asked, data, constants or {}), way.count(asked.reader, data)
    assert counted == part.records + part.preamble + part.footnotes
    return Outcome(part, counted)


def refusal(asked: Contract, data: bytes) -> str:
    """The reason a file is refused for; its message says something."""
    with pytest.raises(Refused) as found:
        WAYS[asked.reader.format].read(asked, data, {})
    assert len(found.value.message) > 20
    return found.value.reason
