"""A contract says which files of an archive are data, and may lower what unpacking may cost, never raise it."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.contracts.load import BrokenContract, load_contract
from jobs.contracts.model import Archive

LIKE = Path(__file__).parents[3] / "conf" / "datasets" / "power" / "meter_reading.yaml"


def loaded(folder: Path, archive: str) -> Archive:
    path = folder / "power" / "meter_reading.yaml"
    path.parent.mkdir()
    text = LIKE.read_text(encoding="utf-8")
    assert "\ncustomProperties:\n" in text
    assert "property: reader" not in text
    path.write_text(text.replace("\ncustomProperties:\n", f"\ncustomProperties:\n  - property: reader\n    value:\n      archive: {archive}\n"), encoding="utf-8")
    return load_contract(path).reader.archive


@pytest.mark.parametrize(
    ("said", "archive"),
    [
        ("{}", Archive()),
        (r"{members: '.*\.csv'}", Archive(members=r".*\.csv")),
        ("{mostBytes: 1000, mostMembers: 2, mostDepth: 0, mostHeld: 10}", Archive(most_bytes=1000, most_members=2, most_depth=0, most_held=10)),
    ],
)
def test_limits_are_lowered(tmp_path: Path, said: str, archive: Archive) -> None:
    assert loaded(tmp_path, said) == archive


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (f"{{mostBytes: {Archive().most_bytes + 1}}}", "less than or equal to"),
        (f"{{mostMembers: {Archive().most_members + 1}}}", "less than or equal to"),
        (f"{{mostDepth: {Archive().most_depth + 1}}}", "less than or equal to"),
        (f"{{mostHeld: {Archive().most_held + 1}}}", "less than or equal to"),
        ("{mostBytes: 0}", "greater than 0"),
        ("{members: '('}", "is not a regex"),
        ("{mostByte: 1}", "did you mean 'mostBytes'?"),
    ],
)
def test_limits_are_never_raised(tmp_path: Path, said: str, message: str) -> None:
    with pytest.raises(BrokenContract) as broken:
        loaded(tmp_path, said)
    assert message in str(broken.value)
