"""What a case of the corpus is: a file a department might send, the contract it is sent under, and exactly what must become of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jobs.contracts.model import Column, Contract, Kind

Rows = Sequence[tuple[Any, ...]]
HEAD = (1, 0, 0)  # a header line, and nothing else, is skipped


@dataclass(frozen=True)
class Lands:
    """`rows`: the values of every valid row, in order (a number: how many there are). `rejected`, `flagged`: rule → rows that fail it, critically or as a warning.

    `skipped`: records of preamble, of footnotes, and blank lines. `says`: words that the messages of the rejections hold. `noted`: part of what the ledger
    says of the content, as `Content.summary` names it. `encoding`: its name, and how it was told. `drift`: events.
    """

    rows: Rows | int
    rejected: Mapping[str, int] = field(default_factory=dict)
    flagged: Mapping[str, int] = field(default_factory=dict)
    skipped: tuple[int, int, int] = HEAD
    says: tuple[str, ...] = ()
    noted: Mapping[str, Any] = field(default_factory=dict)
    encoding: tuple[str, str] | None = None
    drift: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refuses:
    """Nothing of the file is loaded. `reason`: the ledger's word; `says`: words that the message to the clerk holds."""

    reason: str
    says: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """`name`: what it is about, unique in the corpus; `file`: the name it is delivered under; `made`: its bytes. `most`: MiB that reading it may take."""

    name: str
    contract: Contract
    file: str
    made: Callable[[], bytes]
    expected: Lands | Refuses
    most: int = 256


def of(data: bytes | str, encoding: str = "utf-8") -> Callable[[], bytes]:
    """The bytes of a short text."""
    return lambda: data.encode(encoding) if isinstance(data, str) else data


def texts(*names: str) -> list[Column]:
    """Text columns under their own headers: c0, c1, …"""
    return [Column(f"c{at}", name, "string") for at, name in enumerate(names)]


def column(source: str, kind: Kind = "string", **options: Any) -> Column:
    """A column named `v` unless it is told otherwise."""
    return Column(options.pop("name", "v"), source, kind, **options)
