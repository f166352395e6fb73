"""Contracts of every kind of format load, and what does not fit is found on its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.contracts.load import FORMATS, BrokenContract, load_contract
from jobs.contracts.model import Namespace, Reader

HEAD = """apiVersion: v3.2.0
kind: DataContract
id: d.t
version: 1.0.0
status: active
domain: d
servers:
  - server: landing
    type: s3
    location: s3://landing/d/t
    format: {format}
schema:
  - name: t
    properties:
      - name: a
        logicalType: string
        customProperties: {column}
customProperties:
  - property: deliveryMode
    value: events
  - property: reader
    value: {reader}
"""


def loaded(folder: Path, **said: str) -> Reader:
    path = folder / "d" / "t.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEAD.format(**{"column": "[]", "reader": "{}", **said}), encoding="utf-8")
    return load_contract(path).reader


NEEDED = {
    "json": {"reader": "{rowsAt: [$]}"},
    "xml": {"reader": "{rowElement: 'g:r', namespaces: [{prefix: g, uri: 'urn:x'}]}"},
    "fixedWidth": {"column": "[{property: start, value: 1}, {property: length, value: 3}]"},
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_a_contract(tmp_path: Path, name: str) -> None:
    reader = loaded(tmp_path, format=name, **NEEDED.get(name, {}))
    assert reader.format == FORMATS[name]
    assert hash(reader)  # heads of files are kept by it
    assert reader.namespaces == ((Namespace("g", "urn:x"),) if name == "xml" else ())


@pytest.mark.parametrize(
    ("name", "said", "line", "message"),
    [
        ("xml", {}, 22, "needs `rowElement`"),
        ("fixedWidth", {}, 22, "needs `start`"),
        ("csv", {"reader": "{sheet: x}"}, 22, "sheet has no effect on csv"),
        ("xlsx", {"reader": "{totals: '('}"}, 22, "is not a regex"),
        ("xlsx", {"reader": "{sheets: ['[']}"}, 22, "is not a regex"),
        ("xml", {"reader": "{rowElement: r, namespaces: [{prefix: g, url: x}]}"}, 22, "no such name"),
        ("tape", {}, 11, "is not one of csv"),
    ],
)
def test_what_does_not_fit_is_found_on_its_line(tmp_path: Path, name: str, said: dict[str, str], line: int, message: str) -> None:
    with pytest.raises(BrokenContract) as found:
        loaded(tmp_path, format=name, **said)
    assert any(message in f.message for f in found.value.findings), found.value.findings
    assert line in [f.line for f in found.value.findings]
