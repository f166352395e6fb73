"""What a contract says of whole deliveries (manifest, expected files, shrinking) and does not fit together."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from jobs.contracts.model import Contract, Manifest
from jobs.contracts.regexes import bad_regex

SUMMED = ("integer", "decimal", "double")
Found = tuple[str, tuple[str | int, ...], str]  # customProperty, path inside its value, what is wrong and what to write instead


def faults(contract: Contract) -> Iterator[Found]:
    if contract.manifest:
        yield from (("manifest", path, message) for path, message in _manifest(contract, contract.manifest))
    if expected := contract.expected_files:
        if contract.manifest:
            yield "expectedFiles", (), "the manifest says which files a period has: keep one of the two"
        if not expected.names and not expected.count:
            yield "expectedFiles", (), "say `names`, `count`, or both"
        for index, name in enumerate(expected.names):
            if problem := bad_regex(name):
                yield "expectedFiles", ("names", index), problem
    if contract.most_shrink is not None and contract.mode != "snapshot":
        yield "mostShrink", (), f"only a snapshot can shrink; this dataset is delivered as {contract.mode}"


def _manifest(contract: Contract, manifest: Manifest) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if problem := bad_regex(manifest.path):
        yield ("path",), problem
    try:
        codecs.lookup(manifest.encoding)
    except LookupError:
        yield ("encoding",), f"no encoding is called {manifest.encoding!r}; try utf-8, gb18030, big5, cp1252"
    if len(manifest.delimiter.encode()) != 1:
        yield ("delimiter",), "a delimiter is one ASCII character"
    if manifest.format == "checksums" and (manifest.rows or manifest.bytes or manifest.totals):
        yield (), "a checksum list says names and hashes only: `rows`, `bytes` and `totals` need csv or json"
    kinds = {column.name: column.kind for column in contract.columns}
    for index, total in enumerate(manifest.totals):
        if kinds.get(total.column) not in SUMMED:
            yield ("totals", index, "column"), f"{total.column!r} is no column of numbers, so it has no total"
