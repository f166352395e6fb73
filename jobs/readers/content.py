"""What a delivery was found to be when it was registered: kept in its receipt, and what landing reads it by."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from jobs.contracts.model import Contract
from jobs.readers.encoding import WIDE, Encoding
from jobs.readers.outcome import Refused

SHOWN = 100  # names of skipped files that are kept


@dataclass(frozen=True)
class File:
    """One file of a delivery. `packed`: the archives around it, from outside; `lines`: its source records, heads and blank lines included (None: not counted);
    `ranges`: (start, end, lines before) of its text, as UTF-8 where it is UTF-16 or UTF-32.
    """

    name: str
    kind: str
    packed: tuple[str, ...] = ()
    encoding: Encoding | None = None
    lines: int | None = None
    blank: int = 0
    ranges: tuple[tuple[int, int, int], ...] = ()
    problem: str | None = None  # why it could not be counted

    @property
    def wide(self) -> bool:
        return bool(self.encoding and self.encoding.name.startswith(WIDE))


@dataclass(frozen=True)
class Content:
    """`skipped`: names of files in an archive that the contract does not want, the first of `skipped_count`."""

    files: tuple[File, ...] = ()
    skipped: tuple[str, ...] = ()
    skipped_count: int = 0
    refused: tuple[str, str] | None = None  # reason, message

    @property
    def in_order(self) -> bool:
        """It has to be read from its beginning: no byte range of what was delivered is a part of the text."""
        return any(file.packed or file.wide for file in self.files)

    def require(self) -> None:
        """Raises what registering found wrong."""
        if self.refused:
            raise Refused(*self.refused)

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    def summary(self, odd: Mapping[str, int]) -> str:
        """For people: what it is, how that was known, and the characters and cells (`odd`: name → count) that deserve a look."""
        encodings = {file.encoding for file in self.files if file.encoding}
        said: dict[str, Any] = {
            "kind": sorted({file.kind for file in self.files}), "packed": sorted({" > ".join(file.packed) for file in self.files if file.packed}), "files": len(self.files),
            "encoding": [asdict(e) for e in sorted(encodings, key=lambda e: e.name)], "skipped": list(self.skipped), "skipped_count": self.skipped_count,
        }  # fmt: skip
        return json.dumps({name: value for name, value in said.items() if value} | {name: count for name, count in odd.items() if count}, ensure_ascii=False)


def as_found(contract: Contract, files: Sequence[File]) -> Contract:
    """With the encoding that registering found, where the contract names none. A parser of XML finds it by itself, and would read a mark as text."""
    if contract.reader.encoding or contract.reader.format == "xml":
        return contract
    return replace(contract, reader=replace(contract.reader, encoding=next((file.encoding.name for file in files if file.encoding), None)))


def from_json(text: str | None) -> Content:
    """The content of a receipt; one of an older version says nothing."""
    if not text:
        return Content()
    said = json.loads(text)
    return Content(tuple(map(_file, said["files"])), tuple(said["skipped"]), said["skipped_count"], tuple(said["refused"]) if said["refused"] else None)


def _file(said: dict[str, Any]) -> File:
    encoding = Encoding(**said["encoding"]) if said["encoding"] else None
    return File(**said | {"packed": tuple(said["packed"]), "encoding": encoding, "ranges": tuple(tuple(r) for r in said["ranges"])})
