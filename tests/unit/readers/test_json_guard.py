"""Numbers that no program holds are found wherever a document is cut into pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.readers.json_guard import MOST_DIGITS, guarded

GOOD = [b'{"a": [1, -2.5e3, "e1234567890123456789", "' + b"ab" * 9000 + b'"]}', b"[" + b"9" * (MOST_DIGITS - 1) + b"]", b"[1e-300, 5E+12]"]
BAD = [b'{"a": ' + b"9" * MOST_DIGITS + b"}", b"[0." + b"1" * 5000 + b"]", b"[1e9999999999999999999]", b"[2, -1.5E-99999999999999999]"]


def cut(data: bytes, step: int) -> list[bytes]:
    return [data[at : at + step] for at in range(0, len(data), step)]


@given(st.sampled_from(GOOD), st.integers(1, 20_000))
def test_a_document_passes_as_it_is(data: bytes, step: int) -> None:
    assert b"".join(guarded(cut(data, step))) == data


@given(st.sampled_from(BAD), st.integers(1, 6_000))
def test_a_number_that_no_program_holds_is_found(data: bytes, step: int) -> None:
    with pytest.raises(ValueError, match="more than 4000 digits"):
        list(guarded(cut(data, step)))
