"""What a department's manifest promises: each file's name, records, bytes, hash and control totals. It is input like any other: bounded, and refused in words."""

from __future__ import annotations

import io
import json
import posixpath
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import polars as pl

from jobs.contracts.model import Contract, Manifest
from jobs.readers.outcome import Refused

MOST_BYTES = 16 << 20
MOST_FILES = 100_000
MOST_NAME = 1000  # characters
DIGITS = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}
LINE = r"^(?:([0-9A-Fa-f]+) [ *](.+)|[A-Za-z0-9-]+ \((.+)\) = ([0-9A-Fa-f]+))$"  # as sha256sum writes it, and as BSD does
WHOLE = re.compile(r"[0-9]{1,18}")
NUMBER = re.compile(r"[+-]?[0-9]{1,38}(\.[0-9]{1,38})?")


@dataclass(frozen=True)
class Promise:
    """Of one file; None where the manifest does not say. `totals`: (column, exact sum)."""

    file: str  # path below the period folder
    rows: int | None = None
    bytes: int | None = None
    hash: str | None = None  # hexadecimal, lower case
    totals: tuple[tuple[str, Decimal], ...] = ()


def is_manifest(contract: Contract, name: str) -> bool:
    """Whether the file of this path below the period folder is a manifest, and therefore no data."""
    return contract.manifest is not None and re.fullmatch(contract.manifest.path, name) is not None


def read_manifest(data: bytes, manifest: Manifest, name: str) -> list[Promise]:
    """The promises of the manifest `name`, in its order. Raises Refused in words for the clerk."""
    if len(data) > MOST_BYTES:
        raise Refused("bad_manifest", f"The manifest has more than {MOST_BYTES:,} bytes. Send the list of files alone.")
    text = _text(data, manifest)
    rows = {"csv": _csv, "json": _json, "checksums": _checksums}[manifest.format](text, manifest)
    if not rows:
        raise Refused("bad_manifest", "The manifest lists no file. Send it again with the files it is for.")
    if len(rows) > MOST_FILES:
        raise Refused("bad_manifest", f"The manifest lists more than {MOST_FILES:,} files. Split the delivery.")
    folder = posixpath.dirname(name)
    promises = [_promise(number, row, manifest, folder) for number, row in enumerate(rows, 1)]
    seen: set[str] = set()
    for promise in promises:
        if promise.file in seen:
            raise Refused("bad_manifest", f"The manifest lists {promise.file!r} twice. List each file once and send it again.")
        seen.add(promise.file)
    return promises


def _text(data: bytes, manifest: Manifest) -> str:
    encoding = "utf-8-sig" if manifest.encoding.lower().replace("_", "-") in ("utf-8", "utf8") else manifest.encoding
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as problem:
        raise Refused("bad_manifest", f"The manifest is not {manifest.encoding}: at byte {problem.start} stand {data[problem.start : problem.start + 4].hex(' ')}. Save it as {manifest.encoding} and send it again.") from None


def _csv(text: str, manifest: Manifest) -> list[dict[str, Any]]:
    try:
        frame = pl.read_csv(io.BytesIO(text.encode()), separator=manifest.delimiter, infer_schema=False, n_rows=MOST_FILES + 1)
    except (pl.exceptions.PolarsError, UnicodeEncodeError) as problem:
        raise Refused("bad_manifest", f"The manifest is no table: {str(problem).splitlines()[0][:200]}. Send it again.") from None
    frame = frame.rename({column: column.strip() for column in frame.columns}) if len({c.strip() for c in frame.columns}) == frame.width else frame
    fields = _fields(manifest)
    if missing := [field for field in fields if field not in frame.columns]:
        raise Refused("bad_manifest", f"The manifest has no column {', '.join(missing)}; it has {', '.join(frame.columns[:20])}. Send it as agreed.")
    return frame.select(fields).to_dicts()


def _json(text: str, manifest: Manifest) -> list[dict[str, Any]]:
    try:
        document = json.loads(text, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_once)
    except (ValueError, RecursionError) as problem:
        raise Refused("bad_manifest", f"The manifest is no JSON: {str(problem)[:200]}. Send it again.") from None
    rows = document if manifest.files_at == "$" else _member(document, manifest.files_at)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Refused("bad_manifest", f"The manifest has no list of files at {manifest.files_at}. Send it as agreed.")
    return [{field: _member(row, field) for field in _fields(manifest)} for row in rows[: MOST_FILES + 1]]


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name comes twice in one object")
    return made


def _member(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _checksums(text: str, manifest: Manifest) -> list[dict[str, Any]]:
    lines = pl.DataFrame({"line": text.splitlines()}, schema={"line": pl.String}).with_row_index("number", 1)
    lines = lines.filter(~pl.col("line").str.strip_chars().str.contains("^(#|$)")).head(MOST_FILES + 1)
    parts = lines.with_columns(pl.col("line").str.extract_groups(LINE).struct.rename_fields(["h1", "f1", "f2", "h2"]).alias("p")).unnest("p")
    if (odd := parts.filter(pl.coalesce("h1", "h2").is_null())).height:
        raise Refused("bad_manifest", f"Line {odd['number'][0]} of the manifest is not `<hash>  <file>`: {odd['line'][0][:80]!r}. Send it as agreed.")
    return parts.select(pl.coalesce("f1", "f2").alias("file"), pl.coalesce("h1", "h2").alias("hash")).to_dicts()


def _fields(manifest: Manifest) -> list[str]:
    said = [manifest.file, manifest.rows, manifest.bytes, manifest.hash, *(total.field for total in manifest.totals)]
    return list(dict.fromkeys(field for field in said if field))


def _promise(number: int, row: Mapping[str, Any], manifest: Manifest, folder: str) -> Promise:
    """`number`: of the entry, from 1."""
    names = ("file", "hash") if manifest.format == "checksums" else (manifest.file, manifest.hash)
    return Promise(
        _file(number, row.get(names[0]), folder), _whole(number, row, manifest.rows), _whole(number, row, manifest.bytes), _hash(number, row.get(names[1] or ""), manifest),
        tuple((total.column, total_) for total in manifest.totals if (total_ := _total(number, row, total.field)) is not None),
    )  # fmt: skip


def _file(number: int, said: Any, folder: str) -> str:
    """Path below the period folder. A name that leads out of it is refused."""
    if not isinstance(said, str) or not said.strip():
        raise Refused("bad_manifest", f"Entry {number} of the manifest names no file. Send it again.")
    name = said.strip().replace("\\", "/")
    steps = name.split("/")
    if len(name) > MOST_NAME or name.startswith("/") or ".." in steps or re.match(r"[A-Za-z]:", name) or any(unicodedata.category(c) == "Cc" for c in name):
        raise Refused("bad_manifest", f"Entry {number} of the manifest names {name[:80]!r}, which is no file of this delivery. Name the files as they lie beside the manifest.")
    return posixpath.normpath(posixpath.join(folder, name))


def _whole(number: int, row: Mapping[str, Any], field: str | None) -> int | None:
    said = _cell(row, field)
    if said is None:
        return None
    if not WHOLE.fullmatch(said):
        raise Refused("bad_manifest", f"Entry {number} of the manifest says {field} is {said[:40]!r}, which is no whole number. Send it again.")
    return int(said)


def _hash(number: int, said: Any, manifest: Manifest) -> str | None:
    if said is None or not str(said).strip():
        return None
    text, digits = str(said).strip().lower(), DIGITS[manifest.algorithm]
    if not re.fullmatch(f"[0-9a-f]{{{digits}}}", text):
        raise Refused("bad_manifest", f"Entry {number} of the manifest has the hash {text[:40]!r}; a {manifest.algorithm} hash has {digits} hexadecimal digits. Send it again, or tell the platform team which hash it is.")
    return text


def _total(number: int, row: Mapping[str, Any], field: str) -> Decimal | None:
    said = _cell(row, field)
    if said is None:
        return None
    try:
        if NUMBER.fullmatch(said):
            return Decimal(said)
    except InvalidOperation:
        pass
    raise Refused("bad_manifest", f"Entry {number} of the manifest says {field} is {said[:40]!r}, which is no plain number such as 1234.50. Send it again.")


def _cell(row: Mapping[str, Any], field: str | None) -> str | None:
    said = row.get(field) if field else None
    return None if said is None or not str(said).strip() else str(said).strip()
