"""Sealed raw objects: any range opens, nothing can be changed, moved or cut off unnoticed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from jobs.platform import keyring

KEY = bytes(range(32))


@pytest.fixture(scope="module", autouse=True)
def _small_frames() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyring, "FRAME", 8)
        yield


@given(st.binary(max_size=60), st.data())
def test_any_range_opens(content: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, max(0, len(content) - 1)))
    end = data.draw(st.integers(start, len(content)))
    first, stop = keyring.frames_of(start, end)
    low, high = keyring.sealed_range(first, stop, len(content))
    opened = keyring.unseal(keyring.seal(content, KEY, 0, last=True)[low:high], KEY, first, len(content))
    assert opened[start - first * 8 : end - first * 8] == content[start:end]


@given(st.binary(max_size=60), st.data())
def test_a_changed_bit_is_noticed(content: bytes, data: st.DataObject) -> None:
    sealed = bytearray(keyring.seal(content, KEY, 0, last=True))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(InvalidTag):
        keyring.unseal(bytes(sealed), KEY, 0, len(content))


def test_swapped_frames_are_noticed() -> None:
    sealed, frame = keyring.seal(b"a" * 24, KEY, 0, last=True), 8 + keyring.TAG
    with pytest.raises(InvalidTag):
        keyring.unseal(sealed[frame : 2 * frame] + sealed[:frame] + sealed[2 * frame :], KEY, 0, 24)


def test_a_cut_off_end_is_noticed() -> None:
    sealed = keyring.seal(b"a" * 24, KEY, 0, last=True)
    with pytest.raises(InvalidTag):
        keyring.unseal(sealed[: 2 * (8 + keyring.TAG)], KEY, 0, 16)
