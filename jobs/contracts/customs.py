"""The `customProperties` a contract may use: what ODCS lacks, under documented names. Unknown names are refused."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from jobs.contracts.model import Algorithm, Archive, Classification, DriftPolicy, Mode, Multiplier, Normalize, NullPreset

LIMITS = Archive()


class Custom(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class CaptureCustom(Custom):
    pattern: str = Field(description="A regex with named groups; a column takes one as physicalName `$capture.<group>`.")
    line: int = Field(0, description="The line it is searched in, from 1; 0 is the path below the period folder.")


class UnpivotCustom(Custom):
    headers: str = Field(description="Headers that fully match this regex become rows; named groups are `$unpivot.<group>`, the cell `$unpivot.value`.")


class NamespaceCustom(Custom):
    prefix: str = Field(description="The prefix the contract writes, whatever the dump writes.")
    uri: str = Field(description="The namespace it stands for.")


class NumbersCustom(Custom):
    """How people write numbers. A style that is not stated is not read: such a value fails."""

    thousands: Literal[",", ".", "'", "space"] | None = Field(None, description="Thousands separator; `space` is the no-break and the thin space too. Groups of other than three digits fail.")
    decimal_mark: Literal[".", ","] = Field(".", description="What stands before the fraction.")
    percent: Literal["divide", "keep"] | None = Field(None, description="12% is 0.12 (`divide`; a number without the sign then fails) or 12 (`keep`).")
    negative: tuple[Literal["parentheses", "trailing"], ...] = Field((), description="Other ways to write -5: (5), 5-.")
    dash: Literal["null", "zero"] | None = Field(None, description="What a dash alone means.")
    multipliers: tuple[Multiplier, ...] = Field((), description="Words behind the digits that multiply them: 1.2万 is 12000.")
    currency: tuple[str, ...] = Field((), description="Signs or codes before or after the number, all of one currency, e.g. ¥, 元, CNY.")


class ArchiveCustom(Custom):
    members: str = Field(LIMITS.members, description="Regex the path of a file inside the archives must fully match to be data; the others are listed as skipped.")
    most_bytes: int = Field(LIMITS.most_bytes, gt=0, le=LIMITS.most_bytes, description="Bytes that may come out of a delivery. This and the limits below can only be lowered.")
    most_members: int = Field(LIMITS.most_members, gt=0, le=LIMITS.most_members, description="Files in a delivery.")
    most_depth: int = Field(LIMITS.most_depth, ge=0, le=LIMITS.most_depth, description="Archives and compressions around a file; 0 takes no archives.")
    most_held: int = Field(LIMITS.most_held, gt=0, le=LIMITS.most_held, description="Bytes of what has to be unpacked whole: 7z, an archive inside another, any format inside one but delimited text, JSON lines, fixed width, JSON and XML.")


class ReaderCustom(Custom):
    encoding: str | None = Field(None, description="As Python names it, e.g. gb18030. Left out: a text (delimited, JSON, JSON lines, fixed width, SQL dump) is what its byte order mark says, else UTF-8, else detected; another format is what it declares, else UTF-8.")
    quote: str | None = Field('"', description="The quote character; null where the dump knows no quotes.")
    preamble_lines: int = Field(0, description="Lines before the header.")
    footnote: str | None = Field(None, description="Trailing lines that match this regex are footnotes, not rows.")
    trailing_delimiter: bool = Field(False, description="Every line ends with one more delimiter.")
    trim: bool = Field(False, description="White space around values and headers is not part of them.")
    null_values: tuple[str, ...] = Field(("",), description="Texts that mean 'no value' in every column.")
    captures: tuple[CaptureCustom, ...] = Field((), description="Values taken out of a preamble line or the path.")
    unpivot: UnpivotCustom | None = Field(None, description="Columns that become rows.")
    rows_at: tuple[str, ...] = Field((), description="JSON: dotted paths to the array of rows; the first that exists counts; `$` is the document itself, a row or an array of rows.")
    row_requires: tuple[str, ...] = Field((), description="JSON, `$`: keys without which the document is no row.")
    files_without_rows: Literal["reject", "skip", "skip_empty"] = Field("reject", description="`skip`: such a file belongs to a sibling dataset of the same folder; `skip_empty`: files of zero bytes too.")
    sheet: str | None = Field(None, description="Excel: the sheet; left out: the first.")
    sheets: tuple[str, ...] = Field((), description="Excel: names of the sheets that make one dataset, or regexes that fully match names; a column takes the name as physicalName `$sheet`.")
    header_lines: int = Field(1, description="Delimited text, Excel: lines of the header; their cells are joined by a space, cells merged over several columns filled to the right.")
    repeated_header: bool = Field(False, description="Delimited text, Excel: header lines that come again between rows are skipped and counted.")
    totals: str | None = Field(None, description="Delimited text, Excel: a row with this regex in its first filled cell is a total, counted with the footnotes.")
    group_rows: str | None = Field(None, description="Delimited text, Excel: a row with this regex in its first filled cell is the heading of a group, skipped and counted with the preamble.")
    escape: str | None = Field(None, description="Delimited text: the character after which a quote, a delimiter or a line end stands for itself.")
    positions: Literal["characters", "bytes"] = Field("characters", description="Fixed width: what `start` and `length` of a column count.")
    record_length: int | None = Field(None, description="Fixed width: length of a whole line, where something not described follows the last column.")
    header_record: str | None = Field(None, description="Fixed width: leading lines that match this regex are no rows; a named group `count` must be the number of rows.")
    trailer_record: str | None = Field(None, description="Fixed width: the same for trailing lines.")
    row_element: str | None = Field(None, description="XML: name of the element that is a row; `prefix:name` with one of `namespaces`, or a bare name in any.")
    namespaces: tuple[NamespaceCustom, ...] = Field((), description="XML: prefixes that names in this contract use.")
    table: str | None = Field(None, description="SQLite, SQL dump: the table; shapefile: the layer. Left out: the only one.")
    query: str | None = Field(None, description="SQLite: a SELECT instead of a table.")
    dialect: str | None = Field(None, description="SQL dump: its dialect as sqlglot names it, e.g. mysql, postgres, oracle, tsql.")
    numbers: NumbersCustom = Field(NumbersCustom(), description="How numbers are written, in every column that does not say it itself.")  # type: ignore[call-arg]
    null_preset: NullPreset = Field("none", description="`common`: dashes, NULL, (null), N/A, n.a., None, nil, NaN, \\\\N, /, 无, 不详, 未知, 不明, 暂无, 空 mean 'no value', in any case and width.")
    normalize: Normalize = Field("none", description="Unicode form of texts; `nfkc` makes full-width letters and digits ASCII (numbers, dates and booleans are read in either width without it).")
    text_mark: bool = Field(False, description="A leading apostrophe of a text is Excel's mark and no part of it (of a number or date it never is).")
    two_digit_years_from: int | None = Field(None, description="First year of the hundred that years of two digits (%y) lie in: 1950 makes 49 into 2049 and 50 into 1950.")
    archive: ArchiveCustom = Field(ArchiveCustom(), description="What is taken out of a ZIP, TAR, 7z, gzip, bzip2 or Zstandard delivery.")  # type: ignore[call-arg]


class DriftCustom(Custom):
    """Every difference is an event in `ops.drift`, whatever is done about it."""

    new_column: DriftPolicy = Field("freeze", description="A column the contract does not know: `freeze` refuses the file, `evolve` keeps its values as sent in bronze (`_extra`) until the contract takes the column up, `discard_row` quarantines the rows with a value in it, `discard_value` leaves its values out. Members of JSON and XML rows that no column asks for are looked at unless it is `freeze`; of fixed width nothing but the columns is read.")
    missing_column: DriftPolicy = Field("freeze", description="A column that is not there: `freeze` refuses the file, `evolve` makes it null and proposes `optional`, `discard_row` quarantines all rows, `discard_value` makes it null. JSON and XML have no headers, and a row may lack a member: one that no row of a delivery of at least 20 has is an event (`absent_member`) and nothing more, unless its column is `optional`; what each row must have is `required`.")
    retyped_column: DriftPolicy = Field("discard_row", description="A value that is not of the column's type: `discard_row` quarantines its row, `discard_value` makes the cell null and flags the row, `evolve` does that, keeps the value as sent in `_extra` and proposes the new type, `freeze` refuses the file. A required column and the key cannot be null: with `discard_value` and `evolve` their rows are quarantined.")


class DatabaseCustom(Custom):
    url: str = Field(description="JDBC address without user and password, e.g. jdbc:postgresql://host:5432/base.")
    credentials: str = Field(pattern=r"[A-Za-z0-9_-]+", description="Name of the credentials: a file `<name>.properties` with `user` and `password` on the Spark server, see the how-to.")
    table: str | None = Field(None, description="The table, with its schema where the database asks for one.")
    query: str | None = Field(None, description="A SELECT instead of a table.")
    fetch_rows: int = Field(10_000, gt=0, description="Rows fetched in one go.")
    period: str = Field("%Y-%m-%d", description="strftime format of the period that a scheduled run extracts, in the lake's time zone.")


class ControlTotalCustom(Custom):
    field: str = Field(description="What the manifest calls the total.")
    column: str = Field(description="The column of the dataset whose sum it is.")


class ManifestCustom(Custom):
    path: str = Field(description="Regex the manifest's path below the period folder must fully match. The names in it are relative to its own folder.")
    format: Literal["csv", "json", "checksums"] = Field(description="`checksums`: lines as sha256sum and md5sum write them, `<hash>  <file>`.")
    encoding: str = Field("utf-8", description="As Python names it.")
    delimiter: str = Field(",", description="CSV: what parts its columns.")
    files_at: str = Field("$", description="JSON: dotted path to the list of files; `$` is the document itself.")
    file: str = Field("file", description="CSV, JSON: column or (dotted) member with the file's name.")
    rows: str | None = Field(None, description="CSV, JSON: the one with the number of records, header and footnotes not counted.")
    bytes: str | None = Field(None, description="CSV, JSON: the one with the size in bytes.")
    hash: str | None = Field(None, description="CSV, JSON: the one with the hash, in hexadecimal.")
    algorithm: Algorithm = Field("sha256", description="Of the hash.")
    totals: tuple[ControlTotalCustom, ...] = Field((), description="Control totals of each file.")
    required: bool = Field(True, description="Nothing of a period loads before its manifest is there. `false`: what comes without one is loaded unverified.")
    unlisted: Literal["reject", "accept"] = Field("reject", description="What to do with a file that no manifest of its period lists.")


class ExpectedFilesCustom(Custom):
    names: tuple[str, ...] = Field((), description="Regexes; for each there must be a file whose path below the period folder fully matches.")
    count: int = Field(0, ge=0, description="Files a period has at least.")


class ContractCustom(Custom):
    """On the contract."""

    delivery_mode: Mode = Field(description="`snapshot` keeps history as SCD2, `increment` merges by key, `events` append.")
    file_pattern: str = Field(r".*", description="Regex the path below the period folder must fully match. Files of a period correct each other where they have the same name, or the same text in the group `file`: with `(?P<file>roster)(_corrected\\d*)?\\.csv` roster_corrected.csv takes the place of roster.csv.")
    period_pattern: str = Field(r"[0-9A-Za-z._-]+", description="Regex a period folder's name must fully match.")
    reader: ReaderCustom = Field(ReaderCustom(), description="How a file is read.")  # type: ignore[call-arg]
    drift: DriftCustom = Field(DriftCustom(), description="What to do when a dump changes its shape.")  # type: ignore[call-arg]
    database: DatabaseCustom | None = Field(None, description="A table that `lake extract` fetches over JDBC as the period's dump (format parquet).")
    source_time_zone: str = Field("UTC", description="IANA zone of every local timestamp in the dump; stored in UTC.")
    tolerated_rejected_share: float = Field(1.0, description="A delivery with a larger share of quarantined rows is held (0 to 1).")
    schedule: str | None = Field(None, description="Airflow cron expression of the dataset's own DAG.")
    small: bool = Field(True, description="Shares the batch DAG's tasks.")
    language: Literal["en", "zh"] = Field("en", description="Of the answers to the department.")
    identity: tuple[str, ...] = Field((), description="Events: columns that should identify a row; repeats are flagged, not removed.")
    manifest: ManifestCustom | None = Field(None, description="The manifest that comes with the files: nothing loads until all it lists is there and verified.")
    expected_files: ExpectedFilesCustom | None = Field(None, description="Without a manifest: the files of a period, which load together once all are there.")
    most_shrink: float | None = Field(None, ge=0, lt=1, description="Snapshots: share of the rows (0 to 1) one may lose against the period before it; a smaller one is held until a person approves it.")


class InputCustom(Custom):
    name: str = Field(description="`<department>.<dataset>`, or `curated.<product>`.")
    period: str | None = Field(None, description="SQL over its rows that gives the period of the product they belong to. Left out: a row may touch any period.")
    back: int = Field(0, ge=0, description="Periods before its own that the rows of a period are made from too, e.g. 1 for a change since the year before.")
    optional: bool = Field(False, description="Whether the product is made without it, as if it were empty, while nothing of it has come.")


class ProductCustom(Custom):
    """On the contract of a product."""

    inputs: tuple[InputCustom, ...] = Field(description="What it is made from.")
    pseudonyms: tuple[str, ...] = Field((), description="Columns that the module gives as resident keys; what is written is their HMAC-SHA-256 under the secret of `grant`.")
    grant: str = Field("", pattern=r"^([a-z][a-z0-9_]{0,62})?$", description="Whose secret makes the pseudonyms; the product's own where left out. Products of one grant may be joined by them, others not.")
    period: str | None = Field(None, description="The column whose values are rebuilt and replaced one by one. Left out: the table is replaced whole.")


class ValueMapCustom(Custom):
    pattern: str = Field(description="A regex searched in the text as sent (trimmed for what is no text, or with `trim`); the first that is found counts.")
    value: str | None = Field(description="What the text becomes: a value, `$0` for the text itself, or null.")


class ColumnCustom(Custom):
    """On a property."""

    unit: str = Field("", description="Unit of measure, e.g. kWh, CNY.")
    generalised: str = Field("", description="Of a column of a product that is made from something personal: what keeps it from telling who somebody is (bands, types, places of many).")
    formats: tuple[str, ...] = Field((), description="strptime formats, tried in order; with `roc:` in front years of the Republic of China (`roc:民國%Y年%m月%d日`); or `excel1900`, `excel1904` (serials), `epochSeconds`, `epochMilliseconds`. An hour without minutes is the full hour.")
    null_values: tuple[str, ...] = Field((), description="Texts that mean 'no value' in this column.")
    value_map: tuple[ValueMapCustom, ...] = Field((), description="The first pattern found in the text as sent gives the value.")
    optional: bool = Field(False, description="The whole column may be missing from a dump.")
    start: int = Field(0, description="Fixed width: the first character (or byte) of the column in the line, from 1.")
    length: int = Field(0, description="Fixed width: characters (or bytes) of the column.")
    fallback: tuple[str, ...] = Field((), description="JSON: other sources, tried in order where the first gives no value.")
    numbers: NumbersCustom | None = Field(None, description="How the numbers of this column are written, instead of the reader's `numbers`.")
    null_preset: NullPreset | None = Field(None, description="Instead of the reader's.")
    normalize: Normalize | None = Field(None, description="Instead of the reader's.")
    two_digit_years_from: int | None = Field(None, description="Instead of the reader's.")
    identifier: bool = Field(False, description="Of a string: a code, never a number. Floats, 1.1E+17, a trailing .0, or digits fewer than a fixed length (`minLength` = `maxLength`) fail.")


def known(model: type[Custom]) -> dict[str, Any]:
    """camelCase name → field."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


NESTED = (ReaderCustom, ArchiveCustom, NamespaceCustom, CaptureCustom, UnpivotCustom, DriftCustom, DatabaseCustom, ValueMapCustom, NumbersCustom, ManifestCustom, ControlTotalCustom, ExpectedFilesCustom, InputCustom)


def nested_names() -> set[str]:
    """Every name that occurs inside a customProperty's value."""
    return {name for model in NESTED for name in known(model)}


__all__ = ["NESTED", "Classification", "ColumnCustom", "ContractCustom", "Custom", "known", "nested_names"]
