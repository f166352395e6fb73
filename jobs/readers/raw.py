"""Bytes of a raw object, opened where it is sealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jobs.platform.errors import LakeError
from jobs.platform.keyring import FRAME, delivery_key, frames_of, sealed_range, unseal
from jobs.platform.node_copy import bytes_of
from jobs.platform.secrets import master_key
from jobs.platform.settings import Settings


@dataclass(frozen=True)
class RawObject:
    """A delivery's evidence. `size`: bytes as delivered, before sealing."""

    dataset: str
    delivery: str
    key: str
    size: int
    encrypted: bool

    @property
    def key_name(self) -> str:
        return f"{self.dataset}/{self.delivery}"


def read(settings: Settings, client: Any, raw: RawObject, start: int = 0, end: int | None = None) -> bytes:
    """Bytes [start, end) as delivered."""
    end = raw.size if end is None else min(end, raw.size)
    if start >= end:
        return b""
    if not raw.encrypted:
        if (near := bytes_of(settings, raw.key.rpartition("/")[2], raw.size, start, end)) is not None:
            return near
        return bytes(client.get_object(Bucket=settings.bucket("raw"), Key=raw.key, Range=f"bytes={start}-{end - 1}")["Body"].read())
    first, stop = frames_of(start, end)
    low, high = sealed_range(first, stop, raw.size)
    sealed = client.get_object(Bucket=settings.bucket("raw"), Key=raw.key, Range=f"bytes={low}-{high - 1}")["Body"].read()
    if len(sealed) != high - low:
        raise LakeError(f"the sealed raw copy of {raw.key_name} is cut off: {len(sealed)} of {high - low} bytes came", "restore it from a backup of the store")
    key = delivery_key(client, settings.bucket("keys"), raw.key_name, master_key(settings))
    return unseal(sealed, key, first, raw.size)[start - first * FRAME : end - first * FRAME]
