"""The `customProperties` a contract may use: what ODCS lacks, under documented names. Unknown names are refused."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from jobs.contracts.model import Archive, Classification, Mode

LIMITS = Archive()


class Custom(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class CaptureCustom(Custom):
    pattern: str = Field(description="A regex with named groups; a column takes one as physicalName `$capture.<group>`.")
    line: int = Field(0, description="The line it is searched in, from 1; 0 is the path below the period folder.")


class UnpivotCustom(Custom):
    headers: str = Field(description="Headers that fully match this regex become rows; named groups are `$unpivot.<group>`, the cell `$unpivot.value`.")


class ArchiveCustom(Custom):
    members: str = Field(LIMITS.members, description="Regex the path of a file inside the archives must fully match to be data; the others are listed as skipped.")
    most_bytes: int = Field(LIMITS.most_bytes, gt=0, le=LIMITS.most_bytes, description="Bytes that may come out of a delivery. This and the limits below can only be lowered.")
    most_members: int = Field(LIMITS.most_members, gt=0, le=LIMITS.most_members, description="Files in a delivery.")
    most_depth: int = Field(LIMITS.most_depth, ge=0, le=LIMITS.most_depth, description="Archives and compressions around a file; 0 takes no archives.")
    most_held: int = Field(LIMITS.most_held, gt=0, le=LIMITS.most_held, description="Bytes of what has to be unpacked whole: 7z, an archive inside another, any format but text inside one.")


class ReaderCustom(Custom):
    encoding: str | None = Field(None, description="As Python names it, e.g. gb18030. Left out: what its byte order mark says, else UTF-8, else detected.")
    quote: str | None = Field('"', description="The quote character; null where the dump knows no quotes.")
    preamble_lines: int = Field(0, description="Lines before the header.")
    footnote: str | None = Field(None, description="Trailing lines that match this regex are footnotes, not rows.")
    trailing_delimiter: bool = Field(False, description="Every line ends with one more delimiter.")
    trim: bool = Field(False, description="White space around values and headers is not part of them.")
    null_values: tuple[str, ...] = Field(("",), description="Texts that mean 'no value' in every column.")
    captures: tuple[CaptureCustom, ...] = Field((), description="Values taken out of a preamble line or the path.")
    unpivot: UnpivotCustom | None = Field(None, description="Columns that become rows.")
    rows_at: tuple[str, ...] = Field((), description="JSON: dotted paths to the array of rows; the first that exists counts; `$` is the document itself.")
    row_requires: tuple[str, ...] = Field((), description="JSON, `$`: keys without which the document is no row.")
    files_without_rows: Literal["reject", "skip", "skip_empty"] = Field("reject", description="`skip`: such a file belongs to a sibling dataset of the same folder; `skip_empty`: files of zero bytes too.")
    sheet: str | None = Field(None, description="Excel: the sheet; left out: the first.")
    archive: ArchiveCustom = Field(ArchiveCustom(), description="What is taken out of a ZIP, TAR, 7z, gzip, bzip2 or Zstandard delivery.")  # type: ignore[call-arg]


class DriftCustom(Custom):
    new_column: Literal["freeze", "evolve"] = Field("freeze", description="A column the contract does not know: `freeze` refuses the file, `evolve` notes it and leaves it out of the table.")
    missing_column: Literal["freeze", "evolve"] = Field("freeze", description="A column that is not there: `freeze` refuses the file, `evolve` makes it null.")
    retyped_column: Literal["discard_row"] = Field("discard_row", description="A value that is not of the column's type: `discard_row` quarantines its row.")


class ContractCustom(Custom):
    """On the contract."""

    delivery_mode: Mode = Field(description="`snapshot` keeps history as SCD2, `increment` merges by key, `events` append.")
    file_pattern: str = Field(r".*", description="Regex the path below the period folder must fully match.")
    period_pattern: str = Field(r"[0-9A-Za-z._-]+", description="Regex a period folder's name must fully match.")
    reader: ReaderCustom = Field(ReaderCustom(), description="How a file is read.")  # type: ignore[call-arg]
    drift: DriftCustom = Field(DriftCustom(), description="What to do when a dump changes its shape.")  # type: ignore[call-arg]
    source_time_zone: str = Field("UTC", description="IANA zone of every local timestamp in the dump; stored in UTC.")
    tolerated_rejected_share: float = Field(1.0, description="A delivery with a larger share of quarantined rows is held (0 to 1).")
    schedule: str | None = Field(None, description="Airflow cron expression of the dataset's own DAG.")
    small: bool = Field(True, description="Shares the batch DAG's tasks.")
    identity: tuple[str, ...] = Field((), description="Events: columns that should identify a row; repeats are flagged, not removed.")


class ValueMapCustom(Custom):
    pattern: str = Field(description="A regex searched in the text as sent (trimmed for what is no text, or with `trim`); the first that is found counts.")
    value: str | None = Field(description="What the text becomes: a value, `$0` for the text itself, or null.")


class ColumnCustom(Custom):
    """On a property."""

    unit: str = Field("", description="Unit of measure, e.g. kWh, CNY.")
    formats: tuple[str, ...] = Field((), description="strptime formats, tried in order.")
    null_values: tuple[str, ...] = Field((), description="Texts that mean 'no value' in this column.")
    value_map: tuple[ValueMapCustom, ...] = Field((), description="The first pattern found in the text as sent gives the value.")
    optional: bool = Field(False, description="The whole column may be missing from a dump.")
    fallback: tuple[str, ...] = Field((), description="JSON: other sources, tried in order where the first gives no value.")


def known(model: type[Custom]) -> dict[str, Any]:
    """camelCase name → field."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


NESTED = (ReaderCustom, ArchiveCustom, CaptureCustom, UnpivotCustom, DriftCustom, ValueMapCustom)


def nested_names() -> set[str]:
    """Every name that occurs inside a customProperty's value."""
    return {name for model in NESTED for name in known(model)}


__all__ = ["NESTED", "Classification", "ColumnCustom", "ContractCustom", "Custom", "known", "nested_names"]
