"""What a contract says of whole deliveries is read from its file, and what does not fit together is found on its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jobs.contracts.load import BrokenContract, load_contract
from jobs.contracts.model import ControlTotal, ExpectedFiles, Manifest

HEAD = """apiVersion: v3.2.0
kind: DataContract
id: urn:t
version: 1.0.0
status: active
domain: d
servers:
  - {server: landing, type: s3, location: "s3://landing/d/t", format: csv}
schema:
  - name: t
    properties:
      - {name: id, logicalType: integer, required: true, primaryKey: true, primaryKeyPosition: 1}
      - {name: amount, logicalType: number, physicalType: "decimal(18,2)"}
      - {name: note, logicalType: string}
"""


def contract_file(folder: Path, mode: str = "snapshot", **customs: Any) -> Path:
    path = folder / "d" / "t.yaml"
    path.parent.mkdir()
    said = [{"property": name, "value": value} for name, value in {"deliveryMode": mode, **customs}.items()]
    path.write_text(f"{HEAD}customProperties: {json.dumps(said)}\n", encoding="utf-8")
    return path


def test_all_options_are_read(tmp_path: Path) -> None:
    said = {"path": "m", "format": "json", "filesAt": "files", "rows": "n", "hash": "h", "algorithm": "sha1", "totals": [{"field": "t", "column": "amount"}], "required": False, "unlisted": "accept"}
    found = load_contract(contract_file(tmp_path, manifest=said, mostShrink=0.25))
    assert found.manifest == Manifest("m", "json", files_at="files", rows="n", hash="h", algorithm="sha1", totals=(ControlTotal("t", "amount"),), required=False, unlisted="accept")
    assert (found.expected_files, found.most_shrink) == (None, 0.25)


def test_expected_files_are_read(tmp_path: Path) -> None:
    found = load_contract(contract_file(tmp_path, expectedFiles={"names": ["a", "b"], "count": 3}))
    assert (found.manifest, found.expected_files) == (None, ExpectedFiles(("a", "b"), 3))


LIST = {"path": "m", "format": "checksums"}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no path": ({"manifest": {"format": "csv"}}, "manifest.path"),
    "no such format": ({"manifest": {"path": "m", "format": "yaml"}}, "manifest.format"),
    "no such name": ({"manifest": LIST | {"algorithmn": "md5"}}, "did you mean 'algorithm'"),
    "a bad regex": ({"manifest": LIST | {"path": "("}}, "is not a regex"),
    "no such encoding": ({"manifest": LIST | {"encoding": "utf-88"}}, "no encoding is called 'utf-88'"),
    "a wide delimiter": ({"manifest": {"path": "m", "format": "csv", "delimiter": "||"}}, "one ASCII character"),
    "checksums that count rows": ({"manifest": LIST | {"rows": "n"}}, "names and hashes only"),
    "a total of text": ({"manifest": {"path": "m", "format": "csv", "totals": [{"field": "t", "column": "note"}]}}, "'note' is no column of numbers"),
    "a total of nothing": ({"manifest": {"path": "m", "format": "csv", "totals": [{"field": "t", "column": "more"}]}}, "'more' is no column of numbers"),
    "both": ({"manifest": LIST, "expectedFiles": {"count": 2}}, "keep one of the two"),
    "expects nothing": ({"expectedFiles": {}}, "say `names`, `count`, or both"),
    "expects a bad regex": ({"expectedFiles": {"names": ["ok", "("]}}, "is not a regex"),
    "shrinks by more than all": ({"mostShrink": 1}, "mostShrink"),
    "an increment shrinks": ({"mode": "increment", "mostShrink": 0.3}, "only a snapshot can shrink"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_found(case: str, tmp_path: Path) -> None:
    customs, said = WRONG[case]
    with pytest.raises(BrokenContract) as broken:
        load_contract(contract_file(tmp_path, **customs))
    (finding,) = broken.value.findings
    assert said in finding.message
    assert finding.line > HEAD.count("\n")
