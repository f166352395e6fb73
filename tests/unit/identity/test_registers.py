"""conf/linkage/registers.yaml: what it names is there, and what is wrong in it is said in one line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from jobs.identity.registers import PATH, load_registers
from jobs.platform.errors import LakeError
from jobs.platform.settings import load_settings

ROOT = load_settings().root


def test_every_register_is_a_dataset_with_a_key() -> None:
    assert len(load_registers(ROOT)) >= 15


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("registers: [{dataset: public_security.nothing, people: [{name: x}]}]", "public_security.nothing"),
        ("registers: [{dataset: health.visit, people: [{name: nam}]}]", "no column 'nam'"),
        ("registers: [{dataset: health.visit, people: [{nam: name}]}]", "people"),
        ("registers: [{dataset: hotline.request, people: [{name: caller_phone}]}]", "no primary key"),
        ("registers: [{dataset: health.visit, people: [{name: name}, {name: name}]}]", "one role"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / PATH.parent).mkdir(parents=True)
    (tmp_path / PATH).write_text(text)
    shutil.copytree(ROOT / "conf" / "datasets", tmp_path / "conf" / "datasets")
    with pytest.raises(LakeError, match=said):
        load_registers(tmp_path)
