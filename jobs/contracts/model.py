"""What a contract says, once it is loaded: plain frozen values that every verb reads.

The YAML is an Open Data Contract Standard document (see `load.py`); nothing below touches a file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["snapshot", "increment", "events"]
Format = Literal["csv", "json", "parquet", "excel"]
Kind = Literal["string", "integer", "decimal", "double", "boolean", "date", "timestamp", "json"]
Classification = Literal["public", "internal", "personal", "sensitive"]
DriftPolicy = Literal["evolve", "freeze", "discard_row", "discard_value"]


@dataclass(frozen=True)
class ValueMap:
    """Values that match `pattern` (a regex searched in the value as sent, after trimming) become `value`; first match wins."""

    pattern: str
    value: str | None


@dataclass(frozen=True)
class Column:
    """One column of the table.

    `source` is the header in the dump (ODCS `physicalName`), a dotted path inside a JSON row, or one of
    `$capture.<group>` (a regex group of a preamble line or the path), `$unpivot.<group>` / `$unpivot.value`,
    `$row` (the whole JSON row as text), `$period`.
    """

    name: str
    source: str
    kind: Kind
    synonyms: tuple[str, ...] = ()
    precision: int = 38
    scale: int = 0
    required: bool = False
    unique: bool = False
    primary_key: int = 0  # 1-based position in the key; 0 = not in the key
    enum: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    max_length: int | None = None
    classification: Classification = "internal"
    description: str = ""
    unit: str = ""
    null_values: tuple[str, ...] = ()  # beside the reader's
    formats: tuple[str, ...] = ()  # strptime formats of dates and timestamps, tried in order
    value_map: tuple[ValueMap, ...] = ()  # applied to the text as sent, before casting
    optional: bool = False  # may be missing from the dump as a whole (older or newer shape)
    fallback: tuple[str, ...] = ()  # other sources, tried in order where the first gives no value


@dataclass(frozen=True)
class Capture:
    """Named groups of `pattern` searched in line `line` (1-based) of the file, or in its path below the period folder (`line` 0)."""

    pattern: str
    line: int = 0


@dataclass(frozen=True)
class Unpivot:
    """Every header that fully matches `headers` (a regex with named groups) becomes a row of its own: `$unpivot.<group>`, `$unpivot.value`."""

    headers: str
    drop_null: bool = False  # a null cell makes no row (counted in the fan-out)


@dataclass(frozen=True)
class Archive:
    """Which members of an archive are the data (a regex their path fully matches), and what unpacking may cost. A contract may only lower the limits."""

    members: str = ".*"
    most_bytes: int = 4 << 30  # that come out of one delivery, all archives of a nest together
    most_members: int = 10_000
    most_depth: int = 3  # archives or compressions around a file
    most_held: int = 256 << 20  # bytes of what has to be unpacked whole: 7z, an archive inside another, any format but text inside one


@dataclass(frozen=True)
class Reader:
    """How a dump of this dataset is read. Lines and rows are counted from 1."""

    format: Format
    encoding: str | None = None  # None = UTF-8 (with or without BOM), then detection
    delimiter: str = ","
    quote: str | None = '"'
    preamble_lines: int = 0  # lines before the header
    footnote: str | None = None  # trailing lines that match this regex are footnotes
    trailing_delimiter: bool = False  # a header that ends with one more delimiter names no last column
    trim: bool = False  # white space around values and headers is not part of them
    null_values: tuple[str, ...] = ("",)
    captures: tuple[Capture, ...] = ()
    unpivot: Unpivot | None = None
    rows_at: tuple[str, ...] = ()  # JSON: dotted paths to the array of rows, the first that exists counts; "$" = the document itself is the row
    row_requires: tuple[str, ...] = ()  # JSON "$": the document is a row only if it has these keys
    files_without_rows: Literal["reject", "skip", "skip_empty"] = "reject"  # skip: such a file belongs to a sibling dataset of the folder; skip_empty: files of zero bytes too
    sheet: str | None = None
    archive: Archive = field(default_factory=Archive)


@dataclass(frozen=True)
class Drift:
    new_column: DriftPolicy = "freeze"
    missing_column: DriftPolicy = "freeze"
    retyped_column: DriftPolicy = "discard_row"


@dataclass(frozen=True)
class Contract:
    department: str
    name: str
    id: str
    version: str
    title: str
    description: str
    owner: str
    mode: Mode
    landing: str  # folder below the landing zone, "<department>/<folder>"; period folders are inside it
    file_pattern: str  # regex the path below the period folder must fully match
    reader: Reader
    columns: tuple[Column, ...]
    drift: Drift = field(default_factory=Drift)
    source_time_zone: str = "UTC"
    period_pattern: str = r"[0-9A-Za-z._-]+"
    tolerated_rejected_share: float = 1.0
    schedule: str | None = None  # Airflow cron; None = only by hand or with the batch
    small: bool = True  # shares mapped batch tasks
    granted_roles: tuple[str, ...] = ()  # ODCS roles that may read the silver table
    identity: tuple[str, ...] = ()  # events: columns that should identify a row; repeats are flagged, not removed
    support: tuple[str, ...] = ()
    sla: tuple[tuple[str, str], ...] = ()
    path: str = ""

    @property
    def dataset(self) -> str:
        """`<department>.<name>`, as people write it."""
        return f"{self.department}.{self.name}"

    @property
    def table(self) -> str:
        """`<department>__<name>`, the table name in every layer."""
        return f"{self.department}__{self.name}"

    @property
    def key(self) -> tuple[str, ...]:
        keyed = sorted((c for c in self.columns if c.primary_key), key=lambda c: c.primary_key)
        return tuple(c.name for c in keyed)

    @property
    def personal_columns(self) -> frozenset[str]:
        return frozenset(c.name for c in self.columns if c.classification in ("personal", "sensitive"))

    @property
    def personal(self) -> bool:
        return bool(self.personal_columns)

    def column(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)
