"""What a contract says, once it is loaded: plain frozen values that every verb reads.

The YAML is an Open Data Contract Standard document (see `load.py`); nothing below touches a file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["snapshot", "increment", "events"]
Format = Literal["csv", "json", "jsonl", "parquet", "orc", "avro", "excel", "fixedWidth", "xml", "dbf", "shapefile", "sqlite", "sql", "attachment"]
Kind = Literal["string", "integer", "decimal", "double", "boolean", "date", "timestamp", "json"]
Classification = Literal["public", "internal", "personal", "sensitive"]
Language = Literal["en", "zh"]
NullPreset = Literal["none", "common"]
Normalize = Literal["none", "nfc", "nfkc"]
Multiplier = Literal["十", "百", "千", "万", "萬", "十万", "百万", "千万", "亿", "億", "十亿", "百亿", "千亿", "万亿", "thousand", "million", "billion", "lakh", "crore"]
Algorithm = Literal["md5", "sha1", "sha256", "sha512"]
DriftPolicy = Literal["evolve", "freeze", "discard_row", "discard_value"]


@dataclass(frozen=True)
class ValueMap:
    """Values that match `pattern` (a regex searched in the value as sent, after trimming) become `value`; first match wins."""

    pattern: str
    value: str | None


@dataclass(frozen=True)
class Numbers:
    """How people write the numbers of a column. What is not stated here is not read."""

    thousands: Literal[",", ".", "'", "space"] | None = None
    decimal_mark: Literal[".", ","] = "."
    percent: Literal["divide", "keep"] | None = None  # 12% is 0.12, or 12
    negative: tuple[Literal["parentheses", "trailing"], ...] = ()  # beside the minus in front
    dash: Literal["null", "zero"] | None = None  # a dash alone
    multipliers: tuple[Multiplier, ...] = ()  # words behind the digits
    currency: tuple[str, ...] = ()  # signs before or after the number, all of one currency


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
    generalised: str = ""  # of a product's column that is made from something personal: what keeps it from telling who somebody is
    null_values: tuple[str, ...] = ()  # beside the reader's
    formats: tuple[str, ...] = ()  # strptime formats of dates and timestamps, tried in order
    value_map: tuple[ValueMap, ...] = ()  # applied to the text as sent, before casting
    optional: bool = False  # may be missing from the dump as a whole (older or newer shape)
    fallback: tuple[str, ...] = ()  # other sources, tried in order where the first gives no value
    start: int = 0  # fixed width: its first character or byte in the line, from 1
    length: int = 0
    min_length: int | None = None
    identifier: bool = False  # a text that must never have been a number
    numbers: Numbers | None = None  # None = the reader's
    null_preset: NullPreset | None = None  # None = the reader's
    normalize: Normalize | None = None  # None = the reader's
    two_digit_years_from: int | None = None  # first year of the hundred that years of two digits lie in; None = the reader's


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
class Namespace:
    """XML: what `prefix:name` in the contract stands for."""

    prefix: str
    uri: str


@dataclass(frozen=True)
class Archive:
    """Which members of an archive are the data (a regex their path fully matches), and what unpacking may cost. A contract may only lower the limits."""

    members: str = ".*"
    most_bytes: int = 4 << 30  # that come out of one delivery, all archives of a nest together
    most_members: int = 10_000
    most_depth: int = 3  # archives or compressions around a file
    most_held: int = 256 << 20  # bytes of what has to be unpacked whole: 7z, an archive inside another, any format but text, JSON and XML inside one


@dataclass(frozen=True)
class Reader:
    """How a dump of this dataset is read. Lines and rows are counted from 1."""

    format: Format
    encoding: str | None = None  # None = a text: by its mark, UTF-8, then detection; other formats: what they declare, UTF-8
    delimiter: str = ","
    quote: str | None = '"'
    preamble_lines: int = 0  # lines before the header
    footnote: str | None = None  # trailing lines that match this regex are footnotes
    trailing_delimiter: bool = False  # a header that ends with one more delimiter names no last column
    trim: bool = False  # white space around values and headers is not part of them
    null_values: tuple[str, ...] = ("",)
    captures: tuple[Capture, ...] = ()
    unpivot: Unpivot | None = None
    rows_at: tuple[str, ...] = ()  # JSON: dotted paths to the array of rows, the first that exists counts; "$" = the document itself is the row, or an array of them
    row_requires: tuple[str, ...] = ()  # JSON "$": the document is a row only if it has these keys
    files_without_rows: Literal["reject", "skip", "skip_empty"] = "reject"  # skip: such a file belongs to a sibling dataset of the folder; skip_empty: files of zero bytes too
    sheet: str | None = None
    sheets: tuple[str, ...] = ()  # names, or regexes that fully match names, of the sheets that make one dataset
    header_lines: int = 1  # their cells are joined by a space, merged cells filled to the right
    repeated_header: bool = False  # the header comes again between rows
    totals: str | None = None  # a row whose first filled cell matches is a total, counted as a footnote
    group_rows: str | None = None  # a row whose first filled cell matches is the heading of a group, counted as preamble
    escape: str | None = None  # delimited text: the next character stands for itself
    positions: Literal["characters", "bytes"] = "characters"  # fixed width: what start and length count
    record_length: int | None = None  # fixed width: the whole line where it is longer than its last column
    header_record: str | None = None  # fixed width: leading lines that match; a group `count` is the number of rows
    trailer_record: str | None = None  # fixed width: trailing lines that match; a group `count` is the number of rows
    row_element: str | None = None  # XML
    namespaces: tuple[Namespace, ...] = ()  # XML
    table: str | None = None  # SQLite, SQL dump, shapefile: which of its tables
    query: str | None = None  # SQLite: a SELECT instead of a table
    dialect: str | None = None  # SQL dump, e.g. mysql
    numbers: Numbers = field(default_factory=Numbers)
    null_preset: NullPreset = "none"
    normalize: Normalize = "none"  # Unicode form of texts
    text_mark: bool = False  # a leading apostrophe of a text is Excel's mark and no part of it
    two_digit_years_from: int | None = None
    archive: Archive = field(default_factory=Archive)


@dataclass(frozen=True)
class Database:
    """A table of a department's own database, read over JDBC. `credentials`: a name, never the credentials."""

    url: str
    credentials: str
    table: str | None = None
    query: str | None = None
    fetch_rows: int = 10_000
    period: str = "%Y-%m-%d"  # strftime format of the period that a scheduled run extracts


@dataclass(frozen=True)
class Drift:
    new_column: DriftPolicy = "freeze"
    missing_column: DriftPolicy = "freeze"
    retyped_column: DriftPolicy = "discard_row"


@dataclass(frozen=True)
class ControlTotal:
    """The sum of `column` over the rows of a file is what the manifest's `field` says."""

    field: str
    column: str


@dataclass(frozen=True)
class Manifest:
    """The file in which a department says what it sends. `file`, `rows`, `bytes`, `hash`, `totals`: what the manifest calls them; None = it does not say."""

    path: str  # regex the manifest's path below the period folder must fully match
    format: Literal["csv", "json", "checksums"]
    encoding: str = "utf-8"
    delimiter: str = ","
    files_at: str = "$"  # JSON: dotted path to the list of files
    file: str = "file"
    rows: str | None = None
    bytes: str | None = None
    hash: str | None = None
    algorithm: Algorithm = "sha256"
    totals: tuple[ControlTotal, ...] = ()
    required: bool = True
    unlisted: Literal["reject", "accept"] = "reject"  # a file that no manifest lists


@dataclass(frozen=True)
class ExpectedFiles:
    """What a period consists of: a file for each regex of `names`, and `count` files in all (0 = not said)."""

    names: tuple[str, ...] = ()
    count: int = 0


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
    file_pattern: str  # regex the path below the period folder must fully match; its group `file` says which file a name is of
    reader: Reader
    columns: tuple[Column, ...]
    drift: Drift = field(default_factory=Drift)
    source_time_zone: str = "UTC"
    period_pattern: str = r"[0-9A-Za-z._-]+"
    tolerated_rejected_share: float = 1.0
    schedule: str | None = None  # Airflow cron; None = only by hand or with the batch
    language: Language = "en"  # of the answers to the department
    small: bool = True  # shares mapped batch tasks
    granted_roles: tuple[str, ...] = ()  # ODCS roles that may read the silver table
    identity: tuple[str, ...] = ()  # events: columns that should identify a row; repeats are flagged, not removed
    support: tuple[str, ...] = ()
    sla: tuple[tuple[str, str], ...] = ()
    database: Database | None = None  # where `extract` fetches a dump; None: the department sends it
    manifest: Manifest | None = None
    expected_files: ExpectedFiles | None = None
    most_shrink: float | None = None  # share of its rows that a snapshot may lose against the period before
    path: str = ""

    @property
    def dataset(self) -> str:
        """`<department>.<name>`, as people write it."""
        return f"{self.department}.{self.name}"

    @property
    def table(self) -> str:
        """`<department>__<name>`, the table name in every layer."""
        return f"{self.department}__{self.name}"

    def file_of(self, name: str) -> str:
        """Which file of its period a name is of: files that are one correct each other. The group `file` of the pattern, else the whole name."""
        found = re.fullmatch(self.file_pattern, name) if "(?P<file>" in self.file_pattern else None
        return name if found is None or found["file"] is None else found["file"]

    @property
    def suite(self) -> str:
        """File of its hand-written rules, below expectations/."""
        return f"{self.department}/{self.name}.yaml"

    @property
    def key(self) -> tuple[str, ...]:
        keyed = sorted((c for c in self.columns if c.primary_key), key=lambda c: c.primary_key)
        return tuple(c.name for c in keyed)

    @property
    def personal_columns(self) -> frozenset[str]:
        return frozenset(c.name for c in self.columns if c.classification in ("personal", "sensitive"))

    @property
    def lenient(self) -> frozenset[str]:
        """Columns in which a value of another type makes an empty cell and no bad row; a needed one never is."""
        policy = self.drift.retyped_column in ("evolve", "discard_value")
        return frozenset(c.name for c in self.columns if policy and not c.required and not c.primary_key)

    @property
    def personal(self) -> bool:
        return bool(self.personal_columns)

    @property
    def judges_whole(self) -> bool:
        """Whether a file may wait for others, or be held for the sake of the whole delivery."""
        return bool(self.manifest or self.expected_files or self.most_shrink is not None)

    def column(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)
