"""A department's sample files as one frame of texts, read by the lake's own readers, and how they have to be read."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
from pydantic.alias_generators import to_camel

from jobs.contracts.format_options import SHAPE
from jobs.contracts.model import Column, Contract, Drift, Reader
from jobs.platform.errors import LakeError
from jobs.readers.containers import ARCHIVES, Member, members
from jobs.readers.drift import Drifted
from jobs.readers.frames import Part
from jobs.readers.inspection import archive_content, is_plain_text, text_content, whole
from jobs.readers.outcome import Refused
from jobs.readers.packed import Source, batches
from jobs.readers.sniff import HEAD
from jobs.readers.unknown import as_text
from jobs.scaffold.layout import Layout, layout_of, with_table

NO_HEADER = ""


@dataclass(frozen=True)
class Sample:
    """`frame`: a column of texts for every header or path, as sent. `optional`: headers that not every file has; `unnamed`: there are columns without a header.

    `remarks`: what a person should decide about how the files are read.
    """

    frame: pl.DataFrame
    reader: Reader
    optional: frozenset[str] = frozenset()
    unnamed: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def server(self) -> dict[str, str]:
        """`format` and `delimiter` as the contract spells them."""
        if self.reader.format == "csv":
            return {"format": "csv", "delimiter": self.reader.delimiter}
        return {"format": "xlsx" if self.reader.format == "excel" else self.reader.format}

    @property
    def options(self) -> dict[str, Any]:
        """What the contract's `reader` has to say."""
        said, plain = asdict(self.reader), asdict(Reader(self.reader.format, delimiter=self.reader.delimiter))
        return {to_camel(name): list(value) if isinstance(value, tuple) else value for name, value in said.items() if value != plain[name]}


@dataclass(frozen=True)
class _File:
    """One file of the sample. `packed`: the archives around it."""

    name: str
    packed: tuple[str, ...]
    layout: Layout
    frame: pl.DataFrame
    unnamed: bool


def read_sample(paths: Sequence[Path], table: str | None = None) -> Sample:
    """`table`: of a database, a dump or a shapefile. Raises LakeError for a file that cannot be read, or files that are not of one kind."""
    files = [file for path in paths for file in _files(path, table)]
    first = files[0]
    for file in files[1:]:
        if file.layout.reader != first.layout.reader:
            raise LakeError(f"{file.name} is {_kind(file)}, {first.name} is {_kind(first)}", "a dataset has files of one kind: give the others a dataset of their own, or take them out of the archive")
        if not set(file.frame.columns) & set(first.frame.columns):
            raise LakeError(f"{file.name} and {first.name} have no column in common", "give each a dataset of its own, or take out of the archive what is no data")
    frame = pl.concat([file.frame for file in files], how="diagonal")
    everywhere = set.intersection(*(set(file.frame.columns) for file in files))
    optional = frozenset(frame.columns) - everywhere if first.layout.sources is None else frozenset()
    return Sample(frame, first.layout.reader, optional, any(file.unnamed for file in files), tuple(_remarks(files)))


def _kind(file: _File) -> str:
    sample = Sample(file.frame, file.layout.reader)
    return ", ".join(f"{name}: {value}" for name, value in {**sample.server, **sample.options}.items())


def _remarks(files: Sequence[_File]) -> Iterator[str]:
    if said := files[0].layout.remark:
        yield said
    if len(files) > 1 and any(ARCHIVES & set(file.packed) for file in files):
        yield "every file of an archive is data; with `archive: {members: <regex of names>}` in `reader` some are"


def _files(path: Path, table: str | None) -> Iterator[_File]:
    """A file, or those in the archive that it is."""
    found = 0
    try:
        with path.open("rb") as stream:
            for member in members(stream, path.stat().st_size, path.name, Reader("csv").archive, shapes=True):
                if member.stream is not None:
                    found += 1
                    yield _file(member, table)
    except Refused as problem:
        raise _unread(path.name, problem) from None
    if not found:
        raise LakeError(f"{path.name} is an archive without a file", "give one with data in it")


def _file(member: Member, table: str | None) -> _File:
    try:
        content = whole(member, Reader("csv"))
        layout = layout_of(member.name, member.kind, content, table)
        layout = layout if table is None else with_table(layout, table, member.name)
        if layout.sources is not None:
            return _File(member.name, member.packed, layout, _frame(layout, layout.sources, content), unnamed=False)
        layout, headers = _headers(layout, content)
        named = [header for header in headers if header != NO_HEADER]
        shape = SHAPE if layout.reader.format == "shapefile" else ()
        return _File(member.name, member.packed, layout, _frame(layout, [*named, *shape], content), unnamed=named != headers)
    except Refused as problem:
        raise _unread(member.name, problem) from None
    except (ValueError, RecursionError) as problem:  # of the JSON parser
        raise LakeError(f"{member.name} cannot be read: {str(problem)[:200]}", "open it, and save it again in its own format") from None


def _unread(name: str, problem: Refused) -> LakeError:
    way_out = "name the one that is meant with --table" if problem.reason == "missing_table" else "open it, and save it again in its own format"
    return LakeError(f"{name} cannot be read: {problem.message}", way_out)


def _headers(layout: Layout, content: bytes) -> tuple[Layout, list[str]]:
    """By a contract without columns, under which every header is a new one that refuses the file. Padded headers make the reader trim."""
    headers = _refused_headers(layout.reader, content)
    trimmed = [header.strip() for header in headers]
    if layout.reader.format == "csv" and trimmed != headers and len(set(trimmed)) == len(trimmed):
        layout = replace(layout, reader=replace(layout.reader, trim=True))
        headers = _refused_headers(layout.reader, content)
    if said := [header for header in headers if header.startswith("$")]:
        raise LakeError(f"the header {said[0][:80]!r} begins with $, as only sources of the lake's own do in a contract", "ask the department for another header")
    return layout, headers


def _refused_headers(reader: Reader, content: bytes) -> list[str]:
    try:
        _parts(_draft(reader, []), content)
    except Drifted as refused:
        return [event.header for event in refused.events if event.kind == "new_column"]
    raise LakeError("the file has no columns", "give a file with a header and rows")


def _frame(layout: Layout, sources: Sequence[str], content: bytes) -> pl.DataFrame:
    contract = _draft(layout.reader, sources)
    if layout.sources is None:
        contract = replace(contract, drift=Drift(new_column="discard_value"))  # columns without a header
    parts = _parts(contract, content)
    return pl.concat([_texts(part.frame.select(pl.exclude("_record", "_part"))).rename(dict(zip([c.name for c in contract.columns], sources, strict=True))) for part in parts])


def _draft(reader: Reader, sources: Sequence[str]) -> Contract:
    """Columns that take what is sent as it is: texts, but of a DBF the numbers, which are judged only once a type is agreed."""
    kind = "double" if reader.format in ("dbf", "shapefile") else "string"
    columns = tuple(Column(f"c{at}", source, kind) for at, source in enumerate(sources))  # type: ignore[arg-type]
    return Contract("draft", "sample", "", "", "", "", "", "events", "", ".*", reader, columns)


def _parts(contract: Contract, content: bytes) -> list[Part]:
    """As registering and landing read it."""
    reader, name = contract.reader, "the sample"
    noted = text_content([content], name, reader) if is_plain_text(content[:HEAD], reader) else archive_content(io.BytesIO(content), len(content), name, reader)
    noted.require()
    parts = [batch.part for batch in batches(contract, Source(io.BytesIO(content), len(content), name, {}), noted.files)]
    if problem := next((file.problem for file in noted.files if file.problem), None):  # what is damaged its reader has said in better words
        raise Refused("count_mismatch", f"Its records cannot be counted: {problem}.")
    counted, read = sum((file.lines or 0) - file.blank for file in noted.files), sum(part.records + part.preamble + part.footnotes for part in parts)
    if counted != read:
        raise Refused("count_mismatch", f"It was read as {read:,} records, but holds {counted:,}: quotes or line ends are likely broken.")
    return parts


def _texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Every column as texts, moments in UTC; one of moments that are all midnight is a column of days."""
    moments = {name: kind for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)}
    zoned = [name for name, kind in moments.items() if kind.time_zone]
    days = [name for name in moments if name not in zoned and (frame[name] == frame[name].dt.truncate("1d")).all()]
    frame = frame.with_columns(pl.col(days).dt.date(), pl.col(zoned).dt.convert_time_zone("UTC").dt.replace_time_zone(None))
    return pl.DataFrame([as_text(cells).alias(cells.name) for cells in frame])
