"""What a manifest promises, in each of its forms, and every way in which it may be wrong."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.contracts.model import ControlTotal, Manifest
from jobs.deliveries import manifest as manifests
from jobs.deliveries.manifest import MOST_FILES, Promise, read_manifest
from jobs.readers.outcome import Refused

A, B = "a" * 64, "b" * 64
CSV = Manifest(r"manifest\.csv", "csv", rows="rows", bytes="size", hash="sha", totals=(ControlTotal("sum", "amount"),))
JSON = Manifest(r"manifest\.json", "json", files_at="delivery.files", file="name", rows="checks.rows", hash="checks.sha")
SUMS = Manifest(r"SHA256SUMS", "checksums")
MD5 = Manifest(r"md5", "checksums", algorithm="md5")


def as_json(*files: Any) -> bytes:
    return json.dumps({"delivery": {"files": list(files)}}).encode()


READ: dict[str, tuple[Manifest, bytes, str, list[Promise]]] = {
    "csv": (CSV, f"file,rows,size,sha,sum\na.csv,3,40,{A},12.50\nb.csv,,,,\n".encode(), "manifest.csv", [Promise("a.csv", 3, 40, A, (("amount", Decimal("12.50")),)), Promise("b.csv")]),
    "csv, other columns beside, mark, spaces": (CSV, f"\ufeffnote, sha ,file,size,rows,sum\nx,{A.upper()}, a.csv ,1,2,-7\n".encode(), "m", [Promise("a.csv", 2, 1, A, (("amount", Decimal(-7)),))]),
    "csv, GB18030": (Manifest("m", "csv", encoding="gb18030", file="文件"), "文件\n低保名册.csv\n".encode("gb18030"), "m", [Promise("低保名册.csv")]),
    "json": (JSON, as_json({"name": "a.csv", "checks": {"rows": 3, "sha": A}}, {"name": "b.csv"}), "manifest.json", [Promise("a.csv", 3, None, A), Promise("b.csv")]),
    "json, the document is the list": (Manifest("m", "json"), b'[{"file": "a.csv"}]', "m", [Promise("a.csv")]),
    "json, an exact total": (
        Manifest("m", "json", totals=(ControlTotal("t", "amount"),)), b'[{"file": "a", "t": 12345678901234567890.10}]', "m", [Promise("a", totals=(("amount", Decimal("12345678901234567890.10")),))],
    ),
    "sha256sum": (SUMS, f"# made today\n\n{A}  a b.csv\n{B} *b.csv\n".encode(), "SHA256SUMS", [Promise("a b.csv", hash=A), Promise("b.csv", hash=B)]),
    "as BSD writes it": (MD5, b"MD5 (a (1).csv) = " + b"0" * 32 + b"\r\n", "md5", [Promise("a (1).csv", hash="0" * 32)]),
    "names are relative to the manifest": (SUMS, f"{A}  ./x/a.csv\n{B}  sub\\b.csv\n".encode(), "east/SHA256SUMS", [Promise("east/x/a.csv", hash=A), Promise("east/sub/b.csv", hash=B)]),
}  # fmt: skip


@pytest.mark.parametrize("case", READ)
def test_what_it_promises(case: str) -> None:
    manifest, data, name, promises = READ[case]
    assert read_manifest(data, manifest, name) == promises


WRONG: dict[str, tuple[Manifest, bytes, str]] = {
    "nothing": (SUMS, b"", "lists no file"),
    "comments only": (SUMS, b"# nothing\n", "lists no file"),
    "header only": (CSV, b"file,rows,size,sha,sum\n", "lists no file"),
    "encoding": (CSV, "file\n名".encode("gb18030"), "is not utf-8: at byte 5 stand"),
    "cut off UTF-16": (Manifest("m", "csv", encoding="utf-16"), b"\xff\xfea", "is not utf-16"),
    "no such column": (CSV, b"file,rows\na,1\n", "no column size, sha, sum; it has file, rows"),
    "ragged": (CSV, b"file,rows,size,sha,sum\na,1,2,3,4,5,6\n", "is no table"),
    "no JSON": (JSON, b"{", "is no JSON"),
    "too deep": (JSON, b"[" * 200_000, "is no JSON"),
    "a name twice in an object": (Manifest("m", "json"), b'[{"file": "a", "file": "b"}]', "comes twice"),
    "no list": (JSON, b'{"delivery": 1}', "no list of files at delivery.files"),
    "list of texts": (JSON, as_json("a.csv"), "no list of files"),
    "no checksum": (SUMS, f"{A}  a\nhello\n".encode(), "Line 2 of the manifest"),
    "another kind of hash": (SUMS, b"0" * 32 + b"  a\n", "a sha256 hash has 64 hexadecimal digits"),
    "twice": (SUMS, f"{A}  a.csv\n{B}  ./a.csv\n".encode(), "lists 'a.csv' twice"),
    "no name": (CSV, b"file,rows,size,sha,sum\n,1,,,\n", "Entry 1 of the manifest names no file"),
    "a number as name": (Manifest("m", "json"), b'[{"file": {"a": 1}}]', "names no file"),
    "out of the folder": (SUMS, f"{A}  ../../etc/passwd\n".encode(), "which is no file of this delivery"),
    "out by backslashes": (SUMS, f"{A}  a\\..\\..\\b\n".encode(), "which is no file of this delivery"),
    "absolute": (SUMS, f"{A}  /etc/passwd\n".encode(), "which is no file of this delivery"),
    "a drive": (SUMS, f"{A}  C:\\a.csv\n".encode(), "which is no file of this delivery"),
    "a control character": (SUMS, f"{A}  a\x00b\n".encode(), "which is no file of this delivery"),
    "an endless name": (SUMS, f"{A}  {'x' * 5000}\n".encode(), "which is no file of this delivery"),
    "rows in words": (CSV, b"file,rows,size,sha,sum\na,three,,,\n", "rows is 'three', which is no whole number"),
    "negative bytes": (CSV, b"file,rows,size,sha,sum\na,,-1,,\n", "size is '-1'"),
    "rows of JSON that are true": (Manifest("m", "json", rows="r"), b'[{"file": "a", "r": true}]', "r is 'True'"),
    "a total with separators": (CSV, b'file,rows,size,sha,sum\na,,,,"1,234.5"\n', "sum is '1,234.5', which is no plain number"),
    "a total that is not finite": (CSV, b"file,rows,size,sha,sum\na,,,,NaN\n", "sum is 'NaN'"),
    "an endless number": (Manifest("m", "json", rows="r"), b'[{"file": "a", "r": ' + b"9" * 100_000 + b"}]", "which is no whole number"),
    "too many files": (Manifest("m", "csv"), b"file\n" + b"a\n" * (MOST_FILES + 1), "more than 100,000 files"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said(case: str) -> None:
    manifest, data, said = WRONG[case]
    with pytest.raises(Refused) as refused:
        read_manifest(data, manifest, manifest.path)
    assert refused.value.reason == "bad_manifest"
    assert said in refused.value.message


def test_a_manifest_that_is_too_big_is_not_read() -> None:
    with pytest.raises(Refused, match="more than 16,777,216 bytes"):
        read_manifest(b"#" * (manifests.MOST_BYTES + 1), SUMS, "m")


@pytest.mark.parametrize("manifest", [CSV, JSON, SUMS, MD5], ids=["csv", "json", "sha256", "md5"])
@given(data=st.binary(max_size=300))
def test_any_bytes_are_promises_or_refused(manifest: Manifest, data: bytes) -> None:
    promises: list[Promise] = []
    with suppress(Refused):
        promises = read_manifest(data, manifest, "east/m")
    assert all(p.file and not p.file.startswith(("/", "..")) for p in promises)
