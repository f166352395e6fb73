"""A department's sample files as one frame of texts, and how they have to be read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from python_calamine import CalamineError, CalamineWorkbook

from jobs.platform.errors import LakeError
from jobs.readers.encoding import Probe
from jobs.readers.outcome import Refused
from jobs.readers.sniff import CONTAINERS, HEAD, WORDS, kind_of
from jobs.readers.workbook import cell_text

DELIMITERS = ",;\t|"
LOOKED_AT = 1 << 20  # characters from which the delimiter is told
UNREAD = CONTAINERS - {"zip"} | {"html", "xml", "orc", "avro", "sqlite", "dbf", "pdf", "png", "jpeg"}  # an .xlsx is a ZIP too
DEPTH = 4  # levels of a JSON document in which rows are looked for


@dataclass(frozen=True)
class Sample:
    """`frame`: a column of texts for every header, as sent. `reader`: what the contract's `reader` has to say; `server`: its `format` and `delimiter`."""

    frame: pl.DataFrame
    server: dict[str, str]
    reader: dict[str, Any]


def read_sample(paths: Sequence[Path]) -> Sample:
    """Raises LakeError for a file that cannot be read, or files that are not of one kind."""
    samples = [_read(path) for path in paths]
    first = samples[0]
    for path, sample in zip(paths[1:], samples[1:], strict=True):
        if (sample.server, sample.reader) != (first.server, first.reader):
            raise LakeError(f"{path.name} is {_kind(sample)}, {paths[0].name} is {_kind(first)}", "a dataset has files of one kind: give the others a dataset of their own")
    return Sample(pl.concat([sample.frame for sample in samples], how="diagonal"), first.server, first.reader)


def _kind(sample: Sample) -> str:
    return ", ".join(str(value) for value in [*sample.server.values(), *sample.reader.values()])


def _read(path: Path) -> Sample:
    content = path.read_bytes()
    kind = kind_of(content[:HEAD])
    if kind == "empty":
        raise LakeError(f"{path.name} is empty", "give a file with rows")
    if kind in UNREAD:
        raise LakeError(f"{path.name} is {WORDS[kind]}, of which no contract is made", "write the contract by hand: see docs/reference/formats.md")
    try:
        if kind == "parquet":
            return Sample(_texts(pl.read_parquet(io.BytesIO(content))), {"format": "parquet"}, {})
        if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
            return _excel(content)
        text, encoding = _decoded(path, content)
        return _json(path, text) if text.lstrip()[:1] in ("{", "[") else _delimited(path, text, encoding)
    except (CalamineError, pl.exceptions.PolarsError, json.JSONDecodeError) as problem:
        raise LakeError(f"{path.name} cannot be read: {str(problem).splitlines()[0][:200]}", "open it, and save it again in its own format") from None


def _texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Every column as texts; one of moments that are all midnight is a column of days."""
    moments = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)]
    days = [name for name in moments if (frame[name] == frame[name].dt.truncate("1d")).all()]
    return frame.with_columns(pl.col(days).dt.date()).select(pl.all().cast(pl.String))


def _excel(content: bytes) -> Sample:
    """The first sheet; its first row that is not blank is the header."""
    rows = [row for row in CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python() if any(cell != "" for cell in row)]
    names = [str(name).strip() for name in rows[0]] if rows else []
    frame = pl.DataFrame({name: pl.Series([cell_text(row[i]) for row in rows[1:]], dtype=pl.String) for i, name in enumerate(names)})
    return Sample(frame, {"format": "xlsx"}, {})


def _decoded(path: Path, content: bytes) -> tuple[str, str | None]:
    """Text, and its encoding where it had to be guessed, by what landing would guess."""
    probe = Probe(None)
    probe.feed(content)
    try:
        found = probe.found()
        return content.decode(found.name).removeprefix("\ufeff"), found.name if found.how == "detected" else None
    except (Refused, UnicodeDecodeError) as problem:
        raise LakeError(f"the encoding of {path.name} is not known: {problem}", "ask the department, or save it as UTF-8") from None


def _delimited(path: Path, text: str, encoding: str | None) -> Sample:
    try:
        delimiter = csv.Sniffer().sniff(text[:LOOKED_AT], DELIMITERS).delimiter
    except csv.Error:
        delimiter = ","
    frame = pl.read_csv(io.BytesIO(text.encode()), separator=delimiter, infer_schema=False, truncate_ragged_lines=True)
    trimmed = [name.strip() for name in frame.columns]
    padded = trimmed != frame.columns and len(set(trimmed)) == len(trimmed)
    reader = ({"encoding": encoding} if encoding else {}) | ({"trim": True} if padded else {})
    return Sample(frame.rename(str.strip) if padded else frame, {"format": "csv", "delimiter": delimiter}, reader)


def _json(path: Path, text: str) -> Sample:
    """The longest array of objects in the document is taken for the rows."""
    document = json.loads(text)
    found = sorted(_arrays(document, ""), key=lambda pair: len(pair[1]))
    if not found:
        raise LakeError(f"{path.name} holds no array of objects", "write the contract by hand: see `rowsAt` in docs/reference/contract.md")
    at, rows = found[-1]
    flat = [dict(_scalars(row, "")) for row in rows]
    names = list(dict.fromkeys(name for row in flat for name in row))
    frame = pl.DataFrame({name: pl.Series([row.get(name) for row in flat], dtype=pl.String) for name in names})
    return Sample(frame, {"format": "json"}, {"rowsAt": [at]})


def _arrays(node: Any, path: str, depth: int = DEPTH) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(node, list) and node and all(isinstance(item, dict) for item in node):
        yield path or "$", node
    if isinstance(node, dict) and depth:
        for name, value in node.items():
            yield from _arrays(value, f"{path}.{name}" if path else name, depth - 1)


def _scalars(row: dict[str, Any], prefix: str) -> Iterator[tuple[str, str | None]]:
    for name, value in row.items():
        if isinstance(value, dict):
            yield from _scalars(value, f"{prefix}{name}.")
        else:
            yield prefix + name, None if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
