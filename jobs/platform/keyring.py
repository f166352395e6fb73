"""Envelope encryption of raw objects: one data key a delivery, wrapped by the master key, kept outside the lake's zones.

Destroying a delivery's key makes its raw copy unreadable for good. The content is sealed in frames (AES-256-GCM, the frame number
as nonce and, with a last-frame mark, as associated data), so that a byte range can be read without the rest, and no frame can be
dropped, moved or cut off unnoticed. A key seals one content only (the delivery's identity contains its hash), so a repeated run
makes the same bytes.
"""

from __future__ import annotations

import os
from typing import Any

from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from jobs.platform.errors import LakeError

FRAME = 1 << 20
TAG = 16


def delivery_key(client: Any, bucket: str, name: str, master: bytes, create: bool = False) -> bytes:
    """The data key of a delivery (32 bytes). Raises LakeError when it was destroyed or never made."""
    aead, aad = AESGCM(master), name.encode()
    sealed = _stored(client, bucket, name)
    if sealed is None and create:
        nonce, key = os.urandom(12), AESGCM.generate_key(256)
        try:
            client.put_object(Bucket=bucket, Key=name, Body=nonce + aead.encrypt(nonce, key, aad), IfNoneMatch="*")
            return key
        except ClientError as problem:
            if problem.response["ResponseMetadata"]["HTTPStatusCode"] not in (409, 412):
                raise
        sealed = _stored(client, bucket, name)
    if sealed is None:
        raise LakeError(f"the key of {name} is gone: its raw copy can no longer be read", "the delivery was erased, or the key store was lost")
    return aead.decrypt(sealed[:12], sealed[12:], aad)


def _stored(client: Any, bucket: str, name: str) -> bytes | None:
    try:
        return bytes(client.get_object(Bucket=bucket, Key=name)["Body"].read())
    except client.exceptions.NoSuchKey:
        return None


def seal(content: bytes, key: bytes, first_frame: int, last: bool) -> bytes:
    """Seal whole frames (`last`: the content ends here; an empty content is one empty frame)."""
    aead, out = AESGCM(key), []
    pieces = [content[i : i + FRAME] for i in range(0, len(content), FRAME)] or [b""]
    for i, piece in enumerate(pieces):
        out.append(aead.encrypt(_nonce(first_frame + i), piece, _mark(last and i == len(pieces) - 1)))
    return b"".join(out)


def frames_of(start: int, end: int) -> tuple[int, int]:
    """Numbers of the first frame and the one after the last that hold bytes [start, end)."""
    return start // FRAME, max(start // FRAME + 1, -(-end // FRAME))


def sealed_range(first: int, stop: int, size: int) -> tuple[int, int]:
    """Where frames [first, stop) stand in the sealed object of a content of `size` bytes."""
    frames = max(1, -(-size // FRAME))
    whole = size + frames * TAG
    return first * (FRAME + TAG), min(stop * (FRAME + TAG), whole)


def unseal(sealed: bytes, key: bytes, first_frame: int, size: int) -> bytes:
    """Open consecutive frames. Raises cryptography's InvalidTag where a byte was changed or a frame moved."""
    aead, out, total = AESGCM(key), [], max(1, -(-size // FRAME))
    for i, at in enumerate(range(0, len(sealed), FRAME + TAG)):
        number = first_frame + i
        out.append(aead.decrypt(_nonce(number), sealed[at : at + FRAME + TAG], _mark(number == total - 1)))
    return b"".join(out)


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _mark(last: bool) -> bytes:
    return b"last" if last else b"more"
