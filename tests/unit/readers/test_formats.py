"""Every format a contract may name has a reader and a counter."""

from __future__ import annotations

from typing import get_args

import pytest

from jobs.contracts.load import FORMATS
from jobs.contracts.model import Format
from jobs.readers.formats import WAYS
from tests.unit.readers.made import contract, refusal


def test_every_format_has_its_way() -> None:
    assert set(WAYS) == set(get_args(Format)) == set(FORMATS.values())


@pytest.mark.parametrize("data", [b"%PDF-1.7", b"\x89PNG\r\n\x1a\n", b"x"])
def test_an_attachment_has_no_rows(data: bytes) -> None:
    asked = contract(["a"], format="attachment")
    assert refusal(asked, data) == "not_applicable"
    assert WAYS["attachment"].count(asked.reader, data) == 0
