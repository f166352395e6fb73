"""Contracts: every fault is found on its line, and one broken file hurts no other."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.contracts import reference
from jobs.contracts.load import BrokenContract, load_all, load_contract

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "conf" / "datasets").glob("*/*.yaml"))
KEY = re.compile(r"^(\s*(?:- )?)([A-Za-z_]\w*):")


def keys_of(text: str) -> list[tuple[int, str]]:
    """(line index, key) of every YAML key."""
    return [(i, match[2]) for i, line in enumerate(text.splitlines()) if (match := KEY.match(line))]


def misspelt(text: str, at: int, letter: int, how: str) -> str:
    lines = text.splitlines()
    match = KEY.match(lines[at])
    assert match
    key = match[2]
    letter %= len(key)
    wrong = {"double": key[: letter + 1] + key[letter:], "capital": key[:letter] + key[letter].swapcase() + key[letter + 1 :], "tail": key + "x"}[how]
    lines[at] = match[1] + wrong + lines[at][match.end(2) :]
    return "\n".join(lines) + "\n"


def findings_of(folder: Path, like: Path, text: str) -> list[tuple[int, str]]:
    path = folder / like.parent.name / like.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    try:
        load_contract(path)
    except BrokenContract as problem:
        return [(f.line, f.message) for f in problem.findings]
    return []


def test_every_contract_of_the_project_is_right() -> None:
    contracts, findings = load_all(ROOT)
    assert findings == []
    assert {c.path for c in contracts} == {str(path) for path in FILES}
    assert len({c.id for c in contracts}) == len(contracts) == len({c.table for c in contracts})


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_misspelt_key_is_found_on_its_line(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = data.draw(st.sampled_from(FILES))
    text = path.read_text(encoding="utf-8")
    at, key = data.draw(st.sampled_from(keys_of(text)))
    how = data.draw(st.sampled_from(["double", "capital", "tail"]))
    wrong = misspelt(text, at, data.draw(st.integers(0, 40)), how)
    found = findings_of(tmp_path_factory.mktemp("one"), path, wrong)
    assert at + 1 in [line for line, _ in found], f"{path.name}:{at + 1} {key} misspelt, found {found}"


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_key_said_twice_is_refused(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = data.draw(st.sampled_from(FILES))
    text = path.read_text(encoding="utf-8")
    scalars = [i for i, _ in keys_of(text) if re.fullmatch(r"\s*(?:- )?\w+: \S.*", text.splitlines()[i])]
    at = data.draw(st.sampled_from(scalars))
    lines = text.splitlines()
    again = lines[at].replace("- ", "  ", 1) if lines[at].lstrip().startswith("- ") else lines[at]
    found = findings_of(tmp_path_factory.mktemp("two"), path, "\n".join([*lines[: at + 1], again, *lines[at + 1 :]]))
    assert any("duplicate key" in message and line == at + 2 for line, message in found), (at, found)


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_no_damage_is_a_crash(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A line lost, cut or replaced makes findings or a contract, never another exception."""
    path = data.draw(st.sampled_from(FILES))
    lines = path.read_text(encoding="utf-8").splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    put = data.draw(st.sampled_from(["", "- ", "x", "  y: [", "schema: 3", "customProperties: {}", "      - name: 7", lines[at][: len(lines[at]) // 2]]))
    for line, message in findings_of(tmp_path_factory.mktemp("three"), path, "\n".join([*lines[:at], put, *lines[at + 1 :]])):
        assert 1 <= line <= len(lines) + 1
        assert message


def test_a_broken_contract_leaves_the_others(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "conf" / "datasets", tmp_path / "conf" / "datasets")
    broken = tmp_path / "conf" / "datasets" / "finance" / "spend.yaml"
    broken.write_text(broken.read_text(encoding="utf-8").replace("deliveryMode", "deliverMode"), encoding="utf-8")
    (broken.parent / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    contracts, findings = load_all(tmp_path)
    assert len(contracts) == len(FILES) - 1
    assert {Path(f.path).name for f in findings} == {"spend.yaml", "binary.yaml"}
    assert any("did you mean 'deliveryMode'?" in f.message for f in findings)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("logicalType: timestamp", "logicalType: timestmp", "did you mean 'timestamp'?"),
        ("format: parquet", "format: parqet", "is not one of csv"),
        ("minimum: 0", "minimum: 0\n          maximum: -1", "no value can be right"),
        ("value: Etc/GMT-10", "value: Asia/Sidney", "no time zone is called"),
        ("value: increment", "value: snapshots", "'snapshot', 'increment' or 'events'"),
        ("physicalType: double", "physicalType: decimal(18", "decimal(p,s)"),
        ("name: meter_id", "name: _meter", "starting with a letter"),
        ("name: meter_id", "name: kwh", "is there twice"),
        ("physicalName: customer_id", "physicalName: $capture.meter", "no source of this contract"),
        ("primaryKeyPosition: 2", "primaryKeyPosition: 3", "should count 1, 2, 3"),
        ("classification: internal", "classification: secret", "is not one of public"),
        ("name: kwh\n", "name: kwh\n        quality: []\n        logicalTypeOptions: {multipleOf: 2}\n", "duplicate key"),
        ("minimum: 0", "multipleOf: 2", "has no effect"),
        ("domain: power", "domain: water", "this file should be conf/datasets/water"),
    ],
)
def test_what_does_not_fit_together(tmp_path: Path, before: str, after: str, said: str) -> None:
    path = ROOT / "conf" / "datasets" / "power" / "meter_reading.yaml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    found = findings_of(tmp_path, path, text.replace(before, after, 1))
    assert any(said in message for _, message in found), found


def test_parse_time_imports_no_engine() -> None:
    """Airflow parses contracts again and again: no pandas, Spark, Polars or Great Expectations for that."""
    code = "import sys; from pathlib import Path; from jobs.contracts.load import load_all; load_all(Path('.')); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert not {"pandas", "pyspark", "polars", "great_expectations", "boto3"} & set(loaded)


def test_the_reference_page_is_up_to_date() -> None:
    assert reference.PATH.read_text(encoding="utf-8") == reference.text(), "run python -m jobs.contracts.reference"
