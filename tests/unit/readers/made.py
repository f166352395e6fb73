"""Contracts made in a line, and what a reader and its counter say of a file."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import dataclass
from typing import Any

import pytest

from jobs.contracts.model import Column, Contract, Drift, Reader
from jobs.readers.content import Content, from_json
from jobs.readers.formats import WAYS
from jobs.readers.frames import Part
from jobs.readers.inspection import archive_content, attachment_content, is_plain_text, text_content
from jobs.readers.outcome import Refused
from jobs.readers.packed import Batch, Source, batches

DAY, MOMENT = dt.date(2020, 2, 29), dt.datetime(2020, 2, 29, 13, 4, 5)
CELLS = [  # column, cell of an old or a binary workbook, the text it is read as
    (Column("a", "a", "string"), "编号〇〇七𠮷", "编号〇〇七𠮷"),
    (Column("a", "a", "string"), "007", "007"),
    (Column("a", "a", "string"), 12.0, "12"),
    (Column("a", "a", "double"), -0.5, "-0.5"),
    (Column("a", "a", "boolean"), True, "True"),
    (Column("a", "a", "date"), DAY, "2020-02-29"),
    (Column("a", "a", "date", formats=("%d/%m/%Y",)), DAY, "29/02/2020"),
    (Column("a", "a", "date", formats=("excel1900",)), 43_890, "43890"),
    (Column("a", "a", "timestamp"), MOMENT, "2020-02-29T13:04:05"),
]


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


def registered(asked: Contract, data: bytes, name: str = "d.zip") -> Content:
    """What registering finds, out of the receipt it writes."""
    if is_plain_text(data, asked.reader):
        found = text_content([data], name, asked.reader)
    elif asked.reader.format == "attachment":
        found = attachment_content([data], name)
    else:
        found = archive_content(io.BytesIO(data), len(data), name, asked.reader)
    return from_json(found.to_json())


def landed(asked: Contract, data: bytes, name: str = "d.zip", period: str = "2024") -> list[Batch]:
    """A delivery read from its beginning by what registering found; law 1 holds or the test fails here."""
    content = registered(asked, data, name)
    content.require()
    found = list(batches(asked, Source(io.BytesIO(data), len(data), name, {"$period": period}), content.files))
    read = sum(batch.part.records + batch.part.footnotes + batch.part.preamble for batch in found)
    assert [file.problem for file in content.files if file.problem] == []
    assert read == sum((file.lines or 0) - file.blank for file in content.files)
    return found


def rows_of(found: list[Batch], *columns: str) -> list[tuple[Any, ...]]:
    """Rows of these columns (left out: all), with `_record` first."""
    return [row for batch in found for row in batch.part.frame.select("_record", *(columns or [c for c in batch.part.frame.columns if not c.startswith("_")])).rows()]
